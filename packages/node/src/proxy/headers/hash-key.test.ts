import type { RequestHead } from '@reverseit/core/http1';
import { expect, test } from 'vitest';
import { cookieValue, hashKey } from './hash-key.ts';

const head = {
  target: '/a/b?c=d',
  fields: ['X-User', 'one', 'x-user', 'two', 'Cookie', 'a=1; user=me', 'cookie', 'user=other; b='],
} as unknown as RequestHead;

test.each([
  ['client-address', '10.0.0.1'],
  ['path', '/a/b'],
  ['header:x-user', 'one, two'],
  ['header:x-none', ''],
  ['cookie:user', 'me'],
  ['cookie:b', ''],
  ['cookie:none', ''],
] as const)('%s', (hashOn, expected) => {
  expect(hashKey(hashOn, head, '10.0.0.1')).toBe(expected);
});

test.each([
  [['cookie', 'ab=1; a=2'], '2'],
  [['cookie', 'a'], null],
  [['cookie', ''], null],
  [[], null],
])('a cookie of %j', (fields, expected) => {
  expect(cookieValue(fields, 'a')).toBe(expected);
});
