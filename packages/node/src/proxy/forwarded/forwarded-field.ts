/**
 * Forwarded (RFC 7239), read from its end: what the last proxy has added stands there, and what a client wrote
 * before it, a quote that it never closes for one, must not change how that is read. Pure.
 */
import {
  equalsIgnoreCase,
  isToken,
  splitOutsideQuotes,
  toLowerAscii,
  trimOws,
} from '@reverseit/core/http';
import { type ForwardedNode, nodeValue, parseForwardedNode } from './forwarded-node.ts';

/** What one proxy says of the request that it received. */
export interface ForwardedElement {
  /** As it was written. */
  readonly text: string;
  /** Null where it is not told. */
  readonly for: ForwardedNode | null;
  readonly host: string | null;
  readonly proto: string | null;
}

/** Where the element that ends at `end` begins; -1 where a quote of it has no beginning. */
export function elementStart(list: string, end: number): number {
  for (let at = end - 1; at >= 0; at--) {
    const code = list.charCodeAt(at);
    if (code === 0x2c) return at + 1;
    if (code !== 0x22) continue;
    at = openingQuote(list, at);
    if (at < 0) return -1;
  }
  return 0;
}

function openingQuote(list: string, close: number): number {
  let at = list.lastIndexOf('"', close - 1);
  while (at > 0 && isEscaped(list, at)) at = list.lastIndexOf('"', at - 1);
  return close === 0 ? -1 : at;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(list: string, at: number): boolean {
  let start = at;
  while (start > 0 && list.charCodeAt(start - 1) === 0x5c) start--;
  return (at - start) % 2 === 1;
}

/** `name=value`, the value a token, or quoted; an unquoted one may hold what hosts and addresses need. */
const pairText = /^([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"\\,;]+))$/;

/** Reads one element; null where it is malformed, or says one thing twice (RFC 7239 §4). */
export function parseForwardedElement(text: string): ForwardedElement | null {
  const values = new Map<string, string>();
  for (const part of splitOutsideQuotes(text, ';')) {
    const pair = trimOws(part);
    if (pair === '') continue;
    const [match, name = '', quoted, plain] = pairText.exec(pair) ?? [];
    const lower = toLowerAscii(name);
    if (match === undefined || !isToken(name) || values.has(lower)) return null;
    values.set(lower, plain ?? quoted?.replaceAll(/\\(.)/gs, '$1') ?? '');
  }
  const given = values.get('for');
  const node = given === undefined ? null : parseForwardedNode(given);
  if (given !== undefined && node === null) return null;
  return { text, for: node, host: values.get('host') ?? null, proto: values.get('proto') ?? null };
}

/** What we have to say of a request. */
export interface ForwardedFacts {
  /** Null on a Unix socket. */
  readonly for: ForwardedNode | null;
  /** Our own address that was connected to; null where it is not known. */
  readonly by: ForwardedNode | null;
  readonly host: string | null;
  readonly proto: string | null;
}

/** An element of Forwarded (RFC 7239 §4). */
export function forwardedElement({ for: client, by, host, proto }: ForwardedFacts): string {
  let text = `for=${client === null ? 'unknown' : nodeValue(client)}`;
  if (by !== null) text += `;by=${nodeValue(by)}`;
  // A host holds neither quotes nor backslashes.
  if (host !== null) text += `;host=${isToken(host) ? host : `"${host}"`}`;
  return proto === null ? text : `${text};proto=${proto}`;
}

/** What `proto` and X-Forwarded-Proto say: whether the client uses TLS, also for a WebSocket; null for anything else. */
export function isSecureScheme(scheme: string): boolean | null {
  if (equalsIgnoreCase(scheme, 'https') || equalsIgnoreCase(scheme, 'wss')) return true;
  return equalsIgnoreCase(scheme, 'http') || equalsIgnoreCase(scheme, 'ws') ? false : null;
}
