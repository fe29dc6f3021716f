import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldBytes } from './held-bytes.ts';

const step = fc.oneof(
  fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), onLoan: fc.boolean() }),
  // Takes all of it, keeps so many bytes at its beginning to read later, and gives the rest back.
  fc.record({ read: fc.nat(60), lend: fc.boolean() }),
);

test('whatever comes and is taken in parts, bytes come out as they went in, and stay', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held = new HeldBytes();
      const came: number[] = [];
      const out: number[] = [];
      const lent: { slice: Buffer; bytes: number[] }[] = [];
      for (const it of steps) {
        if ('bytes' in it) {
          const bytes = Buffer.from(it.bytes);
          held.append(bytes, it.onLoan);
          if (it.onLoan) bytes.fill(0xff);
          came.push(...it.bytes);
        } else {
          const taken = held.take();
          const slice = taken.subarray(0, it.read);
          out.push(...slice);
          if (it.lend) lent.push({ slice, bytes: [...slice] });
          if (slice.length < taken.length) held.append(taken.subarray(slice.length), true);
          held.forget();
        }
        expect(held.length).toBe(came.length - out.length);
      }
      out.push(...held.take());
      expect(out).toEqual(came);
      for (const { slice, bytes } of lent) expect([...slice]).toEqual(bytes);
    }),
  );
});
