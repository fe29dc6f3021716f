/** Socket activation: the command serves on a listening socket that it was started with, as systemd starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { eventually, guarded } from '@reverseit/test-servers';
import { afterEach, describe, expect, it, vi } from 'vitest';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
/** Processes start slowly on a busy machine. */
const patienceMs = 30_000;
vi.setConfig({ testTimeout: 4 * patienceMs });

let child: ChildProcess | null = null;
afterEach(() => {
  child?.kill('SIGKILL');
  child = null;
});

/** A listening socket as systemd makes one, and its number in this process. */
async function openSocket(): Promise<{ server: Server; port: number; fd: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Node has no public way to the number.
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return { server, port: (server.address() as AddressInfo).port, fd };
}

/** The command with a socket as its descriptor 3, in a process of which systemd would say so. */
async function start(fd: number | 'ignore', ...args: string[]) {
  const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
  const given = [process.execPath, ...flags, command, '--backend', 'http://127.0.0.1:1', ...args];
  const started = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', ...given], {
    stdio: ['ignore', 'pipe', 'pipe', fd],
  });
  child = started;
  const log = { text: '' };
  for (const stream of [started.stdout, started.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      log.text += chunk;
    });
  }
  return { started, log, ended: once(started, 'exit') };
}

describe('socket activation', () => {
  it.each([
    ['in one process', ['--listen', 'fd:3']],
    ['in two workers', ['--listen', 'fd:3', '--workers', '2']],
    ['without the option listen', []],
    ['without it, in two workers', ['--workers', '2']],
  ])('serves on a socket that was there before, %s', async (_, args) => {
    const { server, port, fd } = await openSocket();
    const { started, log, ended } = await start(fd, ...args);
    // It is the child's from here on, and nobody else accepts.
    server.close();
    await eventually(
      () => /listening on/.test(log.text),
      () => log.text,
      patienceMs,
    );
    expect(log.text).toContain(`127.0.0.1:${port}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    expect(answer.status).toBe(502);
    started.kill('SIGTERM');
    expect(await guarded(ended, 'the command to end', patienceMs)).toEqual([0, null]);
  });

  it('says so where there is no such socket', async () => {
    const { log, ended } = await start('ignore', '--listen', 'fd:3');
    const [code] = await guarded(ended, 'the command to end', patienceMs);
    expect(code).not.toBe(0);
    expect(log.text).toContain('cannot listen on fd:3');
  });
});
