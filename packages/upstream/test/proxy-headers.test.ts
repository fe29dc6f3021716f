/** `sendProxyProtocol`: connections to backends that begin with a header, and are a client's own. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import { createPool, type PoolOptions } from '../src/index.ts';
import { Client } from './client.ts';
import { FakeNetwork } from './fake-network.ts';
import { type Bench, bench, type Setup, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const answer = (connection: OriginConnection) => connection.write(reply);

const client = (port: number, multiplexed = false): Client =>
  new Client(
    {
      source: { address: '192.0.2.1', port },
      destination: { address: '198.51.100.2', port: 443 },
    },
    multiplexed,
  );
const line = (port: number): string => `PROXY TCP4 192.0.2.1 198.51.100.2 ${port} 443\r\n`;
const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex').toString('latin1');

const v1: PoolOptions = { sendProxyProtocol: 'v1' };
const v2: PoolOptions = { sendProxyProtocol: 'v2' };

const headed = (pool: PoolOptions = v1, onRequest = answer, more: Setup = {}): Promise<Bench> =>
  bench(onRequest, { ...more, pool: { ...pool, ...more.pool } });

/** Where the requests on each connection begin. */
const starts = (it: Bench): string[] =>
  it.origin.connections.map(({ received }) => received.slice(0, received.indexOf('GET ')));

describe('the header', () => {
  test('v1: comes before the request, once', async () => {
    const it = await headed();
    const a = client(1);
    for (let i = 0; i < 3; i++) expect((await it.send(a.request()).done).body).toBe('ok');
    expect(starts(it)).toEqual([line(1)]);
    const [connection] = it.origin.connections;
    expect([connection?.requests, connection?.received.split('PROXY').length]).toEqual([3, 2]);
    await it.settle({ open: 1, idle: 1 });
    a.close();
    await it.settle({ open: 0 });
    expect(a.listeners.size).toBe(0);
  });

  test('v2: with the addresses in binary', async () => {
    const it = await headed(v2);
    await it.send(client(54321).request()).done;
    const hex = '0d0a0d0a000d0a515549540a2111000cc0000201c6336402d43101bb';
    expect(starts(it)).toEqual([Buffer.from(hex, 'hex').toString('latin1')]);
  });

  test.for([
    ['v1', 'PROXY UNKNOWN\r\n'],
    ['v2', local],
  ] as const)('%s: of nobody’s request, whose connection is closed', async ([version, start]) => {
    const it = await headed({ sendProxyProtocol: version });
    for (const request of [get(), get('/', { client: null })]) {
      expect((await it.send(request).done).body).toBe('ok');
      await it.settle({ open: 0 });
    }
    expect(starts(it)).toEqual([start, start]);
  });

  test('is sent to a Unix socket as well', async () => {
    const path = join(tmpdir(), `reverseit-header-${process.pid}.sock`);
    rmSync(path, { force: true });
    const it = await headed(v1, answer, { origin: { path }, via: { unixSocket: path } });
    expect((await it.send(client(7).request()).done).body).toBe('ok');
    expect(starts(it)).toEqual([line(7)]);
  });

  test('goes to the address that wins, and to no other (RFC 8305 §5)', async () => {
    const network = new FakeNetwork({ '127.0.0.2': 'refuses', '127.0.0.1': 'connects' });
    const it = await headed(v1, answer, { network });
    const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'backend.test'));
    expect((await it.send(client(3).request(), null, to).done).body).toBe('ok');
    expect(starts(it)).toEqual([line(3)]);
  });

  test('comes with a body and with an upgrade', async () => {
    const it = await headed(v1, (connection) =>
      connection.write(
        connection.received.includes('upgrade: websocket')
          ? 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
          : reply,
      ),
    );
    const [a, b] = [client(1), client(2)];
    const post = { ...a.request(), method: 'POST', body: Buffer.from('content') };
    expect((await it.send(post).done).body).toBe('ok');
    const sent = await it.upgrade(b.request()).done;
    expect(sent.events).toEqual(['switch 101']);
    const [first, second] = it.origin.connections;
    expect(first?.received.startsWith(`${line(1)}POST / `)).toBe(true);
    expect(second?.received.startsWith(`${line(2)}GET / `)).toBe(true);
    await it.settle({ open: 1, switched: 1 });
    sent.socket?.on('error', () => {}).destroy();
  });
});

