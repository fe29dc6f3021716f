/** HTTP load by autocannon: a fixed number of requests, so that costs per request are exact. */
import autocannon from 'autocannon';

export interface HttpLoad {
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly connections: number;
  readonly amount: number;
}

/** What a run of load saw. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Latencies in ms. */
  readonly p50: number;
  readonly p99: number;
}

/** @throws where any response is no 2xx or none came */
export async function runHttpLoad(load: HttpLoad): Promise<LoadResult> {
  const result = await autocannon({
    url: `http://127.0.0.1:${load.port}${load.path}`,
    method: load.method,
    headers: load.headers,
    ...(load.body === undefined ? {} : { body: load.body }),
    connections: Math.min(load.connections, load.amount),
    amount: load.amount,
    timeout: 30,
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0 || result['2xx'] < load.amount) {
    throw new Error(
      `of ${load.amount} requests ${result.non2xx} were refused, ${result.errors} broke off, ${result.timeouts} timed out`,
    );
  }
  const seconds = (result.finish.getTime() - result.start.getTime()) / 1000;
  return {
    requestsPerSecond: load.amount / seconds,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}
