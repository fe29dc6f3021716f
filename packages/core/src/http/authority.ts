/** Host and port, as in Host and in the authority of a target (RFC 9110 §4.2, §7.2; RFC 3986 §3.2). */
import { isIPv6 } from 'node:net';
import { isRegName, toLowerAscii } from './ascii.ts';

/** Host and port, split. */
export interface Authority {
  /** Lower case; an IP literal keeps its brackets. */
  readonly host: string;
  /** -1 where none is given. */
  readonly port: number;
}

/** Index of the port's colon; the length if there is none; -1 unless the text is `uri-host [ ":" port ]`. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf(']');
    const address = text.substring(1, close);
    // RFC 3986 §3.2.2 has no zones, which Node takes; IPvFuture is rejected.
    return isIPv6(address) && !address.includes('%') ? close + 1 : -1;
  }
  const colon = text.indexOf(':');
  const end = colon === -1 ? text.length : colon;
  return isRegName(end === text.length ? text : text.substring(0, end)) ? end : -1;
}

/** Decimal port after the colon at `at`; -1 where there is none, -2 where it is malformed. */
function readPort(text: string, at: number): number {
  if (at === text.length) return -1;
  const digits = text.length - at - 1;
  if (text.charCodeAt(at) !== 0x3a || digits > 5) return -2;
  // RFC 3986 §3.2.3: the port may be empty.
  if (digits === 0) return -1;
  let port = 0;
  for (let i = at + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -2;
    port = port * 10 + digit;
  }
  return port <= 65535 ? port : -2;
}

/** Whether the text is `uri-host [ ":" port ]`, without userinfo and not empty. */
export function isAuthority(text: string): boolean {
  const end = hostEnd(text);
  return end > 0 && readPort(text, end) !== -2;
}

/** Splits an authority; null where it is malformed. */
export function parseAuthority(text: string): Authority | null {
  const end = hostEnd(text);
  if (end <= 0) return null;
  const port = readPort(text, end);
  return port === -2 ? null : { host: toLowerAscii(text.substring(0, end)), port };
}

/** Whether two authorities name the same host and port under a scheme; different malformed ones never do. */
export function sameAuthority(a: string, b: string, scheme: 'http' | 'https'): boolean {
  if (a === b) return true;
  const defaultPort = scheme === 'https' ? 443 : 80;
  const left = parseAuthority(a);
  const right = parseAuthority(b);
  if (left === null || right === null || left.host !== right.host) return false;
  return (
    (left.port === -1 ? defaultPort : left.port) === (right.port === -1 ? defaultPort : right.port)
  );
}
