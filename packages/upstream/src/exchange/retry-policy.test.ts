import { expect, test } from 'vitest';
import { mayRepeat } from './retry-policy.ts';

const source = { contentLength: null, start() {}, resume() {}, cancel() {} };

test.each([
  ['GET', null, true],
  ['HEAD', null, true],
  ['OPTIONS', Buffer.from('a'), true],
  ['GET', source, false],
  ['POST', null, false],
  ['PUT', null, false],
  ['DELETE', null, false],
  ['TRACE', null, false],
  ['get', null, false],
])('%s (RFC 9110 §9.2.1)', (method, body, expected) => {
  expect(mayRepeat({ method, target: '/', fields: [], body })).toBe(expected);
});
