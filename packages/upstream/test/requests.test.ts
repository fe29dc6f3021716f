import { createError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import { expect, test } from 'vitest';
import type { BodySink, BodySource } from '../src/index.ts';
import { bench, isDirect, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const answer = (connection: OriginConnection) =>
  connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** A body that a test delivers by hand. */
class ManualSource implements BodySource {
  readonly contentLength: number | null;
  readonly calls: string[] = [];
  sink!: BodySink;
  readonly started: Promise<void>;
  onStart: (() => void) | null = null;
  onResume: (() => void) | null = null;
  #resolveStarted!: () => void;

  constructor(contentLength: number | null = null) {
    this.contentLength = contentLength;
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve;
    });
  }

  start(sink: BodySink): void {
    this.calls.push('start');
    this.sink = sink;
    this.onStart?.();
    this.#resolveStarted();
  }

  resume(): void {
    this.calls.push('resume');
    this.onResume?.();
  }

  cancel(): void {
    this.calls.push('cancel');
  }

  write(text: string): boolean {
    return this.sink.write(Buffer.from(text, 'latin1'));
  }
}

test('fields may be a section', async () => {
  const made = await bench(answer);
  const fields = HeaderSection.parsed(['A', 'b', 'Host', 'h'], 'A: b\r\nHost: h\r\n');
  fields.append('c', 'd');
  const sent = await made.send(get('/', { fields })).done;
  expect(sent.head?.status).toBe(200);
  expect(made.origin.connections[0]?.received).toBe(
    'GET / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\nA: b\r\nc: d\r\n\r\n',
  );
});

const post = (body: Buffer | BodySource | null, more: string[] = [], method = 'POST') =>
  get('/up', { method, fields: ['Host', 'backend.test', ...more], body });

test.each([
  [
    'GET',
    get('/a?b=%20c'),
    'GET /a?b=%20c HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\n\r\n',
  ],
  [
    'fields keep case, order, repetition and bytes',
    get('/', { fields: ['X-B', '1', 'Host', 'h:81', 'x-a', '\xe9\xff', 'X-B', '2', 'TE', ''] }),
    'GET / HTTP/1.1\r\nhost: h:81\r\nconnection: keep-alive\r\nX-B: 1\r\nx-a: \xe9\xff\r\nX-B: 2\r\nTE: \r\n\r\n',
  ],
  [
    'a target with bytes beyond ASCII',
    get('/\xe9?\xff'),
    'GET /\xe9?\xff HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\n\r\n',
  ],
  [
    'HEAD keeps the connection',
    get('/', { method: 'HEAD' }),
    'HEAD / HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\n\r\n',
  ],
  [
    'an unusual method',
    get('/', { method: 'M-SEARCH' }),
    'M-SEARCH / HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\n\r\n',
  ],
  [
    'POST without content',
    post(null),
    'POST /up HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
  ],
  [
    'POST with complete content',
    post(Buffer.from('hello'), ['Content-Length', '5']),
    'POST /up HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello',
  ],
  [
    'DELETE with complete content',
    post(Buffer.from('hello'), ['Content-Length', '5'], 'DELETE'),
    'DELETE /up HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello',
  ],
  [
    'GET with complete content',
    post(Buffer.from('hello'), ['Content-Length', '5'], 'GET'),
    'GET /up HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello',
  ],
])('on the wire: %s', async (_, request, bytes) => {
  const it = await bench((connection) => {
    if (connection.received.length === bytes.length) answer(connection);
    else
      void connection
        .until(() => connection.received.length === bytes.length)
        .then(() => answer(connection));
  });
  // The mock answers HEAD with content, which ends that connection; all others are kept.
  const sent = await it.send(request).done;
  expect(sent.events[0]).toBe('head 200');
  expect((await it.origin.connection()).received).toBe(bytes);
  if (request.method !== 'HEAD') await it.settle({ open: 1, idle: 1 });
});

