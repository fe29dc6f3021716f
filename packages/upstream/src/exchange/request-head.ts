/**
 * The head of a request as it goes on the wire (RFC 9112 §3, §5): a latin1 string. Its bytes are those
 * that undici writes: Host first, then Connection, then the fields as they stand, then the framing.
 */
import { fail, type ReverseItError } from '@reverseit/core/errors';
import {
  authenticatesConnection,
  FIELD,
  type FieldSection,
  fieldEntry,
  isToken,
} from '@reverseit/core/http';
import { announcedLength } from './body-pieces.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** What a request says of its connection. */
export const CONNECTION = {
  KEEP_ALIVE: 'connection: keep-alive\r\n',
  CLOSE: 'connection: close\r\n',
} as const;

/** The same of a request that offers to switch to `protocol` (RFC 9110 §7.8). */
export const upgradeLines = (protocol: string): string =>
  `connection: upgrade\r\nupgrade: ${protocol}\r\n`;

/** `protocol` is what is offered, or empty; `oneShot`: its connection carries no other request. */
export function connectionLines({
  protocol,
  oneShot,
}: {
  readonly protocol: string;
  readonly oneShot: boolean;
}): string {
  if (protocol !== '') return upgradeLines(protocol);
  return oneShot ? CONNECTION.CLOSE : CONNECTION.KEEP_ALIVE;
}

/** Of a transport that writes fields its own way. */
export const linesRefused = 'this pool does not accept pre-serialised headers';

/** Of a field that the transport sets. */
export const fieldRefused = 'request header is set by the transport';

const beyondLatin1 = /[\u0100-\uffff]/;

/**
 * Serialises the head; `connection` are the lines of above. Answers an error, of ours, for what could not be told apart on the wire: a line
 * end within a field, a name that is no token, a target with blanks, a field that is the transport's
 * own, a missing or second Host.
 */
export function requestHead(request: UpstreamRequest, connection: string): string | ReverseItError {
  const { method, target, fields } = request;
  if (!isToken(method)) return misuse('invalid request method');
  if (!isTarget(target)) return misuse('invalid request target');
  const isList = Array.isArray(fields);
  const section = isList ? writeSection(fields, null) : writeSection(fields.added, fields.host);
  const { host, fault, te } = section;
  if (fault !== '') return misuse(fault);
  if (host === null) return misuse('request has no Host header');
  const framed = framing(request);
  const options = te ? withTe(connection) : connection;
  const start = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${options}`;
  const trailer = framed === chunked ? trailerLine(request) : '';
  const end = `${section.lines}${framed}${trailer}\r\n`;
  // Request line, Host, Connection, and the empty line at the end.
  let breaks = 4 + section.count;
  if (framed !== '') breaks++;
  if (trailer !== '') breaks++;
  // Upgrade.
  if (connection !== CONNECTION.KEEP_ALIVE && connection !== CONNECTION.CLOSE) breaks++;
  if (!hasLines(start + end, breaks)) return misuse('invalid value of a request header');
  return isList ? start + end : start + fields.lines + end;
}

interface WrittenSection {
  host: string | null;
  lines: string;
  /** Of the lines, of which Host is none. */
  count: number;
  /** Why it cannot be written; empty where it can. */
  fault: string;
  /** A TE is among the lines, which Connection has to name (RFC 9110 §10.1.4). */
  te: boolean;
}

/** Writes fields whose Host, if not among them, is known. Line ends within values are left to be found. */
function writeSection(fields: FieldSection, host: string | null): WrittenSection {
  const section: WrittenSection = { host, lines: '', count: 0, fault: '', te: false };
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    if (!isToken(name)) section.fault = 'invalid name of a request header';
    const { id, setByTransport } = fieldEntry(name);
    if (id === FIELD.HOST) {
      if (section.host !== null) section.fault = 'request has two Host headers';
      section.host = value;
      continue;
    }
    // The body's own length counts.
    if (id === FIELD.CONTENT_LENGTH) continue;
    if (id === FIELD.TE && value !== '') section.te = true;
    if (setByTransport) section.fault = fieldRefused;
    // biome-ignore lint/style/useTemplate: it would ask each part whether it is a string
    section.lines += name + ': ' + value + '\r\n';
    section.count++;
  }
  return section;
}

/**
 * Whether a text is latin1, without NUL, and of so many lines. A line end that came with a value is one
 * too many: to count them costs a fifth of looking at each character of each value.
 */
function hasLines(text: string, lines: number): boolean {
  return (
    !beyondLatin1.test(text) &&
    !text.includes('\0') &&
    count(text, '\r') === lines &&
    count(text, '\n') === lines
  );
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) found++;
  return found;
}

/** Whether a request has credentials of a scheme that authenticates the connection (RFC 4559). */
export function logsIn({ fields }: UpstreamRequest): boolean {
  if (Array.isArray(fields)) return hasLogin(fields);
  const { lines, added, authenticatesConnection: known } = fields;
  return (known ?? linesHaveLogin(lines)) || hasLogin(added);
}

function linesHaveLogin(lines: string): boolean {
  for (const [, value] of lines.matchAll(/^(?:proxy-)?authorization:(.*)$/gim)) {
    if (value !== undefined && authenticatesConnection(value)) return true;
  }
  return false;
}

function hasLogin(fields: FieldSection): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const { auth } = fieldEntry(fields[i] as string);
    if (auth === 'credentials' && authenticatesConnection(fields[i + 1] as string)) return true;
  }
  return false;
}

function withTe(connection: string): string {
  return connection.replace('\r\n', ', te\r\n');
}

const chunked = 'transfer-encoding: chunked\r\n';

/** RFC 9110 §8.6: no length where there is no content, unless the method is one that brings content. */
function framing({ method, body }: UpstreamRequest): string {
  if (body === null) return bringsContent(method) ? 'content-length: 0\r\n' : '';
  const length = announcedLength(body);
  if (length === null) return chunked;
  return length > 0 || bringsContent(method) ? `content-length: ${length}\r\n` : '';
}

/** RFC 9110 §6.6.2: only chunks have trailers. */
function trailerLine({ trailer }: UpstreamRequest): string {
  return trailer === undefined || trailer === null ? '' : `trailer: ${trailer}\r\n`;
}

export function bringsContent(method: string): boolean {
  switch (method) {
    case 'POST':
    case 'PUT':
    case 'PATCH':
    case 'QUERY':
    case 'PROPFIND':
    case 'PROPPATCH':
      return true;
    default:
      return false;
  }
}

/** Origin form or `*` (RFC 9112 §3.2), of bytes that end neither the target nor the line. */
export function isTarget(target: string): boolean {
  if (target.charCodeAt(0) !== 0x2f && target !== '*') return false;
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

function misuse(what: string): ReverseItError {
  return fail('RIT_ERR_INTERNAL', what);
}
