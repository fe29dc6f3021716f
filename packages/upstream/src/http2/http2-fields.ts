/** Header and trailer sections as HTTP/2 has them (RFC 9113 §8.2, §8.3). */
import type { ReverseItError } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  fieldEntry,
  type HeaderSection,
  isFieldValue,
  isToken,
} from '@reverseit/core/http';
import type { RequestPseudoFields } from '@reverseit/core/internal';
import { mayTrail } from '../exchange/message/collected-body.ts';
import {
  isTarget,
  methodExpectsBody,
  misuse,
  RequestFieldRule,
} from '../exchange/message/request-head.ts';
import type { UpstreamRequest } from '../exchange/message/upstream-request.ts';

/** The header section of a request. Its names are written in lower case. */
export interface RequestSection {
  readonly pseudo: RequestPseudoFields;
  readonly fields: FieldSection;
}

/**
 * The header section of a request: pseudo-header fields, and the fields as they stand. Answers an error, of ours,
 * where `requestHead` does.
 */
export function requestSection(
  request: UpstreamRequest,
  given: HeaderSection,
  scheme: 'http' | 'https',
): RequestSection | ReverseItError {
  const { method, target } = request;
  if (!isToken(method)) return misuse('invalid request method');
  if (!isTarget(target)) return misuse('invalid request target');
  const rule = new RequestFieldRule();
  const passed = given.filter(rule).fields;
  if (rule.fault !== '') return misuse(rule.fault);
  if (rule.host === null) return misuse('request has no Host header');
  const fields: FieldSection = [];
  for (let i = 0; i < passed.length; i += 2) {
    const name = passed[i] as string;
    const value = passed[i + 1] as string;
    const { id, forbiddenInHttp2 } = fieldEntry(name);
    if (forbiddenInHttp2 || (id === FIELD.TE && value !== 'trailers')) continue;
    fields.push(name, value);
  }
  if (!pushFraming(fields, request)) return misuse('invalid request header');
  return { pseudo: { method, scheme, authority: rule.host, path: target }, fields };
}

function pushFraming(fields: FieldSection, request: UpstreamRequest): boolean {
  const length = contentLength(request);
  if (length !== null) fields.push('content-length', String(length));
  const { trailer } = request;
  if (trailer === undefined || trailer === null || !mayTrail(request.body)) return true;
  fields.push('trailer', trailer);
  return isFieldValue(trailer);
}

/** RFC 9110 §8.6: no length where there is no body, unless the method is one that expects a body. */
function contentLength({ method, body }: UpstreamRequest): number | null {
  const length = body === null ? 0 : Buffer.isBuffer(body) ? body.length : body.contentLength;
  return length === 0 && !methodExpectsBody(method) ? null : length;
}

/** A trailer section without fields of HTTP/1.1 (RFC 9113 §8.2.2). */
export function trailerFields(trailers: FieldSection): FieldSection {
  const section: FieldSection = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string;
    const { forbiddenInHttp2, id } = fieldEntry(name);
    if (!forbiddenInHttp2 && id !== FIELD.TE) section.push(name, trailers[i + 1] as string);
  }
  return section;
}
