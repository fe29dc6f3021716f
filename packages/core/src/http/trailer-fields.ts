/** Which fields may travel behind the content (RFC 9110 §6.5.1). */
import { toLowerAscii } from './ascii.ts';
import { isConnectionField } from './connection-fields.ts';
import type { FieldSection, ReadonlyFieldSection } from './field-section.ts';

/** Fields that frame, route, authenticate, modify, control or describe: too late when they come last. */
const headOnly = new Set([
  'accept-ranges',
  'age',
  'authentication-info',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-security-policy',
  'content-type',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'location',
  'max-forwards',
  'pragma',
  'proxy-authentication-info',
  'range',
  'retry-after',
  'set-cookie',
  'strict-transport-security',
  'vary',
  'via',
  'warning',
  'www-authenticate',
]);

/** The fields of a trailer section that may be passed on. */
export function forwardableTrailers(trailers: ReadonlyFieldSection): FieldSection {
  const kept: FieldSection = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string;
    const lower = toLowerAscii(name);
    if (isConnectionField(name) || headOnly.has(lower) || lower.startsWith('x-forwarded-'))
      continue;
    kept.push(name, trailers[i + 1] as string);
  }
  return kept;
}
