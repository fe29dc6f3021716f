import { expect, it } from 'vitest';
import { TurnWatch } from './turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Uses so much CPU time of this thread, in ms, however long that takes. */
function work(ms: number): void {
  const start = process.threadCpuUsage();
  let used = 0;
  while (used < ms * 1000) {
    const { user, system } = process.threadCpuUsage(start);
    used = user + system;
  }
}

it('finds the longest turn by its CPU time', async () => {
  const watch = new TurnWatch();
  await turn();
  work(60);
  await turn();
  const { longest, longestByClock } = watch.turns();
  expect(longest).toBeGreaterThanOrEqual(60);
  expect(longestByClock).toBeGreaterThanOrEqual(58);
});

it('tells in what turns half of the CPU time was used, so that one alone counts little', async () => {
  const watch = new TurnWatch();
  for (let nth = 0; nth < 8; nth += 1) {
    work(30);
    // The watch looks once in each turn, if its timer is due.
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  work(90);
  await new Promise((resolve) => setTimeout(resolve, 3));
  const { longest, typical } = watch.turns();
  expect(longest).toBeGreaterThanOrEqual(90);
  expect(typical).toBeGreaterThanOrEqual(30);
  expect(typical).toBeLessThan(90);
});

it('does not count time in which the process does not run', async () => {
  const watch = new TurnWatch();
  await turn();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  await turn();
  const { longest, longestByClock } = watch.turns();
  expect(longest).toBeLessThan(150);
  expect(longestByClock).toBeGreaterThanOrEqual(190);
});

it('forgets what was before a restart', async () => {
  const watch = new TurnWatch();
  work(120);
  await turn();
  watch.restart();
  await turn();
  expect(watch.turns().longest).toBeLessThan(120);
});
