import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHuffman } from './huffman.ts';

test('no bytes make it throw, and no text is longer than its code allows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      const text = readHuffman(bytes, 0, bytes.length);
      if (text !== null) expect(text.length).toBeLessThanOrEqual((bytes.length * 8) / 5);
    }),
  );
});

test('a text does not depend on what stands around it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 50 }),
      fc.uint8Array(),
      fc.uint8Array(),
      (bytes, before, after) => {
        const all = Buffer.concat([before, bytes, after]);
        const text = readHuffman(all, before.length, before.length + bytes.length);
        expect(text).toBe(readHuffman(bytes, 0, bytes.length));
      },
    ),
  );
});
