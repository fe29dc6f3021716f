import { expect, test } from 'vitest';
import { LoopLoad } from './loop-load.ts';

const ms = 1_000_000;

/** Whether it is busy after each window of work, which took so many ms. */
function busyAfter(durations: readonly number[]): boolean[] {
  let now = 0;
  const load = new LoopLoad(() => now);
  return durations.map((duration) => {
    now += duration;
    load.add(2 * ms);
    load.add(2 * ms + 1);
    return load.busy;
  });
}

test.each<[name: string, durations: number[], busy: boolean[]]>([
  ['a first window tells nothing', [0], [false]],
  ['windows at the speed of the estimate are busy', [0, 4, 4], [false, true, true]],
  ['work that takes longer than estimated is busy, too', [0, 31.9], [false, true]],
  ['work with pauses is not', [0, 32, 100], [false, false, false]],
  ['it is no longer busy after one quiet window', [0, 4, 50, 4], [false, true, false, true]],
  ['a clock that was set back does no harm', [100, -50, 20], [false, true, true]],
])('%s', (_, durations, busy) => {
  expect(busyAfter(durations)).toEqual(busy);
});

test('less than a window changes nothing', () => {
  const load = new LoopLoad(() => 0);
  for (let i = 0; i < 8; i++) load.add(ms / 2);
  expect(load.busy).toBe(false);
});

test('can be told to forget', () => {
  const load = new LoopLoad(() => 0);
  load.add(5 * ms);
  load.add(5 * ms);
  expect(load.busy).toBe(true);
  load.reset();
  expect(load.busy).toBe(false);
  load.add(5 * ms);
  expect(load.busy).toBe(false);
});
