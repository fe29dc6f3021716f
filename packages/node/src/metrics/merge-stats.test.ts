import type { BackendStats, ProxyStats } from '@reverseit/admin';
import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';
import { WorkerTotals } from './worker-totals.ts';

const backend: BackendStats = {
  route: '/',
  backend: 'b',
  url: 'http://b',
  state: 'healthy',
  states: { healthy: 1 },
  reason: null,
  active: 1,
  requests: 10,
  failures: 1,
  retries: 1,
  ejections: 0,
  checksPassed: 3,
  checksFailed: 0,
  latency: 0.01,
};

/** Figures of a worker that has answered so many requests. */
function figures(requests: number, backends: readonly BackendStats[] = [backend]): ProxyStats {
  const metrics = new Metrics();
  metrics.meters.errors.count('RIT_ERR_NO_ROUTE');
  metrics.meters.origins.acquire('http://b').opened = 2;
  for (let i = 0; i < requests; i++) metrics.meters.route('/').refused(i % 2 === 0 ? 200 : 404, 0);
  const stats = Metrics.read(metrics, {
    clients: {
      connections: { open: 3, accepted: 5, dropped: 1 },
      http2: { connections: 2, accepted: 3, streams: 4, streamsOpened: 9 },
    },
    engine: { tunnels: 1, pools: [] },
    backends: [],
    isDraining: false,
  });
  return { ...stats, backends };
}

const own = (): ProxyStats => ({ ...figures(0, []), errors: {}, pools: [], routes: [] });

describe('WorkerTotals', () => {
  it('sums the figures of workers', () => {
    const totals = new WorkerTotals();
    totals.update(1, figures(4));
    totals.update(2, figures(3));
    const sum = totals.sum(new Set([1]), own());
    expect(sum.routes.find(({ route }) => route === '/')?.requests).toEqual({
      other: { '2xx': 4, '4xx': 3 },
    });
    expect(sum.errors).toEqual({ RIT_ERR_NO_ROUTE: 2 });
    expect(sum.connections).toEqual({ open: 9, accepted: 15, dropped: 3 });
    expect(sum.http2).toEqual({ connections: 6, accepted: 9, streams: 12, streamsOpened: 27 });
    expect(sum.pools).toMatchObject([{ origin: 'http://b', opened: 4 }]);
    expect(sum.processes.map(({ worker, isCurrent }) => [worker, isCurrent])).toEqual([
      ['1', true],
      ['2', false],
      ['main', true],
    ]);
  });

  it.each<[string, Partial<BackendStats>, Partial<BackendStats>, Partial<BackendStats>]>([
    ['the worst state', { state: 'ejected', states: { ejected: 1 } }, {}, { state: 'ejected' }],
    [
      'draining before all',
      { state: 'draining', states: { draining: 1 } },
      { state: 'unhealthy', states: { unhealthy: 1 } },
      { state: 'draining' },
    ],
    ['how many are in which', {}, {}, { states: { healthy: 2 } }],
    ['the longer latency', { latency: null }, { latency: 0.5 }, { latency: 0.5 }],
    ['counts', { requests: 4 }, { requests: 5 }, { requests: 9, checksPassed: 6 }],
  ])('of a backend it tells %s', (_, one, other, wanted) => {
    const totals = new WorkerTotals();
    totals.update(1, figures(0, [{ ...backend, ...one }]));
    totals.update(2, figures(0, [{ ...backend, ...other }]));
    expect(totals.sum(new Set(), own()).backends).toMatchObject([wanted]);
  });

  it('keeps what a worker has counted that has ended, and nothing that it held', () => {
    const totals = new WorkerTotals();
    totals.update(1, figures(4));
    totals.update(2, figures(3));
    totals.end(1);
    totals.end(7);
    const sum = totals.sum(new Set([2]), own());
    expect(sum.routes.find(({ route }) => route === '/')?.requests).toEqual({
      other: { '2xx': 4, '4xx': 3 },
    });
    expect(sum.connections).toEqual({ open: 6, accepted: 15, dropped: 3 });
    expect(sum.http2).toEqual({ connections: 4, accepted: 9, streams: 8, streamsOpened: 27 });
    expect(sum.backends).toMatchObject([{ requests: 20, active: 1, states: { healthy: 1 } }]);
    expect(sum.processes.map(({ worker }) => worker)).toEqual(['2', 'main']);
    // With nobody left the sums stand.
    totals.end(2);
    const last = totals.sum(new Set(), own());
    expect(last.connections).toEqual({ open: 3, accepted: 15, dropped: 3 });
  });

  it('tells no more than 1,000 routes and origins of the past apart, and loses none of their counts', () => {
    const totals = new WorkerTotals();
    for (let worker = 1; worker <= 6; worker++) {
      const { meters } = new Metrics();
      for (let nth = 0; nth < 400; nth++) {
        meters.route(`/${worker}/${nth}`).refused(200, 1);
        meters.origins.acquire(`http://${worker}.${nth}`).opened = 1;
      }
      const stats = figures(0, []);
      const routes = meters.routes.map((meter) => meter.read());
      const pools = [...meters.origins.entries()].map(([origin, { opened, connect, wait }]) => ({
        ...{ origin, opened, reused: 0, retried: 0, connect: connect.read(), wait: wait.read() },
        ...{ open: 0, idle: 0, active: 0, waiting: 0, switched: 0 },
      }));
      totals.update(worker, { ...stats, routes, pools });
      totals.end(worker);
    }
    const { routes, pools } = totals.sum(new Set(), own());
    expect([routes.length, pools.length]).toEqual([1000, 999]);
    expect(routes.some(({ route }) => route === '(none)')).toBe(true);
    expect(routes.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBe(2400);
    expect(pools.reduce((sum, { opened }) => sum + opened, 0)).toBe(2400);
    expect(pools.find(({ origin }) => origin === 'other')?.opened).toBe(1402);
    expect(pools.at(-1)?.origin).toBe('http://6.399');
  });

  it('forgets what it counted of backends that nobody has any more', () => {
    const totals = new WorkerTotals();
    totals.update(1, figures(0, [{ ...backend, backend: 'gone' }]));
    totals.end(1);
    totals.update(2, figures(0));
    const { backends } = totals.sum(new Set(), own());
    expect(backends.map((one) => one.backend)).toEqual(['b']);
  });
});
