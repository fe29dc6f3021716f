/** What the proxy counts is what its clients have seen, to the unit. `REVERSEIT_METRICS_REQUESTS` says how many. */
import { durationBounds } from '@reverseit/core/internal';
import { eventually } from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { expect, test } from 'vitest';
import { createServer, type ReverseItServer } from '../src/index.ts';
import {
  CountedBackend,
  type CountedRoutes,
  countedBy,
  countedRoutes,
  runCountedLoad,
} from './counted-load.ts';

useCensus();

const requests = Number(process.env.REVERSEIT_METRICS_REQUESTS ?? 2000);

test(`${requests} requests with faults`, { timeout: 600_000 }, async () => {
  const backend = await CountedBackend.start();
  const proxy = createServer({ logger: null, metrics: true, routes: countedRoutes(backend.url) });
  try {
    const { port } = (await proxy.listen('127.0.0.1:0')) as { readonly port: number };
    const counted = await runCountedLoad(port, backend, requests);
    // The proxy may hear of a client that has left after the client has.
    await eventually(() => proxy.stats().activeExchanges === 0, 'requests under way to end');
    const stats = proxy.metrics();
    expectEqual(countedBy(stats), counted);
    checkConsistency(proxy, stats, counted);
  } finally {
    await proxy.close({ timeout: 0 });
    await backend.close();
  }
});

/** Bytes are those of the plain route: of what was cut, some may be lost on the way. */
function expectEqual(got: CountedRoutes, wanted: CountedRoutes): void {
  const requestsOf = (routes: CountedRoutes) =>
    Object.fromEntries(Object.entries(routes).map(([name, { requests }]) => [name, requests]));
  expect(requestsOf(got)).toEqual(requestsOf(wanted));
  expect(got.plain).toEqual(wanted.plain);
}

function checkConsistency(
  proxy: ReverseItServer,
  stats: ReturnType<ReverseItServer['metrics']>,
  counted: CountedRoutes,
): void {
  expect(stats.durationBounds).toEqual(durationBounds);
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  for (const { active, requests, duration, firstByte } of stats.routes) {
    expect(active).toBe(0);
    const all = Object.values(requests).flatMap((kinds) => Object.entries(kinds));
    expect(sum(duration.counts)).toBe(sum(all.map(([, count]) => count)));
    const answered = all.filter(([kind]) => kind !== 'none').map(([, count]) => count);
    expect(sum(firstByte.counts)).toBe(sum(answered));
  }
  const of = (route: string, kind: string): number =>
    sum(
      Object.entries(counted[route]?.requests ?? {})
        .filter(([key]) => key.endsWith(kind))
        .map(([, count]) => count),
    );
  expect(stats.errors).toMatchObject({
    RIT_ERR_CLIENT_ABORTED: of('faulty', 'none'),
    RIT_ERR_UPSTREAM_TRUNCATED: of('faulty', '2xx'),
    RIT_ERR_UPSTREAM_RESET: of('faulty', '5xx'),
    RIT_ERR_UPSTREAM_CONNECT: of('unreachable', '5xx'),
  });
  const [pool] = proxy.stats().pools;
  const plain = stats.pools.find(({ origin }) => origin === pool?.origins[0]?.origin);
  expect(plain?.opened).toBe(pool?.origins[0]?.opened);
  expect(sum(plain?.connect.counts ?? [])).toBe(plain?.opened);
  expect(stats.connections.accepted).toBe(proxy.stats().totalConnections);
}
