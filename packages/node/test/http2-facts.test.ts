/**
 * What undici's HTTP/2 was found to lose, to leak, or to take for complete, through the whole proxy (RFC
 * 9113).
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { eventually, patternBytes, patternSha256, turn } from '@reverseit/test-servers';
import {
  block,
  DATA,
  END_HEADERS,
  type Frame,
  FrameConnection,
  frame,
  HEADERS,
  RST_STREAM,
  SETTINGS,
  uint32,
} from '@reverseit/test-servers/http2-frames';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();

async function before(port: number, options: Partial<ReverseItOptions> = {}) {
  const bench = await start({
    options: {
      backend: `http://127.0.0.1:${port}`,
      pool: { protocols: ['http2'] },
      ...options,
    } as ReverseItOptions,
  });
  return { bench, client: await bench.connect() };
}

/** A backend of node:http2. */
async function node(onStream: (stream: ServerHttp2Stream, method: unknown) => void) {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers[':method']);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  use({
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

/** A backend that writes frames. */
async function frames(onRequest: (peer: FrameConnection, id: number) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    const peer = new FrameConnection(socket, (got: Frame) => {
      if (got.type === SETTINGS && got.flags === 0) peer.write(frame(SETTINGS, 1, 0));
      if (got.type === HEADERS) onRequest(peer, got.id);
    });
    peer.write(frame(SETTINGS, 0, 0));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  use({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  return (server.address() as AddressInfo).port;
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

it('RFC 9113 §8.1: a response that its client does not read for a while keeps its end and its trailers', async () => {
  const size = 24 * 1024 * 1024;
  let stream: ServerHttp2Stream | undefined;
  const { port } = await node((opened) => {
    stream = opened;
    opened.respond({ ':status': 200 }, { waitForTrailers: true });
    opened.on('wantTrailers', () => opened.sendTrailers({ 'x-end': 'e' }));
    opened.end(patternBytes(size));
  });
  const { client } = await before(port);
  client.pauseReading();
  client.send(request('GET /'));
  await eventually(() => stream !== undefined, 'the request');
  // Nothing moves any more: every buffer on the way is full.
  for (let still = 0, last = -1; still < 50; still += 1) {
    await turn();
    const sent = stream?.session?.state.outboundQueueSize ?? 0;
    const read = client.socket.bytesRead + sent + (stream?.state.localWindowSize ?? 0);
    if (read !== last) still = 0;
    last = read;
  }
  client.resumeReading();
  const answered = await client.readResponse();
  expect(createHash('sha256').update(answered.body).digest('hex')).toBe(patternSha256(size));
  expect(answered.trailers).toEqual([['x-end', 'e']]);
});

it.each([0, 8])(
  'RFC 9113 §8.1: RST_STREAM with code %i within content without a length never looks complete',
  async (code) => {
    let reset: (() => void) | undefined;
    const port = await frames((peer, id) => {
      peer.write(
        frame(HEADERS, END_HEADERS, id, block(':status', '200')),
        frame(DATA, 0, id, 'part'),
      );
      reset = () => peer.write(frame(RST_STREAM, 0, id, uint32(code)));
    });
    const { client } = await before(port);
    client.send(request('GET /'));
    await client.reader.takeThrough(chunk('part'));
    reset?.();
    await client.expectReset();
    expect(client.received.toString()).not.toMatch(/0\r\n\r\n$/);
  },
);

it('RFC 9113 §5.4.2: 120 uploads whose clients leave are reset, and then a GET is served', async () => {
  const uploads: ServerHttp2Stream[] = [];
  const { port, sessions } = await node((stream, method) => {
    if (method === 'GET') {
      stream.respond({ ':status': 200 });
      stream.end('ok');
      return;
    }
    uploads.push(stream.resume());
  });
  const { bench, client } = await before(port, { requestBodyBufferSize: 0 });
  expect((await client.request(request('GET /'))).text).toBe('ok');
  for (let nth = 0; nth < 120; nth += 1) {
    const leaving = await bench.connect();
    leaving.send(request('POST /', ['Transfer-Encoding: chunked'], chunk('part')));
    // Half of them within the tick of a piece.
    if (nth % 2 === 0) await eventually(() => uploads.length > nth / 2, 'the upload');
    else leaving.send(chunk('more'));
    leaving.reset();
  }
  expect((await client.request(request('GET /'))).text).toBe('ok');
  await eventually(() => bench.proxy.stats().activeExchanges === 0, 'the uploads to be over');
  await eventually(() => uploads.every(({ closed }) => closed), 'the resets');
  expect(new Set(uploads.map(({ rstCode }) => rstCode))).toEqual(new Set([8]));
  expect(sessions).toHaveLength(1);
});

it('RFC 9113 §5.4.2: a collected upload whose client leaves as it is sent on', async () => {
  const uploads: ServerHttp2Stream[] = [];
  const { port, sessions } = await node((stream, method) => {
    if (method === 'POST') uploads.push(stream.resume());
    else {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }
  });
  const { bench, client } = await before(port);
  expect((await client.request(request('GET /'))).text).toBe('ok');
  for (let nth = 0; nth < 20; nth += 1) {
    const leaving = await bench.connect();
    leaving.send(request('POST /', ['Content-Length: 5'], 'hello'));
    if (nth % 2 === 0) await turn();
    leaving.reset();
  }
  expect((await client.request(request('GET /'))).text).toBe('ok');
  await eventually(() => bench.proxy.stats().activeExchanges === 0, 'the uploads to be over');
  await eventually(() => uploads.every(({ closed }) => closed), 'the resets');
  expect(sessions).toHaveLength(1);
});