test.each([
  ['POST, length known', 'POST', 10, 'content-length: 10\r\n\r\nhellohello'],
  ['DELETE, length known', 'DELETE', 10, 'content-length: 10\r\n\r\nhellohello'],
  ['GET, length known', 'GET', 10, 'content-length: 10\r\n\r\nhellohello'],
  [
    'POST, chunked (RFC 9112 §7.1)',
    'POST',
    null,
    'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  [
    'DELETE, chunked',
    'DELETE',
    null,
    'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
] as const)('a streamed body on the wire: %s', async (_, method, length, bytes) => {
  const it = await bench();
  const source = new ManualSource(length);
  const sent = it.send(
    post(source, length === null ? [] : ['Content-Length', String(length)], method),
  );
  const connection = await it.origin.connection();
  await source.started;
  source.write('hello');
  source.write('hello');
  source.sink.end();
  await connection.untilReceived(bytes);
  answer(connection);
  await sent.done;
  expect(connection.received).toBe(
    `${method} /up HTTP/1.1\r\nhost: backend.test\r\nconnection: keep-alive\r\n${bytes}`,
  );
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
  expect(source.calls).toEqual(['start']);
  await it.settle({ open: 1, idle: 1 });
});

test('a source may write and end from within start', async () => {
  const it = await bench();
  const source = new ManualSource();
  source.onStart = () => {
    source.write('hello');
    source.sink.end();
  };
  const sent = it.send(post(source));
  const connection = await it.origin.connection();
  await connection.untilReceived('5\r\nhello\r\n0\r\n\r\n');
  answer(connection);
  expect((await sent.done).events).toEqual(['head 200', 'data', 'end']);
});

test('many bodies that end from within start leave nothing on their socket', async () => {
  const it = await bench();
  for (let i = 0; i < 12; i++) {
    const source = new ManualSource();
    source.onStart = () => {
      source.write('hello');
      source.sink.end();
    };
    const sent = it.send(post(source));
    const connection = await it.origin.connection();
    await connection.until(() => connection.received.split('0\r\n\r\n').length === i + 2);
    answer(connection);
    await sent.done;
    await turns(2);
  }
  // Node warns of the eleventh listener, and the test set-up of the warning.
  expect(it.origin.connections).toHaveLength(1);
});

test('an empty streamed body', async () => {
  const it = await bench(answer);
  const source = new ManualSource();
  source.onStart = () => source.sink.end();
  expect((await it.send(post(source)).done).body).toBe('ok');
  const connection = await it.origin.connection();
  // The direct transport sends the head before it knows.
  await connection.untilReceived(
    isDirect ? 'transfer-encoding: chunked\r\n\r\n0\r\n\r\n' : 'content-length: 0\r\n\r\n',
  );
});

test('back-pressure: a backend that does not read stops the source', async () => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  const connection = await it.origin.connection();
  connection.socket.pause();
  await source.started;
  const chunk = 'x'.repeat(65_536);
  let chunks = 1;
  const pump = () => {
    while (source.write(chunk)) chunks++;
  };
  source.onResume = () => {
    if (chunks < 400) {
      chunks++;
      pump();
    }
  };
  pump();
  await turns(50);
  // The kernel's buffers, and no more than one chunk over the socket's own mark.
  expect(chunks).toBeLessThan(300);
  const stopped = chunks;
  await turns(50);
  expect(chunks).toBe(stopped);
  connection.socket.resume();
  await connection.until(() => connection.received.length > stopped * 65_536);
  expect(source.calls).toContain('resume');
  sent.abort();
});

test.each([
  ['more', 5, ['hello', '!']],
  ['less', 7, ['hello']],
])('a source that delivers %s than its content-length', async (_, length, chunks) => {
  const it = await bench();
  const source = new ManualSource(length);
  const sent = it.send(post(source, ['Content-Length', String(length)]));
  await source.started;
  for (const chunk of chunks) source.write(chunk);
  source.sink.end();
  await sent.done;
  expect(sent.events).toEqual(['INTERNAL']);
  expect(source.write('more')).toBe(false);
  await it.origin.untilAllClosed();
  expect((await it.origin.connection()).received).not.toContain('!');
  await it.settle({ open: 0 });
});

test('a source that fails ends the exchange with its error', async () => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  await source.started;
  source.write('hello');
  source.sink.fail(createError('RIT_ERR_BODY_TIMEOUT'));
  await sent.done;
  expect(sent.events).toEqual(['BODY_TIMEOUT']);
  await it.origin.untilAllClosed();
  // Not ended: the backend must not take it for complete (RFC 9112 §8).
  expect((await it.origin.connection()).received).not.toContain('0\r\n\r\n');
});

test('an early answer is told whole, the source cancelled, the connection dropped (RFC 9112 §9.6)', async () => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  await source.started;
  source.write('hello');
  const connection = await it.origin.connection();
  await connection.untilReceived('hello');
  connection.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno!');
  await sent.done;
  expect(sent.events).toEqual(['head 413', 'data', 'end']);
  expect(sent.body).toBe('no!');
  expect(source.calls).toEqual(['start', 'cancel']);
  expect(source.write('more')).toBe(false);
  await it.origin.untilAllClosed();
  await it.settle({ open: 0 });
});

test('an early answer to a complete body: what was not sent ends the connection', async () => {
  const it = await bench();
  const body = Buffer.alloc(8 << 20);
  const sent = it.send(post(body, ['content-length', String(body.length)]));
  const connection = await it.origin.connection();
  connection.socket.pause();
  await turns(20);
  connection.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno!');
  expect((await sent.done).events).toEqual(['head 413', 'data', 'end']);
  await it.settle({ open: 0 });
});

test('an early answer in two parts, with the upload going on between', async () => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  await source.started;
  source.write('hello');
  const connection = await it.origin.connection();
  await connection.untilReceived('hello');
  connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n');
  await sent.headSeen;
  source.write('world');
  await connection.untilReceived('world');
  source.sink.end();
  await connection.untilReceived('0\r\n\r\n');
  connection.write('2\r\ncd\r\n0\r\n\r\n');
  await sent.done;
  expect(sent.body).toBe('abcd');
  expect(source.calls).toEqual(['start']);
  await it.settle({ open: 1, idle: 1 });
});

