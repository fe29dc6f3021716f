/** The logs of the command, as a process: standard output, rotation, workers, JSON lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, guarded } from '@reverseit/test-servers';
import { freePort } from '@reverseit/test-servers/free-port';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
/** Processes start slowly on a busy machine. */
const patienceMs = 30_000;
vi.setConfig({ testTimeout: 4 * patienceMs });

let folder = '';
let child: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-logs-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = null;
  rmSync(folder, { recursive: true, force: true });
});

/** The command with a direct response, once it listens. */
async function start(...args: string[]) {
  const port = await freePort();
  const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
  const started = spawn(
    process.execPath,
    [
      ...flags,
      command,
      '--backend',
      'http://127.0.0.1:1',
      '--listen',
      `127.0.0.1:${port}`,
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child = started;
  const ended = once(started, 'close');
  const text = { out: '', log: '' };
  started.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  started.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.log += chunk;
  });
  const wait = (look: () => boolean, what: string) =>
    eventually(look, () => `${what}: ${JSON.stringify(text)}`, patienceMs);
  await wait(() => /listening on/.test(text.out + text.log), 'it to listen');
  const ask = async (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return { child: started, text, ask, wait, ended };
}

const linesOf = (name: string): string[] =>
  readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);

async function endOf({ child: process, ended }: Awaited<ReturnType<typeof start>>) {
  process.kill('SIGTERM');
  const [code] = await guarded(ended, 'the command to end', patienceMs);
  return code;
}

describe('--access-log -', () => {
  it('writes nothing but its lines to standard output', async () => {
    const proxy = await start('--access-log', '-', '--request-id');
    const answer = await proxy.ask('/a');
    await proxy.ask('/b');
    expect(await endOf(proxy)).toBe(0);
    expect(proxy.text.log).toMatch(/^reverseit: listening on /);
    const { out } = proxy.text;
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^127\.0\.0\.1 - - \[.*\] "GET \/a HTTP\/1\.1" 502 \d+ "-" "\w+"$/),
      expect.stringContaining('"GET /b HTTP/1.1"'),
    ]);
    expect(proxy.text.log).toContain(`request ${answer.headers.get('x-request-id')})`);
  });

  it('a reader that has gone ends neither the process nor its answers', async () => {
    const proxy = await start('--access-log', '-');
    proxy.child.stdout?.destroy();
    for (const path of ['/a', '/b', '/c']) expect((await proxy.ask(path)).status).toBe(502);
    await proxy.wait(() => /cannot write to standard output: EPIPE/.test(proxy.text.log), 'EPIPE');
    expect((await proxy.ask('/d')).status).toBe(502);
    expect(await endOf(proxy)).toBe(0);
  });

  it('a reader that stalls holds up no answer', async () => {
    const proxy = await start('--access-log', '-', '--access-log-buffer', '65536');
    proxy.child.stdout?.pause();
    const long = `/${'x'.repeat(4000)}`;
    for (let nth = 0; nth < 400; nth++) expect((await proxy.ask(long)).status).toBe(502);
    await proxy.wait(() => /lines? (?:was|were) dropped/.test(proxy.text.log), 'dropped lines');
    proxy.child.kill('SIGTERM');
    proxy.child.stdout?.resume();
    await guarded(proxy.ended, 'the command to end', patienceMs);
  });
});

describe.each([[[]], [['--workers', '2']]])('a file, %j', (workers) => {
  it('is opened again at SIGUSR2, and no line is lost', async () => {
    const file = join(folder, 'access.log');
    const proxy = await start(
      ...workers,
      '--access-log',
      file,
      '--access-log-format',
      '$request_uri',
    );
    for (let nth = 0; nth < 10; nth++) await proxy.ask(`/${nth}`);
    renameSync(file, `${file}.1`);
    proxy.child.kill('SIGUSR2');
    await proxy.wait(() => proxy.text.log.includes('SIGUSR2: opening'), 'the signal');
    await eventually(() => linesOf('access.log') !== null, 'the file', patienceMs).catch(
      () => null,
    );
    for (let nth = 10; nth < 20; nth++) await proxy.ask(`/${nth}`);
    expect(await endOf(proxy)).toBe(0);
    const all = [...linesOf('access.log.1'), ...linesOf('access.log')];
    expect(all.toSorted()).toEqual(Array.from({ length: 20 }, (_, nth) => `/${nth}`).toSorted());
    if (workers.length === 0) expect(linesOf('access.log').at(-1)).toBe('/19');
  });
});

it('a file that cannot be opened ends the command with 2', async () => {
  const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
  const file = join(folder, 'missing', 'access.log');
  const process_ = spawn(
    process.execPath,
    [...flags, command, '--backend', 'http://h', '--listen', '0', '--access-log', file],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child = process_;
  let log = '';
  process_.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  const [code] = await guarded(once(process_, 'close'), 'the command to end', patienceMs);
  expect([code, log]).toEqual([2, expect.stringMatching(/accessLog: cannot open .*ENOENT/)]);
});

describe('--log-format json', () => {
  it.each([[[]], [['--workers', '2']]])('every line is JSON: %j', async (workers) => {
    const proxy = await start(...workers, '--log-format', 'json', '--request-id');
    const answer = await proxy.ask('/a');
    await proxy.wait(() => proxy.text.log.includes('RIT_ERR_UPSTREAM_CONNECT'), 'the error');
    expect(await endOf(proxy)).toBe(0);
    expect(proxy.text.out).toBe('');
    const lines = proxy.text.log
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', expect.stringMatching(/^listening on /)],
      ['warn', expect.any(String)],
      ['info', 'SIGTERM: shutting down gracefully; repeat to force'],
    ]);
    expect(lines[1]).toMatchObject({
      code: 'RIT_ERR_UPSTREAM_CONNECT',
      requestId: answer.headers.get('x-request-id'),
      ...(workers.length === 0 ? {} : { worker: expect.any(Number) }),
    });
  });

  it('and --log-level error: nothing of what goes on', async () => {
    const proxy = await start('--log-level', 'error');
    await proxy.ask('/a');
    expect(await endOf(proxy)).toBe(0);
    expect(proxy.text.log).toBe('');
  });
});
