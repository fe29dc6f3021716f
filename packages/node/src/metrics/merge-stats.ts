/**
 * The figures of several processes as those of one proxy: counters and gauges add up. What a worker that has ended
 * counted is kept, so that no counter falls.
 */
import type {
  BackendState,
  BackendStats,
  HistogramStats,
  PoolStats,
  ProxyStats,
  RouteStats,
} from '@reverseit/admin';
import { otherOrigins } from '@reverseit/upstream/internal';
import { noRoute, otherRoutes } from './proxy-meters.ts';
import { noConnections } from './snapshot.ts';

/** From bad to good. */
const states: readonly BackendState[] = ['draining', 'unhealthy', 'ejected', 'warming', 'healthy'];

/** The sum of figures of the same form; of two, where the second is the newer one. */
export function addStats(one: ProxyStats, other: ProxyStats): ProxyStats {
  return {
    ...other,
    startedAt: Math.min(one.startedAt, other.startedAt),
    time: Math.max(one.time, other.time),
    state: one.state === 'serving' ? one.state : other.state,
    connections: addNumbers(one.connections, other.connections),
    http2: addNumbers(one.http2, other.http2),
    tunnels: one.tunnels + other.tunnels,
    errors: addNumbers(one.errors, other.errors),
    routes: joined(one.routes, other.routes, ({ route }) => route, addRoutes),
    backends: joined(one.backends, other.backends, backendKey, addBackends),
    pools: joined(one.pools, other.pools, ({ origin }) => origin, addPools),
    processes: [...one.processes, ...other.processes],
    workersReplaced: one.workersReplaced + other.workersReplaced,
  };
}

/** What is left of the figures of a process that has ended: what it counted, and nothing that it held. */
export function withoutGauges(stats: ProxyStats): ProxyStats {
  return {
    ...stats,
    connections: { ...stats.connections, open: 0 },
    http2: { ...stats.http2, connections: 0, streams: 0 },
    tunnels: 0,
    routes: stats.routes.map((route) => ({
      ...route,
      active: 0,
      webSockets: { ...route.webSockets, open: 0 },
    })),
    backends: stats.backends.map((backend) => ({
      ...backend,
      states: {},
      reason: null,
      active: 0,
      latency: null,
    })),
    pools: stats.pools.map((pool) => ({ ...pool, ...noConnections })),
    processes: [],
  };
}

/** The same without backends that nobody has any more: with discovery they would be ever more. */
export function withKnownBackends(past: ProxyStats, present: ProxyStats): ProxyStats {
  const known = new Set(present.backends.map(backendKey));
  return { ...past, backends: past.backends.filter((one) => known.has(backendKey(one))) };
}

/** As many names as one process tells apart: with reloads there would be ever more. The oldest are counted together. */
const maxNames = 1000;

/** The same with a bound on what it tells apart. */
export function withBoundedNames(past: ProxyStats): ProxyStats {
  const { routes, pools } = past;
  const formerRoutes = oldest(routes.map(({ route }) => route));
  const formerOrigins = oldest(pools.map(({ origin }) => origin));
  if (formerRoutes.size + formerOrigins.size === 0) return past;
  const nameOf = ({ route }: RouteStats): string => (formerRoutes.has(route) ? otherRoutes : route);
  const labelOf = ({ origin }: PoolStats): string =>
    formerOrigins.has(origin) ? otherOrigins : origin;
  return {
    ...past,
    routes: joined(
      [],
      routes.map((one) => ({ ...one, route: nameOf(one) })),
      nameOf,
      addRoutes,
    ),
    pools: joined(
      [],
      pools.map((one) => ({ ...one, origin: labelOf(one) })),
      labelOf,
      addPools,
    ),
  };
}

/** Those that are too many, but for the names that stand for others. */
function oldest(names: readonly string[]): ReadonlySet<string> {
  if (names.length <= maxNames) return new Set();
  const own = names.filter((name) => ![noRoute, otherRoutes, otherOrigins].includes(name));
  // Of the names that stand for others there are two at most.
  return new Set(own.slice(0, Math.max(0, own.length - (maxNames - 2))));
}

const backendKey = ({ route, backend }: BackendStats): string => JSON.stringify([route, backend]);

/** Those with the same key are added; the order is that of the first list. */
function joined<Item>(
  some: readonly Item[],
  others: readonly Item[],
  keyOf: (item: Item) => string,
  add: (one: Item, other: Item) => Item,
): readonly Item[] {
  const all = new Map(some.map((item) => [keyOf(item), item]));
  for (const item of others) {
    const key = keyOf(item);
    const same = all.get(key);
    all.set(key, same === undefined ? item : add(same, item));
  }
  return [...all.values()];
}

/** Two objects of one form as one: numbers are added, what else there is comes from the newer one. */
function addNumbers<Figures extends object>(one: Figures, other: Figures): Figures {
  const sum = { ...one } as Record<string, unknown>;
  for (const [key, value] of Object.entries(other)) {
    const before = sum[key];
    sum[key] = typeof value === 'number' && typeof before === 'number' ? before + value : value;
  }
  return sum as Figures;
}

const addHistograms = (one: HistogramStats, other: HistogramStats): HistogramStats => ({
  counts: one.counts.map((count, nth) => count + (other.counts[nth] ?? 0)),
  sum: one.sum + other.sum,
});

function addRoutes(one: RouteStats, other: RouteStats): RouteStats {
  const requests: Record<string, RouteStats['requests'][string]> = { ...one.requests };
  for (const [method, kinds] of Object.entries(other.requests)) {
    requests[method] = addNumbers(requests[method] ?? {}, kinds);
  }
  return {
    ...addNumbers(one, other),
    requests,
    duration: addHistograms(one.duration, other.duration),
    firstByte: addHistograms(one.firstByte, other.firstByte),
    webSockets: addNumbers(one.webSockets, other.webSockets),
  };
}

function addBackends(one: BackendStats, other: BackendStats): BackendStats {
  const counts: Readonly<Record<string, number>> = addNumbers(one.states, other.states);
  return {
    ...addNumbers(one, other),
    state: states.find((state) => (counts[state] ?? 0) > 0) ?? other.state,
    states: counts,
    reason: one.reason ?? other.reason,
    latency: worst(one.latency, other.latency),
  };
}

const worst = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);

function addPools(one: PoolStats, other: PoolStats): PoolStats {
  return {
    ...addNumbers(one, other),
    connect: addHistograms(one.connect, other.connect),
    wait: addHistograms(one.wait, other.wait),
  };
}
