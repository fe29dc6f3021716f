import { expect, test } from 'vitest';
import { readBlock } from './http2-block.ts';
import { block } from './http2-frames.ts';

test('literals, static entries and the size of the table (RFC 7541 §6)', () => {
  const long = 'v'.repeat(300);
  const bytes = Buffer.concat([
    Buffer.from([0x20, 0x88, 0x0f, 0x0d, 1, 0x35]),
    block('x-a', '\xe4', 'x-b', long),
  ]);
  expect(readBlock(bytes)).toEqual([
    ...[':status', '200', 'content-length', '5'],
    ...['x-a', '\xe4', 'x-b', long],
  ]);
});

test.each([
  ['the dynamic table', [0xbe]],
  ['an entry that is added', [0x40, 1, 0x61, 1, 0x62]],
  ['a Huffman code', [0x00, 0x81, 0x1f, 1, 0x62]],
])('%s is an error', (_, bytes) => {
  expect(() => readBlock(Buffer.from(bytes))).toThrow(/header block/);
});
