/**
 * Subprotocols (RFC 6455 §1.9, §11.3.4). Their names are tokens and, unlike most tokens, distinguished by
 * case.
 */
import { isToken, trimOws } from '../../http/ascii.ts';

/** The most that may be offered. Nobody needs more, and judging a head full of them costs megabytes. */
export const maxSubprotocols = 128;

/**
 * The offered subprotocols in order of preference, from all lines of the field. Null where a name is no
 * token or is listed twice, where the field names none (RFC 6455 §4.1), or more than 128. Empty list
 * members are passed over (RFC 9110 §5.6.1.2).
 */
export function readSubprotocols(values: readonly string[]): string[] | null {
  const offered = new Set<string>();
  for (const value of values) {
    for (const member of value.split(',')) {
      const name = trimOws(member);
      if (name.length === 0) continue;
      if (!isToken(name) || offered.has(name) || offered.size === maxSubprotocols) return null;
      offered.add(name);
    }
  }
  return values.length > 0 && offered.size === 0 ? null : [...offered];
}

/**
 * The subprotocol that a server's answer chose: null where it chose none, undefined where the choice is
 * invalid, for it names several or one that was not offered.
 */
export function readChosenSubprotocol(
  values: readonly string[],
  offered: readonly string[],
): string | null | undefined {
  const [first, second] = values;
  if (first === undefined) return null;
  const name = trimOws(first);
  return second === undefined && offered.includes(name) ? name : undefined;
}
