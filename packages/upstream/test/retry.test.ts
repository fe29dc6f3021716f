import { expect, test } from 'vitest';
import type { BodySink } from '../src/index.ts';
import { type Bench, bench, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** The first request on each connection is answered, the second meets what the case says. */
function racing(second: (connection: OriginConnection) => void, setup = {}): Promise<Bench> {
  return bench((connection) => {
    if (connection.requests === 1) connection.write(reply);
    else second(connection);
  }, setup);
}

const fin = (connection: OriginConnection) => connection.socket.end();
const rst = (connection: OriginConnection) => connection.reset();

test.each([
  ['GET', fin],
  ['GET', rst],
  ['HEAD', fin],
  ['OPTIONS', rst],
])(
  '%s on a used connection that ends without a byte is sent again (RFC 9112 §9.3.1)',
  async (method, end) => {
    const it = await racing(end);
    await it.send().done;
    await turns(2);
    const sent = await it.send(get('/again', { method })).done;
    expect(sent.events.slice(0, 1)).toEqual(['head 200']);
    expect(it.origin.connections.map(({ requests }) => requests)).toEqual([2, 1]);
    expect(it.origin.connections[1]!.received).toContain(`${method} /again`);
  },
);

test('with a complete body too', async () => {
  const it = await racing(fin);
  await it.send().done;
  await turns(2);
  const request = get('/', {
    method: 'OPTIONS',
    body: Buffer.from('hello'),
    fields: ['Host', 'a', 'content-length', '5'],
  });
  expect((await it.send(request).done).body).toBe('ok');
  expect(it.origin.connections[1]!.received).toContain('\r\n\r\nhello');
});

test.each([
  ['POST', null],
  ['PUT', Buffer.from('hello')],
  ['DELETE', null],
  ['PATCH', null],
])('%s is not: it may have been carried out (RFC 9110 §9.2.2)', async (method, body) => {
  const it = await racing(fin);
  await it.send().done;
  await turns(2);
  const sent = await it.send(get('/', { method, body })).done;
  expect(sent.events).toEqual(['UPSTREAM_RESET']);
  expect(it.origin.connections).toHaveLength(1);
});

test('a streamed body is not', async () => {
  const it = await racing(fin);
  await it.send().done;
  await turns(2);
  const source = {
    contentLength: null,
    start(sink: BodySink) {
      sink.write(Buffer.from('hello'));
      sink.end();
    },
    resume() {},
    cancel() {},
  };
  const sent = await it.send(get('/', { method: 'OPTIONS', body: source })).done;
  expect(sent.events).toEqual(['UPSTREAM_RESET']);
});

test.each(['H', 'HTTP/1.1 100 C\r\n\r\n', 'HTTP/1.1 200 OK\r\n'])(
  'not after a byte of a response: %j',
  async (bytes) => {
    const it = await racing((connection) => connection.end(bytes));
    await it.send().done;
    await turns(2);
    expect((await it.send().done).events).toEqual(['UPSTREAM_RESET']);
    expect(it.origin.connections).toHaveLength(1);
  },
);

test('not on a fresh connection', async () => {
  const it = await bench(fin);
  expect((await it.send().done).events).toEqual(['UPSTREAM_RESET']);
  expect(it.origin.connections).toHaveLength(1);
});

test('responseHeaderRetries 0: not at all', async () => {
  const it = await racing(fin);
  await it.send().done;
  await turns(2);
  const sent = await it.send(get(), { responseHeaderRetries: 0 }).done;
  expect(sent.events).toEqual(['UPSTREAM_RESET']);
});

test('a fresh connection is preferred to another used one, which may have died as well', async () => {
  const it = await racing(fin, { pool: { poolSize: 4 } });
  await Promise.all([it.send().done, it.send().done, it.send().done]);
  await turns(3);
  const sent = await it.send().done;
  expect(sent.body).toBe('ok');
  expect(it.origin.connections.map(({ requests }) => requests).sort()).toEqual([1, 1, 1, 2]);
});

test('a connection that died while idle is not used, whatever the method', async () => {
  const it = await bench((connection) => connection.write(reply));
  await it.send().done;
  await turns(2);
  const first = await it.origin.connection();
  first.socket.end();
  // The end has not been seen when the request is given to the connection.
  const sent = await it.send(get('/', { method: 'POST' })).done;
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
});

test('the retried request keeps its place before those that wait', async () => {
  const it = await racing(fin, { pool: { poolSize: 1 } });
  await it.send().done;
  await turns(2);
  const first = it.send(get('/first'));
  const second = it.send(get('/second'));
  expect((await first.done).body).toBe('ok');
  // Its connection is used by then, and the backend ends that one, too.
  expect((await second.done).body).toBe('ok');
  const seen = it.origin.connections.map(({ received }) => received.match(/GET \S+/g)?.join());
  expect(seen).toEqual(['GET /,GET /first', 'GET /first,GET /second', 'GET /second']);
});

test.each(['fin', 'rst', 'bytes'])(
  'what has come on a used connection is seen before a POST is written to it: %s',
  async (what) => {
    const it = await bench((connection) => connection.write(reply));
    await it.send().done;
    await turns(2);
    const [first] = it.origin.connections;
    if (what === 'fin') first?.socket.end();
    else if (what === 'rst') first?.reset();
    else first?.write(reply);
    const sent = await it.send(get('/second', { method: 'POST' })).done;
    expect(sent.events).toEqual(['head 200', 'data', 'end']);
    await first?.untilClosed();
    const seen = it.origin.connections.map(({ received }) => received.match(/[A-Z]+ \/\w*/g));
    expect(seen).toEqual([['GET /'], ['POST /second']]);
  },
);
