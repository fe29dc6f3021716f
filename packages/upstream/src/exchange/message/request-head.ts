/**
 * The head of a request as it goes on the wire (RFC 9112 §3, §5): a latin1 string. Its bytes are those
 * that undici writes: Host first, then Connection, then the fields as they stand, then the framing.
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  authenticatesConnection,
  FIELD,
  type FieldEntry,
  type FieldRule,
  fieldEntry,
  type HeaderSection,
  isFieldValue,
  isToken,
  KIND,
} from '@reverseit/core/http';
import { announcedLength } from './collected-body.ts';
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

/** What a transport makes of the fields of a request, whatever it speaks. */
export class RequestFieldRule implements FieldRule {
  host: string | null = null;
  /** Why the fields cannot be sent; empty where they can. */
  fault = '';
  /** A TE passes, which Connection has to name (RFC 9110 §10.1.4). */
  te = false;

  pass(_: string, value: string, { id, setByTransport }: FieldEntry): string | null {
    if (id === FIELD.HOST) {
      if (this.host !== null) this.fault = 'request has two Host headers';
      this.host = value;
      return null;
    }
    // The body's own length counts.
    if (id === FIELD.CONTENT_LENGTH) return null;
    if (setByTransport) this.fault = 'request header is set by the transport';
    else if (id === FIELD.TE && value !== '') this.te = true;
    return value;
  }
}

/**
 * Serialises the head; `connection` are the lines of above. Answers an error, of ours, for what must not be
 * sent: a method that is no token, a target with blanks, a field that is the transport's own, a missing or
 * second Host.
 */
export function requestHead(
  request: UpstreamRequest,
  fields: HeaderSection,
  connection: string,
): string | ReverseItError {
  const { method, target } = request;
  if (!isToken(method)) return misuse('invalid request method');
  if (!isTarget(target)) return misuse('invalid request target');
  // Nearly always there is nothing in it that would have to be looked at field by field.
  const whole = fields.serializeAround(connection);
  if (whole !== null && request.trailer == null) {
    return `${method} ${target} HTTP/1.1\r\n${whole}${framing(request)}\r\n`;
  }
  const rule = new RequestFieldRule();
  const lines = fields.serialize(rule);
  const { host, fault } = rule;
  if (fault !== '') return misuse(fault);
  if (host === null) return misuse('request has no Host header');
  const framed = framing(request);
  const trailer = framed === chunked ? trailerLine(request) : '';
  if (trailer === null) return misuse('invalid value of a request header');
  const options = rule.te ? withTe(connection) : connection;
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${options}${lines}${framed}${trailer}\r\n`;
}

/** Whether a request has credentials of a scheme that authenticates the connection (RFC 4559). */
export function logsIn(headers: HeaderSection): boolean {
  if (!headers.mayHold(KIND.CREDENTIALS)) return false;
  const { fields } = headers;
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

/** RFC 9110 §8.6: no length where there is no body, unless the method is one that expects a body. */
function framing({ method, body }: UpstreamRequest): string {
  if (body === null) return methodExpectsBody(method) ? 'content-length: 0\r\n' : '';
  const length = announcedLength(body);
  if (length === null) return chunked;
  return length > 0 || methodExpectsBody(method) ? `content-length: ${length}\r\n` : '';
}

/** RFC 9110 §6.6.2: only chunks have trailers. Null where the value could not be told apart on the wire. */
function trailerLine({ trailer }: UpstreamRequest): string | null {
  if (trailer === undefined || trailer === null) return '';
  return isFieldValue(trailer) ? `trailer: ${trailer}\r\n` : null;
}

export function methodExpectsBody(method: string): boolean {
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

/** The error of a request that its maker got wrong. */
export function misuse(what: string): ReverseItError {
  return createError('RIT_ERR_INTERNAL', what);
}
