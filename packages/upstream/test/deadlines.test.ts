import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import type { BodySink } from '../src/index.ts';
import { bench, turns } from './harness.ts';
import { get } from './recorder.ts';

const head = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;

test('poolTimeout: 503 after exactly so long, and out of the queue', async () => {
  const it = await bench(undefined, { pool: { poolSize: 1 }, limits: { poolTimeout: 300 } });
  it.send();
  const second = it.send();
  it.clock.advance(299);
  expect(second.events).toEqual([]);
  it.clock.advance(1);
  expect(second.events).toEqual(['UPSTREAM_QUEUE_TIMEOUT']);
  expect(second.error?.status).toBe(503);
  expect(it.counts.waiting).toBe(0);
});

test('a source whose request never got a connection is cancelled, not started', async () => {
  const it = await bench(undefined, { pool: { poolSize: 1 }, limits: { poolTimeout: 300 } });
  it.send();
  const calls: string[] = [];
  const source = {
    contentLength: null,
    start: () => void calls.push('start'),
    resume: () => void calls.push('resume'),
    cancel: () => void calls.push('cancel'),
  };
  const second = it.send(get('/', { method: 'POST', body: source }));
  it.clock.advance(300);
  expect(second.events).toEqual(['UPSTREAM_QUEUE_TIMEOUT']);
  expect(calls).toEqual(['cancel']);
});

test('poolTimeout 0: no limit', async () => {
  const it = await bench(undefined, {
    pool: { poolSize: 1 },
    limits: { poolTimeout: 0, responseHeaderTimeout: 0 },
  });
  it.send();
  const second = it.send();
  it.clock.advance(10_000_000);
  expect(second.events).toEqual([]);
});

test('poolTimeout does not count the time of one’s own connect', async () => {
  const it = await bench((connection) => connection.write(`${head('content-length: 0')}`), {
    limits: { poolTimeout: 100 },
  });
  const sent = it.send();
  it.clock.advance(4000);
  expect((await sent.done).events).toEqual(['head 200', 'end']);
});

/** A server whose queue of connections is full, so that connecting to it takes for ever. */
async function deafServer(): Promise<{ server: Server; url: string; fill: () => Promise<void> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1', 1);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}`, fill: async () => {} };
}

test('connectTimeout: 504 after exactly so long, the next in the queue has its turn', async () => {
  // Connecting cannot complete within one turn of the event loop, and no turn passes here.
  const it = await bench(undefined, { pool: { poolSize: 1, connectTimeout: 200 } });
  const first = it.send();
  it.clock.advance(199);
  expect(first.events).toEqual([]);
  it.clock.advance(1);
  await first.done;
  expect(first.events).toEqual(['UPSTREAM_CONNECT_TIMEOUT']);
  expect(first.error?.status).toBe(504);
  expect(first.error?.details).toMatchObject({ afterMs: 200 });
  expect(first.error?.message).toMatch(/connectTimeout \(200 ms\)$/);
  await it.settle({ open: 0 });
});

test('connectTimeout covers the TLS handshake', async () => {
  const { server, url } = await deafServer();
  const it = await bench(undefined, { pool: { connectTimeout: 200 } });
  const accepted = once(server, 'connection');
  const sent = it.send(get(), null, it.pool.origin(url.replace('http', 'https')));
  const [socket] = await accepted;
  await turns(5);
  expect(sent.events).toEqual([]);
  it.clock.advance(200);
  await sent.done;
  expect(sent.events).toEqual(['UPSTREAM_CONNECT_TIMEOUT']);
  socket.destroy();
  server.close();
});

test('responseHeaderTimeout: 504 after exactly so long', async () => {
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 300 } });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  it.clock.advance(299);
  expect(sent.events).toEqual([]);
  it.clock.advance(1);
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
  expect(sent.error?.status).toBe(504);
  await it.origin.untilAllClosed();
  await it.settle({ open: 0 });
});

test.for([
  ['102', 'HTTP/1.1 102 P\r\n\r\n', 1],
  ['103', 'HTTP/1.1 103 E\r\nlink: </a>\r\n\r\n', 1],
  ['an unknown one', 'HTTP/1.1 199 U\r\n\r\n', 1],
  ['100, which is for us', 'HTTP/1.1 100 C\r\n\r\n', 0],
] as const)('responseHeaderTimeout begins anew with each interim response: %s', async (one) => {
  const [, interim, told] = one;
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 300 } });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  await turns(3);
  it.clock.advance(299);
  expect(sent.events).toEqual([]);
  connection.write(interim);
  await turns(4);
  expect(sent.events).toHaveLength(told);
  it.clock.advance(1);
  expect(sent.error === null).toBe(told === 1);
  it.clock.advance(298);
  expect(sent.error === null).toBe(told === 1);
  it.clock.advance(1);
  expect(sent.error).toMatchObject({ code: 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT', status: 504 });
});

