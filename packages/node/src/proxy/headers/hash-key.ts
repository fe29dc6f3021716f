/** What a request is known by, for consistent hashing. */
import { getFieldValues, type ReadonlyFieldSection } from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import type { HashOn } from '../../options/backends/balancing-options.ts';
import { pathEnd } from '../../routes/dot-segments.ts';

/** Empty where the request has nothing of it: such requests share a backend. */
export function hashKey(
  hashOn: Exclude<HashOn, (...parameters: never) => unknown>,
  head: RequestHead,
  remoteAddress: string,
): string {
  if (hashOn === 'client-address') return remoteAddress;
  if (hashOn === 'path') return head.target.slice(0, pathEnd(head.target));
  const name = hashOn.slice(7);
  return hashOn.startsWith('header:')
    ? getFieldValues(head.fields, name).join(', ')
    : (cookieValue(head.fields, name) ?? '');
}

/** The value of a cookie (RFC 6265 §4.2.1); the first of that name counts. Null where there is none. */
export function cookieValue(fields: ReadonlyFieldSection, name: string): string | null {
  for (const field of getFieldValues(fields, 'cookie')) {
    for (const pair of field.split(';')) {
      const trimmed = pair.trim();
      if (trimmed.startsWith(name) && trimmed[name.length] === '=') {
        return trimmed.slice(name.length + 1);
      }
    }
  }
  return null;
}
