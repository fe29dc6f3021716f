/** What the tiles and charts show, drawn from the readings of a proxy. Times are in ms, rates per second. */
import type { ProcessStats } from '../../src/stats.ts';
import { ratePerSecond } from './counters.ts';
import { bucketsBetween, quantile } from './quantile.ts';
import type { Span } from './readings.ts';
import { poolTotalsOf, processTotalsOf, sumOfCounts, type Totals, totalsOf } from './totals.ts';

/** Percentiles in ms; null where nothing was observed. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

export interface Rates {
  readonly requests: number | null;
  /** Responses of 4xx. */
  readonly clientErrors: number | null;
  /** Responses of 5xx. */
  readonly serverErrors: number | null;
  readonly bytesReceived: number | null;
  readonly bytesSent: number | null;
  /** Messages of WebSockets, both ways. */
  readonly messages: number | null;
  readonly connections: number | null;
  /** CPU time per time: 1 is one core. */
  readonly cpu: number | null;
}

export const ratesOf = ({ before, after, elapsed }: Span): Rates => {
  const [from, to] = [totalsOf(before), totalsOf(after)];
  const rate = (name: Exclude<keyof Totals, 'duration'>): number | null =>
    ratePerSecond(from[name], to[name], elapsed);
  return {
    requests: rate('requests'),
    clientErrors: rate('clientErrors'),
    serverErrors: rate('serverErrors'),
    bytesReceived: rate('bytesReceived'),
    bytesSent: rate('bytesSent'),
    messages: rate('messages'),
    connections: ratePerSecond(before.connections.accepted, after.connections.accepted, elapsed),
    cpu: ratePerSecond(
      processTotalsOf(before.processes).cpu,
      processTotalsOf(after.processes).cpu,
      elapsed,
    ),
  };
};

const none: Percentiles = { p50: null, p90: null, p99: null };

/** Of what was observed between two readings of one histogram, whose bounds are in seconds. */
export const percentilesOf = (
  bounds: readonly number[],
  before: readonly number[],
  after: readonly number[],
): Percentiles => {
  const between = bucketsBetween({ bounds, counts: before }, { bounds, counts: after });
  if (between === null) return none;
  const ms = (q: number): number | null => {
    const seconds = quantile(between, q);
    return seconds === null ? null : seconds * 1000;
  };
  return { p50: ms(0.5), p90: ms(0.9), p99: ms(0.99) };
};

/** From a request's head to the end of its response, over all routes. */
export const latencyOf = ({ before, after }: Span): Percentiles =>
  percentilesOf(after.durationBounds, totalsOf(before).duration, totalsOf(after).duration);

/** How late the timers of the processes were that are in both readings, or of one of them. */
export const loopDelayOf = ({ before, after }: Span, pid?: number): Percentiles => {
  const known = new Set(before.processes.map((process) => process.pid));
  const both = after.processes
    .map((process) => process.pid)
    .filter((each) => known.has(each) && (pid === undefined || pid === each));
  const counts = (processes: readonly ProcessStats[]): readonly number[] =>
    sumOfCounts(
      processes.filter((process) => both.includes(process.pid)).map((each) => each.eventLoopDelay),
      after.durationBounds,
    );
  return percentilesOf(after.durationBounds, counts(before.processes), counts(after.processes));
};

/** One sample of every chart. */
export interface Sample {
  readonly time: number;
  readonly requests: readonly (number | null)[];
  readonly latency: readonly (number | null)[];
  readonly connections: readonly (number | null)[];
  readonly traffic: readonly (number | null)[];
  readonly loop: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
}

/** @param last rates are of it @param window percentiles are of it */
export const sampleOf = (last: Span, window: Span): Sample => {
  const { after } = last;
  const rates = ratesOf(last);
  const latency = latencyOf(window);
  const loop = loopDelayOf(window);
  const totals = totalsOf(after);
  const pools = poolTotalsOf(after.pools);
  const memory = processTotalsOf(after.processes);
  return {
    time: after.time,
    requests: [rates.requests, rates.clientErrors, rates.serverErrors],
    latency: [latency.p50, latency.p90, latency.p99],
    connections: [after.connections.open, totals.webSockets, pools.open, pools.waiting],
    traffic: [rates.bytesSent, rates.bytesReceived],
    loop: [loop.p50, loop.p99],
    memory: [memory.residentMemory, memory.heapUsed],
  };
};
