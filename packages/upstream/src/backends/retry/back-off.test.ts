import { expect, test } from 'vitest';
import { backOff } from './back-off.ts';

test.each([
  [25, 1, 25],
  [25, 2, 50],
  [25, 6, 800],
  [25, 60, 800],
  [0, 3, 0],
])('base %i, retry %i: less than %i ms', (base, retry, limit) => {
  expect(backOff(base, retry, 0)).toBe(0);
  expect(backOff(base, retry, 0.999_999)).toBe(Math.max(0, limit - 1));
});
