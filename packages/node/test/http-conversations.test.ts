/**
 * Requests whose two sides wait for each other: gRPC, and content without a length that pauses for an answer.
 */
import type { OriginConnection } from '@reverseit/test-servers';
import { eventually, response } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { type Options, request, useProxy } from './harness.ts';

const start = useProxy();
/** undici sends the head of a request with its first piece. */
const isDirect = process.env.REVERSEIT_TRANSPORT === 'direct';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Answers each chunk by one of its own. */
const pong = [
  (connection: OriginConnection) => connection.expectHead(),
  async (connection: OriginConnection) => {
    // undici sends the end of a chunk with the next one.
    await connection.reader.takeThrough('ping 0');
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    await connection.send(head + chunk('pong 0'));
    for (let nth = 1; nth < 3; nth += 1) {
      await connection.reader.takeThrough(`ping ${nth}`);
      await connection.send(chunk(`pong ${nth}`));
    }
    await connection.reader.takeThrough('0\r\n\r\n');
    await connection.send('0\r\nx-end: 1\r\n\r\n');
  },
];

async function play(options: Options, ...fields: string[]): Promise<void> {
  const bench = await start({ options, origin: { script: pong } });
  const client = await bench.connect();
  client.send(request('POST /x', ['Transfer-Encoding: chunked', ...fields]));
  for (let nth = 0; nth < 3; nth += 1) {
    client.send(chunk(`ping ${nth}`));
    await client.reader.takeThrough(chunk(`pong ${nth}`));
  }
  client.send('0\r\n\r\n');
  await client.reader.takeThrough('0\r\nx-end: 1\r\n\r\n');
}

describe('content without a length, whose client waits for an answer', () => {
  it.each([
    ['as it is by default', 100],
    ['at once, nearly', 1],
  ])('is streamed: requestBodyBufferDelay %s', async (_, requestBodyBufferDelay) => {
    await play({ requestBodyBufferDelay });
  });

  it('is streamed before its first piece', async () => {
    const bench = await start({
      options: { requestBodyBufferDelay: 1 },
      origin: {
        script: [
          (c) => c.expectHead(),
          (c) => c.send(response(200, 'early')),
          (c) => c.reader.drain(),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('POST /x', ['Transfer-Encoding: chunked']));
    await eventually(() => bench.pool.active === 1, 'the backend to be asked');
    if (!isDirect) client.send(chunk('undici sends nothing before'));
    expect((await client.readResponse({ method: 'POST' })).text).toBe('early');
  });

  it('is streamed where it pauses after many pieces, and each of them restarts the wait', async () => {
    const bench = await start({ options: { requestBodyBufferDelay: 1 } });
    const client = await bench.connect();
    client.send(request('POST /x', ['Transfer-Encoding: chunked'], chunk('a').repeat(1000)));
    const backend = await bench.origin.connection();
    await backend.reader.whenReceived(1000);
    client.send(`${chunk('b')}0\r\n\r\n`);
    expect((await client.readResponse({ method: 'POST' })).text).toBe('ok');
    expect((await bench.origin.request()).text).toBe(`${'a'.repeat(1000)}b`);
  });

  it('is held all the same, where requestBodyBufferDelay is 0', async () => {
    const bench = await start({
      options: { requestBodyBufferDelay: 0, requestBodyReadTimeout: 300 },
    });
    const client = await bench.connect();
    client.send(request('POST /x', ['Transfer-Encoding: chunked'], chunk('abc')));
    expect((await client.readResponse({ method: 'POST' })).status).toBe(408);
    expect(bench.origin.connectionCount).toBe(0);
  });
});

it('content without a length is held where it is an upload: more than 32 KiB has come', async () => {
  const options = { requestBodyBufferDelay: 1, requestBodyReadTimeout: 300 };
  const bench = await start({ options });
  const client = await bench.connect();
  const head = request('POST /x', ['Transfer-Encoding: chunked']);
  client.send(head + chunk('x'.repeat(32_769)));
  expect((await client.readResponse({ method: 'POST' })).status).toBe(408);
  expect(bench.origin.connectionCount).toBe(0);
});

it.each([
  ['without a length', 1, 'X-A: b'],
  ['gRPC', 0, 'Content-Type: application/grpc'],
])('clients that wait leave half of the pool to others: %s', async (_, delay, field) => {
  const bench = await start({
    options: { requestBodyBufferDelay: delay, pool: { poolSize: 4 } },
    origin: {
      script: async (connection) => {
        for (;;) {
          const head = await connection.expectHead().catch(() => null);
          if (head === null) return;
          if (head.method === 'POST') await connection.reader.drain();
          else await connection.send(response(200, 'ok'));
        }
      },
    },
  });
  const question = request('POST /x', ['Transfer-Encoding: chunked', field], chunk('abc'));
  const stalling = [];
  for (let nth = 0; nth < 6; nth += 1) {
    const client = await bench.connect();
    client.send(question);
    stalling.push(client);
  }
  await eventually(() => bench.pool.active === 2, 'half of the pool to be taken');
  const other = await bench.connect();
  for (let nth = 0; nth < 3; nth += 1) {
    expect((await other.request(request('GET /other'))).text).toBe('ok');
    expect(bench.pool.active).toBe(2);
  }
  // Those that end make room for the next that wait.
  for (const client of [...stalling, other]) await client.close();
  await bench.whenIdle();
  const next = await bench.connect();
  next.send(question);
  await eventually(() => bench.pool.active === 1, 'a stream for the next');
});

it('content with a length is held, however long its client waits', async () => {
  const bench = await start({
    options: { requestBodyBufferDelay: 1, requestBodyReadTimeout: 300 },
  });
  const client = await bench.connect();
  client.send(request('POST /x', ['Content-Length: 10'], 'abc'));
  expect((await client.readResponse({ method: 'POST' })).status).toBe(408);
  expect(bench.origin.connectionCount).toBe(0);
});

describe('gRPC is streamed at once', () => {
  it.each([
    'application/grpc',
    'application/grpc+proto',
    'Application/gRPC; charset=x',
    'application/grpc-web+proto',
  ])('%s', async (type) => {
    await play({ requestBodyBufferDelay: 0 }, `Content-Type: ${type}`);
  });

  it('but for what has a length', async () => {
    const options = { requestBodyBufferDelay: 0, requestBodyReadTimeout: 300 };
    const bench = await start({ options });
    const client = await bench.connect();
    const fields = ['Content-Type: application/grpc-web', 'Content-Length: 10'];
    client.send(request('POST /x', fields, 'abc'));
    expect((await client.readResponse({ method: 'POST' })).status).toBe(408);
    expect(bench.origin.connectionCount).toBe(0);
  });
});
