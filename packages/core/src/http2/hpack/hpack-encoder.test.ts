import { expect, test } from 'vitest';
import { HpackEncoder } from './hpack-encoder.ts';

const encode = (encoder: HpackEncoder, status: number, ...fields: string[]): string =>
  encoder.encode(status, fields).toString('hex');

test('the first block empties the table, and so does the first after its size has changed (RFC 7541 §4.2)', () => {
  const encoder = new HpackEncoder();
  expect(encode(encoder, 200)).toBe('2088');
  expect(encode(encoder, 200)).toBe('88');
  encoder.onTableSize();
  expect(encode(encoder, 200)).toBe('2088');
});

test.each([
  ['a status of the static table', 404, [], '8d'],
  ['another status', 418, [], '0803343138'],
  ['a name of the static table', 0, ['date', 'x'], '0f120178'],
  ['a name with a short index', 0, ['accept-charset', 'x'], '0f000178'],
  ['another name', 0, ['x-a', 'b'], '0003782d610162'],
  ['upper case', 0, ['X-A', 'b'], '0003782d610162'],
  ['upper case in a name of the static table', 0, ['Date', 'x'], '0f120178'],
  ['a cookie is never indexed (RFC 7541 §7.1.3)', 0, ['set-cookie', 'a'], '1f280161'],
  [
    'what belongs to HTTP/1.1 is left out (RFC 9113 §8.2.2)',
    0,
    ['Connection', 'close', 'keep-alive', '5', 'transfer-encoding', 'chunked'],
    '',
  ],
])('%s', (_, status, fields, hex) => {
  const encoder = new HpackEncoder();
  encoder.encode(200, []);
  expect(encode(encoder, status, ...fields)).toBe(hex);
});

test.each([
  ['what is in the static table', 'GET', 'http', 'a', '/', '828601016104012f'],
  ['another method and path', 'PUT', 'https', 'a', '/b', '02035055548701016104022f62'],
] as const)('a request: %s (RFC 9113 §8.3.1)', (_, method, scheme, authority, path, hex) => {
  const encoder = new HpackEncoder();
  encoder.encode(200, []);
  const block = encoder.encodeRequest({ method, scheme, authority, path }, ['x-a', 'b']);
  expect(block.toString('hex')).toBe(`${hex}0003782d610162`);
});

test('a block of any length', () => {
  const encoder = new HpackEncoder();
  const value = 'é'.repeat(100_000);
  const block = encoder.encode(0, ['x', value]);
  expect(block.toString('latin1').endsWith(value)).toBe(true);
});
