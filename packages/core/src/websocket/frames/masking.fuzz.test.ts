import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyMask, readMaskingKey, unmaskInto } from './masking.ts';

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 });

it('masking equals the plain loop at any alignment and any cut (RFC 6455 §5.3)', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      keys,
      fc.nat(15),
      fc.array(fc.nat(200), { maxLength: 6 }),
      (payload, keyBytes, place, cuts) => {
        const expected = payload.map((byte, i) => byte ^ (keyBytes[i & 3] as number));
        const bytes = new Uint8Array(place + payload.length).subarray(place);
        bytes.set(payload);
        let key = readMaskingKey(keyBytes, 0);
        let at = 0;
        for (const cut of [...cuts, payload.length]) {
          const end = Math.min(payload.length, at + cut);
          key = applyMask(bytes, at, end, key);
          at = end;
        }
        expect(bytes).toEqual(expected);

        const target = new Uint8Array(payload.length + 4);
        const start = unmaskInto(target, bytes, 0, bytes.length, readMaskingKey(keyBytes, 0));
        expect(target.subarray(start, start + payload.length)).toEqual(payload);
      },
    ),
  );
});
