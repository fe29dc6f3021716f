/** A shutdown that takes its time: for load balancers that lag, and for the clients of many WebSockets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guarded } from '@reverseit/test-servers';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from '../src/index.ts';
import { useProxy } from './harness.ts';
import { useWebSocketRig } from './websocket-rig.ts';

/** Longer than any test runs: what ends such a delay is never its time. */
const forever = 600_000;

describe('shutdownDelay', () => {
  const start = useProxy();
  const bench = (shutdownDelay: number) =>
    start({
      options: ({ url }) => ({ backend: url, admin: { listen: '127.0.0.1:0' }, shutdownDelay }),
    });
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

  it('fails readiness at once, and serves on, each connection once more', async () => {
    const rig = await bench(forever);
    const { proxy } = rig;
    const admin = proxy.adminAddress();
    if (admin === null || !('port' in admin)) throw new Error('no admin listener');
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${admin.port}/readyz`);
      return [response.status, await response.text()];
    };
    const before = await rig.connect();
    await before.request(request);
    expect(await ready()).toEqual([200, 'ok\n']);
    const closing = proxy.close({ timeout: 5000 });
    expect(await ready()).toEqual([503, 'draining\n']);
    const address = proxy.address();
    if (address === null || !('port' in address)) throw new Error('no address');
    const response = await fetch(`http://127.0.0.1:${address.port}/`);
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    await response.text();
    await before.write(request);
    expect((await before.readUntilEnd()).toString()).toMatch(
      /^HTTP\/1\.1 200 .*connection: close/is,
    );
    // A second call may end the wait, and lets what is in progress finish.
    await Promise.all([closing, proxy.close({ delay: 0, timeout: 5000 })]);
    expect(proxy.address()).toBe(null);
  });

  it('passes, and then it closes', async () => {
    const { proxy } = await bench(20);
    const since = performance.now();
    await proxy.close();
    expect(performance.now() - since).toBeGreaterThanOrEqual(18);
  });

  it('is over at once with timeout 0, and where nobody listens', async () => {
    const { proxy } = await bench(forever);
    const closing = proxy.close();
    await proxy.close({ timeout: 0 });
    await closing;
    await createServer({ respond: {}, shutdownDelay: forever }).close();
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number])(
    'refuses the delay %s',
    async (delay) => {
      const { proxy } = await bench(0);
      await expect(proxy.close({ delay })).rejects.toMatchObject({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringMatching(/^invalid option delay: /),
      });
      expect(proxy.address()).not.toBe(null);
    },
  );
});

describe('shutdownDelay of the command', () => {
  const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const children: ReturnType<typeof spawn>[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it.each(['1', '2'])(
    'with %s processes: SIGTERM is followed by requests that are served; the second one ends it',
    async (workers) => {
      const child = spawn(
        process.execPath,
        [
          ...['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning', command],
          ...['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', workers],
          ...['--backend', 'http://127.0.0.1:9', '--shutdown-delay', String(forever)],
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      children.push(child);
      const lines: string[] = [];
      const told = new Promise<void>((resolve) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
          if (lines.push(line) === 2) resolve();
        });
      });
      const notices = createInterface({ input: child.stderr });
      await guarded(told, 'the command to listen', 30_000);
      const [url = '', admin = ''] = lines.map((line) => /on (http:\S+)/.exec(line)?.[1] ?? '');
      const heard = once(notices, 'line');
      child.kill('SIGTERM');
      await guarded(heard, 'the signal to be heard', 30_000);
      expect((await fetch(`${admin}/readyz`)).status).toBe(503);
      // The backend is not there: this is an answer of the proxy.
      for (let nth = 0; nth < 4; nth++) expect((await fetch(url)).status).toBe(502);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await guarded(ended, 'the command to end', 30_000))[0]).toBe(143);
    },
    120_000,
  );
});

describe('websocketCloseDelay', () => {
  const start = useWebSocketRig();

  it('spreads the closes, evenly and all within it', async () => {
    const delay = 600;
    const count = 6;
    const rig = await start({ proxy: { websocketCloseDelay: delay } });
    const open = [];
    for (let nth = 0; nth < count; nth++) open.push(await rig.open());
    const since = performance.now();
    const closing = rig.proxy.close();
    const times = await Promise.all(
      open.map(async ({ client, backend }) => {
        expect(await client.readClose()).toMatchObject({ code: 1001 });
        const at = performance.now() - since;
        await client.sendClose(1001);
        expect(await backend.readClose()).toMatchObject({ code: 1001 });
        await backend.sendClose(1001);
        backend.socket.end();
        return at;
      }),
    );
    await closing;
    // Never before its turn, however slow the machine is.
    times.sort((a, b) => a - b);
    for (const [nth, at] of times.entries()) {
      expect(at).toBeGreaterThanOrEqual((nth * delay) / count - 1);
    }
  });

  it('is at most as long as the close may take', async () => {
    const rig = await start({ proxy: { websocketCloseDelay: forever } });
    const ends = [await rig.open(), await rig.open()];
    const closing = rig.proxy.close({ timeout: 300 });
    for (const { client } of ends) expect(await client.readClose()).toMatchObject({ code: 1001 });
    await closing;
  });

  it('does not wait for those that have gone', async () => {
    const rig = await start({ proxy: { websocketCloseDelay: forever } });
    const { client } = await rig.open();
    const other = await rig.open();
    const closing = rig.proxy.close({ timeout: forever });
    for (const peer of [client, other.client]) peer.socket.destroy();
    await guarded(closing, 'the proxy to close', 8000);
  });

  it('cuts at once with timeout 0', async () => {
    const rig = await start({ proxy: { websocketCloseDelay: forever } });
    await rig.open();
    const closing = rig.proxy.close({ timeout: forever });
    await guarded(rig.proxy.close({ timeout: 0 }), 'the proxy to close', 4000);
    await closing;
  });
});
