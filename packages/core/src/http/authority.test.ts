import { describe, expect, test } from 'vitest';
import { isAuthority, parseAuthority, sameAuthority } from './authority.ts';

const good: readonly [text: string, host: string, port: number][] = [
  ['a', 'a', -1],
  ['Example.COM', 'example.com', -1],
  ['a:0', 'a', 0],
  ['a:80', 'a', 80],
  ['a:00080', 'a', 80],
  ['a:65535', 'a', 65535],
  // RFC 3986 §3.2.3: the port may be empty.
  ['a:', 'a', -1],
  ['127.0.0.1:8080', '127.0.0.1', 8080],
  ['[::]', '[::]', -1],
  ['[::1]:443', '[::1]', 443],
  ['[2001:DB8::1]', '[2001:db8::1]', -1],
  ['[1:2:3:4:5:6:7:8]', '[1:2:3:4:5:6:7:8]', -1],
  ['[1:2:3:4:5:6:7::]', '[1:2:3:4:5:6:7::]', -1],
  ['[::2:3:4:5:6:7:8]', '[::2:3:4:5:6:7:8]', -1],
  ['[::ffff:127.0.0.1]', '[::ffff:127.0.0.1]', -1],
  ['[1:2:3:4:5:6:1.2.3.4]', '[1:2:3:4:5:6:1.2.3.4]', -1],
];

const bad: readonly string[] = [
  '',
  ':',
  ':80',
  'a:65536',
  'a:999999',
  'a:-1',
  'a:+1',
  'a: 1',
  'a:1a',
  'a:1:2',
  'u@a',
  'u:p@a',
  'a/b',
  'a?b',
  'a#b',
  'a b',
  'a\\b',
  'a%',
  '\xe9',
  '[',
  '[]',
  '[:]',
  '[:::]',
  '[1]',
  '[1:2]',
  '[::1',
  '::1',
  '[::1]x',
  '[::1]:x',
  '[::1]80',
  '[1:2:3:4:5:6:7:8:9]',
  '[1:2:3:4:5:6:7]',
  '[1::2::3]',
  '[::12345]',
  '[:1::2]',
  '[1::2:]',
  '[1:2:3:4:5:6:7:8::]',
  '[::1%25eth0]',
  '[::g]',
  '[v1.a]',
  '[::1.2.3]',
  '[::1.2.3.256]',
  '[::1.2.3.04]',
  '[::1.2.3.4.5]',
  '[::1.2.3.4:5]',
  '[1:2:3:4:5:6:7:1.2.3.4]',
  '[::.2.3.4]',
  '[[::1]]',
  'a[::1]',
];

describe('uri-host [ ":" port ] (RFC 9110 §7.2, RFC 3986 §3.2)', () => {
  test.for(good)('%j', ([text, host, port]) => {
    expect(isAuthority(text)).toBe(true);
    expect(parseAuthority(text)).toEqual({ host, port });
  });

  test.for(bad)('%j is none', (text) => {
    expect(isAuthority(text)).toBe(false);
    expect(parseAuthority(text)).toBe(null);
  });
});

describe('the same host and port', () => {
  const pairs: readonly [a: string, b: string, scheme: 'http' | 'https', same: boolean][] = [
    ['a', 'a', 'http', true],
    ['A.b', 'a.B', 'http', true],
    ['a', 'a:80', 'http', true],
    ['a:', 'a:80', 'http', true],
    ['a', 'a:443', 'http', false],
    ['a', 'a:443', 'https', true],
    ['a:80', 'a:080', 'https', true],
    ['a', 'b', 'http', false],
    ['a', 'a.', 'http', false],
    ['[::A]', '[::a]:80', 'http', true],
    ['u@a', 'U@a', 'http', false],
    ['', 'a', 'http', false],
  ];

  test.for(pairs)('%j and %j under %s: %s', ([a, b, scheme, same]) => {
    expect(sameAuthority(a, b, scheme)).toBe(same);
    expect(sameAuthority(b, a, scheme)).toBe(same);
  });
});
