/** Names that TLS clients ask for (RFC 6066 §3), and what is kept by them. */

const label = '[a-z\\d_](?:[a-z\\d_-]{0,61}[a-z\\d_])?';
const nameText = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);
/** No top-level domain is a number; what ends in one is an IPv4 address, or meant to be. */
const addressText = /(?:^|\.)\d+$/;
const maxNameLength = 253;

/**
 * A host name in ASCII, or `*.` and one, in lower case; undefined for anything else. Addresses are none: clients
 * must not ask for them by name.
 */
export function serverNameOf(text: string): string | undefined {
  if (text.length > maxNameLength || !isAscii.test(text)) return undefined;
  const name = text.toLowerCase();
  return nameText.test(name) && !addressText.test(name) ? name : undefined;
}

/** Other characters may have a lower case that is a letter of ASCII. */
const isAscii = /^[!-~]+$/;

/** What is found by a name: by the name itself, or by a wildcard for its first label (RFC 9525 §6.3). */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows `*.`. */
  readonly #wildcards = new Map<string, T>();

  /** The first of one name stays. @param name as `serverNameOf` returns it */
  add(name: string, value: T): void {
    const isWildcard = name.startsWith('*.');
    const names = isWildcard ? this.#wildcards : this.#exact;
    const key = isWildcard ? name.slice(2) : name;
    if (!names.has(key)) names.set(key, value);
  }

  /** @param asked as the client sent it: any text */
  find(asked: string): T | undefined {
    if (!isAscii.test(asked)) return undefined;
    const lower = asked.toLowerCase();
    // RFC 6066 §3 has no dot at the end; clients send it all the same.
    const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot > 0 ? this.#wildcards.get(name.slice(dot + 1)) : undefined;
  }
}
