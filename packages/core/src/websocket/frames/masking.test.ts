import { describe, expect, it } from 'vitest';
import {
  applyMask,
  isMaskedAscii,
  readMaskingKey,
  rotateMaskingKey,
  unmaskInto,
  writeMaskingKey,
} from './masking.ts';

const keyBytes = [0x37, 0xfa, 0x21, 0x3d];
const key = readMaskingKey(Uint8Array.from(keyBytes), 0);

/** RFC 6455 §5.3, word for word. */
function maskPlainly(bytes: readonly number[]): number[] {
  return bytes.map((byte, i) => byte ^ (keyBytes[i % 4] as number));
}

describe('masking keys', () => {
  it('are read and written in wire order', () => {
    const bytes = new Uint8Array(6);
    writeMaskingKey(bytes, 1, key);
    expect([...bytes]).toEqual([0, ...keyBytes, 0]);
    expect(readMaskingKey(bytes, 1)).toBe(key);
  });

  it.each([0, 1, 2, 3, 4, 5, 0x100000003])('rotate by %d', (count) => {
    const bytes = new Uint8Array(4);
    writeMaskingKey(bytes, 0, rotateMaskingKey(key, count));
    const by = count % 4;
    expect([...bytes]).toEqual([...keyBytes.slice(by), ...keyBytes.slice(0, by)]);
  });
});

describe('masking in place (RFC 6455 §5.3)', () => {
  it('masks the example of §5.7', () => {
    const bytes = Buffer.from('Hello');
    applyMask(bytes, 0, 5, key);
    expect(bytes.toString('hex')).toBe('7f9f4d5158');
  });

  for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 66, 67, 68, 127, 128, 1000]) {
    it(`${length} bytes at every alignment, and nothing around them`, () => {
      const plain = Array.from({ length }, (_, i) => (i * 37 + 11) & 0xff);
      for (let place = 0; place < 8; place++) {
        for (let offset = 0; offset < 4; offset++) {
          const store = new Uint8Array(place + offset + length + 5).fill(0xee);
          const bytes = store.subarray(place);
          bytes.set(plain, offset);
          const following = applyMask(bytes, offset, offset + length, key);
          const masked = maskPlainly(plain);
          expect([...bytes.subarray(offset, offset + length)]).toEqual(masked);
          expect(following).toBe(rotateMaskingKey(key, length));
          expect([...store.subarray(0, place + offset)].every((byte) => byte === 0xee)).toBe(true);
          expect([...store.subarray(place + offset + length)]).toEqual(Array(5).fill(0xee));

          const target = new Uint8Array(length + 4);
          const before = [...store];
          const start = unmaskInto(target, bytes, offset, offset + length, key);
          expect([...target.subarray(start, start + length)]).toEqual(plain);
          expect([...store]).toEqual(before);
        }
      }
    });
  }
});

describe('ASCII under a mask', () => {
  it.each([0, 1, 2, 3, 4, 63, 64, 65, 100, 129])('of %d bytes', (length) => {
    for (let place = 0; place < 4; place++) {
      const bytes = new Uint8Array(place + length).subarray(place).fill(0x7f);
      applyMask(bytes, 0, length, key);
      expect(isMaskedAscii(bytes, 0, length, key)).toBe(true);
      for (let at = 0; at < length; at++) {
        bytes[at] = (bytes[at] as number) ^ 0x80;
        expect(isMaskedAscii(bytes, 0, length, key)).toBe(false);
        bytes[at] = (bytes[at] as number) ^ 0x80;
      }
    }
  });
});
