import { expect, it } from 'vitest';
import { ModelProxy } from '../../test/model-proxy.ts';
import { poolTotalsOf, processTotalsOf, requestsOf, sumOfCounts, totalsOf } from './totals.ts';

it('counts requests of all methods, of one class or of all', () => {
  const counts = { GET: { '2xx': 5, '5xx': 1 }, POST: { '2xx': 2, none: 3 } };
  expect(requestsOf(counts)).toBe(11);
  expect(requestsOf(counts, '2xx')).toBe(7);
  expect(requestsOf(counts, '3xx')).toBe(0);
  expect(requestsOf({})).toBe(0);
});

it('adds up histograms', () => {
  const list = [
    { counts: [1, 2, 3], sum: 1 },
    { counts: [10, 0, 1], sum: 1 },
  ];
  expect(sumOfCounts(list, [1, 2])).toEqual([11, 2, 4]);
  expect(sumOfCounts([], [1, 2])).toEqual([0, 0, 0]);
});

it('adds up routes, pools and processes', () => {
  const proxy = new ModelProxy({
    routes: ['/', '/api'],
    backends: [{}, {}],
    workers: 2,
  });
  proxy.answer('/', '2xx', 3);
  proxy.answer('/api', '4xx', 2);
  proxy.answer('/api', '5xx', 1);
  const stats = proxy.stats();
  expect(totalsOf(stats)).toMatchObject({ requests: 6, clientErrors: 2, serverErrors: 1 });
  expect(totalsOf(stats).duration.reduce((sum, count) => sum + count)).toBe(6);
  expect(poolTotalsOf(stats.pools)).toEqual({ open: 12, idle: 12, active: 0, waiting: 0 });
  expect(processTotalsOf(stats.processes).residentMemory).toBe(160 * 2 ** 20);
});