test.each(['close with unread bytes', 'reset'])(
  'an answer, then %s during the upload: the answer is delivered (RFC 9112 §9.6)',
  async (how) => {
    const it = await bench();
    const source = new ManualSource();
    const sent = it.send(post(source));
    await source.started;
    source.write('hello');
    const connection = await it.origin.connection();
    await connection.untilReceived('hello');
    connection.socket.pause();
    source.write('x'.repeat(200_000));
    await turns(5);
    connection.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno!');
    if (how === 'reset') connection.reset();
    else connection.socket.destroy();
    // Both have arrived when the next write fails, and neither has been read yet.
    const arrived = performance.now() + 5;
    while (performance.now() < arrived);
    for (let i = 0; i < 20; i++) source.write('x'.repeat(1000));
    await sent.done;
    expect(sent.events).toEqual(['head 413', 'data', 'end']);
    expect(source.calls.at(-1)).toBe('cancel');
    await it.settle({ open: 0 });
  },
);

test.each(['fin', 'reset'])('the backend goes away during the upload: %s', async (how) => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  await source.started;
  source.write('hello');
  const connection = await it.origin.connection();
  await connection.untilReceived('hello');
  if (how === 'fin') connection.socket.end();
  else connection.reset();
  await sent.done;
  expect(sent.events).toEqual(['UPSTREAM_RESET']);
  expect(source.calls).toEqual(['start', 'cancel']);
  await it.settle({ open: 0 });
});

test('one-shot: a connection for each request, closed after it (RFC 9112 §9.6)', async () => {
  const it = await bench(answer, { via: { connection: 'one-shot' }, pool: { poolSize: 1 } });
  const all = [it.send(), it.send(get('/', { method: 'HEAD' })), it.send()];
  for (const sent of all) expect((await sent.done).events.at(-1)).toBe('end');
  expect(it.origin.connections).toHaveLength(3);
  expect(it.origin.mostOpen).toBeLessThanOrEqual(2);
  expect(it.origin.connections[0]!.received).toBe(
    'GET / HTTP/1.1\r\nhost: backend.test\r\nconnection: close\r\n\r\n',
  );
  await it.settle({ open: 0 });
});

test.each([
  ['a field with a line end', get('/', { fields: ['Host', 'a', 'x', 'a\r\nb'] })],
  ['a field beyond latin1', get('/', { fields: ['Host', 'a', 'x', 'a\u010d\u010ab'] })],
  ['a name that is no token', get('/', { fields: ['Host', 'a', 'x:', 'a'] })],
  ['a second Host', get('/', { fields: ['Host', 'a', 'host', 'b'] })],
  ['a transfer coding', get('/', { fields: ['Host', 'a', 'Transfer-Encoding', 'chunked'] })],
  ['a method that is no token', get('/', { method: 'GET /' })],
  ['a target with a blank', get('/a b')],
  ['a target with a line end', get('/a\r\nb')],
  ['an empty target', get('')],
])('%s fails after dispatch has returned, and costs nothing', async (_, request) => {
  const it = await bench(answer);
  const sent = await it.send(request).done;
  expect(sent.events).toEqual(['INTERNAL']);
  await it.settle({ open: 0 });
  expect(it.origin.connections).toHaveLength(0);
});

test('OPTIONS * (RFC 9110 §9.3.7), which undici cannot send', async () => {
  const it = await bench(answer);
  const sent = await it.send(get('*', { method: 'OPTIONS' })).done;
  expect(sent.events[0]).toBe(isDirect ? 'head 200' : 'INTERNAL');
  expect(it.origin.connections).toHaveLength(isDirect ? 1 : 0);
});

test.runIf(isDirect)('the head leaves before the first chunk of a streamed body', async () => {
  const it = await bench();
  const source = new ManualSource();
  const sent = it.send(post(source));
  const connection = await it.origin.connection();
  await connection.untilReceived('transfer-encoding: chunked\r\n\r\n');
  answer(connection);
  expect((await sent.done).events).toEqual(['head 200', 'data', 'end']);
  expect(source.calls).toEqual(['start', 'cancel']);
  await it.origin.untilAllClosed();
});

test.each([16_300, 16_384, 300_000])('complete and streamed content of %i bytes', async (size) => {
  const body = Buffer.alloc(size, 'abcdefg');
  for (const length of [size, null]) {
    const it = await bench();
    const source = new ManualSource(length);
    source.onStart = () => {
      source.sink.write(body);
      source.sink.end();
    };
    const fields = ['Content-Length', String(size)];
    const requests = length === null ? [post(source)] : [post(body, fields), post(source, fields)];
    for (const [i, request] of requests.entries()) {
      const sent = it.send(request);
      const connection = await it.origin.connection();
      const framed = length === null ? `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n` : `${body}`;
      await connection.until(() => connection.received.split(framed).length === i + 2);
      answer(connection);
      expect((await sent.done).body).toBe('ok');
      await turns(2);
    }
    expect(it.origin.connections).toHaveLength(1);
  }
});
