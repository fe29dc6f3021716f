/**
 * The command with several backends, as processes, under load: whatever becomes of one of them, no GET is lost and
 * no POST is processed twice. REVERSEIT_FAIL_OVER_RATE=5000 loads it as production would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually, guarded } from '@reverseit/test-servers';
import { BackendProcess } from '@reverseit/test-servers/backend-process';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SteadyLoad } from './steady-load.ts';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const transport = process.env.REVERSEIT_TRANSPORT ?? 'undici';

/** Several processes start, and the clients wait for a backend that hangs. */
const patienceMs = 60_000;
vi.setConfig({ testTimeout: 4 * patienceMs });

useCensus();
const use = useCleanup();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-fail-over-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Command {
  log = '';
  readonly #child: ChildProcess;
  readonly #line: Promise<unknown[]>;
  #reloads = 0;

  constructor(args: readonly string[]) {
    const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
    const all = [...flags, command, ...args, '--listen', '127.0.0.1:0', '--transport', transport];
    const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#line = once(createInterface({ input: child.stdout }), 'line');
  }

  async url(): Promise<string> {
    const [line] = await guarded(
      this.#line,
      () => `the command to listen: ${this.log}`,
      patienceMs,
    );
    return /listening on (\S+) -> /.exec(String(line))?.[1] ?? '';
  }

  /** Reads its configuration again. */
  async reload(): Promise<void> {
    this.#reloads++;
    this.#child.kill('SIGHUP');
    await eventually(
      () => this.log.split('reloaded').length > this.#reloads,
      () => `the configuration to be reloaded: ${this.log}`,
      patienceMs,
    );
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await guarded(ended, 'the command to end');
  }
}

async function startBackends(): Promise<BackendProcess[]> {
  const backends = ['A', 'B', 'C'].map((name) => new BackendProcess(name, join(folder, name)));
  for (const backend of backends) await use(backend).start();
  return backends;
}

/** Nothing was lost, and nothing done twice. */
async function judge(load: SteadyLoad, backends: readonly BackendProcess[]): Promise<void> {
  await load.close();
  expect(load.lost).toEqual([]);
  const processed = backends.flatMap((backend) => backend.processed);
  expect(processed.length).toBe(new Set(processed).size);
  expect(load.posted.length).toBeGreaterThan(0);
  expect(processed).toEqual(expect.arrayContaining(load.posted));
}

// Ejected for a moment only, the same backends fail again and again.
const patience = ['--outlier-ejection-time', '500'];

it.each([
  // A GET to a backend that hangs is answered by another one after this time.
  [['--response-header-timeout', '3000']],
  [['--retry-per-try-timeout', '1500']],
])('--backend A --backend B --backend C %j', async (more) => {
  const backends = await startBackends();
  const [a, b, c] = backends as [BackendProcess, BackendProcess, BackendProcess];
  const list = backends.flatMap(({ url }) => ['--backend', url]);
  const proxy = use(new Command([...list, ...patience, ...more]));
  const load = use(new SteadyLoad(await proxy.url()));
  await load.progress(10);
  expect([...load.answeredBy.keys()].sort()).toEqual(['A', 'B', 'C']);

  await a.kill();
  await load.progress(10);
  await a.start();
  await load.answerOf('A');

  b.stop();
  await load.progress(10);
  b.continue();
  await load.answerOf('B');

  // Both at once: the third one serves.
  await c.kill();
  b.stop();
  await load.progress(5);
  b.continue();
  await c.start();
  await load.answerOf('B');
  await load.answerOf('C');

  await proxy.reload();
  await load.progress(10);
  await judge(load, backends);
});

it('a configuration that drains one, brings it back, and puts another in its place', async () => {
  const [a, b, c] = (await startBackends()) as [BackendProcess, BackendProcess, BackendProcess];
  const file = join(folder, 'config.json');
  const write = (...backend: object[]) => writeFileSync(file, JSON.stringify({ backend }));
  write({ url: a.url }, { url: b.url });
  const proxy = use(new Command(['--config', file]));
  const load = use(new SteadyLoad(await proxy.url()));
  await load.answerOf('A');
  await load.answerOf('B');

  write({ url: a.url, weight: 0 }, { url: b.url });
  await proxy.reload();
  // What was on its way is answered.
  await load.progress(2);
  const before = load.answersOf('A');
  await load.progress(5);
  expect(load.answersOf('A')).toBe(before);

  write({ url: a.url }, { url: b.url });
  await proxy.reload();
  await load.answerOf('A');

  write({ url: b.url }, { url: c.url });
  await proxy.reload();
  await load.answerOf('C');
  await load.progress(5);
  await judge(load, [a, b, c]);
});
