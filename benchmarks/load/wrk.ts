/**
 * A saturated run by wrk: as many requests as the proxy can answer within a time. wrk takes little of its core, so
 * that the proxy, and not the generator, is the limit.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadResult } from './http.ts';
import { output } from './output.ts';

export interface WrkLoad {
  readonly port: number;
  /** Whether the proxy is spoken to over TLS. */
  readonly secure: boolean;
  readonly seconds: number;
  readonly connections: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Why there is no run by wrk; null where it is installed. */
export const lackOfWrk: string | null =
  spawnSync('wrk', ['-v']).error === undefined ? null : 'wrk is not installed';

/** @throws where wrk fails, or any response is no 2xx or 3xx, or does not come */
export async function runWrk(load: WrkLoad): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-wrk-'));
  const script = join(folder, 'load.lua');
  writeFileSync(script, scriptOf(load));
  const scheme = load.secure ? 'https' : 'http';
  const url = `${scheme}://127.0.0.1:${load.port}${load.path}`;
  const { connections, seconds } = load;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  try {
    return readSummary(await output('wrk', args));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What it says at its end, as JSON in its last line. */
const doneFunction = `done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"duration":%d,"errors":%d,"p50":%d,"p99":%d,"p999":%d}\\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`;

/** The script of a load. */
export function scriptOf({ method, headers, body }: Omit<WrkLoad, 'port' | 'secure'>): string {
  const fields = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${luaText(name)}] = ${luaText(value)}\n`,
  );
  const content = body === undefined ? '' : `wrk.body = ${luaText(body.toString('latin1'))}\n`;
  return `wrk.method = ${luaText(method)}\n${fields.join('')}${content}${doneFunction}`;
}

/** Lua has decimal escapes of a byte. */
const luaText = (text: string): string =>
  `"${text.replace(/[^ !#-[\]-~]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`)}"`;

interface Summary {
  readonly requests: number;
  /** In µs, as the latencies. */
  readonly duration: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** @throws where there is no summary in the text, or it tells of errors */
export function readSummary(text: string): LoadResult {
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`wrk says: ${text.slice(-200)}`);
  const { requests, duration, errors, p50, p99, p999 } = JSON.parse(line) as Summary;
  if (errors > 0 || requests === 0) throw new Error(`${errors} errors in ${requests} requests`);
  return {
    count: requests,
    perSecond: (requests / duration) * 1e6,
    p50: p50 / 1000,
    p99: p99 / 1000,
    p999: p999 / 1000,
  };
}
