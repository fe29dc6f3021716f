import { expect, it } from 'vitest';
import { ratePerSecond, share } from './counters.ts';

it.each([
  ['grows', 10, 30, 2000, 10],
  ['stands still', 10, 10, 1000, 0],
  ['went back, as after the end of a worker', 10, 9, 1000, null],
  ['has no time between its readings', 10, 20, 0, null],
  ['has a clock that went back', 10, 20, -5, null],
])('the rate of a counter that %s', (_, before, after, elapsed, rate) => {
  expect(ratePerSecond(before, after, elapsed)).toBe(rate);
});

it.each([
  [1, 4, 0.25],
  [0, 0, 0],
  [null, 4, null],
  [1, null, null],
  // Two counters are not read in the same instant.
  [5, 4, 1],
])('the share of %s in %s is %s', (part, whole, expected) => {
  expect(share(part, whole)).toBe(expected);
});
