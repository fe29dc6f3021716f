/** Several backends of one route, at the edges of what a list may hold and of what may become of it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@reverseit/test-servers';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { type AccessRecord, createServer } from '../src/index.ts';
import { useBackends } from './backends-rig.ts';

const start = useBackends();
const use = useCleanup();
const sorted = (text: string): string => [...text].sort().join('');

describe('HTTP/2 backends in a list (RFC 9113)', () => {
  async function http2Backend(number: number) {
    const sessions: ServerHttp2Session[] = [];
    const server: Http2Server = createHttp2Server();
    server.on('session', (session) => {
      sessions.push(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream) => {
      stream.on('error', () => {}).resume();
      stream.respond({ ':status': 200 });
      stream.end(`${number}`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const close = async (): Promise<void> => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    };
    return use({ url: `http://127.0.0.1:${port}`, sessions, close });
  }

  it('share the requests over one connection each, and one that dies loses none', async () => {
    const a = await http2Backend(0);
    const b = await http2Backend(1);
    const rig = await start(0, {
      backend: [a.url, b.url],
      loadBalancing: 'round-robin',
      pool: { protocols: ['http2'] },
    });
    expect(sorted(await rig.run(6))).toBe('000111');
    expect([a.sessions.length, b.sessions.length]).toEqual([1, 1]);
    await a.close();
    expect(await rig.run(6)).toBe('111111');
    const { status, text } = await rig.ask('/', 'POST', {}, 'body');
    expect([status, text]).toEqual([200, '1']);
  });
});

describe('Unix sockets in a list', () => {
  it.skipIf(process.platform === 'win32')(
    'share the requests; one that dies loses none',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'reverseit-sockets-'));
      use({ close: async () => rmSync(folder, { recursive: true, force: true }) });
      const listen = async (number: number) => {
        const hosts: unknown[] = [];
        const server: Server = createHttpServer((request, response) => {
          hosts.push(request.headers.host);
          response.end(`${number}`);
        });
        const path = join(folder, `${number}`);
        await once(server.listen(path), 'listening');
        const close = async (): Promise<void> => {
          if (!server.listening) return;
          const closed = once(server, 'close');
          server.close().closeAllConnections();
          await closed;
        };
        return use({ path, hosts, close });
      };
      const a = await listen(0);
      const b = await listen(1);
      const records: AccessRecord[] = [];
      const rig = await start(0, {
        backend: [
          { url: 'http://app', name: 'a', unixSocket: a.path },
          { url: 'http://app/base', name: 'b', unixSocket: b.path },
        ],
        loadBalancing: 'round-robin',
        onFinish: (record) => {
          records.push(record);
        },
      });
      expect(sorted(await rig.run(4))).toBe('0011');
      expect([...a.hosts, ...b.hosts]).toEqual(Array(4).fill('app'));
      await a.close();
      expect(await rig.run(3)).toBe('111');
      expect(records.flatMap(({ failedAttempts }) => failedAttempts)).toContainEqual({
        backend: 'a',
        errorCode: expect.stringMatching(/^RIT_ERR_UPSTREAM_/),
        status: 0,
      });
    },
  );
});

it.runIf(process.platform === 'linux')('1,000 backends get their share each', async () => {
  // Linux has all of 127.0.0.0/8 on its loopback interface.
  const asked = new Map<string, number>();
  const server = createHttpServer(({ socket }, response) => {
    const address = socket.localAddress ?? '';
    asked.set(address, (asked.get(address) ?? 0) + 1);
    response.end('ok');
  });
  await once(server.listen(0, '0.0.0.0'), 'listening');
  use({
    close: async () => {
      server.close().closeAllConnections();
    },
  });
  const { port } = server.address() as AddressInfo;
  const backend = Array.from(
    { length: 1000 },
    (_, i) => `http://127.1.${Math.floor(i / 250)}.${1 + (i % 250)}:${port}`,
  );
  const rig = await start(0, { backend, loadBalancing: 'round-robin' });
  for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 40 }, () => rig.ask()));
  expect(asked.size).toBe(1000);
  expect(new Set(asked.values())).toEqual(new Set([2]));
  // Leaving takes them with their connections.
  rig.proxy.setBackends('/', [backend[0]!]);
  await eventually(() => rig.proxy.stats().pools[0]!.origins.length === 1, 'the others to leave');
  expect((await rig.ask()).text).toBe('ok');
});

describe('weights', () => {
  it('1,000 beside 1 and 0', async () => {
    const rig = await start(3, ([a, b, c]) => ({
      backend: [
        { url: a!.url, weight: 1000 },
        { url: b!.url, weight: 1 },
        { url: c!.url, weight: 0 },
      ],
      loadBalancing: 'round-robin',
    }));
    for (let i = 0; i < 77; i++) await Promise.all(Array.from({ length: 13 }, () => rig.ask()));
    expect(rig.list.map(({ requests }) => requests.length)).toEqual([1000, 1, 0]);
  });

  it('all 0: nobody is left', async () => {
    const rig = await start(1, ([a]) => ({ backend: [{ url: a!.url, weight: 0 }] }));
    expect((await rig.ask()).status).toBe(503);
  });
});

it('a backend that flaps loses no request, and is ejected for longer each time', async () => {
  const rig = await start(2, {
    loadBalancing: 'round-robin',
    outlierDetection: { consecutiveFailures: 1, ejectionTime: 20 },
    retry: { on: ['connect', 'reset'] },
  });
  const flapping = rig.list[0]!;
  for (let times = 0; times < 5; times++) {
    await flapping.die();
    expect(await rig.run(4)).toBe('1111');
    await flapping.start();
    await eventually(() => rig.proxy.backends()[0]!.state === 'healthy', 'the end of an ejection');
    expect(sorted(await rig.run(4))).toBe('0011');
  }
  expect(rig.proxy.backends().map(({ totalFailures }) => totalFailures > 0)).toEqual([true, false]);
});

it('a name that is 127.0.0.1 and ::1: who answers on one of them answers all', async () => {
  const rig = await start(1, ([a]) => ({
    backend: [`http://localhost:${a!.authority.split(':')[1]}`],
    discovery: { type: 'dns' },
    loadBalancing: 'round-robin',
  }));
  await eventually(() => rig.proxy.backends().length > 0, 'the addresses');
  expect(await rig.run(6)).toBe('000000');
});

it('a name that resolves to nothing: 503 at once, until it does', async () => {
  const rig = await start(1, {
    backend: ['http://nowhere.invalid:1'],
    discovery: { type: 'dns', timeout: 2000 },
  });
  const { status, headers } = await rig.ask();
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  rig.proxy.setBackends('/', [rig.list[0]!.url]);
  expect(await rig.run(1)).toBe('0');
});

it('RFC 9110 §7.6.3: a backend that is the proxy itself ends in 508, and never in a loop', async () => {
  const proxy = createServer({ logger: null, backend: ['http://127.0.0.1:1'], via: 'edge' });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  proxy.setBackends('/', [`http://127.0.0.1:${port}`]);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(508);
  expect(proxy.backends()[0]).toMatchObject({ totalRequests: 1, state: 'healthy' });
});

it('one backend after another: all down, one left, all back', async () => {
  const rig = await start(3, {
    loadBalancing: 'round-robin',
    outlierDetection: { consecutiveFailures: 1, ejectionTime: 30, maxEjectedPercent: 100 },
  });
  await rig.list[0]!.die();
  await rig.list[1]!.die();
  expect(await rig.run(6)).toBe('222222');
  await rig.list[2]!.die();
  expect((await rig.ask()).status).toBeGreaterThanOrEqual(502);
  for (const backend of rig.list) await backend.start();
  await eventually(
    () => rig.proxy.backends().every(({ state }) => state === 'healthy'),
    'the end of the ejections',
  );
  // Who was ejected once more on a slow machine has turns to make up for.
  await rig.run(6);
  expect(sorted(await rig.run(6))).toBe('001122');
});
