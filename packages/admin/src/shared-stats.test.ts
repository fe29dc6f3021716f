import { expect, it } from 'vitest';
import { ModelProxy } from '../test/model-proxy.ts';
import { SharedStats } from './shared-stats.ts';
import type { ProxyStats } from './stats.ts';

const figures = new ModelProxy({
  routes: ['/'],
  backends: [],
  workers: 1,
  load: 1,
}).pass();

/** Figures that are numbered by their time. */
function numbered(): { shared: SharedStats; taken: () => number; at: (ms: number) => void } {
  let taken = 0;
  let now = 0;
  const take = async (): Promise<ProxyStats> => ({ ...figures, time: ++taken });
  return {
    shared: new SharedStats(take, () => now),
    taken: () => taken,
    at: (ms) => {
      now = ms;
    },
  };
}

it('takes figures once for all who ask at the same time', async () => {
  const { shared, taken } = numbered();
  const answers = await Promise.all([shared.current(), shared.recent(), shared.current()]);
  expect(answers.map(({ time }) => time)).toEqual([1, 1, 1]);
  expect((await shared.current()).time).toBe(2);
  expect(taken()).toBe(2);
});

it('answers a probe with figures of the last second', async () => {
  const { shared, at } = numbered();
  const times: number[] = [];
  for (const ms of [0, 999, 1000, 1500, 2000]) {
    at(ms);
    times.push((await shared.recent()).time);
  }
  expect(times).toEqual([1, 1, 2, 2, 3]);
});

it('forgets what was taken, or is being taken, before a change', async () => {
  const { shared } = numbered();
  const before = shared.current();
  shared.forget();
  const after = shared.recent();
  expect([(await before).time, (await after).time]).toEqual([1, 2]);
  expect((await shared.recent()).time).toBe(2);
});

it('asks again after a failure', async () => {
  let fails = true;
  const shared = new SharedStats(() => {
    if (fails) throw new Error('no luck');
    return figures;
  });
  await expect(shared.recent()).rejects.toThrow('no luck');
  fails = false;
  expect(await shared.recent()).toBe(figures);
});
