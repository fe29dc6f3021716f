import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDecimal } from './digits.ts';

test('any number up to the largest safe one, with any leading zeros', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(20), (value, zeros) => {
      expect(readDecimal('0'.repeat(zeros) + value)).toBe(value);
    }),
  );
});

test('any number beyond it is refused', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), (value) => {
      expect(readDecimal(String(value))).toBe(-1);
    }),
  );
});

test('any text is digits, or refused', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('0', '1', '9', '+', '-', ' ', 'x', '.', ','), maxLength: 6 }),
  );
  fc.assert(
    fc.property(text, (one) => {
      expect(readDecimal(one)).toBe(
        /^[0-9]+$/.test(one) && Number.isSafeInteger(Number(one)) ? Number(one) : -1,
      );
    }),
  );
});
