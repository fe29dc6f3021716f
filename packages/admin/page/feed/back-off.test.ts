import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it.each([
  [1, 1, 500],
  [1, 0, 250],
  [2, 1, 1000],
  [3, 1, 2000],
  [6, 1, 15_000],
  [1000, 1, 15_000],
  [1000, 0, 7500],
])('after %s failures, with chance %s: %s ms', (failures, chance, expected) => {
  expect(backOffMs(failures, chance)).toBe(expected);
});
