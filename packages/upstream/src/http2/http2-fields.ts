/** Header and trailer sections as HTTP/2 has them (RFC 9113 §8.2, §8.3). */
import type { ReverseItError } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  fieldEntry,
  type HeaderSection,
  isFieldValue,
  isToken,
  toLowerAscii,
} from '@reverseit/core/http';
import { mayTrail } from '../exchange/message/collected-body.ts';
import {
  isTarget,
  methodExpectsBody,
  misuse,
  RequestFieldRule,
} from '../exchange/message/request-head.ts';
import { headTooLarge, malformed } from '../exchange/message/response-head.ts';
import type { UpstreamRequest } from '../exchange/message/upstream-request.ts';

/**
 * The header section of a request: pseudo-header fields, then the fields as they stand, with names in
 * lower case. Answers an error, of ours, where `requestHead` does.
 */
export function requestFields(
  request: UpstreamRequest,
  fields: HeaderSection,
  scheme: 'http' | 'https',
): string[] | ReverseItError {
  const { method, target } = request;
  if (!isToken(method)) return misuse('invalid request method');
  if (!isTarget(target)) return misuse('invalid request target');
  const rule = new RequestFieldRule();
  const passed = fields.filter(rule).fields;
  if (rule.fault !== '') return misuse(rule.fault);
  if (rule.host === null) return misuse('request has no Host header');
  const section = [':method', method, ':scheme', scheme, ':authority', rule.host, ':path', target];
  for (let i = 0; i < passed.length; i += 2) {
    const name = passed[i] as string;
    const value = passed[i + 1] as string;
    const { id, forbiddenInHttp2 } = fieldEntry(name);
    if (forbiddenInHttp2 || (id === FIELD.TE && value !== 'trailers')) continue;
    section.push(toLowerAscii(name), value);
  }
  return pushFraming(section, request);
}

function pushFraming(section: string[], request: UpstreamRequest): string[] | ReverseItError {
  const length = contentLength(request);
  if (length !== null) section.push('content-length', String(length));
  const { trailer } = request;
  if (trailer !== undefined && trailer !== null && mayTrail(request.body)) {
    if (!isFieldValue(trailer)) return misuse('invalid request header');
    section.push('trailer', trailer);
  }
  return section;
}

/** RFC 9110 §8.6: no length where there is no body, unless the method is one that expects a body. */
function contentLength({ method, body }: UpstreamRequest): number | null {
  const length = body === null ? 0 : Buffer.isBuffer(body) ? body.length : body.contentLength;
  return length === 0 && !methodExpectsBody(method) ? null : length;
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
    const separator = fieldEntry(name).separator ?? ', ';
    joined.set(name, before === undefined ? value : before + separator + value);
  }
  return [...joined].flat();
}

/** A trailer section as node:http2 takes it; fields of HTTP/1.1 are left out (RFC 9113 §8.2.2). */
export function trailerFields(trailers: FieldSection): Record<string, string> {
  const section: Record<string, string> = Object.create(null);
  for (let i = 0; i < trailers.length; i += 2) {
    const name = toLowerAscii(trailers[i] as string);
    const { forbiddenInHttp2, id } = fieldEntry(name);
    if (forbiddenInHttp2 || id === FIELD.TE) continue;
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
    if (!isToken(name)) return malformed('invalid header name');
    if (!isFieldValue(value)) return malformed('control character in a header value');
    if (fieldEntry(name).forbiddenInHttp2) return malformed('connection-specific header in HTTP/2');
    fields.push(name, value);
  }
  return fields;
}