test('responseHeaderTimeout: a drip of interim responses puts it off for ten times its length', async () => {
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 300 } });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  await turns(3);
  const drip = async (): Promise<void> => {
    const before = sent.events.length;
    connection.write('HTTP/1.1 102 P\r\n\r\n');
    while (sent.events.length === before) await turns(1);
  };
  await drip();
  for (let passed = 0; passed < 2800; passed += 200) {
    it.clock.advance(200);
    await drip();
  }
  it.clock.advance(199);
  expect(sent.error).toBe(null);
  it.clock.advance(1);
  expect(sent.error).toMatchObject({ code: 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT', status: 504 });
  await it.settle({ open: 0 });
});

test('responseHeaderTimeout is not moved by a dripping head, nor by a 100', async () => {
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 300 } });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  for (const piece of ['HTTP/1.1 100 C\r\n\r\n', 'HTTP/1.1 2', '00 OK\r\n']) {
    it.clock.advance(80);
    connection.write(piece);
    await turns(4);
    expect(sent.events).toEqual([]);
  }
  it.clock.advance(60);
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
});

test('responseHeaderTimeout counts from the last byte of a streamed body', async () => {
  const it = await bench(undefined, { limits: { responseHeaderTimeout: 300 } });
  let sink!: BodySink;
  const source = {
    contentLength: null,
    start: (to: BodySink) => {
      sink = to;
    },
    resume() {},
    cancel() {},
  };
  const sent = it.send(get('/', { method: 'POST', body: source }));
  const connection = await it.origin.connection();
  await turns(3);
  // Neither the connect nor the wait of the client for its own body counts.
  it.clock.advance(1_000_000);
  expect(sent.events).toEqual([]);
  sink.write(Buffer.from('hello'));
  await connection.untilReceived('hello');
  it.clock.advance(1_000_000);
  expect(sent.events).toEqual([]);
  sink.end();
  it.clock.advance(299);
  expect(sent.events).toEqual([]);
  it.clock.advance(1);
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
});

