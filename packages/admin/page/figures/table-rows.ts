/** The rows of the tables, drawn from the readings of a proxy. Times are in ms, rates per second. */
import type {
  BackendState,
  BackendStats,
  PoolStats,
  ProcessStats,
  ProxyStats,
  RouteStats,
} from '../../src/stats.ts';
import { ratePerSecond, share } from './counters.ts';
import { loopDelayOf, type Percentiles, percentilesOf } from './moment.ts';
import type { Span } from './readings.ts';
import { requestsOf } from './totals.ts';

export interface RouteRow {
  readonly route: string;
  readonly active: number;
  readonly webSockets: number;
  readonly requests: number;
  readonly rate: number | null;
  /** 5xx of all responses. */
  readonly errorShare: number | null;
  readonly latency: Percentiles;
  readonly sent: number | null;
}

const byName = <Item>(list: readonly Item[], name: (item: Item) => string): Map<string, Item> =>
  new Map(list.map((item) => [name(item), item]));

const unknownLatency: Percentiles = { p50: null, p90: null, p99: null };

export const routeRows = (stats: ProxyStats, span: Span | null): readonly RouteRow[] => {
  const earlier = byName(span?.before.routes ?? [], ({ route }) => route);
  return stats.routes.map((route) => {
    const before = earlier.get(route.route);
    const rateOf = (count: (route: RouteStats) => number): number | null =>
      span === null || before === undefined
        ? null
        : ratePerSecond(count(before), count(route), span.elapsed);
    const rate = rateOf(({ requests }) => requestsOf(requests));
    return {
      route: route.route,
      active: route.active,
      webSockets: route.webSockets.open,
      requests: requestsOf(route.requests),
      rate,
      errorShare: share(
        rateOf(({ requests }) => requestsOf(requests, '5xx')),
        rate,
      ),
      latency:
        before === undefined
          ? unknownLatency
          : percentilesOf(stats.durationBounds, before.duration.counts, route.duration.counts),
      sent: rateOf(({ bytesSent }) => bytesSent),
    };
  });
};

export interface BackendRow {
  readonly route: string;
  readonly name: string;
  readonly url: string;
  readonly state: BackendState;
  /** The state, and in how many workers, where they differ. */
  readonly stateText: string;
  readonly reason: string | null;
  readonly active: number;
  readonly requests: number;
  readonly rate: number | null;
  readonly failures: number;
  readonly failureShare: number | null;
  readonly latency: number | null;
}

/** The worst first, as the table is sorted at first. */
export const stateOrder: readonly BackendState[] = [
  'unhealthy',
  'ejected',
  'draining',
  'warming',
  'healthy',
];

const keyOf = ({ route, backend, url }: BackendStats): string =>
  JSON.stringify([route, backend, url]);

const stateText = ({ state, states }: BackendStats): string => {
  const counts = Object.values(states);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const here = states[state] ?? 0;
  return here === 0 || here === total ? state : `${state} in ${here} of ${total} workers`;
};

export const backendRows = (stats: ProxyStats, span: Span | null): readonly BackendRow[] => {
  const earlier = byName(span?.before.backends ?? [], keyOf);
  return stats.backends.map((backend) => {
    const before = earlier.get(keyOf(backend));
    const rateOf = (name: 'requests' | 'failures'): number | null =>
      span === null || before === undefined
        ? null
        : ratePerSecond(before[name], backend[name], span.elapsed);
    const rate = rateOf('requests');
    return {
      route: backend.route,
      name: backend.backend,
      url: backend.url,
      state: backend.state,
      stateText: stateText(backend),
      reason: backend.reason,
      active: backend.active,
      requests: backend.requests,
      rate,
      failures: backend.failures,
      failureShare: share(rateOf('failures'), rate),
      latency: backend.latency === null ? null : backend.latency * 1000,
    };
  });
};

/** Routes on which a backend is the last one that gets requests: to drain it would leave them without any. */
export const routesWithoutOthers = (
  rows: readonly BackendRow[],
  name: string,
): readonly string[] => {
  const gets = ({ state }: BackendRow): boolean => state === 'healthy' || state === 'warming';
  const routes = new Set(
    rows.filter((row) => row.name === name && gets(row)).map(({ route }) => route),
  );
  for (const row of rows) if (row.name !== name && gets(row)) routes.delete(row.route);
  return [...routes];
};

export interface ErrorRow {
  readonly code: string;
  readonly count: number;
  readonly rate: number | null;
}

export const errorRows = (stats: ProxyStats, span: Span | null): readonly ErrorRow[] =>
  Object.entries(stats.errors).map(([code, count]) => ({
    code,
    count,
    rate: span === null ? null : ratePerSecond(span.before.errors[code] ?? 0, count, span.elapsed),
  }));

export interface PoolRow
  extends Pick<PoolStats, 'origin' | 'open' | 'idle' | 'active' | 'waiting'> {
  /** Connections made per second. */
  readonly opened: number | null;
  /** Requests that began on a used connection, of all that got one. */
  readonly reuse: number | null;
}

export const poolRows = (stats: ProxyStats, span: Span | null): readonly PoolRow[] => {
  const earlier = byName(span?.before.pools ?? [], ({ origin }) => origin);
  return stats.pools.map((pool) => {
    const before = earlier.get(pool.origin);
    const rateOf = (name: 'opened' | 'reused'): number | null =>
      span === null || before === undefined
        ? null
        : ratePerSecond(before[name], pool[name], span.elapsed);
    const [opened, reused] = [rateOf('opened'), rateOf('reused')];
    const all = opened === null || reused === null ? null : opened + reused;
    return {
      origin: pool.origin,
      open: pool.open,
      idle: pool.idle,
      active: pool.active,
      waiting: pool.waiting,
      opened,
      reuse: all === 0 ? null : share(reused, all),
    };
  });
};

export interface ProcessRow extends Pick<ProcessStats, 'worker' | 'pid' | 'state' | 'isCurrent'> {
  /** 1 is one core. */
  readonly cpu: number | null;
  readonly loop: Percentiles;
  readonly residentMemory: number;
  readonly heapUsed: number;
  readonly uptime: number;
}

export const processRows = (stats: ProxyStats, span: Span | null): readonly ProcessRow[] => {
  const earlier = byName(span?.before.processes ?? [], ({ pid }) => String(pid));
  return stats.processes.map((process) => {
    const before = earlier.get(String(process.pid));
    return {
      worker: process.worker,
      pid: process.pid,
      state: process.state,
      isCurrent: process.isCurrent,
      cpu:
        span === null || before === undefined
          ? null
          : ratePerSecond(before.cpu, process.cpu, span.elapsed),
      loop: span === null ? unknownLatency : loopDelayOf(span, process.pid),
      residentMemory: process.residentMemory,
      heapUsed: process.heapUsed,
      uptime: process.uptime * 1000,
    };
  });
};
