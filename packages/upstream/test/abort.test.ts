import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { BodySink } from '../src/index.ts';
import { codedError, FakeNetwork } from './fake-network.ts';
import { bench, isDirect, type Setup, turn, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const head = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;

const empty = head('content-length: 0');

/** A pool whose first connection nobody waits for any more. */
async function abandoned(setup: Setup = {}, network = new FakeNetwork({ '127.0.0.1': 'waits' })) {
  const answer = (connection: OriginConnection) => connection.write(empty);
  const it = await bench(answer, { network, ...setup });
  const sent = it.send();
  sent.abort();
  sent.abort();
  return { it, sent, network, connect: () => network.attempts[0]!.release() };
}

test('while connecting: the connection is kept for the next request', async () => {
  const { it, sent, connect } = await abandoned();
  expect(it.counts).toMatchObject({ open: 1, idle: 0, active: 0, waiting: 0 });
  connect();
  await it.settle({ open: 1, idle: 1, active: 0 });
  expect((await it.send().done).events).toEqual(['head 200', 'end']);
  expect(sent.events).toEqual([]);
  expect(it.origin.connections).toHaveLength(1);
  await it.settle({ open: 1, idle: 1 });
});

test('while connecting, in a full pool: the next request takes the connection over', async () => {
  const { it, network, connect } = await abandoned({ pool: { poolSize: 1 } });
  expect(it.to.hasRoom).toBe(true);
  const second = it.send();
  expect(it.counts).toMatchObject({ open: 1, active: 1, waiting: 0 });
  second.abort();
  const third = it.send();
  connect();
  expect((await third.done).events).toEqual(['head 200', 'end']);
  expect(network.attempts).toHaveLength(1);
});

test('while connecting, which then fails: who has taken it over connects anew', async () => {
  const { it, network } = await abandoned({ pool: { poolSize: 1 } });
  const second = it.send();
  network.attempts[0]!.socket.destroy(codedError('ECONNREFUSED'));
  while (network.attempts.length < 2) await turn();
  network.attempts[1]!.release();
  expect((await second.done).events).toEqual(['head 200', 'end']);
});

test('while connecting, which then fails: nobody hears of it', async () => {
  const { it, network } = await abandoned();
  network.attempts[0]!.socket.destroy(codedError('ECONNREFUSED'));
  await it.settle({ open: 0 });
});

test('while connecting: connectTimeout still holds', async () => {
  const { it } = await abandoned();
  it.clock.advance(5000);
  await it.settle({ open: 0 });
});

test.each(['speaks', 'ends'] as const)('kept while nobody used it, the backend %s', async (how) => {
  const { it, connect } = await abandoned();
  connect();
  await it.settle({ idle: 1 });
  const connection = await it.origin.connection();
  if (how === 'speaks') connection.write(empty);
  else connection.end('');
  await it.settle({ open: 0 });
});

test.each(['close', 'destroy', 'release'] as const)('while connecting, then %s', async (how) => {
  const { it, network } = await abandoned();
  if (how === 'release') it.to.release();
  else await it.pool[how]();
  expect(network.attempts[0]!.socket.destroyed).toBe(true);
  await it.settle({ open: 0 });
});

const closing: [why: string, setup: Setup][] = [
  ['for one request alone', { via: { connection: 'one-shot' } }],
  ['with connectTimeout 0', { pool: { connectTimeout: 0 } }],
  ['with connectTimeout Infinity', { pool: { connectTimeout: Number.POSITIVE_INFINITY } }],
];

test.each(closing)('while connecting, %s: it is closed', async (_, setup) => {
  const { it, network } = await abandoned(setup);
  expect(network.attempts[0]!.socket.destroyed).toBe(true);
  await it.settle({ open: 0 });
});

test('while connecting, in a pool whose connections carry one request: it is closed', async () => {
  const { it, connect } = await abandoned({ pool: { connMaxRequests: 1 } });
  connect();
  await it.settle({ open: 0 });
});

test('in the queue', async () => {
  const it = await bench(undefined, { pool: { poolSize: 1 } });
  it.send();
  const all = [it.send(), it.send(), it.send()];
  expect(it.counts.waiting).toBe(3);
  all[1]!.abort();
  expect(it.counts.waiting).toBe(2);
  all[0]!.abort();
  all[2]!.abort();
  expect(it.counts.waiting).toBe(0);
});

test('while connecting: the next in the queue has the slot', async () => {
  const it = await bench((connection) => connection.write(head('content-length: 0')), {
    pool: { poolSize: 1 },
  });
  const first = it.send();
  const second = it.send();
  first.abort();
  expect((await second.done).events).toEqual(['head 200', 'end']);
});

test('given to a used connection, not yet written', async () => {
  const it = await bench((connection) => connection.write(head('content-length: 0')));
  await it.send().done;
  await turns(2);
  const sent = it.send();
  sent.abort();
  await it.settle({ open: 0 });
  await it.origin.untilAllClosed();
  // The direct transport has written what it may send again.
  expect(it.origin.connections[0]!.requests).toBe(isDirect ? 2 : 1);
});

test('while waiting for the head', async () => {
  const it = await bench();
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  sent.abort();
  expect(it.counts.active).toBe(0);
  await it.origin.untilAllClosed();
  await it.settle({ open: 0 });
});

test('while sending, also when the backend does not read', async () => {
  const it = await bench();
  const calls: string[] = [];
  let sink!: BodySink;
  const source = {
    contentLength: null,
    start(to: BodySink) {
      sink = to;
      while (sink.write(Buffer.alloc(1 << 20)));
    },
    resume() {},
    cancel() {
      calls.push('cancel');
    },
  };
  const sent = it.send(get('/', { method: 'POST', body: source }));
  const connection = await it.origin.connection();
  connection.socket.pause();
  await turns(20);
  sent.abort();
  expect(calls).toEqual(['cancel']);
  expect(sink.write(Buffer.alloc(1))).toBe(false);
  sink.end();
  connection.socket.resume();
  await it.origin.untilAllClosed();
  await it.settle({ open: 0 });
});

test.each([false, true])('while receiving, paused: %s', async (paused) => {
  const it = await bench((connection) => connection.write(`${head('content-length: 9')}abc`));
  const sent = it.send();
  await sent.headSeen;
  if (paused) sent.exchange.pause();
  await turns(3);
  sent.abort();
  sent.exchange.pause();
  sent.exchange.resume();
  await it.origin.untilAllClosed();
  await it.settle({ open: 0 });
});

test.each(['onHead', 'onData', 'onEnd'] as const)('from within %s', async (where) => {
  const it = await bench((connection) =>
    connection.write(`${head('transfer-encoding: chunked')}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`),
  );
  const sent = it.send();
  const original = sent[where].bind(sent) as (value: never) => void;
  sent[where] = (value: never) => {
    original(value);
    sent.abort();
  };
  const connection = await it.origin.connection();
  if (where === 'onEnd') {
    await sent.done;
    await it.settle({ open: 1, idle: 1 });
    return;
  }
  await connection.untilClosed();
  await it.settle({ open: 0 });
  expect(sent.events.at(-1)).toBe(where === 'onHead' ? 'head 200' : 'data');
});

test('of a request that was refused, before the refusal is told', async () => {
  const it = await bench();
  const sent = it.send(get('/', { fields: ['x', 'a\nb'] }));
  sent.abort();
  await turns(2);
  expect(sent.events).toEqual([]);
});

test('pause and resume: every byte arrives, in order, and the backend is held back', async () => {
  const size = 4 << 20;
  const it = await bench((connection) => {
    connection.write(head(`content-length: ${size}`));
    connection.write(Buffer.alloc(size, 'abcdefgh'));
  });
  const sent = it.send();
  await sent.headSeen;
  let waits = 0;
  while (sent.bytes < size && waits++ < 2000) {
    sent.exchange.pause();
    await turns(4);
    const before = sent.bytes;
    await turns(4);
    // Whatever had been read when we paused has come; nothing more does.
    expect(sent.bytes).toBe(before);
    sent.exchange.resume();
    await turns(2);
  }
  await sent.done;
  expect(sent.bytes).toBe(size);
  await it.settle({ idle: 1 });
});

test('pause from within onHead, then FIN: complete once resumed (RFC 9112 §6.3 rule 8)', async () => {
  const it = await bench((connection) => connection.end(`${head('a: b')}${'x'.repeat(200_000)}`));
  const sent = it.send();
  sent.onFirst = () => sent.exchange.pause();
  await sent.headSeen;
  const connection = await it.origin.connection();
  if (!connection.closed) await Promise.race([once(connection.socket, 'close'), turns(20)]);
  expect(sent.error).toBe(null);
  sent.exchange.resume();
  await sent.done;
  expect(sent.events.at(-1)).toBe('end');
  expect(sent.bytes).toBe(200_000);
});

test('a complete content-length body, then FIN while paused, is a success', async () => {
  const it = await bench((connection) => connection.end(`${head('content-length: 5')}hello`));
  const sent = it.send();
  sent.onFirst = () => sent.exchange.pause();
  await sent.done;
  expect(sent.events).toEqual(['head 200', 'data', 'end']);
});

test('resume from within another exchange’s callback', async () => {
  const it = await bench((connection) => {
    connection.write(head('content-length: 400000'));
    connection.write('x'.repeat(400_000));
  });
  const first = it.send();
  await first.headSeen;
  first.exchange.pause();
  await turns(5);
  const second = it.send();
  second.onChunk = () => first.exchange.resume();
  await Promise.all([first.done, second.done]);
  expect([first.bytes, second.bytes]).toEqual([400_000, 400_000]);
});
