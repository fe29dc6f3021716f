/** A real Prometheus scrapes a proxy, and tells what the proxy told; its linter has nothing to say. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from '@reverseit/test-servers/external-servers';
import { freePort } from '@reverseit/test-servers/free-port';
import { afterEach, expect, test } from 'vitest';
import type { ProxyStats } from '../src/index.ts';
import { type TestProxy, useProxy } from './harness.ts';
import { until } from './until.ts';

const start = useProxy();
const prometheus = find('prometheus');
const promtool = find('promtool');

let child: ChildProcess | null = null;
let folder = '';

afterEach(async () => {
  if (child !== null && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  child = null;
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

async function startUsed(): Promise<TestProxy> {
  const bench = await start({
    options: ({ url }) => ({
      admin: { listen: '127.0.0.1:0' },
      routes: [{ name: 'all', backend: [url] }],
    }),
  });
  const client = await bench.connect();
  for (let nth = 0; nth < 5; nth++) await client.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.close();
  await bench.whenIdle();
  return bench;
}

const adminPort = ({ proxy }: TestProxy): number =>
  (proxy.adminAddress() as { readonly port: number }).port;

test.skipIf(promtool === undefined)('promtool check metrics (needs prometheus)', async () => {
  const bench = await startUsed();
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort(bench)}/metrics`)).text();
  const { status, stdout, stderr } = spawnSync(promtool as string, ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

/** What an instant query finds: the value of its one series. */
async function found(port: number, query: string): Promise<number | null> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
  const answer = await fetch(url).catch(() => null);
  if (answer === null || !answer.ok) return null;
  const { data } = (await answer.json()) as {
    readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  };
  const [first] = data.result;
  return first === undefined ? null : Number(first.value[1]);
}

test.skipIf(prometheus === undefined)(
  'Prometheus scrapes it (needs prometheus)',
  { timeout: 120_000 },
  async () => {
    const bench = await startUsed();
    folder = await mkdtemp(join(tmpdir(), 'reverseit-prometheus-'));
    const port = await freePort();
    const config = {
      global: { scrape_interval: '500ms' },
      scrape_configs: [
        {
          job_name: 'reverseit',
          static_configs: [{ targets: [`127.0.0.1:${adminPort(bench)}`] }],
        },
      ],
    };
    // YAML takes JSON.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    child = spawn(
      prometheus as string,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const isThere = async (): Promise<boolean> => (await found(port, 'up')) === 1;
    await until(isThere, 'the first scrape');
    const stats: ProxyStats = bench.proxy.metrics();
    const queries: readonly (readonly [query: string, value: number])[] = [
      ['sum(reverseit_requests_total{route="all",method="GET",status="2xx"})', 5],
      ['reverseit_request_duration_seconds_count{route="all"}', 5],
      ['reverseit_backend_state{state="healthy"}', 1],
      ['reverseit_connections_accepted_total', stats.connections.accepted],
      ['sum(reverseit_pool_connections_opened_total)', 1],
    ];
    for (const [query, value] of queries)
      expect([query, await found(port, query)]).toEqual([query, value]);
    const quantile = await found(
      port,
      'histogram_quantile(0.5, sum by (le) (reverseit_request_duration_seconds_bucket))',
    );
    expect(quantile).toBeGreaterThan(0);
  },
);
