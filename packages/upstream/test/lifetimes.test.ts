/** Connections that are replaced by age or by use (`connMaxLifetime`, `connMaxRequests`). */
import type { ServerHttp2Stream } from 'node:http2';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import { FakeNetwork } from './fake-network.ts';
import { bench, turn } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const { ca, server: tls } = testCertificates();
const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const answer = (connection: OriginConnection) => connection.write(reply);
const lifetime = 60_000;
/** Nothing else may end a connection in these tests. */
const patient = { connMaxIdleTime: 0, connectTimeout: 0 };

describe.each([
  ['plain', {}],
  ['TLS', { tls }],
])('HTTP/1.1, %s', (_, origin) => {
  const start = (pool: object, onRequest = answer) =>
    bench(onRequest, { origin, pool: { ...patient, tls: { ca }, ...pool } });

  test('an idle connection ends when its time is over', async () => {
    const it = await start({ connMaxLifetime: lifetime });
    await it.send().done;
    await it.settle({ idle: 1 });
    it.clock.advance(0.9 * lifetime - 1);
    expect(it.counts.idle).toBe(1);
    it.clock.advance(0.1 * lifetime + 1);
    await it.settle({ open: 0 });
    await it.origin.connections[0]!.untilClosed();
  });

  test('a request under way is not cut; its connection takes no other', async () => {
    const it = await start({ connMaxLifetime: lifetime, poolSize: 1 }, () => {});
    const first = it.send(get(), { responseHeaderTimeout: 0, upstreamIdleTimeout: 0 });
    const connection = await it.origin.connection();
    await connection.until(() => connection.requests === 1);
    connection.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
    await first.headSeen;
    it.clock.advance(2 * lifetime);
    const second = it.send(get(), { poolTimeout: 0 });
    expect(it.counts).toMatchObject({ open: 1, active: 1, waiting: 1 });
    connection.write('cd');
    expect((await first.done).body).toBe('abcd');
    const other = await it.origin.connection(1);
    await other.until(() => other.requests === 1);
    other.write(reply);
    expect((await second.done).body).toBe('ok');
    await connection.untilClosed();
    expect([connection.requests, other.requests]).toEqual([1, 1]);
  });

  test('used all the time, it is replaced all the same', async () => {
    const it = await start({ connMaxLifetime: lifetime, poolSize: 1 });
    for (let i = 0; i < 40; i++) {
      expect((await it.send().done).body).toBe('ok');
      it.clock.advance(lifetime / 10);
    }
    // Each carries 10 or 9, or one less where its time ended before the request was sent.
    const counts = it.origin.connections.map(({ requests }) => requests);
    expect(Math.max(...counts)).toBeLessThanOrEqual(10);
    expect(counts.slice(0, -1).every((count) => count >= 8)).toBe(true);
  });

  test.each([1, 3])('connMaxRequests: %i', async (connMaxRequests) => {
    const it = await start({ connMaxRequests, poolSize: 1 });
    const all = Array.from({ length: 7 }, () => it.send());
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    const counts = it.origin.connections.map(({ requests }) => requests);
    expect(counts).toEqual(connMaxRequests === 1 ? [1, 1, 1, 1, 1, 1, 1] : [3, 3, 1]);
    await it.settle({ open: connMaxRequests === 1 ? 0 : 1 });
  });

  test('connections of one age do not end all at once', async () => {
    const it = await start({ connMaxLifetime: lifetime, poolSize: 48 });
    await Promise.all(Array.from({ length: 48 }, () => it.send().done));
    await it.settle({ idle: 48 });
    let left = 48;
    for (let at = 0.9; at < 1; at += 0.01) {
      it.clock.advance(at === 0.9 ? at * lifetime : 0.01 * lifetime);
      await it.settle({ open: it.counts.idle });
      expect(left - it.counts.open).toBeLessThanOrEqual(9);
      left = it.counts.open;
    }
  });

  test('a switched protocol lives on', async () => {
    const it = await start({ connMaxLifetime: lifetime, connMaxRequests: 1 }, (connection) => {
      connection.write('HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    });
    const sent = it.upgrade();
    const { socket } = await sent.done;
    socket!.on('error', () => {});
    it.clock.advance(2 * lifetime);
    it.origin.connections[0]!.write('frame');
    const chunk = await new Promise((resolve) => {
      socket!.once('data', resolve).resume();
    });
    expect(String(chunk)).toBe('frame');
    socket!.destroy();
    await it.settle({ switched: 0 });
  });
});

test('without limits nothing is timed', async () => {
  const it = await bench(answer, { pool: patient });
  await it.send().done;
  await it.settle({ idle: 1 });
  // The queues of timeouts that were armed tick on.
  const pending = it.clock.timers.size;
  for (let i = 0; i < 5; i++) await it.send().done;
  expect(it.clock.timers.size).toBe(pending);
  it.clock.advance(1e9);
  expect(it.counts.idle).toBe(1);
});

test('DNS that moves is followed while the pool is busy', async () => {
  const network = new FakeNetwork({ '192.0.2.1': 'connects' });
  const waiting: OriginConnection[] = [];
  const it = await bench((connection) => waiting.push(connection), {
    network,
    pool: { ...patient, connMaxLifetime: lifetime, poolSize: 2 },
    limits: { responseHeaderTimeout: 0, upstreamIdleTimeout: 0, poolTimeout: 0 },
  });
  const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'backend.test'));
  // Two are under way at any moment, so that no connection is ever idle.
  const all = Array.from({ length: 30 }, (_, i) => it.send(get(`/${i}`), null, to));
  for (let i = 0; i < all.length; i++) {
    while (waiting.length < Math.min(2, all.length - i)) await turn();
    if (i === 10) {
      network.fates = { '192.0.2.2': 'connects' };
      expect(new Set(network.addresses)).toEqual(new Set(['192.0.2.1']));
      it.clock.advance(lifetime);
    }
    waiting.shift()!.write(reply);
  }
  for (const sent of all) expect((await sent.done).body).toBe('ok');
  expect(network.addresses).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2']);
});

describe.each([
  ['h2c', false],
  ['TLS', true],
])('HTTP/2 over %s', (_, secure) => {
  const start = (pool: object, onStream: (stream: ServerHttp2Stream) => void) =>
    http2Bench(onStream, { tls: secure, pool: { ...patient, ...pool } });
  const respond = (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  };

  test('a stream under way is not cut; new requests go to a new session', async () => {
    const streams: ServerHttp2Stream[] = [];
    const it = await start({ connMaxLifetime: lifetime }, (stream) => streams.push(stream));
    const limits = { responseHeaderTimeout: 0, upstreamIdleTimeout: 0 };
    const first = it.send(get(), limits);
    await it.until(() => streams.length === 1);
    it.clock.advance(lifetime);
    const second = it.send(get(), limits);
    await it.until(() => streams.length === 2);
    expect(it.backend.connections).toBe(2);
    expect(it.counts).toMatchObject({ open: 2, active: 2 });
    respond(streams[0]!);
    expect((await first.done).body).toBe('ok');
    await it.settle({ open: 1, active: 1 });
    respond(streams[1]!);
    expect((await second.done).body).toBe('ok');
    await it.settle({ open: 1, idle: 1 });
    it.clock.advance(lifetime);
    await it.settle({ open: 0 });
  });

  test('connMaxRequests, one after another and all at once', async () => {
    const it = await start({ connMaxRequests: 3 }, respond);
    for (let i = 0; i < 7; i++) expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(3);
    const all = Array.from({ length: 8 }, () => it.send());
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    // 2 on the third, then 3 and 3.
    expect(it.backend.connections).toBe(5);
    await it.settle({ open: 0 });
  });

  test('a burst that a new session has no room for does not count as used', async () => {
    const it = await http2Bench(respond, {
      tls: secure,
      pool: { ...patient, connMaxRequests: 4, poolSize: 1 },
      server: { settings: { maxConcurrentStreams: 1 } },
    });
    const all = Array.from({ length: 4 }, () => it.send());
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    expect(it.backend.connections).toBe(1);
    await it.settle({ open: 0 });
  });
});
