import { expect, test } from 'vitest';
import { readHuffman } from './huffman.ts';

const read = (hex: string): string | null => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return readHuffman(bytes, 0, bytes.length);
};

// RFC 7541 Appendix C.4, C.6.
test.each([
  ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'],
  ['a8eb 1064 9cbf', 'no-cache'],
  ['25a8 49e9 5ba9 7d7f', 'custom-key'],
  ['25a8 49e9 5bb8 e8b4 bf', 'custom-value'],
  ['6402', '302'],
  ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  [
    '94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
  ['', ''],
])('%s', (hex, text) => {
  expect(read(hex)).toBe(text);
});

test.each([
  ['padding of eight bits', 'f1e3 c2e5 f23a 6ba0 ab90 f4ff ff'],
  ['padding that is not of ones', '00'],
  ['EOS', 'ffff ffff'],
  ['the middle of a symbol', 'fe'],
])('%s is refused (RFC 7541 §5.2)', (_, hex) => {
  expect(read(hex)).toBe(null);
});

test('every symbol, in codes as long as they have to be', () => {
  // The first of each length: that the code is canonical follows from the tree being full.
  for (let byte = 0; byte < 65_536; byte++) {
    const bytes = Buffer.from([byte >> 8, byte & 0xff]);
    const text = readHuffman(bytes, 0, 2);
    if (text !== null) expect(text.length).toBeLessThanOrEqual(3);
  }
});
