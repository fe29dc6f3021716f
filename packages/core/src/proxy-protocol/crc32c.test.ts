import { expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

// RFC 3720 §B.4, and the usual check value.
it.each([
  [Buffer.alloc(32), 0x8a9136aa],
  [Buffer.alloc(32, 0xff), 0x62a8ab43],
  [Buffer.from(Array.from({ length: 32 }, (_, nth) => nth)), 0x46dd794e],
  [Buffer.from('123456789'), 0xe3069283],
  [Buffer.alloc(0), 0],
])('%j', (bytes, value) => expect(crc32c(bytes)).toBe(value));

it('takes a part for zeros', () => {
  expect(crc32c(Buffer.from([0, 1, 2, 0]), 1, 3)).toBe(crc32c(Buffer.alloc(4)));
});
