import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  /** The first line on standard output; empty if it ended without one. */
  readonly line: Promise<string>;
  /** Exit code and standard error. */
  readonly ended: Promise<readonly [code: unknown, log: string]>;
}

const children: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

function start(...args: string[]): Started {
  const child = spawn(
    process.execPath,
    ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning', command, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  children.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const lines = createInterface({ input: child.stdout });
  const line = new Promise<string>((resolve) => {
    lines.once('line', resolve).once('close', () => resolve(''));
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => [code, log] as const);
  return { child, line, ended };
}

/** A backend that answers when it is told to, and its address. */
async function startBackend(): Promise<{ url: string; asked: Promise<() => void> }> {
  let onAsked: (answer: () => void) => void = () => undefined;
  const asked = new Promise<() => void>((resolve) => {
    onAsked = resolve;
  });
  const server = createServer((request, response) => {
    if (request.url === '/slow') onAsked(() => response.end('slow'));
    else response.end(request.url);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

const urlOf = (line: string): string => /listening on (\S+) -> /.exec(line)?.[1] ?? '';

describe('the reverseit command', () => {
  it('prints one line, proxies, and drains at SIGTERM', async () => {
    const backend = await startBackend();
    const proxy = start('--backend', `${backend.url}/base`, '--listen', '127.0.0.1:0');
    const line = await proxy.line;
    expect(line).toMatch(
      /^reverseit listening on http:\/\/127\.0\.0\.1:\d+ -> http:\/\/127\.0\.0\.1:\d+\/base$/,
    );
    expect(await (await fetch(`${urlOf(line)}/a?b`)).text()).toBe('/base/a?b');
    proxy.child.kill('SIGTERM');
    const [code, log] = await proxy.ended;
    expect(code).toBe(0);
    expect(log).toMatch(/^reverseit: SIGTERM: shutting/);
  });

  it('finishes what is under way at SIGTERM', async () => {
    const backend = await startBackend();
    const proxy = start('--backend', backend.url, '--listen', '127.0.0.1:0');
    const answer = fetch(`${urlOf(await proxy.line)}/slow`);
    const finish = await backend.asked;
    proxy.child.kill('SIGTERM');
    await once(proxy.child.stderr as NodeJS.ReadableStream, 'data');
    finish();
    expect(await (await answer).text()).toBe('slow');
    expect((await proxy.ended)[0]).toBe(0);
  });

  it.each([
    ['JSON', 'c.json', (options: object) => JSON.stringify(options)],
    ['an ES module', 'c.mjs', (options: object) => `export default ${JSON.stringify(options)};`],
    ['CommonJS', 'c.cjs', (options: object) => `module.exports = ${JSON.stringify(options)};`],
  ])('reads its configuration again at SIGHUP: %s', async (_, name, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
    try {
      const file = join(folder, name);
      const write = (status: number): void =>
        writeFileSync(file, text({ listen: 0, path: '/', respond: { status } }));
      write(201);
      const proxy = start('--config', file);
      const url = urlOf(await proxy.line);
      expect((await fetch(url)).status).toBe(201);
      let log = '';
      const logged = (line: RegExp) =>
        new Promise<void>((resolve) => {
          const look = (piece = ''): void => {
            log += piece;
            if (line.test(log)) resolve();
          };
          proxy.child.stderr?.on('data', look);
          look();
        });
      for (const status of [202, 203]) {
        write(status);
        log = '';
        const reloaded = logged(/the configuration was reloaded\n/);
        proxy.child.kill('SIGHUP');
        await reloaded;
        expect((await fetch(url)).status).toBe(status);
      }
      writeFileSync(file, text({ listen: 0, bakend: 1 }));
      const failed = logged(/reload failed: .*bakend.*; the current configuration stays\n/s);
      proxy.child.kill('SIGHUP');
      await failed;
      expect((await fetch(url)).status).toBe(203);
      proxy.child.kill('SIGTERM');
      expect((await proxy.ended)[0]).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reloads when a watched file changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
    try {
      const file = join(folder, 'c.json');
      const write = (status: number): void =>
        writeFileSync(file, JSON.stringify({ listen: 0, path: '/', respond: { status } }));
      write(201);
      const proxy = start('--config', file, '--watch');
      const url = urlOf(await proxy.line);
      const log = once(proxy.child.stderr as NodeJS.ReadableStream, 'data');
      // Again and again: a change is one to what was there when watching began.
      const status = async (): Promise<number> => {
        write(202);
        return (await fetch(url)).status;
      };
      await expect.poll(status, { interval: 200, timeout: 20_000 }).toBe(202);
      expect(String(await log)).toContain(`reverseit: ${file} changed: reloading`);
      proxy.child.kill('SIGTERM');
      expect((await proxy.ended)[0]).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends at once at a second signal', async () => {
    const backend = await startBackend();
    const proxy = start('--backend', backend.url, '--listen', '127.0.0.1:0');
    const answer = fetch(`${urlOf(await proxy.line)}/slow`).catch(() => 'cut');
    await backend.asked;
    proxy.child.kill('SIGTERM');
    await once(proxy.child.stderr as NodeJS.ReadableStream, 'data');
    proxy.child.kill('SIGTERM');
    expect((await proxy.ended)[0]).toBe(143);
    expect(await answer).toBe('cut');
  });

  it('ends with 1 when the address is taken', async () => {
    const backend = await startBackend();
    const taken = backend.url.slice('http://'.length);
    const proxy = start('--backend', backend.url, '--listen', taken);
    const [code, log] = await proxy.ended;
    expect(code).toBe(1);
    expect(log).toBe(`reverseit: cannot listen on ${taken}: address already in use (EADDRINUSE)\n`);
    expect(await proxy.line).toBe('');
  });

  it('ends with 2 and names the option for a bad one', async () => {
    const proxy = start('--backend', 'http://h', '--max-request-headers', 'many');
    const [code, log] = await proxy.ended;
    expect(code).toBe(2);
    expect(log).toContain('--max-request-headers (maxRequestHeaders): "many" is not accepted');
    expect(await proxy.line).toBe('');
  });

  it('says on standard error why a backend cannot be reached', async () => {
    const proxy = start('--backend', 'http://127.0.0.1:1', '--listen', '127.0.0.1:0');
    const answer = await fetch(urlOf(await proxy.line));
    expect(answer.status).toBe(502);
    proxy.child.kill('SIGTERM');
    const [code, log] = await proxy.ended;
    expect(code).toBe(0);
    expect(log).toMatch(
      /^reverseit: warning: .*ECONNREFUSED.* \(RIT_ERR_UPSTREAM_CONNECT, route \/\)$/m,
    );
  });

  it('ends with 0 for --version', async () => {
    const proxy = start('--version');
    expect(await proxy.line).toMatch(/^reverseit \d+\.\d+\.\d+$/);
    expect(await proxy.ended).toEqual([0, '']);
  });

  it('keeps running when nobody reads its output any more', async () => {
    const backend = await startBackend();
    const proxy = start('--backend', backend.url, '--listen', '127.0.0.1:0');
    const url = urlOf(await proxy.line);
    proxy.child.stderr?.destroy();
    proxy.child.stdout?.destroy();
    expect(await (await fetch(`${url}/a`)).text()).toBe('/a');
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    await once(client, 'connect');
    const closed = once(client, 'close');
    proxy.child.kill('SIGTERM');
    await closed;
    expect((await proxy.ended)[0]).toBe(0);
  });
});

describe('the ready file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-ready-'));
  const path = join(folder, 'ready.json');
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([1, 2])('is there while %i processes serve', async (workers) => {
    const backend = await startBackend();
    const proxy = start(
      ...['--backend', backend.url, '--listen', '127.0.0.1:0', '--ready-file', path],
      ...['--workers', String(workers)],
    );
    const url = new URL(urlOf(await proxy.line));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      pid: proxy.child.pid,
      addresses: [{ host: '127.0.0.1', port: Number(url.port) }],
      admin: null,
    });
    proxy.child.kill('SIGTERM');
    expect((await proxy.ended)[0]).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  it('that cannot be written is an invalid option', async () => {
    const file = join(folder, 'none', 'ready');
    const args = ['--backend', 'http://127.0.0.1:9', '--listen', '127.0.0.1:0'];
    const [code, log] = await start(...args, '--ready-file', file).ended;
    expect(code).toBe(2);
    expect(log).toContain(`invalid option readyFile: cannot write ${file}: ENOENT`);
  });
});
