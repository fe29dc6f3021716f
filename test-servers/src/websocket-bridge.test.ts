import { once } from 'node:events';
import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectFrames, handshakeRequest } from './frame-client.ts';
import { deferred, eventually, guarded } from './guard.ts';
import { patternBytes } from './pattern.ts';
import { connectRaw } from './raw-client.ts';
import { useCensus, useCleanup } from './use-server.ts';
import { startWebSocketBridge, type WebSocketBridge } from './websocket-bridge.ts';

useCensus();
const use = useCleanup();

interface Asked {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly fields: readonly string[];
}

/** A bridge before a server of node:http2, which hands over each stream with its request. */
async function start(settings: ServerOptions['settings'] = { enableConnectProtocol: true }) {
  const asked: Asked[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({ settings });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers, _flags, fields: string[] = []) => {
    stream.on('error', () => {});
    asked.push({ stream, headers, fields });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  use({
    async close() {
      for (const session of sessions) session.destroy();
      const gone = once(server, 'close');
      server.close();
      await gone;
    },
  });
  const bridge = use(await startWebSocketBridge({ port: (server.address() as AddressInfo).port }));
  const stream = (nth = 0): Promise<Asked> => eventually(() => asked[nth], `stream ${nth}`);
  return { bridge, server, sessions, stream };
}

/** A WebSocket through the bridge: a client, and the server's stream. */
async function openTunnel(bridge: WebSocketBridge, nth: (n: number) => Promise<Asked>, n = 0) {
  const client = use(await connectRaw({ port: bridge.port }));
  client.send(handshakeRequest());
  const { stream } = await nth(n);
  stream.respond({ ':status': 200 });
  expect((await client.readHead()).head.status).toBe(101);
  return { client, stream };
}

const closedWith = async (stream: ServerHttp2Stream): Promise<number | undefined> => {
  if (!stream.closed) await guarded(once(stream, 'close'), 'the stream to close');
  return stream.rstCode;
};

describe('RFC 8441 §5: the handshake', () => {
  it('is asked for by extended CONNECT, with what it says itself', async () => {
    const { bridge, stream } = await start();
    const connecting = connectFrames({
      port: bridge.port,
      target: '/chat?a=b',
      hostField: 'example.org',
      fields: ['Origin: http://a', 'X: 1', 'X: 2', 'Keep-Alive: 5'],
    });
    const { stream: its, fields } = await stream();
    expect(fields).toEqual([
      ...[':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'http'],
      ...[':authority', 'example.org', ':path', '/chat?a=b'],
      ...['sec-websocket-version', '13', 'origin', 'http://a', 'x', '1', 'x', '2'],
    ]);
    const answer = { ':status': 200, 'sec-websocket-protocol': 'chat', 'set-cookie': ['a', 'b'] };
    its.respond(answer as OutgoingHttpHeaders, { sendDate: false } as object);
    const { response } = use(await connecting);
    expect(response.header('sec-websocket-protocol')).toBe('chat');
    expect(response.headers('set-cookie')).toEqual(['a', 'b']);
  });

  it('is refused with the response, then FIN', async () => {
    const { bridge, stream } = await start();
    const client = use(await connectRaw({ port: bridge.port }));
    client.send(handshakeRequest());
    const { stream: its } = await stream();
    its.respond({ ':status': 401, 'www-authenticate': 'Basic realm="a"', 'content-length': '4' });
    its.end('who?');
    const answer = await client.readResponse();
    expect([answer.status, answer.text]).toEqual([401, 'who?']);
    expect(answer.header('www-authenticate')).toBe('Basic realm="a"');
    expect(answer.header('connection')).toBe('close');
    await client.expectFin();
  });

  it('takes bytes before the answer, and a FIN', async () => {
    const { bridge, stream } = await start();
    const client = use(await connectRaw({ port: bridge.port }));
    client.send(`${handshakeRequest()}early`);
    client.end();
    const { stream: its } = await stream();
    const pieces: Buffer[] = [];
    its.on('data', (piece: Buffer) => pieces.push(piece));
    await guarded(once(its, 'end'), 'END_STREAM');
    expect(String(Buffer.concat(pieces))).toBe('early');
    its.respond({ ':status': 200 });
    its.end('late');
    expect((await client.readHead()).head.status).toBe(101);
    expect(String(await client.readUntilEnd())).toBe('late');
  });

  it.each<[string, ServerOptions['settings']]>([
    ['does not offer extended CONNECT (§3)', {}],
    ['offers 0', { enableConnectProtocol: false }],
  ])('to a server that %s: the client is left', async (_, settings) => {
    const { bridge } = await start(settings);
    const client = use(await connectRaw({ port: bridge.port }));
    client.send(handshakeRequest());
    await client.expectClosed();
    await eventually(() => bridge.sessionCount === 0, 'the session to close');
  });
});

describe('RFC 8441 §5: the tunnel', () => {
  it('carries bytes both ways', async () => {
    const { bridge, stream } = await start();
    const { client, stream: its } = await openTunnel(bridge, stream);
    const bytes = patternBytes(3_000_000);
    its.pipe(its);
    client.socket.write(bytes);
    expect((await client.reader.take(bytes.length)).equals(bytes)).toBe(true);
  });

  it.each(['client', 'server'])(
    'holds the other side back when the %s does not read',
    async (deaf) => {
      const { bridge, stream } = await start();
      const { client, stream: its } = await openTunnel(bridge, stream);
      const piece = Buffer.alloc(1 << 20);
      const sender = deaf === 'client' ? its : client.socket;
      if (deaf === 'client') client.pauseReading();
      for (let i = 0; i < 32; i += 1) sender.write(piece);
      const other = await openTunnel(bridge, stream, 1);
      // Another tunnel of the same session goes on.
      other.stream.pipe(other.stream);
      for (let i = 0; i < 100; i += 1) {
        other.client.send('x');
        await other.client.reader.take(1);
      }
      expect(sender.writableLength).toBeGreaterThan(16 << 20);
      its.resume();
      client.resumeReading();
      if (deaf === 'client') await client.reader.take(32 << 20);
      await eventually(() => sender.writableLength === 0, 'the rest to leave');
    },
  );

  it('FIN is END_STREAM, each way by itself', async () => {
    const { bridge, stream } = await start();
    const { client, stream: its } = await openTunnel(bridge, stream);
    its.resume();
    client.end();
    await guarded(once(its, 'end'), 'END_STREAM');
    its.write('still');
    expect(String(await client.reader.take(5))).toBe('still');
    its.end();
    await client.expectFin();
    expect(await closedWith(its)).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('END_STREAM of the server is FIN', async () => {
    const { bridge, stream } = await start();
    const { client, stream: its } = await openTunnel(bridge, stream);
    const got = once(its, 'data');
    its.end('last');
    expect(String(await client.readUntilEnd())).toBe('last');
    client.send('still');
    expect(String((await guarded(got, 'a byte'))[0])).toBe('still');
  });

  it.each([true, false])('RST is RST_STREAM with CANCEL; answered before: %s', async (answered) => {
    const { bridge, stream } = await start();
    const client = use(await connectRaw({ port: bridge.port }));
    client.send(handshakeRequest());
    const { stream: its } = await stream();
    its.resume();
    if (answered) {
      its.respond({ ':status': 200 });
      await client.readHead();
    }
    client.reset();
    expect(await closedWith(its)).toBe(constants.NGHTTP2_CANCEL);
  });

  it.each([
    ['the stream', (its: ServerHttp2Stream) => its.close(constants.NGHTTP2_CANCEL)],
    ['the session', (its: ServerHttp2Stream) => its.session?.destroy()],
  ])('a server that cuts %s is RST', async (_, cut) => {
    const { bridge, stream } = await start();
    const { client, stream: its } = await openTunnel(bridge, stream);
    cut(its);
    await client.expectReset();
  });

  it('shares a session with others, which ends with the last of them', async () => {
    const { bridge, stream, sessions } = await start();
    const first = await openTunnel(bridge, stream);
    const second = await openTunnel(bridge, stream, 1);
    expect([bridge.sessionCount, sessions.size]).toEqual([1, 1]);
    first.client.reset();
    await closedWith(first.stream);
    second.stream.write('x');
    expect(String(await second.client.reader.take(1))).toBe('x');
    second.client.reset();
    await eventually(() => bridge.sessionCount + sessions.size === 0, 'the session to close');
    await openTunnel(bridge, stream, 2);
    expect(bridge.sessionCount).toBe(1);
  });
});

it('nobody listens: the client is left', async () => {
  const deaf = await start();
  const { port } = deaf.server.address() as AddressInfo;
  const gone = deferred();
  deaf.server.close(() => gone.resolve());
  await gone.promise;
  const bridge = use(await startWebSocketBridge({ port }));
  const client = use(await connectRaw({ port: bridge.port }));
  client.send(handshakeRequest());
  await client.expectClosed();
});
