import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { BodySink, BodySource } from '../src/index.ts';
import { bench, turns } from './harness.ts';
import { get } from './recorder.ts';

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';
const asking = get('/ws', {
  fields: ['Host', 'a', 'Sec-WebSocket-Key', 'k', 'Sec-WebSocket-Version', '13'],
});

test('a switch: request, head, bytes after it, both directions (RFC 9110 §7.8)', async () => {
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

const switched = (protocol: string) =>
  `HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

test.each([
  ['tcp', 'tcp'],
  ['SPDY/3.1, tcp', 'SPDY/3.1'],
])('RFC 9110 §7.8: a switch to what is asked for: %s', async (protocol, chosen) => {
  const it = await bench((connection) => connection.write(`${switched(chosen)}bytes`));
  const sent = await it.upgrade(get('/attach'), protocol).done;
  expect(sent.events).toEqual(['switch 101']);
  expect(sent.head?.fields).toEqual(['Connection', 'Upgrade', 'Upgrade', chosen]);
  const connection = await it.origin.connection();
  expect(connection.received).toBe(
    `GET /attach HTTP/1.1\r\nhost: backend.test\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`,
  );
  const [first] = await once(sent.socket!.resume(), 'data');
  expect(String(first)).toBe('bytes');
});

test.each(['', ',', 'a b', 'a/', 'tcp\r\nx: y'])('%j names no protocol', async (protocol) => {
  const it = await bench();
  expect(() => it.upgrade(get(), protocol)).toThrow(
    expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
  );
  expect(it.counts).toMatchObject({ active: 0, waiting: 0 });
});

test('a switch after a request with content that is complete', async () => {
  const it = await bench((connection) => {
    void connection.untilReceived('{"Tty":false}').then(() => connection.write(switched('tcp')));
  });
  const body = Buffer.from('{"Tty":false}');
  const fields = ['Host', 'a', 'Content-Type', 'application/json', 'Content-Length', '13'];
  const sent = await it.upgrade({ method: 'POST', target: '/exec', fields, body }, 'tcp').done;
  expect(sent.events).toEqual(['switch 101']);
  expect((await it.origin.connection()).received).toBe(
    'POST /exec HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: tcp\r\nContent-Type: application/json\r\ncontent-length: 13\r\n\r\n{"Tty":false}',
  );
});

/** Content that comes by hand. */
function source(onStart: (sink: BodySink) => void): BodySource & { cancelled: boolean } {
  return {
    contentLength: null,
    cancelled: false,
    start: onStart,
    resume() {},
    cancel() {
      this.cancelled = true;
    },
  };
}

test('a switch after content that was streamed', async () => {
  const it = await bench((connection) => {
    void connection.untilReceived('0\r\n\r\n').then(() => connection.write(switched('tcp')));
  });
  const body = source((sink) => {
    sink.write(Buffer.from('abc'));
    sink.end();
  });
  const sent = await it.upgrade(get('/', { method: 'POST', body }), 'tcp').done;
  expect(sent.events).toEqual(['switch 101']);
  sent.socket!.write('behind');
  const connection = await it.origin.connection();
  await connection.untilReceived('behind');
  expect(connection.received.slice(connection.received.indexOf('\r\n\r\n') + 4)).toBe(
    '3\r\nabc\r\n0\r\n\r\nbehind',
  );
});

test('RFC 9110 §7.8: a switch before the request is complete is refused', async () => {
  const it = await bench((connection) => {
    void connection.untilReceived('abc').then(() => connection.write(switched('tcp')));
  });
  const body = source((sink) => sink.write(Buffer.from('abc')));
  const sent = await it.upgrade(get('/', { method: 'POST', body }), 'tcp').done;
  expect(sent.events).toEqual(['UPSTREAM_PROTOCOL']);
  expect(sent.error?.message).toContain('before the request was complete');
  expect(body.cancelled).toBe(true);
  await it.settle({ open: 0, switched: 0 });
  await it.origin.untilAllClosed();
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
    '101 in HTTP/1.0',
    'HTTP/1.0 101 SP\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
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
