/** A saturated run by h2load, over TLS, of HTTP/2 or of HTTP/1.1: as wrk, which speaks no HTTP/2. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from '../lib/statistics.ts';
import type { LoadResult } from './http.ts';
import { output } from './output.ts';

export interface H2Load {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  /** Requests at a time on one connection. */
  readonly streams: number;
  readonly protocol: 'h2' | 'http/1.1';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why there is no run by h2load; null where it is installed. */
export const lackOfH2Load: string | null =
  spawnSync('h2load', ['--version']).error === undefined ? null : 'h2load is not installed';

/** @throws where h2load fails, or any response is no 2xx, or does not come */
export async function runH2Load(load: H2Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-h2load-'));
  const log = join(folder, 'log');
  const { connections, streams, seconds } = load;
  const args = [
    ...['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`],
    // Over TLS it offers HTTP/2 by itself.
    ...(load.protocol === 'h2' ? [] : ['--h1']),
    `--log-file=${log}`,
    ...Object.entries(load.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    `https://127.0.0.1:${load.port}${load.path}`,
  ];
  try {
    const text = await output('h2load', args);
    return summaryOf(text, readFileSync(log, 'utf8'), seconds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param text what h2load says at its end
 * @param log a line for each request: when it began, its status, and how long it took, in µs
 * @throws where a request failed, or none was answered
 */
export function summaryOf(text: string, log: string, seconds: number): LoadResult {
  const [, failed = '1', errored = '1'] = /(\d+) failed, (\d+) errored/.exec(text) ?? [];
  const latencies: number[] = [];
  let wrong = 0;
  for (const line of log.split('\n')) {
    if (line === '') continue;
    const [, status = '', took = ''] = line.split('\t');
    if (status.startsWith('2')) latencies.push(Number(took) / 1000);
    else wrong++;
  }
  if (Number(failed) + Number(errored) + wrong > 0 || latencies.length === 0) {
    throw new Error(
      `${wrong} wrong responses, ${failed} failed, ${errored} errors: ${text.slice(-300)}`,
    );
  }
  return {
    count: latencies.length,
    perSecond: latencies.length / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    p999: percentile(latencies, 0.999),
  };
}
