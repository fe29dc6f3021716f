/** Sums over the routes, pools and processes of one reading. */
import type {
  HistogramStats,
  PoolStats,
  ProcessStats,
  ProxyStats,
  RequestCounts,
  RouteStats,
  StatusClass,
} from '../../src/stats.ts';

/** Requests of a route, of one class of status or of all. */
export const requestsOf = (counts: RequestCounts, status?: StatusClass): number => {
  let sum = 0;
  for (const classes of Object.values(counts)) {
    if (status !== undefined) sum += classes[status] ?? 0;
    else for (const count of Object.values(classes)) sum += count;
  }
  return sum;
};

/** Adds up histograms, which all have the same bounds; of none, buckets that are empty. */
export const sumOfCounts = (
  list: readonly HistogramStats[],
  bounds: readonly number[],
): readonly number[] => {
  const sum = Array.from({ length: bounds.length + 1 }, () => 0);
  for (const { counts } of list) {
    for (const [i, count] of counts.entries()) sum[i] = (sum[i] ?? 0) + count;
  }
  return sum;
};

export interface Totals {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly active: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly webSockets: number;
  readonly messages: number;
  readonly duration: readonly number[];
}

export const totalsOf = ({ routes, durationBounds }: ProxyStats): Totals => {
  const sum = (of: (route: RouteStats) => number): number =>
    routes.reduce((total, route) => total + of(route), 0);
  return {
    requests: sum(({ requests }) => requestsOf(requests)),
    clientErrors: sum(({ requests }) => requestsOf(requests, '4xx')),
    serverErrors: sum(({ requests }) => requestsOf(requests, '5xx')),
    active: sum(({ active }) => active),
    bytesReceived: sum(
      ({ bytesReceived, webSockets }) => bytesReceived + webSockets.bytesFromClients,
    ),
    bytesSent: sum(({ bytesSent, webSockets }) => bytesSent + webSockets.bytesFromBackends),
    webSockets: sum(({ webSockets }) => webSockets.open),
    messages: sum(
      ({ webSockets }) => webSockets.messagesFromClients + webSockets.messagesFromBackends,
    ),
    duration: sumOfCounts(
      routes.map(({ duration }) => duration),
      durationBounds,
    ),
  };
};

export interface PoolTotals {
  readonly open: number;
  readonly idle: number;
  readonly active: number;
  readonly waiting: number;
}

export const poolTotalsOf = (pools: readonly PoolStats[]): PoolTotals => ({
  open: pools.reduce((sum, { open }) => sum + open, 0),
  idle: pools.reduce((sum, { idle }) => sum + idle, 0),
  active: pools.reduce((sum, { active }) => sum + active, 0),
  waiting: pools.reduce((sum, { waiting }) => sum + waiting, 0),
});

export interface ProcessTotals {
  readonly cpu: number;
  readonly residentMemory: number;
  readonly heapUsed: number;
}

export const processTotalsOf = (processes: readonly ProcessStats[]): ProcessTotals => ({
  cpu: processes.reduce((sum, { cpu }) => sum + cpu, 0),
  residentMemory: processes.reduce((sum, { residentMemory }) => sum + residentMemory, 0),
  heapUsed: processes.reduce((sum, { heapUsed }) => sum + heapUsed, 0),
});