describe('over TLS', () => {
  const { ca, server } = testCertificates();

  /** A TLS server that takes 28 bytes before its handshake begins. */
  async function startServer(onHeader: (header: string) => void, refuse = false) {
    const secure = createTlsServer(server, (socket) => {
      socket.on('error', () => {}).on('data', () => socket.write(reply));
    });
    secure.on('tlsClientError', () => {});
    const open = new Set<Socket>();
    const plain = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
      socket.once('readable', () => {
        onHeader((socket.read(28) as Buffer | null)?.toString('hex') ?? '');
        if (refuse) socket.resetAndDestroy();
        else secure.emit('connection', socket);
      });
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as { port: number };
    return {
      port,
      close: async () => {
        for (const socket of open) socket.destroy();
        plain.close();
        await once(plain, 'close');
      },
    };
  }

  const header = '0d0a0d0a000d0a515549540a2111000cc0000201c6336402000901bb';

  test.for(['127.0.0.1', 'localhost'])('%s: it comes before the handshake', async (host) => {
    const headers: string[] = [];
    const backend = await startServer((one) => headers.push(one));
    const it = await headed({ ...v2, tls: { ca } });
    const to = it.pool.origin(`https://${host}:${backend.port}`);
    const a = client(9);
    for (let i = 0; i < 2; i++) {
      expect((await it.send(a.request(), null, to).done).body).toBe('ok');
      await it.settle({ idle: 1 });
    }
    expect(headers).toEqual([header]);
    a.close();
    await it.settle({ open: 0 });
    await backend.close();
  });

  test('a backend that resets after it: a failed handshake', async () => {
    const backend = await startServer(() => {}, true);
    const it = await headed({ ...v2, tls: { ca } });
    const to = it.pool.origin(`https://127.0.0.1:${backend.port}`);
    const sent = await it.send(client(9).request(), null, to).done;
    expect(sent.events).toEqual(['UPSTREAM_TLS']);
    await it.settle({ open: 0 });
    await backend.close();
  });

  test('nobody listens: a failure to connect, and an abort meanwhile is no failure', async () => {
    const backend = await startServer(() => {});
    await backend.close();
    const it = await headed({ ...v2, tls: { ca } });
    const to = it.pool.origin(`https://127.0.0.1:${backend.port}`);
    expect((await it.send(client(9).request(), null, to).done).events).toEqual([
      'UPSTREAM_CONNECT',
    ]);
    it.send(client(9).request(), null, to).abort();
    await it.settle({ open: 0 });
  });
});

