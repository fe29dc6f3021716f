import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CookieRewriteInput } from '../../options/messages/cookie-options.ts';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { type CookiePlace, CookieRewrite } from './cookie-rewrite.ts';

const place: CookiePlace = { encrypted: true, prefix: '/api' };

function rewritten(
  cookie: string,
  rewriteCookies: CookieRewriteInput,
  where: Partial<CookiePlace> = {},
  base = '',
): string {
  const [route] = resolveProxyOptions({ backend: 'http://a', rewriteCookies }).routes;
  const rules = route?.rewriteCookies;
  if (rules === null || rules === undefined) throw new Error('there are no rules');
  return new CookieRewrite(rules, base).apply(cookie, { ...place, ...where });
}

describe('RFC 6265bis §5.6: only what is named changes', () => {
  test.for<
    [
      cookie: string,
      rules: CookieRewriteInput,
      result: string,
      where?: Partial<CookiePlace>,
      base?: string,
    ]
  >([
    ['a=b', {}, 'a=b'],
    ['a=b; Domain=10.0.0.1; Path=/; HttpOnly', {}, 'a=b; Domain=10.0.0.1; Path=/; HttpOnly'],
    // Domain.
    [
      'a=b; Domain=backend.internal; Path=/',
      { domain: 'Example.org' },
      'a=b; Domain=example.org; Path=/',
    ],
    ['a=b;DOMAIN = x ;x', { domain: 'y' }, 'a=b;DOMAIN = y ;x'],
    ['a=b; Domain=x; domain=y', { domain: 'z' }, 'a=b; Domain=z; domain=z'],
    ['a=b; Domain=x; Path=/', { domain: false }, 'a=b; Path=/'],
    ['a=b; Path=/', { domain: 'y' }, 'a=b; Path=/'],
    ['a=b; Domain', { domain: 'y' }, 'a=b; Domain'],
    ['a=b; Domain=', { domain: 'y' }, 'a=b; Domain=y'],
    ['Domain=x; a', { domain: 'y' }, 'Domain=x; a'],
    ['a="x; Domain=x"', { domain: 'y' }, 'a="x; Domain=y'],
    // Path.
    ['a=b; Path=/', { path: true }, 'a=b; Path=/api'],
    ['a=b; path=/x/y; Secure', { path: true }, 'a=b; path=/api/x/y; Secure'],
    ['a=b; Path=/', { path: true }, 'a=b; Path=/', { prefix: '' }],
    ['a=b; Path=/base/x', { path: true }, 'a=b; Path=/api/x', {}, '/base'],
    ['a=b; Path=/base', { path: true }, 'a=b; Path=/api', {}, '/base'],
    ['a=b; Path=/base/', { path: true }, 'a=b; Path=/api', {}, '/base'],
    ['a=b; Path=/base', { path: true }, 'a=b; Path=/', { prefix: '' }, '/base'],
    ['a=b; Path=/', { path: true }, 'a=b; Path=/api', {}, '/base'],
    ['a=b; Path=/', { path: true }, 'a=b; Path=/', { prefix: '' }, '/base'],
    ['a=b; Path=/a/', { path: true }, 'a=b; Path=/api', {}, '/a/b'],
    ['a=b; Path=/basement', { path: true }, 'a=b; Path=/basement', {}, '/base'],
    ['a=b; Path=x', { path: true }, 'a=b; Path=x'],
    ['a=b; Path="/"', { path: true }, 'a=b; Path="/"'],
    ['a=b; Path=', { path: true }, 'a=b; Path='],
    ['a=b', { path: '/x' }, 'a=b'],
    ['a=b; Path=/y', { path: '/x' }, 'a=b; Path=/x'],
    // Secure, SameSite.
    ['a=b', { secure: true }, 'a=b; Secure'],
    ['a=b; secure', { secure: true }, 'a=b; secure'],
    ['a=b', { secure: true }, 'a=b', { encrypted: false }],
    ['a=b; Secure; HttpOnly', { secure: false }, 'a=b; HttpOnly'],
    ['a=b; SECURE=1', { secure: false }, 'a=b'],
    ['a=b', { sameSite: 'lax' }, 'a=b; SameSite=Lax'],
    ['a=b; samesite=none; Path=/', { sameSite: 'strict' }, 'a=b; samesite=Strict; Path=/'],
    ['a=b; SameSite', { sameSite: 'none' }, 'a=b; SameSite=None'],
    ['a', { secure: true, sameSite: 'lax' }, 'a; Secure; SameSite=Lax'],
    ['', { secure: true }, '; Secure'],
    // RFC 6265bis §4.1.3: what the name promises is kept.
    [
      '__Host-a=b; Secure; Path=/',
      { path: true, secure: false, domain: 'x' },
      '__Host-a=b; Secure; Path=/',
    ],
    ['__host-a=b; Domain=y', { domain: false }, '__host-a=b; Domain=y'],
    [
      '__Secure-a=b; Secure; Path=/; Domain=y',
      { path: true, secure: false, domain: 'x' },
      '__Secure-a=b; Secure; Path=/api; Domain=x',
    ],
    [
      '__Host-a=b; Path=/',
      { secure: true, sameSite: 'lax' },
      '__Host-a=b; Path=/; Secure; SameSite=Lax',
    ],
    // What comes later is none of ours.
    [
      'a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/;;',
      { path: true },
      'a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/api;;',
    ],
  ])('%s with %j', ([cookie, rules, result, where, base]) => {
    expect(rewritten(cookie, rules, where, base)).toBe(result);
  });
});

describe('any cookie', () => {
  const part = fc.oneof(
    fc.constantFrom(
      ' Domain=x',
      'PATH = /a/b',
      ' Secure',
      ' SameSite=Lax',
      ' HttpOnly',
      ' Max-Age=1',
      '',
    ),
    fc.string({ unit: fc.constantFrom('a', ' ', '=', '"', ',', '\t', '\xff', '/') }),
  );
  const cookie = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(';'));
  const rules = fc.record(
    {
      domain: fc.constantFrom<string | false>('example.org', false),
      path: fc.constantFrom<string | true>('/x', true),
      secure: fc.boolean(),
      sameSite: fc.constantFrom('strict', 'lax', 'none'),
    },
    { requiredKeys: [] },
  );

  /** The parts that no rule is about, byte for byte, in their order. */
  const others = (text: string): string[] =>
    text
      .split(';')
      .filter(
        (one, nth) => nth === 0 || !/^\s*(?:domain|path|secure|samesite)\s*(?:=|$)/i.test(one),
      );

  test('all other parts stay as they are', () => {
    fc.assert(
      fc.property(cookie, rules, (text, given) => {
        expect(others(rewritten(text, given as CookieRewriteInput))).toEqual(others(text));
      }),
    );
  });

  test('what was rewritten stays as it is the second time', () => {
    fc.assert(
      fc.property(cookie, rules, (text, given) => {
        const stable = { ...(given as CookieRewriteInput), path: '/x' } as const;
        const once = rewritten(text, stable);
        expect(rewritten(once, stable)).toBe(once);
      }),
    );
  });
});
