import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyMask, readMaskingKey, rotateMaskingKey } from './masking.ts';
import { Utf8Stream } from './utf8-stream.ts';

/** Mostly valid text with now and then a byte that is not. */
const almostText = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 2 }),
    fc.nat(3),
  )
  .map(([text, damage, cutOff]) => {
    const bytes = Buffer.from(text);
    for (const [at, byte] of damage) if (at < bytes.length) bytes[at] = byte;
    return new Uint8Array(bytes.subarray(0, Math.max(0, bytes.length - cutOff)));
  });
const bytes = fc.oneof(
  almostText,
  fc.uint8Array({ maxLength: 12 }),
  fc.uint8Array({ maxLength: 300 }),
);

function decodes(value: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value);
    return true;
  } catch {
    return false;
  }
}

it('agrees with TextDecoder at any split, masked or not (RFC 6455 §8.1)', () => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.nat(100), { maxLength: 8 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.nat(3),
      (value, cuts, keyBytes, place) => {
        const key = readMaskingKey(keyBytes, 0);
        const masked = new Uint8Array(place + value.length).subarray(place);
        masked.set(value);
        applyMask(masked, 0, masked.length, key);
        const plainStream = new Utf8Stream();
        const maskedStream = new Utf8Stream();
        const decoder = new TextDecoder('utf-8', { fatal: true });
        let at = 0;
        for (const cut of [...cuts, value.length]) {
          const end = Math.min(value.length, at + cut);
          let expected = true;
          try {
            decoder.decode(value.subarray(at, end), { stream: true });
          } catch {
            expected = false;
          }
          expect(plainStream.push(value, at, end)).toBe(expected);
          expect(maskedStream.pushMasked(masked, at, end, rotateMaskingKey(key, at))).toBe(
            expected,
          );
          if (!expected) break;
          at = end;
        }
        expect(plainStream.complete).toBe(decodes(value));
        expect(maskedStream.complete).toBe(decodes(value));
      },
    ),
  );
});
