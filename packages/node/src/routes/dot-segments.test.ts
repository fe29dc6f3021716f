import { describe, expect, it } from 'vitest';
import { climbs, mayHoldDotSegment, pathEnd, withoutDotSegments } from './dot-segments.ts';

const climbsAt = (path: string, from = 0): boolean => climbs(path, from, path.length);

describe('mayHoldDotSegment', () => {
  it.each([
    '/',
    '/a/b',
    '/a.b/c.d',
    '/a..',
    '/a?/../x',
    '/a?%2e',
    '/a?\\',
    '//',
    '/a;b',
    '/a%20b',
    '/a%2fb',
    '/%',
    '/%2',
    '/a%2e',
    '/%252e',
  ])('%s holds none', (target) => expect(mayHoldDotSegment(target)).toBe(false));
  it.each([
    '/.',
    '/./a',
    '/..',
    '/a/..?x',
    '/.hidden',
    '/%2e',
    '/a\\..',
    '/a%2f.',
    '/a%5C%2E',
    '/a//..',
    '/%2f%2e',
  ])('%s needs a closer look', (target) => expect(mayHoldDotSegment(target)).toBe(true));
});

describe('pathEnd', () => {
  it.each([
    ['/a', 2],
    ['/a?b', 2],
    ['/a??', 2],
    ['?', 0],
  ])('of %s is %i', (target, end) => expect(pathEnd(target)).toBe(end));
});

describe('climbs (RFC 3986 §5.2.4)', () => {
  it.each([
    '/..',
    '/../',
    '/../a',
    '/a/../..',
    '/a/../../a',
    '/./..',
    '/a/./../..',
    // An empty segment may or may not count.
    '//..',
    '/a//../..',
    // WHATWG URL: a percent-encoded dot is a dot.
    '/%2e%2e',
    '/%2E%2e/a',
    '/.%2e',
    '/%2e.',
    // Separators that some backends know.
    '/\\..',
    '/..\\a',
    '/a\\..\\..',
    '/a/..\\..',
    '/a/..%2f..',
    '/a%2f..%2F..',
    '/..%2fa',
    '/..%5ca',
    '/a%5C..%5c..',
    '/%2e%2e%2f',
    // One reading splits here and not there.
    '/a%2fb/../..',
    '/x%2fy\\..\\..',
    // Servlet path parameters.
    '/..;/a',
    '/..;x=y/a',
    '/%2e%2e;x',
    '/a/..;/..;/b',
    '/;x/..',
    '/a/..;x%2fa/..',
    '/a;x%2f..%2f..',
  ])('%s does', (path) => expect(climbsAt(path)).toBe(true));

  it.each([
    '/',
    '/a',
    '/.',
    '/./.',
    '/a/..',
    '/a/../',
    '/a/../b/..',
    '/a/b/../..',
    '/...',
    '/..a',
    '/a..',
    '/.a/..',
    '/a%2f..',
    '/a\\..',
    '/a/..;x',
    '/%2ea/..',
    '/a%20b/..',
    // Decoded once and never twice.
    '/%252e%252e',
    '/%252e%252e%252f',
    // No percent-encoding at all.
    '/%2',
    '/%',
    '/%zz/..',
    '/.%2/..',
  ])('%s does not', (path) => expect(climbsAt(path)).toBe(false));

  it('counts from the end of a prefix', () => {
    expect(climbsAt('/a/b/../c', 0)).toBe(false);
    expect(climbsAt('/a/b/../c', 2)).toBe(false);
    expect(climbsAt('/a/b/../c', 4)).toBe(true);
    expect(climbsAt('/a', 2)).toBe(false);
  });

  it('leaves the query alone', () => expect(climbs('/a?/../..', 0, 2)).toBe(false));
});

describe('withoutDotSegments', () => {
  it.each<[path: string, forms: string[]]>([
    ['/', []],
    ['/a/b', []],
    ['/a%20b', []],
    ['/%2f', []],
    ['/a/../b', ['/b']],
    ['/a/./b', ['/a/b']],
    ['/../b', ['/b']],
    ['/a/..', ['/']],
    ['/a//../b', ['/b', '/a/b']],
    ['/a/%2e%2E/b', ['/b']],
    ['/a%2f../b', ['/b']],
    ['/a\\../b', ['/b']],
    ['/a%2fb/../c', ['/c', '/a/c']],
    ['/a/..;v/b', ['/b']],
    ['/a/./b/..;v', ['/a', '/a/b/..;v']],
  ])('%s becomes %j', (path, forms) => {
    expect([...withoutDotSegments(path, 9)].sort()).toEqual([...forms].sort());
  });

  it('is cut to what is asked for', () => {
    expect([...withoutDotSegments('/a/b/c/../d/e', 2)]).toEqual(['/a/b']);
    expect([...withoutDotSegments('/a/b/c/../../../d/e', 2)]).toEqual(['/d/e']);
    expect([...withoutDotSegments('/a/b/../../../../c', 1)]).toEqual(['/c']);
  });
});
