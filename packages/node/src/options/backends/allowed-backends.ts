/**
 * Which backends `chooseBackend` may name by URL. Compared is what a URL means, not how it is spelled:
 * scheme, host in lower case and in ASCII, port with its default; `ws` and `wss` are `http` and `https`. What
 * a name resolves to is not looked at.
 *
 * | entry                        | allows                                            |
 * | ---------------------------- | ------------------------------------------------- |
 * | `https://api.example.com`    | this scheme, host and port (443), with any path   |
 * | `https://*.example.com:8443` | this scheme and port, every name below            |
 * | `*.example.com`              | every scheme and port, every name below           |
 *
 * A wildcard allows neither the name itself nor an IP address.
 */
import { isIP } from 'node:net';
import { type BackendUrl, backendUrl, Faults } from '@reverseit/core/options';

const row = backendUrl({
  group: '',
  prose: '',
  schemes: ['http:', 'https:', 'ws:', 'wss:'],
});

/** A URL as that of a backend; null where it is none. */
export function readBackendUrl(value: string | URL): BackendUrl | null {
  return row.read(value, '', new Faults(), null);
}

/** Scheme, host and port in one spelling. */
export const originOf = ({ secure, authority }: BackendUrl): string =>
  `${secure ? 'https' : 'http'}://${authority}`;

const patternText = /^(?:([A-Za-z]+):\/\/)?(\*\.)?([^*/]+)\/?$/;

/** An entry in one spelling; null where it is none. */
export function readBackendPattern(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const [, scheme, wildcard, authority] = patternText.exec(value) ?? [];
  if (authority === undefined || (scheme ?? wildcard) === undefined) return null;
  // A label in place of the asterisk, so that the rest is read as in a URL.
  const host = wildcard === undefined ? authority : `x.${authority}`;
  const url = readBackendUrl(`${scheme ?? 'http'}://${host}`);
  if (url === null || (wildcard !== undefined && isIP(url.host) !== 0)) return null;
  if (wildcard === undefined) return originOf(url);
  const suffix = `*${url.authority.slice(1)}`;
  if (scheme !== undefined) return `${url.secure ? 'https' : 'http'}://${suffix}`;
  return authority.includes(':') ? null : suffix;
}

interface Wildcard {
  /** With its first dot. */
  readonly suffix: string;
  /** Scheme and port; null for any. */
  readonly place: { readonly secure: boolean; readonly port: number } | null;
}

export class AllowedBackends {
  readonly #origins = new Set<string>();
  readonly #wildcards: Wildcard[] = [];

  /** Entries as `readBackendPattern` spells them. */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const at = pattern.indexOf('*');
      if (at === -1) this.#origins.add(pattern);
      else this.#wildcards.push(wildcardOf(pattern, at));
    }
  }

  allows(url: BackendUrl): boolean {
    if (this.#origins.has(originOf(url))) return true;
    return this.#wildcards.length > 0 && isIP(url.host) === 0 && this.#isBelow(url);
  }

  #isBelow({ host, secure, port }: BackendUrl): boolean {
    return this.#wildcards.some(
      ({ suffix, place }) =>
        host.length > suffix.length &&
        host.endsWith(suffix) &&
        (place === null || (place.secure === secure && place.port === port)),
    );
  }
}

function wildcardOf(pattern: string, at: number): Wildcard {
  if (at === 0) return { suffix: pattern.slice(1), place: null };
  const { host, secure, port } = readBackendUrl(pattern.replace('*', 'x')) as BackendUrl;
  return { suffix: host.slice(1), place: { secure, port } };
}
