import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPool } from '../src/index.ts';
import { bench, turn, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const answer = (connection: OriginConnection) => connection.write(reply);

test('never more sockets than poolSize, in order of arrival', async () => {
  const waiting: OriginConnection[] = [];
  const it = await bench((connection) => waiting.push(connection), { pool: { poolSize: 3 } });
  const all = Array.from({ length: 30 }, (_, i) => it.send(get(`/${i}`)));
  expect(it.counts).toEqual({ open: 3, idle: 0, active: 3, waiting: 27, switched: 0 });
  const order: number[] = [];
  for (let i = 0; i < 30; i++) {
    while (waiting.length < Math.min(3, 30 - i)) await turn();
    const connection = waiting.shift()!;
    order.push(Number(connection.received.split('GET /').at(-1)?.split(' ')[0]));
    connection.write(reply);
  }
  await Promise.all(all.map(({ done }) => done));
  // The first three connect side by side.
  expect([...order.slice(0, 3).sort(), ...order.slice(3)]).toEqual(Array.from(all.keys()));
  expect(it.origin.mostOpen).toBe(3);
  expect(it.origin.connections).toHaveLength(3);
  await it.settle({ open: 3, idle: 3, waiting: 0 });
  expect(it.pool.stats()).toMatchObject({ opened: 3, reused: 27 });
});

test('the connection that was used last is taken first', async () => {
  const it = await bench(answer, { pool: { poolSize: 3 } });
  await Promise.all([it.send().done, it.send().done, it.send().done]);
  await turns(3);
  for (let i = 0; i < 5; i++) await it.send().done;
  const counts = it.origin.connections.map(({ requests }) => requests).sort();
  expect(counts).toEqual([1, 1, 6]);
});

test('poolCount: as many pools, served in turn, past full ones', async () => {
  const it = await bench(() => {}, { pool: { poolSize: 2, poolCount: 3 } });
  for (let i = 0; i < 8; i++) it.send();
  expect(it.counts).toMatchObject({ open: 6, active: 6, waiting: 2 });
});

test('a full queue refuses at once: 1024, or ten times poolSize', async () => {
  const it = await bench(() => {}, { pool: { poolSize: 1 } });
  for (let i = 0; i < 1025; i++) it.send();
  expect(it.counts.waiting).toBe(1024);
  const sent = await it.send().done;
  expect(sent.events).toEqual(['UPSTREAM_QUEUE_FULL']);
  expect(sent.error?.status).toBe(503);
});

test('the same backend shares its connections, another does not', async () => {
  const it = await bench(answer);
  const { port } = new URL(it.origin.url);
  await it.send().done;
  await turns(2);
  await it.send(get(), null, it.pool.origin(new URL(`ws://127.0.0.1:${port}/prefix?q`))).done;
  expect(it.origin.connections).toHaveLength(1);
  await it.send(get(), null, it.pool.origin(`http://localhost:${port}`)).done;
  expect(it.origin.connections).toHaveLength(2);
  expect(it.pool.stats().origins.map(({ origin, open }) => [origin, open])).toEqual([
    [`http://127.0.0.1:${port}`, 1],
    [`http://localhost:${port}`, 1],
  ]);
});

test('one-shot and pooled requests share poolSize; an idle connection makes room', async () => {
  const it = await bench(answer, { pool: { poolSize: 1 } });
  const oneShot = it.pool.origin(it.origin.url, { connection: 'one-shot' });
  await it.send().done;
  await it.settle({ idle: 1 });
  const sent = it.send(get(), null, oneShot);
  const next = it.send();
  expect((await sent.done).body).toBe('ok');
  expect((await next.done).body).toBe('ok');
  expect(it.origin.connections.map(({ requests }) => requests)).toEqual([1, 1, 1]);
  await it.settle({ open: 1, idle: 1 });
});

test('IPv6 literal', async () => {
  const it = await bench(answer, { origin: { host: '::1' } });
  expect((await it.send().done).body).toBe('ok');
});

test('unix socket: another transport, the same request', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'upstream-'));
  const path = join(directory, 'backend.sock');
  const it = await bench(answer, { origin: { path }, via: { unixSocket: path } });
  expect((await it.send().done).body).toBe('ok');
  expect(it.pool.stats().origins[0]?.origin).toBe(`http://127.0.0.1:1 (unix:${path})`);
  const absent = it.send(get(), null, it.pool.origin(it.origin.url, { unixSocket: `${path}.not` }));
  expect((await absent.done).events).toEqual(['UPSTREAM_CONNECT']);
  await it.pool.destroy();
  await rm(directory, { recursive: true });
});

test('nobody listens', async () => {
  const it = await bench();
  const { url } = it.origin;
  await it.origin.close();
  const all = Array.from({ length: 60 }, () => it.send(get(), null, it.pool.origin(url)));
  for (const sent of all) {
    expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT']);
    expect(sent.error?.status).toBe(502);
  }
  expect(it.counts).toMatchObject({ open: 0, waiting: 0 });
});

test('a name that does not resolve', async () => {
  const it = await bench();
  const sent = await it.send(get(), null, it.pool.origin('http://nowhere.invalid')).done;
  expect(sent.events).toEqual(['UPSTREAM_DNS']);
  expect(it.counts.open).toBe(0);
});

test('close: what was accepted ends, what is new is refused', async () => {
  const waiting: OriginConnection[] = [];
  const it = await bench((connection) => waiting.push(connection), { pool: { poolSize: 1 } });
  const first = it.send();
  const second = it.send();
  let closed = false;
  const closing = it.pool.close().then(() => {
    closed = true;
  });
  const refused = await it.send().done;
  expect(refused.events).toEqual(['UPSTREAM_CLOSED']);
  expect(refused.error?.status).toBe(503);
  await it.origin.connection();
  while (waiting.length < 1) await turn();
  expect(closed).toBe(false);
  waiting.shift()?.write(reply);
  expect((await first.done).body).toBe('ok');
  while (waiting.length < 1) await turn();
  waiting.shift()?.write(reply);
  expect((await second.done).body).toBe('ok');
  await closing;
  expect(it.counts.open).toBe(0);
  await it.pool.close();
});

test('close with idle connections, and of a pool that was never used', async () => {
  const it = await bench(answer);
  await it.send().done;
  await it.pool.close();
  expect(it.counts.open).toBe(0);
  await createPool().close();
});

test('destroy: everything fails at once', async () => {
  const it = await bench(undefined, { pool: { poolSize: 2 } });
  const all = Array.from({ length: 4 }, () => it.send());
  await it.origin.connection(1);
  const destroyed = it.pool.destroy();
  for (const sent of all) expect(sent.events).toEqual(['UPSTREAM_CLOSED']);
  await destroyed;
  expect(it.counts).toMatchObject({ open: 0, waiting: 0 });
  await it.origin.untilAllClosed();
});

test.each([
  [{ poolSize: 0 }, 'poolSize'],
  [{ connMaxIdleTime: Number.NaN }, 'connMaxIdleTime'],
  [{ tls: { cert: 'no certificate', key: 'no key' } }, 'tls'],
])('refused options: %j', (options, name) => {
  expect(() => createPool(options)).toThrow(
    expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringContaining(name) }),
  );
});

test.each(['nonsense', 'ftp://a', 'http://user:secret@a', 'http://a:0', 'file:///a', ''])(
  'refused backend: %j',
  (backend) => {
    const pool = createPool();
    expect(() => pool.origin(backend)).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.not.stringContaining('secret'),
      }),
    );
  },
);
