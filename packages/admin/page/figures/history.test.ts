import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History, summarize } from './history.ts';

it('keeps columns of the window, and of those only its capacity', () => {
  const history = new History(2, 4, 10_000);
  for (let i = 1; i <= 6; i += 1) history.push(i * 1000, [i, null]);
  expect(history.columns(60_000)).toEqual([
    [3, 4, 5, 6],
    [3, 4, 5, 6],
    [null, null, null, null],
  ]);
  expect(history.columns(1000)[0]).toEqual([5, 6]);
});

it('does not join what a pause has separated', () => {
  const history = new History(1, 10, 3000);
  history.push(1000, [1]);
  history.push(4000, [2]);
  history.push(8000, [3]);
  expect(history.columns(60_000)[1]).toEqual([1, 2, null, 3]);
});

it('ignores what is no later than the last, and fills in what is missing', () => {
  const history = new History(2, 10, 3000);
  history.push(2000, [1, 1]);
  history.push(2000, [2, 2]);
  history.push(1000, [3, 3]);
  history.push(3000, [4]);
  expect(history.columns(60_000)).toEqual([
    [2, 3],
    [1, 4],
    [1, null],
  ]);
});

it('is empty at first', () => expect(new History(1, 10, 1).columns(1000)).toEqual([[], []]));

it('times ascend and columns are of one length, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100_000)), fc.integer({ min: 1, max: 20 }), (times, capacity) => {
      const history = new History(1, capacity, 50);
      for (const time of times) history.push(time, [time]);
      const [xs, ys] = history.columns(1e9);
      expect(xs.length).toBeLessThanOrEqual(capacity);
      expect(ys?.length).toBe(xs.length);
      for (const [i, x] of xs.entries()) if (i > 0) expect(x).toBeGreaterThan(xs[i - 1]!);
    }),
  );
});

it.each([
  ['nothing', [], { now: null, mean: null, max: null }],
  ['unknown values', [null, null], { now: null, mean: null, max: null }],
  ['some', [1, null, 5, 3], { now: 3, mean: 3, max: 5 }],
  ['an end that is unknown', [1, 2, null], { now: null, mean: 1.5, max: 2 }],
])('a summary of %s', (_, column, expected) => expect(summarize(column)).toEqual(expected));
