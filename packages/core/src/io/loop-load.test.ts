import { expect, test } from 'vitest';
import { LoopLoad } from './loop-load.ts';

const whole = 500_000;
const busy = 150_000;
const ms = 1_000_000;

/** The share after each window of work, which took so many ms. */
function sharesAfter(durations: readonly number[]): number[] {
  let now = 0;
  const load = new LoopLoad(() => now);
  return durations.map((duration) => {
    now += duration;
    load.add(2 * ms);
    load.add(2 * ms + 1);
    return load.share;
  });
}

test.each<[name: string, durations: number[], shares: number[]]>([
  ['a first window tells nothing', [0], [whole]],
  ['windows at the speed of the estimate are busy', [0, 4, 4], [whole, busy, busy]],
  ['work that takes longer than estimated is busy, too', [0, 15.9], [whole, busy]],
  ['work with pauses is not', [0, 16, 100], [whole, whole, whole]],
  ['the loop is no longer busy after one quiet window', [0, 4, 50, 4], [whole, busy, whole, busy]],
  ['a clock that was set back does no harm', [100, -50, 20], [whole, busy, whole]],
])('%s', (_, durations, shares) => {
  expect(sharesAfter(durations)).toEqual(shares);
});

test('less than a window changes nothing', () => {
  const load = new LoopLoad(() => 0);
  for (let i = 0; i < 8; i++) load.add(ms / 2);
  expect(load.share).toBe(whole);
});

test('can be told to forget', () => {
  const load = new LoopLoad(() => 0);
  load.add(5 * ms);
  load.add(5 * ms);
  expect(load.share).toBe(busy);
  load.reset();
  expect(load.share).toBe(whole);
  load.add(5 * ms);
  expect(load.share).toBe(whole);
});
