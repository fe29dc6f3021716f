/** `pool.sendProxyProtocol`: backends learn of each client by a PROXY protocol header; HAProxy and nginx among them. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRaw, eventually, type RawClient } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  available,
  startConfiguredHaproxy,
  startConfiguredNginx,
} from '@reverseit/test-servers/external-servers';
import {
  type HeaderedAnswer,
  type HeaderedBackendOptions,
  startHeaderedBackend,
} from '@reverseit/test-servers/headered-backend';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  createHandler,
  createServer,
  isReverseItError,
  type ListenAddress,
  type ReverseItOptions,
} from '../src/index.ts';
import {
  ask as askOverHttp2,
  closeSessions,
  listenerKinds,
  listeners,
  openSession,
} from './http2-clients-rig.ts';
import { whenIdle } from './when-idle.ts';

useCensus();
const use = useCleanup();
afterEach(closeSessions);
const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const versions = ['v1', 'v2'] as const;
const get = (target = '/'): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function startBackend(options: HeaderedBackendOptions = {}) {
  return use(await startHeaderedBackend(options));
}

async function startProxy(
  options: ReverseItOptions,
  listen: ListenAddress = { host: '127.0.0.1', port: 0 },
) {
  const proxy = createServer({ logger: null, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen(listen);
  return { proxy, port: 'port' in address ? address.port : 0 };
}

function whenClosed(
  backend: Awaited<ReturnType<typeof startBackend>>,
  proxy: ReturnType<typeof createServer>,
): Promise<unknown> {
  const isClosed = () => backend.open === 0 && proxy.stats().pools[0]?.open === 0;
  return eventually(isClosed, 'every connection to close at both ends');
}

async function connect(port: number): Promise<RawClient> {
  return use(await connectRaw({ port }));
}

async function ask(client: RawClient, request = get()): Promise<HeaderedAnswer> {
  const { status, text } = await client.request(request);
  expect([status, text]).toEqual([200, expect.stringContaining('{')]);
  return JSON.parse(text) as HeaderedAnswer;
}

const addressOf = (client: RawClient): string => `127.0.0.1:${client.socket.localPort}`;

describe.each(versions)('%s', (sendProxyProtocol) => {
  const version = sendProxyProtocol === 'v1' ? 1 : 2;
  const own = { version, command: version === 1 ? 'unknown' : 'local', source: '', fields: [] };

  it('tells the two ends of the client’s connection, which has one to the backend', async () => {
    const backend = await startBackend();
    const { proxy, port } = await startProxy({ backend: backend.url, pool: { sendProxyProtocol } });
    const [one, other] = [await connect(port), await connect(port)];
    for (const target of ['/1', '/2', '/3']) {
      for (const [connection, client] of [one, other].entries()) {
        expect(await ask(client, get(target))).toEqual({
          version,
          command: 'proxy',
          source: addressOf(client),
          destination: `127.0.0.1:${port}`,
          fields: [],
          connection,
          target,
          body: '',
        });
      }
    }
    expect([backend.headers.length, backend.open]).toEqual([2, 2]);
    await one.close();
    await eventually(() => backend.open === 1, 'the connection of the one to close');
    expect((await ask(other)).connection).toBe(1);
    await other.close();
    await eventually(() => backend.open === 0, 'the connection of the other to close');
    await whenIdle(proxy);
  });

  it('carries bodies', async () => {
    const backend = await startBackend();
    const { port } = await startProxy({ backend: backend.url, pool: { sendProxyProtocol } });
    const client = await connect(port);
    for (const framing of [
      'Content-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ]) {
      const answer = await ask(client, `POST / HTTP/1.1\r\nHost: a\r\n${framing}`);
      expect([answer.body, answer.connection]).toEqual(['hello', 0]);
    }
  });

  it('comes before TLS', async () => {
    const { ca, server } = testCertificates();
    const backend = await startBackend({ tls: server });
    for (const host of ['127.0.0.1', 'localhost']) {
      const { proxy, port } = await startProxy({
        backend: backend.url.replace('127.0.0.1', host),
        pool: { sendProxyProtocol, tls: { ca } },
      });
      const client = await connect(port);
      const first = await ask(client);
      expect(first).toMatchObject({ source: addressOf(client), command: 'proxy' });
      await eventually(() => proxy.stats().pools[0]!.idle === 1, 'the connection to be idle');
      expect((await ask(client)).connection).toBe(first.connection);
    }
  });

  it('goes to a Unix socket, and is that of nobody for a client on one', async () => {
    const path = join(folder, `${sendProxyProtocol}-backend.sock`);
    const front = join(folder, `${sendProxyProtocol}-front.sock`);
    await startBackend({ path });
    const options: ReverseItOptions = {
      backend: 'http://app',
      unixSocket: path,
      pool: { sendProxyProtocol },
    };
    const { port } = await startProxy(options);
    const client = await connect(port);
    expect(await ask(client)).toMatchObject({ source: addressOf(client), command: 'proxy' });
    await startProxy(options, { path: front });
    const local = use(await connectRaw({ socketPath: front }));
    for (const target of ['/1', '/2']) {
      expect(await ask(local, get(target))).toMatchObject({ ...own, connection: 1, target });
    }
  });

  it('comes with a WebSocket', async () => {
    const backend = await startBackend();
    const { port } = await startProxy({ backend: backend.url, pool: { sendProxyProtocol } });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    const [{ data }] = (await once(socket, 'message')) as [{ data: string }];
    const answer = JSON.parse(data) as HeaderedAnswer;
    expect(answer).toMatchObject({ version, command: 'proxy', target: '/socket' });
    expect(answer.source).toMatch(/^127\.0\.0\.1:\d+$/);
    socket.close();
    await once(socket, 'close');
    await eventually(() => backend.open === 0, 'the connection to close');
  });

  it.each(listenerKinds)('HTTP/2 %s: streams of a session share its address', async (kind) => {
    const held: (() => void)[] = [];
    const backend = await startBackend({
      onRequest: (_, answer) => {
        held.push(answer);
        if (held.length >= 3) for (const one of held.splice(0)) one();
      },
    });
    const { port } = await startProxy({
      backend: backend.url,
      pool: { sendProxyProtocol },
      ...listeners[kind](),
    });
    const [session, other] = [await openSession(kind, port), await openSession(kind, port)];
    const addresses = [session, other].map(({ socket }) => `127.0.0.1:${socket.localPort}`);
    for (const round of [1, 2]) {
      for (const [nth, one] of [session, other].entries()) {
        const answers = await Promise.all(
          ['/a', '/b', '/c'].map((path) => askOverHttp2(one, { ':path': path })),
        );
        const sources = answers.map(({ body }) => JSON.parse(body.toString()).source as string);
        expect([round, sources]).toEqual([round, Array(3).fill(addresses[nth])]);
      }
    }
    // One for each request at the same time.
    expect(backend.headers).toHaveLength(6);
    await closeSessions();
    await eventually(() => backend.open === 0, 'the connections to close');
  });

  it('several backends: each gets it, also with a retry, and checks are our own', async () => {
    const dying = createNetServer((socket: Socket) => {
      socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
    }).listen(0, '127.0.0.1');
    await once(dying, 'listening');
    use({ close: () => new Promise((resolve) => dying.close(resolve)) });
    const backends = [await startBackend(), await startBackend()];
    const { port } = await startProxy({
      backend: [
        `http://127.0.0.1:${(dying.address() as AddressInfo).port}`,
        ...backends.map(({ url }) => url),
      ],
      loadBalancing: 'round-robin',
      outlierDetection: { consecutiveFailures: 0 },
      healthCheck: { interval: 20, unhealthyThreshold: 100 },
      pool: { sendProxyProtocol },
    });
    const client = await connect(port);
    for (let i = 0; i < 6; i++) {
      expect(await ask(client)).toMatchObject({ source: addressOf(client), command: 'proxy' });
    }
    for (const { headers } of backends) {
      await eventually(() => headers.some(({ command }) => command !== 'proxy'), 'a check');
      expect(headers.filter(({ command }) => command === 'proxy')).toHaveLength(1);
      expect(headers.find(({ command }) => command !== 'proxy')).toMatchObject(own);
    }
  });

  it('a check of another port is of a service that knows no header', async () => {
    const seen: Buffer[] = [];
    const plain = createNetServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => {
        seen.push(chunk);
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    use({ close: () => new Promise((resolve) => plain.close(resolve)) });
    const backends = [await startBackend(), await startBackend()];
    await startProxy({
      backend: backends.map(({ url }) => url),
      healthCheck: { interval: 20, port: (plain.address() as AddressInfo).port },
      pool: { sendProxyProtocol },
    });
    await eventually(() => seen.length > 0, 'a check');
    expect(seen[0]!.toString('latin1', 0, 6)).toBe('GET / ');
  });

  it('middleware on node:http', async () => {
    const backend = await startBackend();
    const handler = createHandler({
      backend: backend.url,
      logger: null,
      pool: { sendProxyProtocol },
    });
    const server = createHttpServer(handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    use({
      close: async () => {
        server.closeAllConnections();
        server.close();
        await handler.close();
      },
    });
    const { port } = server.address() as AddressInfo;
    const [one, other] = [await connect(port), await connect(port)];
    for (let i = 0; i < 2; i++) {
      for (const [connection, client] of [one, other].entries()) {
        const destination = `127.0.0.1:${port}`;
        expect(await ask(client)).toMatchObject({
          source: addressOf(client),
          destination,
          connection,
        });
      }
    }
    await one.close();
    await other.close();
    await eventually(() => backend.open === 0, 'the connections to close');
  });

  it('middleware on node:http2', async () => {
    const backend = await startBackend();
    const handler = createHandler({
      backend: backend.url,
      logger: null,
      pool: { sendProxyProtocol },
    });
    const server: Http2SecureServer = createSecureServer(testCertificates().server, handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    use({
      close: async () => {
        await closeSessions();
        server.close();
        await handler.close();
      },
    });
    const { port } = server.address() as AddressInfo;
    const session = await openSession('over TLS', port);
    const source = `127.0.0.1:${session.socket.localPort}`;
    for (let i = 0; i < 2; i++) {
      const { body } = await askOverHttp2(session, { ':path': '/' });
      expect(JSON.parse(body.toString())).toMatchObject({ source, connection: 0 });
    }
    await closeSessions();
    await eventually(() => backend.open === 0, 'the connections to close');
  });

  it('what a trusted proxy has told is passed on', async () => {
    const backend = await startBackend();
    const { port } = await startProxy({
      backend: backend.url,
      proxyProtocol: { from: 'loopback' },
      pool: { sendProxyProtocol },
    });
    const client = await connect(port);
    client.send(`PROXY TCP6 2001:db8::1 2001:db8::2 54321 443\r\n${get()}`);
    const ends = { source: '2001:db8::1:54321', destination: '2001:db8::2:443' };
    expect(JSON.parse((await client.readResponse()).text)).toMatchObject(ends);
    expect(await ask(client)).toMatchObject({ ...ends, connection: 0 });
  });

  it('hostile: a client that leaves in the middle, and a backend that resets after the header', async () => {
    let asked = 0;
    const backend = await startBackend({
      onRequest: (request, answer) => {
        asked++;
        if (request.url === '/reset') request.socket.resetAndDestroy();
        else if (request.url !== '/hang') answer();
      },
    });
    const { proxy, port } = await startProxy({ backend: backend.url, pool: { sendProxyProtocol } });
    const leaving = await connect(port);
    leaving.send(get('/hang'));
    await eventually(() => asked === 1, 'the request to arrive');
    leaving.socket.resetAndDestroy();
    await eventually(() => backend.open === 0, 'the connection to close');
    const client = await connect(port);
    expect((await client.request(get('/reset'))).status).toBe(502);
    expect(await ask(client)).toMatchObject({ source: addressOf(client), command: 'proxy' });
    await client.close();
    await whenIdle(proxy);
    await eventually(() => backend.open === 0, 'the connections to close');
  });

  it('pipelined requests go over the one connection', async () => {
    const backend = await startBackend();
    const { port } = await startProxy({ backend: backend.url, pool: { sendProxyProtocol } });
    const client = await connect(port);
    client.send(get('/1') + get('/2') + get('/3'));
    for (const target of ['/1', '/2', '/3']) {
      const answer = JSON.parse((await client.readResponse()).text) as HeaderedAnswer;
      expect([answer.target, answer.connection]).toEqual([target, 0]);
    }
  });

  it('is switched on and off at a reload', async () => {
    const backend = await startBackend();
    const plain = createHttpServer((_, response) => response.end('plain')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    use({
      close: () => {
        plain.closeAllConnections();
        plain.close();
      },
    });
    const off: ReverseItOptions = {
      logger: null,
      backend: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
    };
    const on: ReverseItOptions = {
      logger: null,
      backend: backend.url,
      pool: { sendProxyProtocol },
    };
    const { proxy, port } = await startProxy(off);
    const client = await connect(port);
    expect((await client.request(get())).text).toBe('plain');
    proxy.reload(on);
    expect(await ask(client)).toMatchObject({ source: addressOf(client), connection: 0 });
    proxy.reload(off);
    expect((await client.request(get())).text).toBe('plain');
    await eventually(() => backend.open === 0, 'the connection to close');
  });

  it('poolSize bounds clients that stay, and queues those that are served', async () => {
    const backend = await startBackend();
    const { proxy, port } = await startProxy({
      backend: backend.url,
      pool: { sendProxyProtocol, poolSize: 2 },
    });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(port)));
    for (let i = 0; i < 3; i++) {
      const answers = await Promise.all(clients.map((client) => ask(client)));
      expect(answers.map(({ source }) => source)).toEqual(clients.map(addressOf));
      expect(proxy.stats().pools[0]!.open).toBeLessThanOrEqual(2);
    }
    for (const client of clients) await client.close();
    await eventually(() => proxy.stats().pools[0]!.open === 0, 'the pool to be empty');
  });
});

it('a thousand clients, one after the other, leave no connection behind', async () => {
  const backend = await startBackend();
  const { proxy, port } = await startProxy({
    backend: backend.url,
    pool: { sendProxyProtocol: 'v2' },
  });
  for (let i = 0; i < 1000; i++) {
    const client = await connectRaw({ port });
    expect((await ask(client)).source).toBe(addressOf(client));
    await client.close();
  }
  await whenClosed(backend, proxy);
  const { open, idle, active, waiting } = proxy.stats().pools[0]!;
  expect([backend.headers.length, open, idle, active, waiting]).toEqual([1000, 0, 0, 0, 0]);
}, 60_000);

it('many clients at a small pool, peers that leave and backends that die: nobody gets the connection of another', async () => {
  let asked = 0;
  const backend = await startBackend({
    onRequest: (request, answer) => {
      asked++;
      if (asked % 13 === 0) request.socket.destroy();
      else if (asked % 5 === 0) setImmediate(answer);
      else answer();
    },
  });
  const { proxy, port } = await startProxy({
    backend: backend.url,
    pool: { sendProxyProtocol: 'v2', poolSize: 3, poolCount: 2 },
  });
  let served = 0;
  const one = async (nth: number): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      const client = await connectRaw({ port });
      const leaves = (nth + round) % 5 === 0;
      for (let i = 0; i < 4; i++) {
        if (leaves && i === 2) {
          client.send(get('/left'));
          break;
        }
        const { status, text } = await client.request(get());
        expect([200, 502]).toContain(status);
        if (status !== 200) continue;
        served++;
        expect((JSON.parse(text) as HeaderedAnswer).source).toBe(addressOf(client));
      }
      await client.close();
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, nth) => one(nth)));
  expect(served).toBeGreaterThan(100);
  await whenIdle(proxy);
  await whenClosed(backend, proxy);
  expect(proxy.stats().pools[0]).toMatchObject({ open: 0, idle: 0, active: 0, waiting: 0 });
});

describe('its value', () => {
  const faultOf = (options: ReverseItOptions): string => {
    try {
      createServer({ backend: 'http://a', logger: null, ...options });
    } catch (error) {
      if (isReverseItError(error)) return error.message;
    }
    return '';
  };

  it.each([
    [
      { pool: { sendProxyProtocol: 'v3' } },
      'pool.sendProxyProtocol: "v3" is not accepted; expected "v1", "v2" or false',
    ],
    [{ pool: { sendProxyProtocol: true } }, 'pool.sendProxyProtocol: true is not accepted'],
    [{ sendProxyProtocol: 'v1' }, 'set it inside pool: {sendProxyProtocol}'],
    [
      { pool: { sendProxyProtocol: 'v1', protocols: ['http2'] } },
      'pool.sendProxyProtocol: the header names one client, and HTTP/2 connections to backends serve several',
    ],
    [
      {
        routes: [
          { backend: 'http://a', pool: { sendProxyProtocol: 'v1', protocols: ['http1', 'http2'] } },
        ],
      },
      'routes[0].pool.sendProxyProtocol: the header names one client',
    ],
    [{ pool: { sendProxyProtocol: 'v1', protocols: ['http1'] } }, ''],
    [{ pool: { sendProxyProtocol: false, protocols: ['http2'] } }, ''],
  ])('%j', (options, message) => {
    const fault = faultOf(options as ReverseItOptions);
    expect(message === '' ? fault : fault.includes(message) || fault).toBe(
      message === '' ? '' : true,
    );
  });
});

describe.skipIf(!available('haproxy'))('HAProxy (skipped where it is not installed)', () => {
  /** Expects the header, and answers with what it has learned. */
  const startBehind = async (id = '') =>
    use(
      await startConfiguredHaproxy(
        (port) => `defaults
  mode http
  timeout client 10s
frontend front
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port] ${id}"
`,
      ),
    );

  it.each(versions)('accept-proxy, %s', async (sendProxyProtocol) => {
    const behind = await startBehind();
    const { proxy, port } = await startProxy({ backend: behind.url, pool: { sendProxyProtocol } });
    const clients = [await connect(port), await connect(port)];
    for (let i = 0; i < 2; i++) {
      for (const client of clients) {
        const { status, text } = await client.request(get());
        expect([status, text.trim()]).toEqual([200, `${addressOf(client)} 127.0.0.1:${port}`]);
      }
    }
    expect(proxy.stats().pools[0]).toMatchObject({ opened: 2, reused: 2 });
  });

  it('accept-proxy, v2: the name and the id that HAProxy in front has told', async () => {
    const behind = await startBehind('%[fc_pp_unique_id] %[fc_pp_authority]');
    const { port } = await startProxy({
      backend: behind.url,
      proxyProtocol: { from: 'loopback' },
      pool: { sendProxyProtocol: 'v2' },
    });
    const front = use(
      await startConfiguredHaproxy(
        (own) => `defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${own}
  unique-id-format id-%ci
  default_backend back
backend back
  server one 127.0.0.1:${port} send-proxy-v2 proxy-v2-options crc32c,unique-id
`,
      ),
    );
    const client = await connect(front.port);
    const { text } = await client.request(get());
    expect(text.trim()).toBe(`${addressOf(client)} 127.0.0.1:${front.port} id-127.0.0.1`);
  });
});

describe.skipIf(!available('nginx'))('nginx (skipped where it is not installed)', () => {
  it.each([
    ['v1', false],
    ['v2', false],
    ['v2', true],
  ] as const)('listen … proxy_protocol, %s (TLS: %s)', async (sendProxyProtocol, secure) => {
    const { ca, server } = testCertificates();
    const behind = use(
      await startConfiguredNginx(
        (port, { temporary }) => `http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port} ${secure ? 'ssl ' : ''}proxy_protocol;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    return 200 "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port $connection_requests";
  }
}`,
        { tls: server },
      ),
    );
    const { proxy, port } = await startProxy({
      backend: `${secure ? 'https' : 'http'}://127.0.0.1:${behind.port}`,
      pool: { sendProxyProtocol, tls: { ca } },
    });
    const clients = [await connect(port), await connect(port)];
    for (const nth of [1, 2]) {
      for (const client of clients) {
        const { status, text } = await client.request(get());
        expect([status, text]).toEqual([200, `${addressOf(client)} 127.0.0.1:${port} ${nth}`]);
      }
      await eventually(() => proxy.stats().pools[0]!.idle === 2, 'the connections to be idle');
    }
  });
});
