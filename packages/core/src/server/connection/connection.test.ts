import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { turn } from '@reverseit/test-servers';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../test/drive-parser.ts';
import { request } from '../../../test/server-rig.ts';
import { createError } from '../../errors/reverseit-error.ts';
import { Deadlines } from '../../time/deadlines.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { ServerContext } from '../exchange/server-context.ts';
import { Connection } from './connection.ts';

/** Stands for a socket whose peer takes a write when the test says so. */
class SlowSocket extends Duplex {
  #taken: (() => void) | null = null;
  readonly written: string[] = [];

  constructor() {
    super({ highWaterMark: 1000 });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.written.push(chunk.toString('latin1'));
    this.#taken = callback;
  }

  takeOne(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }
}

interface Bench {
  clock: FakeClock;
  socket: SlowSocket;
  /** The first, and all that came. */
  exchange: Exchange;
  exchanges: Exchange[];
  errors: string[];
}

/** A connection with one request, whose response is to be sent within 100 ms. */
async function setUp(text = request('GET /')): Promise<Bench> {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const errors: string[] = [];
  const exchanges: Exchange[] = [];
  const context: ServerContext = {
    limits: defaultLimits,
    maxRequestsPerConnection: Number.POSITIVE_INFINITY,
    halfClose: 'probe',
    deadlines,
    headDeadlines: deadlines.queue(0),
    keepAliveDeadlines: deadlines.queue(0),
    sendDeadlines: deadlines.queue(100),
    closing: false,
    listener: (one) => {
      exchanges.push(one);
      one.handler = {
        onBody: () => {},
        onBodyEnd: () => {},
        onDrain: () => {},
        onAbort: (error) => errors.push(error.code),
        onFault: (error) => errors.push(error.code) > 0,
      };
    },
    refusalFields: () => [],
    onExchangeStart: () => {},
    onExchangeEnd: () => {},
    onFailure: () => {},
    onRefusal: () => {},
    onConnectionClosed: () => {},
  };
  const socket = new SlowSocket();
  new Connection(context, socket as unknown as Socket);
  socket.push(text);
  await turn();
  const [exchange] = exchanges;
  if (exchange === undefined) throw new Error('no request');
  return { clock, socket, exchange, exchanges, errors };
}

const piece = Buffer.alloc(20_000);

test('responseSendTimeout: a client that takes nothing is cut', async () => {
  const { clock, socket, exchange, errors } = await setUp();
  exchange.sendHead(200, '', [], null);
  expect(exchange.write(piece)).toBe(false);
  clock.advance(99);
  expect(errors).toEqual([]);
  clock.advance(1);
  expect(errors).toEqual(['RIT_ERR_SEND_TIMEOUT']);
  expect(socket.destroyed).toBe(true);
  expect(clock.timers.size).toBe(0);
});

test('responseSendTimeout: slow is not dead, as long as some of what waits is taken', async () => {
  const { clock, socket, exchange, errors } = await setUp();
  exchange.sendHead(200, '', [], null);
  exchange.write(piece);
  // Written although it was not wanted: that is not the client's doing.
  clock.advance(50);
  for (let i = 0; i < 3; i++) exchange.write(piece);
  for (let i = 0; i < 3; i++) {
    socket.takeOne();
    await turn();
    clock.advance(100);
    expect(errors).toEqual([]);
  }
  clock.advance(100);
  expect(errors).toEqual(['RIT_ERR_SEND_TIMEOUT']);
});

test('responseSendTimeout: a drained client has none', async () => {
  const { clock, socket, exchange, errors } = await setUp();
  exchange.sendHead(200, '', [], null);
  exchange.write(piece);
  while (socket.writableLength > 0) {
    socket.takeOne();
    await turn();
  }
  clock.advance(1000);
  expect(errors).toEqual([]);
  expect(exchange.write(piece)).toBe(false);
  clock.advance(100);
  expect(errors).toEqual(['RIT_ERR_SEND_TIMEOUT']);
});

test('content that was held may be refused in the midst of it, with more of it at hand', async () => {
  const { socket, exchange, exchanges } = await setUp();
  const chunk = `7d0\r\n${'a'.repeat(2000)}\r\n`;
  const post = request('POST /', ['Transfer-Encoding: chunked']) + chunk.repeat(60);
  socket.push(post.slice(0, 60_000));
  await turn();
  socket.push(post.slice(60_000));
  await turn();
  exchange.respond(200, [], '');
  socket.takeOne();
  const second = exchanges[1] as Exchange;
  let pieces = 0;
  second.handler = {
    ...second.handler,
    onBody: () => {
      pieces++;
      second.fail(createError('RIT_ERR_BODY_TOO_LARGE'));
    },
  };
  second.readBody(0);
  expect(second.status).toBe(413);
  // Told of no more, although the parser had more.
  expect(pieces).toBe(1);
  socket.destroy();
});

describe('a malformed chunk (RFC 9112 §7.1) that the handler answers by itself', () => {
  const post = request('POST /', ['Transfer-Encoding: chunked']);
  const written = (socket: SlowSocket): string => socket.written.join('');

  test('the body’s deadline runs no longer', async () => {
    const { clock, socket, exchange, errors } = await setUp(post);
    exchange.readBody(100);
    socket.push('nonsense\r\n');
    await turn();
    expect(errors).toEqual(['RIT_ERR_CHUNK_SYNTAX']);
    clock.advance(1000);
    exchange.respond(422, [], 'ours');
    expect(written(socket)).toMatch(/^HTTP\/1.1 422 .*ours$/s);
    socket.destroy();
  });

  test('with a response under way: its end is that of the connection', async () => {
    const { socket, exchange } = await setUp(post);
    exchange.sendHead(200, '', ['content-length', '4'], 4);
    exchange.readBody(100);
    socket.push('nonsense\r\n');
    await turn();
    exchange.write(Buffer.from('ours'));
    exchange.end();
    socket.takeOne();
    expect(written(socket)).toMatch(/^HTTP\/1.1 200 .*ours$/s);
    expect(socket.writableEnded).toBe(true);
    socket.destroy();
  });
});
