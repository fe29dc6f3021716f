/**
 * The head of a request as it goes on the wire (RFC 9112 §3, §5): a latin1 string. Its bytes are those
 * that undici writes: Host first, then Connection, then the fields as they stand, then the framing.
 */
import { fail, type ReverseItError } from '@reverseit/core/errors';
import { FIELD, isFieldValue, isToken, knownField } from '@reverseit/core/http';
import type { UpstreamRequest } from './upstream-request.ts';

/** What a request says of its connection. */
export const CONNECTION = {
  KEEP_ALIVE: 'connection: keep-alive\r\n',
  CLOSE: 'connection: close\r\n',
  UPGRADE: 'connection: upgrade\r\nupgrade: websocket\r\n',
} as const;
export type ConnectionLines = (typeof CONNECTION)[keyof typeof CONNECTION];

/**
 * Serialises the head. Answers an error, of ours, for what could not be told apart on the wire: a field
 * that is malformed or the transport's own, a target with blanks, a missing or second Host.
 */
export function requestHead(
  request: UpstreamRequest,
  connection: ConnectionLines,
): string | ReverseItError {
  const { method, target, fields } = request;
  if (!isToken(method)) return misuse('method is no token');
  if (!isTarget(target)) return misuse('request target is malformed');
  let host: string | null = null;
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    if (!isToken(name) || !isFieldValue(value)) return misuse('request field is malformed');
    switch (knownField(name)) {
      case FIELD.HOST:
        if (host !== null) return misuse('request has two Host fields');
        host = value;
        continue;
      case FIELD.CONTENT_LENGTH:
        // The body's own length counts.
        continue;
      case FIELD.TRANSFER_ENCODING:
      case FIELD.CONNECTION:
      case FIELD.UPGRADE:
      case FIELD.EXPECT:
        return misuse('request field is the transport’s to set');
      default:
        lines += `${name}: ${value}\r\n`;
    }
  }
  if (host === null) return misuse('request has no Host field');
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${connection}${lines}${framing(request)}\r\n`;
}

/** RFC 9110 §8.6: no length where there is no content, unless the method is one that brings content. */
function framing({ method, body }: UpstreamRequest): string {
  if (body === null) return bringsContent(method) ? 'content-length: 0\r\n' : '';
  const length = Buffer.isBuffer(body) ? body.length : body.contentLength;
  if (length === null) return 'transfer-encoding: chunked\r\n';
  return length > 0 || bringsContent(method) ? `content-length: ${length}\r\n` : '';
}

function bringsContent(method: string): boolean {
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
function isTarget(target: string): boolean {
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
