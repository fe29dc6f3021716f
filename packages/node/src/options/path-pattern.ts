/**
 * Paths as other routers write them. Here a path is a prefix: `*` or `:id` would be compared letter by
 * letter, and match nothing. Such a path is rejected with what to write instead.
 */
import { type Faults, type Option, show } from '@reverseit/core/options';

/** A segment with what stands for something else in a glob, a parameter or a regular expression. */
const patternSegment = /[*[\]{}^|\\]|^:\w|\(\?|\.\+|\$$/;

/**
 * The part of a path before the first segment that is a pattern, `/` where that is the first one; null where
 * the path has none.
 */
export function prefixOfPattern(path: string): string | null {
  // Expressions begin with it.
  const segments = path.replace(/^\^/, '').split('/');
  const at = segments.findIndex((segment) => patternSegment.test(segment));
  if (at === -1) return path.startsWith('^') ? segments.join('/') : null;
  const literal = segments.slice(0, at).join('/');
  return literal === '' ? '/' : literal;
}

/** What is accepted in place of a pattern; null where a value is none. */
function insteadOf(value: unknown, prefixOf: (text: string) => string | null): string | null {
  if (value instanceof RegExp) return 'a prefix, which matches everything below it, not a pattern';
  if (Array.isArray(value)) return 'one prefix; use one route per prefix';
  const prefix = typeof value === 'string' ? prefixOf(value) : null;
  return prefix === null
    ? null
    : `a prefix, which matches everything below it, not a pattern: ${show(prefix)}`;
}

/** The same row, which tells those who give it a pattern what to write instead. */
export function refusingPatterns<In, Out>(
  row: Option<In, Out>,
  prefixOf: (text: string) => string | null = prefixOfPattern,
): Option<In, Out> {
  return Object.freeze({
    ...row,
    read(value: unknown, key: string, faults: Faults, base: Out): Out {
      const instead = insteadOf(value, prefixOf);
      if (instead === null) return row.read(value, key, faults, base);
      faults.refuse(key, value, instead);
      return row.default;
    },
  });
}

/** The same for the URL of a backend, whose path is a prefix as well. */
export function prefixOfUrlPattern(url: string): string | null {
  const [, origin = '', path = ''] = /^([A-Za-z]+:\/\/[^/?#]+)(\/.*)$/.exec(url) ?? [];
  const prefix = origin === '' ? null : prefixOfPattern(path);
  if (prefix === null) return null;
  return prefix === '/' ? origin : `${origin}${prefix}`;
}
