/** What four workers count, summed by their supervisor, is what their clients have seen, whatever becomes of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProxyStats } from '@reverseit/admin';
import { guarded } from '@reverseit/test-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CountedBackend,
  type CountedRoutes,
  countedBy,
  countedRoutes,
  runCountedLoad,
} from './counted-load.ts';
import { until } from './until.ts';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const requests = Number(process.env.REVERSEIT_METRICS_REQUESTS ?? 2000);
const patienceMs = 60_000;

let folder = '';
let backend: CountedBackend;
let child: ChildProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reverseit-metrics-'));
  backend = await CountedBackend.start();
});

afterEach(async () => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await guarded(once(child, 'close'), 'the command', patienceMs);
  await backend.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the command; resolves with the ports of the proxy and of its admin listener. */
async function start(): Promise<readonly [proxy: number, admin: number]> {
  const config = join(folder, 'config.json');
  const group = { name: 'group', path: '/group', backend: [backend.url, 'http://127.0.0.1:9'] };
  await writeFile(
    config,
    JSON.stringify({
      listen: '127.0.0.1:0',
      admin: { listen: '127.0.0.1:0' },
      workers: 4,
      routes: [...countedRoutes(backend.url), group],
    }),
  );
  const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
  child = spawn(process.execPath, [...flags, command, '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  const ports: number[] = [];
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const ready = (async () => {
    for await (const line of lines) {
      ports.push(Number(/ on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]));
      if (ports.length === 2) return;
    }
  })();
  await guarded(ready, 'the command to listen', patienceMs);
  return [ports[0] ?? 0, ports[1] ?? 0];
}

const statsOf = async (admin: number): Promise<ProxyStats> =>
  (await fetch(`http://127.0.0.1:${admin}/stats`)).json() as Promise<ProxyStats>;

const requestsOf = (routes: CountedRoutes) =>
  Object.fromEntries(Object.entries(routes).map(([name, { requests }]) => [name, requests]));

/** Once no request is in progress any more. */
async function idleStats(admin: number): Promise<ProxyStats> {
  let stats = await statsOf(admin);
  const isIdle = async (): Promise<boolean> => {
    stats = await statsOf(admin);
    return stats.routes.every(({ active }) => active === 0);
  };
  await until(isIdle, 'requests in progress to end');
  return stats;
}

test(`${requests} requests with faults over 4 workers`, { timeout: 900_000 }, async () => {
  const [port, admin] = await start();
  const counted = await runCountedLoad(port, backend, requests);
  const stats = await idleStats(admin);
  expect(requestsOf(countedBy(stats))).toEqual(requestsOf(counted));
  expect(countedBy(stats).plain).toEqual(counted.plain);
  expect(stats.processes.map(({ worker, state }) => [worker, state])).toEqual([
    ...['1', '2', '3', '4'].map((worker) => [worker, 'listening']),
    ['main', 'listening'],
  ]);
  // Each had its share.
  expect(stats.pools.find(({ origin }) => origin === backend.url)?.opened).toBeGreaterThan(3);

  // A worker that is killed takes nothing with it but what it counted after it was asked last.
  const victim = stats.processes[0];
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  const isReplaced = async (): Promise<boolean> => {
    const { processes, workersReplaced } = await statsOf(admin);
    return workersReplaced === 1 && processes.some(({ worker }) => worker === '5');
  };
  await until(isReplaced, 'the worker to be replaced');
  const after = await idleStats(admin);
  expect(requestsOf(countedBy(after))).toEqual(requestsOf(counted));

  // All workers are replaced by a reload, which they outlive as sums.
  const reloaded = await fetch(`http://127.0.0.1:${admin}/reload`, { method: 'POST' });
  expect([reloaded.status, await reloaded.text()]).toEqual([200, 'reloaded\n']);
  const again = await idleStats(admin);
  expect(requestsOf(countedBy(again))).toEqual(requestsOf(counted));
  expect(again.processes.map(({ worker }) => worker)).toEqual(['6', '7', '8', '9', 'main']);

  const act = async (action: string): Promise<readonly [number, ProxyStats['backends']]> => {
    const name = encodeURIComponent('http://127.0.0.1:9');
    const url = `http://127.0.0.1:${admin}/backends/${name}/${action}`;
    const { status } = await fetch(url, { method: 'POST' });
    const { backends } = await statsOf(admin);
    return [status, backends.filter(({ backend }) => backend === 'http://127.0.0.1:9')];
  };
  expect(await act('drain')).toMatchObject([200, [{ states: { draining: 4 } }]]);
  expect(await act('enable')).toMatchObject([200, [{ states: { healthy: 4 } }]]);
});
