/** Header and trailer sections as HTTP/2 has them (RFC 9113 §8.2, §8.3). */
import { fail, type ReverseItError } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  isFieldValue,
  isToken,
  knownField,
  toLowerAscii,
} from '@reverseit/core/http';
import { mayTrail } from '../exchange/body-pieces.ts';
import { bringsContent, isTarget, linesRefused } from '../exchange/request-head.ts';
import { headTooLarge, malformed } from '../exchange/response-head.ts';
import type { UpstreamRequest } from '../exchange/upstream-request.ts';

/**
 * The header section of a request: pseudo-header fields, then the fields as they stand, with names in
 * lower case. Answers an error, of ours, where `requestHead` does.
 */
export function requestFields(
  request: UpstreamRequest,
  scheme: 'http' | 'https',
): string[] | ReverseItError {
  const { method, target, fields } = request;
  if (!Array.isArray(fields)) return misuse(linesRefused);
  if (!isToken(method)) return misuse('method is no token');
  if (!isTarget(target)) return misuse('request target is malformed');
  const section = [':method', method, ':scheme', scheme, ':authority', '', ':path', target];
  let host: string | null = null;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    if (!isToken(name) || !isFieldValue(value)) return misuse('request field is malformed');
    switch (knownField(name)) {
      case FIELD.HOST:
        if (host !== null) return misuse('request has two Host fields');
        host = value;
        break;
      case FIELD.CONTENT_LENGTH:
        // The body's own length counts.
        break;
      case FIELD.TRANSFER_ENCODING:
      case FIELD.CONNECTION:
      case FIELD.UPGRADE:
      case FIELD.EXPECT:
        return misuse('request field is the transport’s to set');
      default: {
        const lower = toLowerAscii(name);
        if (!isHttp1Field(lower) && (lower !== 'te' || value === 'trailers')) {
          section.push(lower, value);
        }
      }
    }
  }
  if (host === null) return misuse('request has no Host field');
  section[5] = host;
  const length = contentLength(request);
  if (length !== null) section.push('content-length', String(length));
  const { trailer } = request;
  if (trailer !== undefined && trailer !== null && mayTrail(request.body)) {
    if (!isFieldValue(trailer)) return misuse('request field is malformed');
    section.push('trailer', trailer);
  }
  return section;
}

/** RFC 9110 §8.6: no length where there is no content, unless the method is one that brings content. */
function contentLength({ method, body }: UpstreamRequest): number | null {
  const length = body === null ? 0 : Buffer.isBuffer(body) ? body.length : body.contentLength;
  return length === 0 && !bringsContent(method) ? null : length;
}

/**
 * Repeated fields joined to one each, in the place of the first. node:http2 does not send some fields
 * twice, such as User-Agent, that a client may nevertheless repeat.
 */
export function joinRepeats(section: readonly string[]): string[] {
  const joined = new Map<string, string>();
  for (let i = 0; i < section.length; i += 2) {
    const name = section[i] as string;
    const value = section[i + 1] as string;
    const before = joined.get(name);
    // RFC 9113 §8.2.3, RFC 9110 §5.3.
    const separator = name === 'cookie' ? '; ' : ', ';
    joined.set(name, before === undefined ? value : before + separator + value);
  }
  return [...joined].flat();
}

/** A trailer section as node:http2 takes it; fields of HTTP/1.1 are left out (RFC 9113 §8.2.2). */
export function trailerFields(trailers: FieldSection): Record<string, string> {
  const section: Record<string, string> = Object.create(null);
  for (let i = 0; i < trailers.length; i += 2) {
    const name = toLowerAscii(trailers[i] as string);
    if (isHttp1Field(name) || name === 'te') continue;
    const value = trailers[i + 1] as string;
    const before = section[name];
    section[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return section;
}

/**
 * A section of a response, as node:http2 lists it, without its pseudo-header fields. `max` bounds the
 * sum of name + 2 + value. Answers an error where the section must not be used.
 */
export function responseFields(raw: readonly string[], max: number): FieldSection | ReverseItError {
  const fields: FieldSection = [];
  let size = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (name.charCodeAt(0) === 0x3a) continue;
    size += name.length + 2 + value.length;
    if (size > max) return headTooLarge(max);
    if (!isToken(name)) return malformed('field name is not a token');
    if (!isFieldValue(value)) return malformed('control character in a field value');
    if (isHttp1Field(name)) return malformed('connection-specific field in HTTP/2');
    fields.push(name, value);
  }
  return fields;
}

/** RFC 9113 §8.2.2: what concerns a connection of HTTP/1.1. */
function isHttp1Field(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'http2-settings':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return true;
    default:
      return false;
  }
}

function misuse(what: string): ReverseItError {
  return fail('RIT_ERR_INTERNAL', what);
}