describe('whose a connection is', () => {
  test('two clients never share one, and neither does a client with nobody', async () => {
    const it = await headed();
    const [a, b] = [client(1), client(2)];
    for (let i = 0; i < 3; i++) {
      for (const one of [a, b]) expect((await it.send(one.request()).done).body).toBe('ok');
    }
    await it.send().done;
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([3, 3, 1]);
    expect(starts(it)).toEqual([line(1), line(2), 'PROXY UNKNOWN\r\n']);
  });

  test('requests of a client that overlap have one each; they stay its own', async () => {
    const waiting: OriginConnection[] = [];
    const it = await headed(v1, (connection) => waiting.push(connection));
    const a = client(1, true);
    for (const round of [1, 2]) {
      const sent = [1, 2, 3].map(() => it.send(a.request()));
      while (waiting.length < 3) await turns(1);
      for (const connection of waiting.splice(0)) answer(connection);
      for (const { done } of sent) expect((await done).body).toBe('ok');
      await it.settle({ open: 3, idle: 3 });
      expect([round, starts(it)]).toEqual([round, [line(1), line(1), line(1)]]);
    }
    expect(a.listeners.size).toBe(1);
    a.close();
    await it.settle({ open: 0 });
  });

  test('poolSize counts all; an idle one of another client makes room at once', async () => {
    const it = await headed({ ...v1, poolSize: 2 });
    const [a, b, c] = [client(1), client(2), client(3)];
    for (const one of [a, b, c, a, b, c]) {
      expect((await it.send(one.request()).done).body).toBe('ok');
      await it.settle({ active: 0, waiting: 0 });
      expect(it.counts.open).toBeLessThanOrEqual(2);
    }
    expect(it.to.hasRoom).toBe(true);
  });

  test('poolSize: who waits gets the connection of its own client, or else a new one', async () => {
    const waiting: OriginConnection[] = [];
    const it = await headed({ ...v1, poolSize: 1 }, (connection) => waiting.push(connection));
    const [a, b] = [client(1, true), client(2, true)];
    const sent = [a, a, b].map((one) => it.send(one.request()));
    for (let i = 0; i < 3; i++) {
      while (waiting.length === 0) await turns(1);
      answer(waiting.pop()!);
      expect((await sent[i]!.done).body).toBe('ok');
    }
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([2, 1]);
    expect(starts(it)).toEqual([line(1), line(2)]);
  });

  test('poolCount: the request goes where its connection is', async () => {
    const it = await headed({ ...v1, poolCount: 3 });
    const a = client(1);
    for (let i = 0; i < 4; i++) {
      await it.send(a.request()).done;
      await it.settle({ idle: 1 });
    }
    expect(it.origin.connections).toHaveLength(1);
  });

  test('a lost connection is replaced by one with the same header', async () => {
    const it = await headed();
    const a = client(1);
    await it.send(a.request()).done;
    await it.settle({ idle: 1 });
    // It closes while the next request is on its way.
    const [first] = it.origin.connections;
    const sent = it.send(a.request());
    first!.reset();
    expect((await sent.done).body).toBe('ok');
    expect(starts(it).slice(0, 2)).toEqual([line(1), line(1)]);
  });

  test('a login of a client that carries several requests is kept for nobody', async () => {
    const it = await headed();
    const a = client(1, true);
    await it.send(a.request('Authorization', 'NTLM one')).done;
    await it.settle({ open: 0 });
    const b = client(2);
    await it.send(b.request('Authorization', 'NTLM one')).done;
    await it.settle({ open: 1, idle: 1 });
  });

  test('connMaxRequests, connMaxIdleTime and one-shot hold', async () => {
    const it = await headed({ ...v1, connMaxRequests: 2, connMaxIdleTime: 3000 });
    const a = client(1);
    for (let i = 0; i < 3; i++) await it.send(a.request()).done;
    await it.settle({ open: 1, idle: 1 });
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([2, 1]);
    it.clock.advance(3000);
    await it.settle({ open: 0 });
    const once = it.pool.origin(it.origin.url, { connection: 'one-shot' });
    for (let i = 0; i < 2; i++) await it.send(a.request(), null, once).done;
    await it.settle({ open: 0 });
    expect(starts(it)).toEqual(Array(4).fill(line(1)));
    expect(a.listeners.size).toBe(0);
  });
});

describe('hostile peers', () => {
  test('a client that leaves while it is connected, asked or answered', async () => {
    const asked: OriginConnection[] = [];
    const it = await headed(v1, (connection) => asked.push(connection));
    const [a, b, c] = [client(1), client(2), client(3)];
    it.send(a.request()).abort();
    a.close();
    const second = it.send(b.request());
    while (asked.length === 0) await turns(1);
    second.abort();
    b.close();
    asked.length = 0;
    const third = it.send(c.request());
    while (asked.length === 0) await turns(1);
    c.close();
    answer(asked[0]!);
    expect((await third.done).body).toBe('ok');
    await it.settle({ open: 0, idle: 0, active: 0 });
    for (const { listeners } of [a, b, c]) expect(listeners.size).toBe(0);
  });

  test('a client that has left before a connection is opened: nothing is sent', async () => {
    const it = await headed();
    const a = client(1);
    a.closed = true;
    expect((await it.send(a.request()).done).events).toEqual(['CLIENT_ABORTED']);
    expect(it.origin.connections).toEqual([]);
  });

  test('a backend that resets at once', async () => {
    const it = await headed(v1, (connection) => connection.reset());
    const a = client(1);
    expect((await it.send(a.request()).done).events).toEqual(['UPSTREAM_RESET']);
    await it.settle({ open: 0 });
    expect(a.listeners.size).toBe(0);
  });

  test('a thousand clients, one after the other, leave nothing behind', async () => {
    const it = await headed(v2);
    for (let i = 1; i <= 1000; i++) {
      const one = client(i);
      expect((await it.send(one.request()).done).body).toBe('ok');
      one.close();
      expect([one.listeners.size, it.counts.idle]).toEqual([expect.any(Number), 0]);
    }
    await it.settle({ open: 0 });
    expect(it.origin.mostOpen).toBeLessThan(50);
  });
});

test('HTTP/2 backends: a ConfigError', () => {
  for (const protocols of [['http2'], ['http1', 'http2']] as const) {
    expect(() => createPool({ sendProxyProtocol: 'v2', protocols })).toThrow(
      /sendProxyProtocol: .*set protocols to/,
    );
  }
});
