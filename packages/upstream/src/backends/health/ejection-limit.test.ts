import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayEject } from './ejection-limit.ts';

test.each([
  [3, 0, 3, 50, true],
  [3, 1, 2, 50, false],
  [2, 0, 2, 50, true],
  [2, 1, 1, 50, false],
  [1, 0, 1, 100, false],
  [10, 4, 6, 50, true],
  [10, 5, 5, 50, false],
  [10, 9, 1, 100, false],
  [10, 0, 10, 5, true],
  [10, 1, 9, 5, false],
  [10, 0, 10, 0, false],
])(
  '%i members, %i ejected, %i available, %i %%: %s',
  (members, ejected, available, percent, expected) => {
    expect(mayEject(members, ejected, available, percent)).toBe(expected);
  },
);

test('never the last one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 100 }),
      (members, percent) => {
        let ejected = 0;
        while (mayEject(members, ejected, members - ejected, percent)) ejected++;
        expect(ejected).toBeLessThan(members);
        expect(ejected).toBeLessThanOrEqual(Math.max(1, (members * percent) / 100));
      },
    ),
  );
});
