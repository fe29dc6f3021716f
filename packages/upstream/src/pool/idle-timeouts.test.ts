import { Deadlines } from '@reverseit/core/deadlines';
import { expect, test } from 'vitest';
import { IdleTimeouts } from './idle-timeouts.ts';

test.each([
  [-1, 90_000, 90_000],
  [5, 90_000, 4000],
  [2, 90_000, 1000],
  [1, 90_000, 500],
  [91, 90_000, 90_000],
  [90, 90_000, 89_000],
  [5, 3000, 3000],
  [5, 0, 4000],
  [5, Number.POSITIVE_INFINITY, 4000],
  [-1, 0, 0],
  [3601, 0, 0],
])('hint %i s, own limit %d ms: %d ms', (hint, own, expected) => {
  const timeouts = new IdleTimeouts(new Deadlines(), own);
  expect(timeouts.queue(hint).ms).toBe(expected);
  expect(timeouts.queue(hint)).toBe(timeouts.queue(hint));
  expect(timeouts.queue(-1).ms).toBe(own);
});