test('responseHeaderTimeout counts from when a complete body has left, upstreamIdleTimeout until then', async () => {
  const it = await bench(undefined, {
    limits: { responseHeaderTimeout: 300, upstreamIdleTimeout: 1000 },
  });
  const body = Buffer.alloc(8 << 20);
  const request = () =>
    get('/', { method: 'PUT', body, fields: ['Host', 'a', 'content-length', String(body.length)] });
  const deaf = it.send(request());
  const first = await it.origin.connection();
  first.socket.pause();
  await turns(20);
  it.clock.advance(999);
  expect(deaf.events).toEqual([]);
  it.clock.advance(1);
  expect(deaf.events).toEqual(['UPSTREAM_BODY_TIMEOUT']);

  const slow = it.send(request());
  const second = await it.origin.connection(1);
  second.socket.pause();
  await turns(20);
  it.clock.advance(900);
  second.socket.resume();
  await second.until(() => second.received.length > body.length);
  await turns(3);
  it.clock.advance(299);
  expect(slow.events).toEqual([]);
  it.clock.advance(1);
  expect(slow.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
});

test('pausing before the head holds back the body only', async () => {
  const it = await bench((connection) =>
    connection.write(`${head('content-length: 200000')}${'x'.repeat(200_000)}`),
  );
  const sent = it.send();
  sent.exchange.pause();
  await sent.headSeen;
  await turns(10);
  expect(sent.bytes).toBeLessThan(200_000);
  it.clock.advance(1_000_000);
  expect(sent.error).toBe(null);
  sent.exchange.resume();
  await sent.done;
  expect(sent.bytes).toBe(200_000);
});

test('upstreamIdleTimeout is rolling, over head and body', async () => {
  const it = await bench((connection) => connection.write(head('content-length: 9')), {
    limits: { upstreamIdleTimeout: 300 },
  });
  const sent = it.send();
  await sent.headSeen;
  const connection = await it.origin.connection();
  for (let i = 0; i < 5; i++) {
    it.clock.advance(299);
    connection.write('x');
    while (sent.bytes <= i) await turns(1);
  }
  it.clock.advance(299);
  expect(sent.events).toEqual(['head 200', 'data']);
  it.clock.advance(1);
  expect(sent.events).toEqual(['head 200', 'data', 'UPSTREAM_BODY_TIMEOUT']);
  await it.settle({ open: 0 });
});

test.each([
  ['the status line', 'HTTP/1.1 2', '00 O'],
  ['a field', 'HTTP/1.1 200 OK\r\nX-A', ': b'],
  ['the end of the head', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', '\r'],
  ['an interim head', 'HTTP/1.1 10', '0 Continue\r\nX'],
  ['a head after an interim one', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP', '/1.1 200 OK\r\n'],
])('upstreamIdleTimeout: a backend that stops in %s', async (_, first, second) => {
  const it = await bench(undefined, {
    limits: { upstreamIdleTimeout: 300, responseHeaderTimeout: 10_000 },
  });
  const sent = it.send();
  const connection = await it.origin.connection();
  connection.socket.setNoDelay(true);
  await connection.untilReceived('\r\n\r\n');
  await turns(3);
  it.clock.advance(5000);
  const pending = it.clock.timers.size;
  connection.write(first);
  while (it.clock.timers.size === pending) await turns(1);
  it.clock.advance(299);
  connection.write(second);
  await turns(5);
  it.clock.advance(299);
  expect(sent.error).toBe(null);
  it.clock.advance(1);
  expect(sent.error).toMatchObject({ code: 'RIT_ERR_UPSTREAM_BODY_TIMEOUT', status: 504 });
  await it.settle({ open: 0 });
});

test.each([
  ['nothing', ''],
  ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['103', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
])('responseHeaderTimeout alone counts while a backend has sent %s', async (_, interim) => {
  const it = await bench(undefined, {
    limits: { upstreamIdleTimeout: 300, responseHeaderTimeout: 10_000 },
  });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.untilReceived('\r\n\r\n');
  if (interim !== '') connection.write(interim);
  await turns(5);
  it.clock.advance(9000);
  expect(sent.error).toBe(null);
  connection.write(`${head('content-length: 2')}ok`);
  await sent.done;
  expect(sent.error).toBe(null);
});

test('upstreamIdleTimeout: framing without content is silence', async () => {
  const it = await bench(
    (connection) => connection.write(`${head('transfer-encoding: chunked')}5;`),
    { limits: { upstreamIdleTimeout: 300 } },
  );
  const sent = it.send();
  await sent.headSeen;
  const connection = await it.origin.connection();
  for (let i = 0; i < 3; i++) {
    it.clock.advance(99);
    connection.write('x');
    await turns(3);
  }
  it.clock.advance(3);
  expect(sent.events).toEqual(['head 200', 'UPSTREAM_BODY_TIMEOUT']);
});

test('upstreamIdleTimeout rests while we do not listen', async () => {
  const it = await bench((connection) => connection.write(`${head('content-length: 3')}a`), {
    limits: { upstreamIdleTimeout: 300 },
  });
  const sent = it.send();
  await sent.headSeen;
  sent.exchange.pause();
  it.clock.advance(1_000_000);
  expect(sent.error).toBe(null);
  sent.exchange.resume();
  it.clock.advance(299);
  expect(sent.error).toBe(null);
  it.clock.advance(1);
  expect(sent.error?.code).toBe('RIT_ERR_UPSTREAM_BODY_TIMEOUT');
});

test('a backend that does not read an upload: upstreamIdleTimeout, 504', async () => {
  const it = await bench(undefined, { limits: { upstreamIdleTimeout: 300 } });
  let sink!: BodySink;
  const calls: string[] = [];
  const source = {
    contentLength: null,
    start: (to: BodySink) => {
      sink = to;
    },
    resume() {
      calls.push('resume');
    },
    cancel() {
      calls.push('cancel');
    },
  };
  const sent = it.send(get('/', { method: 'POST', body: source }));
  const connection = await it.origin.connection();
  connection.socket.pause();
  await turns(3);
  const piece = Buffer.alloc(1 << 20);
  const fill = () => {
    for (let i = 0; i < 100 && sink.write(piece); i++);
  };
  fill();
  // The kernel takes some of it first.
  for (let i = 0; i < 20; i++) {
    await turns(20);
    if (calls.at(-1) === 'resume') {
      calls.pop();
      fill();
    }
  }
  it.clock.advance(299);
  expect(sent.events).toEqual([]);
  it.clock.advance(1);
  expect(sent.events).toEqual(['UPSTREAM_BODY_TIMEOUT']);
  expect(sent.error?.status).toBe(504);
  expect(calls).toEqual(['cancel']);
  await it.settle({ open: 0 });
});

test('connMaxIdleTime: an unused connection is closed after so long', async () => {
  const it = await bench((connection) => connection.write(head('content-length: 0')), {
    pool: { connMaxIdleTime: 500 },
  });
  await it.send().done;
  it.clock.advance(400);
  await it.send().done;
  expect(it.origin.connections).toHaveLength(1);
  it.clock.advance(499);
  await turns(3);
  expect(it.counts).toMatchObject({ open: 1, idle: 1 });
  it.clock.advance(1);
  expect(it.counts).toMatchObject({ idle: 0 });
  await it.origin.untilAllClosed();
});

test.each([
  ['timeout=5', 4000],
  ['max=3, timeout=20', 19_000],
  ['timeout=1', 500],
  ['timeout=600', 90_000],
  ['timeout=x', 90_000],
])('the backend’s hint Keep-Alive: %s closes after %i ms', async (hint, ms) => {
  const it = await bench((connection) =>
    connection.write(head(`content-length: 0\r\nKeep-Alive: ${hint}`)),
  );
  await it.send().done;
  it.clock.advance(ms - 1);
  await turns(3);
  expect(it.counts.idle).toBe(1);
  it.clock.advance(1);
  expect(it.counts.idle).toBe(0);
});
