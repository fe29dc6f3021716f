import { expect, test } from 'vitest';
import { resolveBackendList } from './backend-list.ts';

test.each([
  ['http://a', [{ name: 'http://a', url: 'http://a', weight: 1, tier: 0 }]],
  [
    ['HTTP://A:80/x/', { url: 'https://b', name: 'two', weight: 0, backup: true, maxRequests: 5 }],
    [
      { name: 'http://a/x', url: 'http://a/x', authority: 'a', pathPrefix: '/x' },
      { name: 'two', url: 'https://b', weight: 0, tier: 1, maxRequests: 5 },
    ],
  ],
  [
    [
      { url: 'http://a', unixSocket: '/run/1.sock' },
      { url: 'http://a', unixSocket: '/run/2.sock' },
    ],
    [{ name: 'http://a (unix:/run/1.sock)' }, { name: 'http://a (unix:/run/2.sock)' }],
  ],
  [[], []],
])('%j', (list, expected) => {
  expect(resolveBackendList(list)).toMatchObject(expected);
});

test('every fault is named', () => {
  expect(() =>
    resolveBackendList([
      'ftp://a',
      { url: 'http://b', weight: 1.5, wait: 1 },
      'http://b',
      'http://b',
    ]),
  ).toThrow(/backends\[0\].*backends\[1\]\.wait.*backends\[1\]\.weight.*backends\[3\]/s);
  const many = Array.from({ length: 10_001 }, (_, i) => `http://a${i}`);
  expect(() => resolveBackendList(many)).toThrow(/10001 backends are too many/);
});
