import { describe, expect, it, test } from 'vitest';
import { AllowedBackends, readBackendPattern, readBackendUrl } from './allowed-backends.ts';

const allows = (patterns: readonly string[], url: string): boolean => {
  const read = patterns.map((pattern) => readBackendPattern(pattern) as string);
  const backend = readBackendUrl(url);
  return backend !== null && new AllowedBackends(read).allows(backend);
};

describe('an entry', () => {
  it.each([
    ['https://API.Example.com', 'https://api.example.com'],
    ['https://api.example.com:443/', 'https://api.example.com'],
    ['wss://api.example.com', 'https://api.example.com'],
    ['ws://api.example.com:8080', 'http://api.example.com:8080'],
    ['http://0x7f.1:80', 'http://127.0.0.1'],
    ['http://[0:0::1]:8080', 'http://[::1]:8080'],
    ['https://*.Example.com', 'https://*.example.com'],
    ['wss://*.example.com:443', 'https://*.example.com'],
    ['http://*.example.com:8080', 'http://*.example.com:8080'],
    ['*.Example.com', '*.example.com'],
  ])('%s is %s', (text, expected) => {
    expect(readBackendPattern(text)).toBe(expected);
    expect(readBackendPattern(expected)).toBe(expected);
  });

  it.each([
    '*',
    '*.',
    '**.example.com',
    '*.*.example.com',
    'a.*.example.com',
    'https://*',
    'https://*example.com',
    'example.com',
    '127.0.0.1',
    '*.example.com:8080',
    '*.1.2.3.4',
    '*.[::1]',
    'https://*.1.2.3.4',
    'https://example.com/path',
    'https://*.example.com/path',
    'https://user@example.com',
    'https://example.com?x',
    'ftp://example.com',
    'https://exa mple.com',
    '',
    null,
    1,
    /example/,
  ])('%s is refused', (value) => expect(readBackendPattern(value)).toBeNull());
});

test.each([
  ['the same origin', 'https://a.example.com', 'https://a.example.com', true],
  ['with a path', 'https://a.example.com', 'https://a.example.com/base', true],
  ['its default port', 'https://a.example.com', 'https://a.example.com:443', true],
  ['another case', 'https://a.example.com', 'HTTPS://A.Example.COM', true],
  ['WebSockets of it', 'https://a.example.com', 'wss://a.example.com', true],
  ['another scheme', 'https://a.example.com', 'http://a.example.com', false],
  ['another port', 'https://a.example.com', 'https://a.example.com:8443', false],
  ['a name below', 'https://a.example.com', 'https://b.a.example.com', false],
  ['the root label', 'https://a.example.com', 'https://a.example.com.', false],
  ['a prefix of it', 'https://a.example.com', 'https://a.example.com.evil.test', false],
  ['a user that looks like it', 'https://a.example.com', 'https://a.example.com@evil.test', false],
  ['a backslash', 'https://a.example.com', 'https://evil.test\\@a.example.com', false],
  ['an address in other digits', 'http://127.0.0.1', 'http://2130706433', true],
  ['an address in other words', 'http://[::1]', 'http://[0:0:0:0:0:0:0:1]', true],
  ['an address that is mapped', 'http://127.0.0.1', 'http://[::ffff:127.0.0.1]', false],
  ['*: a name below', '*.example.com', 'http://a.example.com:8080', true],
  ['*: two names below', '*.example.com', 'https://a.b.example.com', true],
  ['*: the name itself', '*.example.com', 'https://example.com', false],
  ['*: the same letters', '*.example.com', 'https://badexample.com', false],
  ['*: an address', '*.2.3.4', 'https://1.2.3.4', false],
  ['*: its scheme', 'https://*.example.com', 'https://a.example.com', true],
  ['*: another scheme', 'https://*.example.com', 'http://a.example.com', false],
  ['*: its port', 'https://*.example.com:8443', 'https://a.example.com:8443', true],
  ['*: another port', 'https://*.example.com:8443', 'https://a.example.com', false],
  ['*: WebSockets', 'https://*.example.com', 'wss://a.example.com', true],
  ['no entry', '', 'http://a', false],
  ['a query', 'https://a.example.com', 'https://a.example.com/?x', false],
  ['dot segments', 'https://a.example.com', 'https://a.example.com/%2e%2e/', false],
] as const)('%s: %s, %s: %s', (_, pattern, url, expected) => {
  expect(
    allows(pattern === '' ? [] : [pattern].filter((one) => readBackendPattern(one)), url),
  ).toBe(expected);
});
