/** The figures of a proxy at one moment, in the form that the admin listener shows. */
import { createRequire } from 'node:module';
import type { BackendStats, PoolStats, ProcessStats, ProxyStats } from '@reverseit/admin';
import { durationBounds } from '@reverseit/core/internal';
import type { BackendStatus, PoolStats as UpstreamStats } from '@reverseit/upstream';
import type { OriginMeter, OriginMeters } from '@reverseit/upstream/internal';
import type { ClientFigures } from './client-figures.ts';
import type { ProxyMeters } from './proxy-meters.ts';

/** What a snapshot is made of, beside the meters. */
export interface SnapshotParts {
  readonly clients: ClientFigures;
  readonly tunnels: number;
  readonly pools: readonly UpstreamStats[];
  readonly backends: readonly (BackendStatus & { readonly route: string })[];
  readonly process: ProcessStats;
  readonly isDraining: boolean;
}

const { version } = createRequire(import.meta.url)('@reverseit/node/package.json') as {
  readonly version: string;
};

export function takeSnapshot(meters: ProxyMeters, parts: SnapshotParts): ProxyStats {
  return {
    format: 1,
    version,
    time: Date.now(),
    startedAt: meters.startedAt,
    state: parts.isDraining ? 'draining' : 'serving',
    durationBounds,
    connections: parts.clients.connections,
    http2: parts.clients.http2,
    tunnels: parts.tunnels,
    errors: meters.errors.read(),
    routes: meters.routes.map((route) => route.read()),
    backends: parts.backends.map(backendStats),
    pools: poolStats(meters.origins, parts.pools),
    processes: [parts.process],
    workersReplaced: 0,
  };
}

function backendStats(status: BackendStatus & { readonly route: string }): BackendStats {
  const { route, name, url, state, latency } = status;
  return {
    route,
    backend: name,
    url,
    state,
    states: { [state]: 1 },
    reason: state === 'unhealthy' || state === 'ejected' ? status.reason : null,
    active: status.active,
    requests: status.totalRequests,
    failures: status.totalFailures,
    retries: status.totalRetries,
    ejections: status.totalEjections,
    checksPassed: status.totalChecksPassed,
    checksFailed: status.totalChecksFailed,
    latency: latency === null ? null : latency / 1000,
  };
}

/** The gauges of a pool that has no connections. */
export const noConnections = { open: 0, idle: 0, active: 0, waiting: 0, switched: 0 };

const gauges = Object.keys(noConnections) as (keyof typeof noConnections)[];

/** By origin: two pools may have the same one. */
function poolStats(meters: OriginMeters, pools: readonly UpstreamStats[]): readonly PoolStats[] {
  const byOrigin = new Map<string, typeof noConnections>();
  for (const pool of pools) {
    for (const stats of pool.origins) {
      const label = meters.labelOf(stats.origin);
      const sum = byOrigin.get(label) ?? { ...noConnections };
      byOrigin.set(label, sum);
      for (const gauge of gauges) sum[gauge] += stats[gauge];
    }
  }
  return [...meters.entries()].map(([origin, meter]) => ({
    origin,
    ...(byOrigin.get(origin) ?? noConnections),
    ...countsOf(meter),
  }));
}

const countsOf = ({ opened, reused, retried, connect, wait }: OriginMeter) => ({
  opened,
  reused,
  retried,
  connect: connect.read(),
  wait: wait.read(),
});
