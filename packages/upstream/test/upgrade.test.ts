import { once } from 'node:events';
import { expect, test } from 'vitest';
import { bench, turns } from './harness.ts';
import { get } from './recorder.ts';

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';
const asking = get('/ws', {
  fields: ['Host', 'a', 'Sec-WebSocket-Key', 'k', 'Sec-WebSocket-Version', '13'],
});

test('a switch: request, head, bytes behind it, both directions (RFC 9110 §7.8)', async () => {
  const it = await bench((connection) => connection.write(`${switching}first`));
  const sent = await it.upgrade(asking).done;
  expect(sent.events).toEqual(['switch 101']);
  expect(sent.head).toMatchObject({
    status: 101,
    contentLength: 0,
    fields: ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'x'],
  });
  const connection = await it.origin.connection();
  expect(connection.received).toBe(
    'GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const socket = sent.socket!;
  let read = '';
  socket.on('data', (chunk: Buffer) => {
    read += chunk.toString();
  });
  socket.resume();
  socket.write('hello');
  await connection.untilReceived('hello');
  connection.write('second');
  while (read.length < 11) await turns(1);
  expect(read).toBe('firstsecond');
  expect(it.counts).toEqual({ open: 0, idle: 0, active: 0, waiting: 0, switched: 1 });
  const ended = once(socket, 'end');
  connection.socket.end();
  await ended;
  socket.end();
  await it.settle({ switched: 0 });
});

test('a switched socket takes none of poolSize', async () => {
  const it = await bench((connection) => connection.write(switching), { pool: { poolSize: 1 } });
  const all = [it.upgrade(asking), it.upgrade(asking), it.upgrade(asking)];
  for (const sent of all) expect((await sent.done).events).toEqual(['switch 101']);
  expect(it.counts).toMatchObject({ open: 0, switched: 3 });
});

test('over a used connection, and again when that one has gone', async () => {
  const it = await bench((connection) => {
    if (connection.received.includes('/ws')) {
      if (connection.requests > 1) connection.socket.end();
      else connection.write(switching);
    } else connection.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  await it.send().done;
  await turns(2);
  const sent = await it.upgrade(asking).done;
  expect(sent.events).toEqual(['switch 101']);
  expect(it.origin.connections).toHaveLength(2);
});

test.each([
  [
    '403 with content',
    'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno',
    ['head 403', 'data', 'end'],
  ],
  [
    '426',
    'HTTP/1.1 426 Upgrade Required\r\nupgrade: x\r\nconnection: upgrade\r\ncontent-length: 0\r\n\r\n',
    ['head 426', 'end'],
  ],
  [
    'an interim response first',
    `HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`,
    ['interim 103', 'head 200', 'end'],
  ],
  ['101 without Upgrade', 'HTTP/1.1 101 SP\r\n\r\n', ['UPSTREAM_PROTOCOL']],
  [
    '101 without Connection',
    'HTTP/1.1 101 SP\r\nUpgrade: websocket\r\n\r\n',
    ['UPSTREAM_PROTOCOL'],
  ],
  [
    'a head over the limit',
    `HTTP/1.1 101 SP\r\nConnection: upgrade\r\nUpgrade: websocket\r\na: ${'x'.repeat(70_000)}\r\n\r\n`,
    ['UPSTREAM_HEAD_TOO_LARGE'],
  ],
  [
    'a malformed field',
    'HTTP/1.1 101 SP\r\nConnection: upgrade\r\nUpgrade: websocket\r\na b: c\r\n\r\n',
    ['UPSTREAM_PROTOCOL'],
  ],
])('not switched: %s', async (_, bytes, events) => {
  const it = await bench((connection) => connection.write(bytes));
  const sent = await it.upgrade(asking).done;
  expect(sent.events).toEqual(events);
  await it.settle({ open: 0, switched: 0 });
  await it.origin.untilAllClosed();
});

test('the backend does not answer: responseHeaderTimeout', async () => {
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 200 } });
  const sent = it.upgrade(asking);
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  it.clock.advance(200);
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
  await it.settle({ open: 0 });
});

test('the backend ends instead of answering', async () => {
  const it = await bench((connection) => connection.socket.end());
  expect((await it.upgrade(asking).done).events).toEqual(['UPSTREAM_RESET']);
});

test('aborted while waiting', async () => {
  const it = await bench();
  const sent = it.upgrade(asking);
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  sent.abort();
  await it.settle({ open: 0 });
  await it.origin.untilAllClosed();
});

test('a socket that fails before anyone listens breaks nothing', async () => {
  const it = await bench((connection) => {
    connection.write(switching);
    connection.reset();
  });
  const sent = await it.upgrade(asking).done;
  expect(['switch 101', 'UPSTREAM_RESET']).toContain(sent.events[0]);
  await it.settle({ open: 0, switched: 0 });
});

test('back-pressure of the switched socket', async () => {
  const it = await bench((connection) => connection.write(switching));
  const sent = await it.upgrade(asking).done;
  const socket = sent.socket!;
  const connection = await it.origin.connection();
  connection.write(Buffer.alloc(8 << 20));
  await turns(50);
  // Paused as it is handed over: nothing is read beyond its own mark.
  expect(socket.readableLength).toBeLessThan(256 << 10);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  while (bytes < 8 << 20) await turns(1);
  socket.destroy();
});
