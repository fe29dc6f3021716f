/** HTTP load by autocannon: a fixed number of requests, so that costs per request are exact. */
import { performance } from 'node:perf_hooks';
import autocannon from 'autocannon';
import { percentile } from '../lib/statistics.ts';

export interface HttpLoad {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  /** Each connection asks for them in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly connections: number;
  readonly amount: number;
  /** Content of each response. */
  readonly bodyBytes: number;
}

/** What a run of load saw. */
export interface LoadResult {
  /** Units of work that were done. */
  readonly count: number;
  readonly perSecond: number;
  /** Latencies in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** @throws where any response is no 200, is too short, or does not come */
export function runHttpLoad(load: HttpLoad): Promise<LoadResult> {
  const { amount, bodyBytes } = load;
  // autocannon's own figures are of whole seconds and milliseconds.
  const latencies: number[] = [];
  const started = performance.now();
  let last = started;
  let wrong = 0;
  return new Promise((resolve, reject) => {
    const done = (error: unknown, result: autocannon.Result): void => {
      if (error !== null) reject(error);
      else if (wrong > 0 || result.errors > 0 || latencies.length !== amount) {
        reject(
          new Error(
            `${latencies.length} of ${amount} responses came, ${wrong} of them wrong; ${result.errors} errors, ${result.timeouts} of them for time`,
          ),
        );
      } else resolve(summarizeLoad(latencies, last - started));
    };
    const instance = autocannon(
      {
        url: `http://127.0.0.1:${load.port}`,
        requests: load.paths.map((path) => ({ path })),
        method: load.method,
        headers: load.headers,
        ...(load.body === undefined ? {} : { body: load.body }),
        connections: Math.min(load.connections, amount),
        amount,
        timeout: 30,
        // The end is noticed as often as it looks.
        sampleInt: 100,
      },
      done,
    );
    instance.on('response', (_client, status, bytes, latency) => {
      latencies.push(latency);
      last = performance.now();
      if (status !== 200 || bytes <= bodyBytes) wrong++;
    });
  });
}

/** @param latencies in ms, one for each request; @param elapsed ms for all of them */
export const summarizeLoad = (latencies: readonly number[], elapsed: number): LoadResult => ({
  count: latencies.length,
  perSecond: (latencies.length / elapsed) * 1000,
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
  p999: percentile(latencies, 0.999),
});
