/** The command with workers, as processes: one address, several that serve it, whatever becomes of each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type RequestOptions, type Server } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { usesNodeInternals } from '@reverseit/core/internal';
import { connectRaw, deferred, eventually, guarded } from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

/** Processes start slowly on a busy machine, and each step here may start several. */
const patienceMs = 30_000;
vi.setConfig({ testTimeout: 4 * patienceMs });
const inTime = <T>(promise: Promise<T>, what: string | (() => string)): Promise<T> =>
  guarded(promise, what, patienceMs);

useCensus();
const use = useCleanup();
let folder = '';
let config = '';
/** Many processes load the same sources. */
const compileCache = await mkdtemp(join(tmpdir(), 'reverseit-compiled-'));
const children: ChildProcess[] = [];

afterAll(() => rm(compileCache, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reverseit-workers-'));
  config = join(folder, 'config.mjs');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

class Running {
  readonly child: ChildProcess;
  /** The first line on standard output; empty if it ended without one. */
  readonly line: Promise<string>;
  readonly ended: Promise<unknown>;
  log = '';

  constructor(args: readonly string[]) {
    const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, command, '--config', config, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.log += chunk;
    });
    const lines = createInterface({ input: child.stdout });
    this.line = new Promise((resolve) => {
      lines.once('line', resolve).once('close', () => resolve(''));
    });
    // Standard output and error are the workers' as well: closed when the last of them has gone.
    this.ended = once(child, 'close').then(([code, signal]: unknown[]) => code ?? signal);
    children.push(child);
  }

  async logged(part: string): Promise<void> {
    await eventually(
      () => this.log.includes(part),
      () => `"${part}" in the log: ${this.log}`,
      patienceMs,
    );
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}

/** Starts the command with what the file says, and asks it. */
async function start(...args: string[]): Promise<{ proxy: Running; where: RequestOptions }> {
  const proxy = new Running(args);
  const line = await inTime(proxy.line, () => `the command to listen: ${proxy.log}`);
  const [, socketPath, port] = /listening on (?:unix:(\S+)|http:\S+:(\d+)) -> /.exec(line) ?? [];
  expect(line, proxy.log).toMatch(/ \(2 workers\)$/);
  return { proxy, where: socketPath === undefined ? { port: Number(port) } : { socketPath } };
}

/** What is answered on a connection of its own. */
async function ask(where: RequestOptions, path: string): Promise<string> {
  const request = get({ host: '127.0.0.1', ...where, path, agent: false });
  const [response] = await inTime(once(request, 'response'), `an answer to ${path}`);
  return text(response);
}

/** Who answers: asks until two processes have, none of them one of `others`. Meanwhile nobody may listen. */
async function twoPids(where: RequestOptions, ...others: number[]): Promise<number[]> {
  const found = new Set<number>();
  const end = performance.now() + patienceMs;
  while (found.size < 2 && performance.now() < end) {
    try {
      const pid = Number(await ask(where, '/pid'));
      if (!others.includes(pid)) found.add(pid);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toMatch(/^ECONN(?:REFUSED|RESET)$/);
    }
  }
  expect(found.size).toBe(2);
  return [...found];
}

/** A configuration of two workers, and a backend that answers when it is told to. */
async function writeConfig(
  more = '',
  name = '',
): Promise<{ asked: Promise<void>; finish: () => void }> {
  const asked = deferred();
  const finish = deferred();
  const server: Server = createServer(async (_, response) => {
    asked.resolve();
    await finish.promise;
    response.end('slow');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  use({
    close: async () => {
      finish.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await writeFile(
    config,
    `const crash = () => { throw new Error('the crash'); };
    const respond = ({ target }) => {
      if (target === '/crash') setImmediate(crash);
      return { body: target === '/pid' ? String(process.pid) : '${name}' };
    };
    export default {
      workers: 2,
      listen: '127.0.0.1:0',
      routes: [{ respond }, { path: '/slow', backend: 'http://127.0.0.1:${port}' }],
      ${more}
    };`,
  );
  return { asked: asked.promise, finish: () => finish.resolve() };
}

it('replaces workers that end, and finishes what is under way at SIGTERM', async () => {
  const backend = await writeConfig();
  const { proxy, where } = await start();
  const [first = 0, second = 0] = await twoPids(where);
  process.kill(first, 'SIGKILL');
  await proxy.logged(`(pid ${first}) was killed by SIGKILL; a new one starts`);
  const both = await twoPids(where, first);
  expect(both).toContain(second);
  await ask(where, '/crash');
  await proxy.logged('Error: the crash');
  await proxy.logged('exited with code 1; a new one starts');
  // Nobody is left for a while; then the port is the same.
  for (const pid of both) tryKill(pid);
  for (const pid of both) await proxy.logged(`(pid ${pid}) `);
  await twoPids(where, first, ...both);
  const slow = ask(where, '/slow');
  await backend.asked;
  proxy.signal('SIGTERM');
  await proxy.logged('reverseit: SIGTERM: shutting');
  backend.finish();
  expect(await slow).toBe('slow');
  expect(await inTime(proxy.ended, 'all processes to end')).toBe(0);
});

/** What is answered on a stream. */
async function askOver(session: ClientHttp2Session, path: string): Promise<string> {
  const stream = session.request({ ':path': path });
  return inTime(text(stream), `an answer to ${path}`);
}

it('speaks HTTP/2 in every worker, and ends its connections with GOAWAY at SIGTERM', async () => {
  const backend = await writeConfig("protocols: ['http2'],");
  const { proxy, where } = await start();
  const sessions = new Map<string, ClientHttp2Session>();
  const open = async (): Promise<void> => {
    const session = connectHttp2(`http://127.0.0.1:${where.port}`);
    session.on('error', () => {});
    const pid = await askOver(session, '/pid');
    if (sessions.has(pid)) session.destroy();
    else sessions.set(pid, session);
  };
  const end = performance.now() + patienceMs;
  while (sessions.size < 2 && performance.now() < end) await open();
  expect(sessions.size).toBe(2);
  for (const [pid, session] of sessions) {
    const many = Array.from({ length: 50 }, () => askOver(session, '/pid'));
    expect(new Set(await Promise.all(many))).toEqual(new Set([pid]));
  }
  const [busy, idle] = [...sessions.values()] as [ClientHttp2Session, ClientHttp2Session];
  const ended = [busy, idle].map((session) => once(session, 'close'));
  const goaway = once(busy, 'goaway');
  const slow = askOver(busy, '/slow');
  await backend.asked;
  proxy.signal('SIGTERM');
  await inTime(goaway, 'a GOAWAY');
  backend.finish();
  expect(await slow).toBe('slow');
  await inTime(Promise.all(ended), 'the end of both connections');
  expect(await inTime(proxy.ended, 'all processes to end')).toBe(0);
});

/** The same, as soon as somebody listens. */
async function askAgain(where: RequestOptions, path: string): Promise<string> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await ask(where, path);
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Processes that another one has started. */
const workersOf = (pid = 0): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

/** It may have gone already. */
function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
  }
}

it.runIf(usesNodeInternals)(
  'serves those who have connected before SIGTERM was heard',
  async () => {
    await writeConfig();
    const { proxy, where } = await start();
    await twoPids(where);
    // While it stands still, the kernel connects whoever comes.
    proxy.signal('SIGSTOP');
    const clients = await Promise.all(
      Array.from({ length: 40 }, () =>
        connectRaw({ port: Number(where.port), guardMs: patienceMs }),
      ),
    );
    const answers = clients.map((client) => client.request('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n'));
    proxy.signal('SIGTERM');
    proxy.signal('SIGCONT');
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(await inTime(proxy.ended, 'the command to end')).toBe(0);
    for (const client of clients) await client.close();
  },
);

it.runIf(usesNodeInternals)(
  'closes a connection whose worker ends before it has taken it',
  async () => {
    await writeConfig();
    const { proxy, where } = await start();
    const [stopped = 0, other = 0] = await twoPids(where);
    process.kill(stopped, 'SIGSTOP');
    const clients = [];
    for (let nth = 0; nth < 2; nth++) {
      const client = use(await connectRaw({ port: Number(where.port), guardMs: patienceMs }));
      client.send('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n');
      clients.push(client);
    }
    // One of them is answered, the other one is on its way to the worker that does not move.
    const served = await inTime(
      Promise.any(clients.map(async (client) => [client, await client.readResponse()] as const)),
      'the worker that moves',
    );
    expect(served[1].text).toBe(String(other));
    const waiting = clients.find((client) => client !== served[0]);
    process.kill(stopped, 'SIGKILL');
    expect(await inTime(waiting?.reader.hasMore() ?? Promise.resolve(true), 'its end')).toBe(false);
    proxy.signal('SIGTERM');
    expect(await inTime(proxy.ended, 'all processes to end')).toBe(0);
  },
);

// The children of a process stand in /proc on Linux alone.
it.runIf(process.platform === 'linux')(
  'a file that has become bad changes nothing, not even for workers that are replaced',
  async () => {
    config = join(folder, 'config.json');
    const write = (body: string, more = {}) =>
      writeFile(
        config,
        JSON.stringify({ workers: 2, listen: '127.0.0.1:0', respond: { body }, ...more }),
      );
    await write('old');
    const { proxy, where } = await start();
    await write('bad', { bakend: 1 });
    proxy.signal('SIGHUP');
    await proxy.logged('restart failed: invalid option bakend');
    const list = workersOf(proxy.child.pid);
    for (const pid of list) tryKill(pid);
    for (const pid of list) await proxy.logged(`(pid ${pid}) was killed by SIGKILL`);
    expect(await askAgain(where, '/')).toBe('old');
    // What is good, and was not asked for yet, waits for its turn as well.
    await write('new');
    expect(await ask(where, '/')).toBe('old');
    proxy.signal('SIGHUP');
    await proxy.logged('reverseit: the workers were restarted');
    expect(await ask(where, '/')).toBe('new');
    proxy.signal('SIGTERM');
    expect(await inTime(proxy.ended, 'the command to end')).toBe(0);
  },
);

it('RFC 9112 §9.6: loses no request while its workers are replaced', async () => {
  await writeConfig();
  const { proxy, where } = await start();
  const old = await twoPids(where);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let over = false;
  const outcome = { answered: 0, unanswered: 0 };
  const again = async (): Promise<void> => {
    while (!over) {
      const pid = await ask(where, '/pid').catch((error: NodeJS.ErrnoException) => error);
      if (typeof pid === 'string') {
        expect(Number(pid)).toBeGreaterThan(0);
        outcome.answered += 1;
      } else {
        expect(pid.code).toBe('ECONNRESET');
        outcome.unanswered += 1;
      }
    }
  };
  const onOne = async (): Promise<void> => {
    while (!over) {
      const client = use(await connectRaw({ port: Number(where.port) }));
      for (let kept = true; kept && !over; ) {
        client.send('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n');
        if (!(await client.reader.hasMore())) {
          outcome.unanswered += 1;
          break;
        }
        const answer = await client.readResponse();
        expect(answer.status).toBe(200);
        outcome.answered += 1;
        kept = answer.header('connection') !== 'close';
      }
      await client.close();
    }
  };
  const asking = [again(), again(), onOne(), onOne(), onOne()];
  await eventually(() => outcome.answered > 20, 'some answers', patienceMs);
  await writeConfig('', 'new');
  proxy.signal('SIGHUP');
  await proxy.logged('reverseit: the workers were restarted');
  over = true;
  await Promise.all(asking);
  delay.disable();
  // As at the end of a server: who is free to ask is waited for, for 250 ms.
  if (delay.max < 100e6) expect(outcome.unanswered).toBe(0);
  const now = await twoPids(where);
  expect(now.some((pid) => old.includes(pid))).toBe(false);
  expect([await ask(where, '/name'), await ask(where, '/name')]).toEqual(['new', 'new']);

  // Now with a mistake: who serves goes on.
  await writeConfig('bakend: 1,');
  proxy.signal('SIGHUP');
  await proxy.logged('restart failed: invalid option bakend');
  expect((await twoPids(where)).sort()).toEqual(now.sort());
  proxy.signal('SIGINT');
  expect(await inTime(proxy.ended, 'the command to end')).toBe(0);
});

it('leaves no workers when the primary is killed, and takes over its Unix socket', async () => {
  const backend = await writeConfig();
  const path = join(folder, 'socket');
  const killed = await start('--listen', `unix:${path}`);
  const pids = await twoPids(killed.where);
  const slow = ask(killed.where, '/slow');
  await backend.asked;
  killed.proxy.signal('SIGKILL');
  backend.finish();
  expect(await slow).toBe('slow');
  expect(await inTime(killed.proxy.ended, 'the workers to end')).toBe('SIGKILL');
  expect(existsSync(path)).toBe(true);
  const { proxy, where } = await start('--listen', `unix:${path}`);
  await twoPids(where, ...pids);
  proxy.signal('SIGTERM');
  expect(await inTime(proxy.ended, 'the command to end')).toBe(0);
  expect(existsSync(path)).toBe(false);
});

it('closes connections beyond maxConnections, and ends all at once at a second signal', async () => {
  const backend = await writeConfig('maxConnections: 1,');
  const { proxy, where } = await start();
  const clients = [];
  for (let nth = 0; nth < 2; nth++) {
    const client = use(await connectRaw({ port: Number(where.port) }));
    clients.push(client);
    const answer = await client.request('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(answer.status).toBe(200);
  }
  // Full are both; nobody else may have it.
  const refused = use(await connectRaw({ port: Number(where.port) }));
  expect(await inTime(refused.reader.hasMore(), 'a refusal')).toBe(false);
  clients[0]?.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await backend.asked;
  proxy.signal('SIGTERM');
  await proxy.logged('reverseit: SIGTERM: shutting');
  proxy.signal('SIGTERM');
  expect(await inTime(proxy.ended, 'all processes to end')).toBe(143);
});

it('ends with 1 and one line where the address is taken', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  use({ close: () => once(server.close(), 'close') });
  const address = server.address();
  const taken = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  await writeConfig();
  const proxy = new Running(['--listen', taken]);
  expect(await inTime(proxy.ended, 'the command to end')).toBe(1);
  expect([await proxy.line, proxy.log]).toEqual([
    '',
    `reverseit: cannot listen on ${taken}: address already in use (EADDRINUSE)\n`,
  ]);
});
