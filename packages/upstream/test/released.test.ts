import { expect, test } from 'vitest';
import { bench } from './harness.ts';
import { get } from './recorder.ts';

const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('the last release closes what is idle, and the rest as it ends', async () => {
  const it = await bench((connection) => {
    if (connection.received.includes('/now')) connection.write(reply);
  });
  const other = it.pool.origin(it.origin.url);
  const waiting = it.send(get('/later'));
  await (await it.origin.connection(0)).untilReceived('/later');
  await it.send(get('/now')).done;
  await it.settle({ idle: 1 });
  it.to.release();
  expect(it.counts).toMatchObject({ open: 2, idle: 1 });
  other.release();
  await it.settle({ open: 1, idle: 0, active: 1 });
  it.origin.connections[0]!.write(reply);
  expect((await waiting.done).body).toBe('ok');
  await it.settle({ open: 0 });
  expect(it.pool.stats().origins).toEqual([]);
});

test('a backend that was released may be asked for again', async () => {
  const it = await bench((connection) => connection.write(reply));
  await it.send().done;
  it.to.release();
  const again = it.pool.origin(it.origin.url);
  expect((await it.send(get(), null, again).done).body).toBe('ok');
  await it.settle({ idle: 1 });
  expect(it.pool.stats().origins).toHaveLength(1);
});

test('a socket that switched protocols is nobody else’s concern, and counted until it closes', async () => {
  const it = await bench((connection) => {
    connection.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  });
  const sent = await it.upgrade().done;
  it.to.release();
  await it.settle({ open: 0, switched: 1 });
  sent.socket!.on('error', () => {}).destroy();
  await it.settle({ switched: 0 });
  expect(it.pool.stats().origins).toEqual([]);
});

test('whether there is room', async () => {
  const it = await bench(() => {}, { pool: { poolSize: 1 } });
  expect(it.to.hasRoom).toBe(true);
  const sent = it.send();
  expect(it.to.hasRoom).toBe(false);
  sent.abort();
});
