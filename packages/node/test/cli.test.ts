import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

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
    const closed = once(connect(Number(new URL(url).port), '127.0.0.1'), 'close');
    proxy.child.kill('SIGTERM');
    await closed;
    expect((await proxy.ended)[0]).toBe(0);
  });
});
