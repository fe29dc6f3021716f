import { expect, it } from 'vitest';
import { ModelProxy } from '../../test/model-proxy.ts';
import { latencyOf, loopDelayOf, percentilesOf, ratesOf, sampleOf } from './moment.ts';
import type { Span } from './readings.ts';

const between = (proxy: ModelProxy, change: () => void, ms = 2000): Span => {
  const before = proxy.stats();
  change();
  return { before, after: proxy.pass(ms), elapsed: ms };
};

it('rates and percentiles are of what came between', () => {
  const proxy = new ModelProxy({ routes: ['/', '/api'] });
  proxy.answer('/', '5xx', 1000, 5);
  const span = between(proxy, () => {
    proxy.answer('/', '2xx', 80, 0.0009);
    proxy.answer('/api', '4xx', 10, 0.004);
    proxy.answer('/api', '5xx', 10, 0.09);
  });
  expect(ratesOf(span)).toMatchObject({ requests: 50, clientErrors: 5, serverErrors: 5 });
  const { p50, p90, p99 } = latencyOf(span);
  expect(p50).toBeCloseTo(0.8125);
  expect(p90).toBeCloseTo(5);
  expect(p99).toBeCloseTo(95);
});

it('percentiles of nothing, or of a histogram that went back, are unknown', () => {
  const unknown = { p50: null, p90: null, p99: null };
  expect(percentilesOf([1], [3, 0], [3, 0])).toEqual(unknown);
  expect(percentilesOf([1], [3, 0], [2, 0])).toEqual(unknown);
});

it('a worker that ends takes nothing from the delay of the others', () => {
  const proxy = new ModelProxy({ workers: 2 });
  proxy.pass(5000);
  const span = between(proxy, () => proxy.replaceWorker());
  expect(loopDelayOf(span).p50).toBeGreaterThan(0);
  const [kept, added] = span.after.processes;
  expect(loopDelayOf(span, kept?.pid).p50).toEqual(loopDelayOf(span).p50);
  // Of a process that was not there before nothing is known yet.
  expect(loopDelayOf(span, added?.pid).p50).toBeNull();
  // CPU time over all went back.
  expect(ratesOf(span).cpu).toBe(0);
});

it('a sample has a value for every curve', () => {
  const proxy = new ModelProxy({ routes: ['/'], backends: [{}], load: 50 });
  const span = between(proxy, () => proxy.pass());
  const { time, ...charts } = sampleOf(span, span);
  expect(time).toBe(span.after.time);
  for (const [name, values] of Object.entries(charts)) {
    for (const value of values) expect(value, name).toEqual(expect.any(Number));
  }
});
