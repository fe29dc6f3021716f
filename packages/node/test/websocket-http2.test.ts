/**
 * WebSockets by extended CONNECT (RFC 8441), where they are unlike those over HTTP/1.1, stream by stream. What they
 * have in common is in `websocket-over-http2.test.ts`.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { deferred, eventually, guarded, patternBytes } from '@reverseit/test-servers';
import { FramePeer } from '@reverseit/test-servers/frame-peer';
import { encodeFrame, OPCODE } from '@reverseit/test-servers/frames';
import { SocketReader } from '@reverseit/test-servers/socket-reader';
import { afterEach, describe, expect, test } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { answerOf, closeSessions, openSession } from './http2-clients-rig.ts';
import { useWebSocketRig, type WebSocketRig } from './websocket-rig.ts';

const open = useWebSocketRig();
const start = (options: Parameters<typeof open>[0] = {}) =>
  open({ ...options, proxy: { protocols: ['http2'], ...options.proxy } });
afterEach(closeSessions);

const connect = (more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/chat',
  'sec-websocket-version': '13',
  ...more,
});

const ask = (session: ClientHttp2Session, more: OutgoingHttpHeaders = {}): ClientHttp2Stream =>
  session.request(connect(more), { endStream: false });

/** A WebSocket on a stream of its own, by a client and to the backend. */
async function openOn(rig: WebSocketRig, session: ClientHttp2Session, more = {}) {
  const index = rig.acceptedCount;
  const stream = ask(session, more);
  const answered = deferred<IncomingHttpHeaders>();
  stream.on('response', answered.resolve);
  // As far as a peer of frames looks, a stream is a socket.
  const socket = stream as unknown as Socket;
  const client = new FramePeer('client', { socket, reader: new SocketReader(socket, peerName) });
  const headers = await guarded(answered.promise, 'the response');
  expect(headers[':status']).toBe(200);
  return { stream, client, headers, backend: await rig.backend(index) };
}

const peerName = { name: 'client' };

const closeOf = async (stream: ClientHttp2Stream): Promise<number | undefined> => {
  await eventually(() => stream.closed && stream.destroyed, 'the stream to close');
  return stream.rstCode;
};

const refusing = (answer: string | Buffer) => ({
  script: [
    (peer: { expectRequest(): unknown }) => peer.expectRequest(),
    (peer: { send(bytes: string | Uint8Array): unknown }) => peer.send(answer),
  ],
});

describe('the handshake', () => {
  test('§3: the server says that it knows extended CONNECT', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
  });

  test('§5: 200 without the fields of HTTP/1.1, and frames both ways beside other requests', async () => {
    const rig = await start({ accept: { fields: ['sec-websocket-protocol: chat'] } });
    const session = await openSession('in the clear', rig.port);
    const { client, backend, headers } = await openOn(rig, session, {
      'sec-websocket-protocol': 'chat, other',
    });
    expect(headers['sec-websocket-protocol']).toBe('chat');
    for (const name of ['connection', 'upgrade', 'sec-websocket-accept']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(backend.request.header('sec-websocket-protocol')).toBe('chat, other');
    await client.text('hello');
    expect((await backend.readMessage()).payload.toString()).toBe('hello');
    expect(rig.proxy.stats()).toMatchObject({ webSockets: 1, connections: 1 });
    const other = session.request({ ':path': '/chat' });
    other.on('error', () => {});
    await backend.text('back');
    expect((await client.readMessage()).payload.toString()).toBe('back');
    other.close();
  });

  test.each<[string, OutgoingHttpHeaders, number]>([
    ['another protocol', { ':protocol': 'other' }, 501],
    ['version 12', { 'sec-websocket-version': '12' }, 426],
    ['an empty list of subprotocols', { 'sec-websocket-protocol': '' }, 400],
    ['a subprotocol twice', { 'sec-websocket-protocol': 'a, a' }, 400],
    ['extensions that are no list', { 'sec-websocket-extensions': 'a; =b' }, 400],
  ])('%s is refused, and the connection goes on', async (_, fields, status) => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const answer = await answerOf(ask(session, fields));
    expect(answer.status).toBe(status);
    // RFC 6455 §4.4; what goes with it over HTTP/1.1 would be malformed (RFC 9113 §8.2.2).
    expect(answer.headers['sec-websocket-version']).toBe(status === 426 ? '13' : undefined);
    expect(answer.headers).not.toHaveProperty('upgrade');
    expect(rig.origin.connectionCount).toBe(0);
    const { client, backend } = await openOn(rig, session);
    await client.text('goes on');
    expect((await backend.readMessage()).payload.toString()).toBe('goes on');
  });

  test('a plain CONNECT, as of a client that does not know :protocol, is 501', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'a:1' });
    expect((await answerOf(stream)).status).toBe(501);
  });

  test.each<[string, OutgoingHttpHeaders]>([
    ['its name in another spelling (RFC 9110 §7.8)', { ':protocol': 'WebSocket' }],
    ['a key nevertheless (§5)', { 'sec-websocket-key': 'x' }],
  ])('%s is taken', async (_, fields) => {
    const rig = await start();
    const { backend } = await openOn(rig, await openSession('in the clear', rig.port), fields);
    expect(backend.request.header('sec-websocket-key')).toMatch(/^[A-Za-z0-9+/]{22}==$/);
  });

  test('a client that resets it aborts the request to the backend', async () => {
    const rig = await start({
      origin: { script: async (connection) => void (await connection.expectRequest()) },
    });
    const session = await openSession('in the clear', rig.port);
    const stream = ask(session);
    await rig.origin.request();
    stream.close(constants.NGHTTP2_CANCEL);
    await (await rig.origin.connection()).whenPeerGone();
    await eventually(() => rig.proxy.stats().activeExchanges === 0, 'the exchange to end');
  });
});

describe('a backend that refuses', () => {
  test('a 200 is no tunnel: 502', async () => {
    const rig = await start({
      origin: refusing('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    });
    const session = await openSession('in the clear', rig.port);
    expect((await answerOf(ask(session))).status).toBe(502);
  });

  test('is heard: 401 with its body', async () => {
    const rig = await start({
      origin: refusing(
        'HTTP/1.1 401 No\r\nwww-authenticate: Basic realm="a"\r\ncontent-length: 4\r\n\r\nwho?',
      ),
    });
    const session = await openSession('in the clear', rig.port);
    const stream = ask(session);
    const answer = await answerOf(stream);
    expect([answer.status, String(answer.body)]).toEqual([401, 'who?']);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="a"');
    expect(await closeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test('what the client sent meanwhile is dropped, and uses up no window', async () => {
    const rig = await start({ origin: refusing('HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n') });
    const session = await openSession('in the clear', rig.port);
    const early = encodeFrame({ opcode: OPCODE.binary, payload: patternBytes(250_000) }, true);
    // More than the window of the connection.
    for (let i = 0; i < 40; i += 1) {
      const stream = ask(session);
      stream.write(early);
      expect((await answerOf(stream)).status).toBe(403);
    }
  });
});

describe('the stream', () => {
  test('§5: frames come as they were, wherever DATA frames cut them', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const { stream, backend } = await openOn(rig, session);
    const frames = Buffer.concat([
      encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'grü' }, true),
      encodeFrame({ opcode: OPCODE.ping, payload: 'p' }, true),
      encodeFrame({ opcode: OPCODE.continuation, payload: 'ße' }, true),
      encodeFrame({ opcode: OPCODE.binary, payload: patternBytes(130) }, true),
    ]);
    for (let cut = 0; cut <= frames.length; cut += 1) {
      // Each write is a DATA frame.
      await new Promise((done) => stream.write(frames.subarray(0, cut), done));
      await new Promise((done) => stream.write(frames.subarray(cut), done));
      const text = await backend.readMessage();
      expect([text.payload.toString(), text.controls.length]).toEqual(['grüße', 1]);
      expect((await backend.readMessage()).payload.length).toBe(130);
    }
  });

  test('after the closing handshake we end it, then the client: nothing is reset', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const { stream, client, backend } = await openOn(rig, session);
    await client.sendClose(1000, 'done');
    expect(await backend.readClose()).toEqual({ code: 1000, reason: 'done' });
    await backend.sendClose(1000, 'done');
    backend.socket.end();
    expect(await client.readClose()).toEqual({ code: 1000, reason: 'done' });
    expect(await client.reader.whenGone()).toBe('fin');
    stream.end();
    expect(await closeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    await eventually(() => rig.proxy.stats().webSockets === 0, 'the WebSocket to close');
    expect(session.closed).toBe(false);
  });

  test('browsers reset it instead: that is an end as well', async () => {
    const records: AccessRecord[] = [];
    const rig = await start({ proxy: { onFinish: (record) => records.push(record) } });
    const session = await openSession('in the clear', rig.port);
    const { stream, client, backend } = await openOn(rig, session);
    await client.sendClose(1000);
    await backend.readClose();
    await backend.sendClose(1000);
    backend.socket.end();
    await client.readClose();
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => records.length === 1, 'the record');
    expect(records).toMatchObject([{ status: 101, errorCode: null, httpVersion: '2.0' }]);
  });

  test('one that takes nothing is not cut by responseSendTimeout, nor over HTTP/1.1', async () => {
    const rig = await start({ proxy: { responseSendTimeout: 100 } });
    const session = await openSession('in the clear', rig.port);
    const deaf = await openOn(rig, session);
    deaf.client.reader.hold();
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(1 << 20) }, false);
    for (let i = 0; i < 4; i += 1) deaf.backend.socket.write(frame);
    await eventually(() => deaf.backend.socket.writableLength > 0, 'the proxy to hold back');
    const end = performance.now() + 400;
    while (performance.now() < end) {
      await deaf.client.ping('here');
      expect((await deaf.backend.readFrame()).opcode).toBe(OPCODE.ping);
    }
    expect(deaf.stream.closed).toBe(false);
  });

  test('many on one connection, while one of them does not read', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const deaf = await openOn(rig, session);
    deaf.client.reader.hold();
    const large = encodeFrame({ opcode: OPCODE.binary, payload: patternBytes(1 << 20) }, false);
    for (let i = 0; i < 16; i += 1) deaf.backend.socket.write(large);
    await eventually(() => deaf.backend.socket.writableLength > 0, 'the proxy to hold back');
    const others = [];
    for (let i = 0; i < 30; i += 1) others.push(await openOn(rig, session));
    for (const { client, backend } of others) {
      await client.binary(patternBytes(100_000));
      await backend.binary((await backend.readMessage()).payload);
    }
    for (const { client } of others) {
      expect((await client.readMessage()).payload.equals(patternBytes(100_000))).toBe(true);
    }
    expect(rig.proxy.stats()).toMatchObject({ webSockets: 31, connections: 1 });
    deaf.client.reader.resume();
    for (let i = 0; i < 16; i += 1) {
      expect((await deaf.client.readMessage()).payload.equals(patternBytes(1 << 20))).toBe(true);
    }
  });
});

describe('the server closes', () => {
  test('with 1001 to each of a connection, which ends with the last of them', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const all = [await openOn(rig, session), await openOn(rig, session)];
    const goaway = deferred<number>();
    session.on('goaway', goaway.resolve);
    const closing = rig.proxy.close();
    expect(await guarded(goaway.promise, 'GOAWAY')).toBe(constants.NGHTTP2_NO_ERROR);
    for (const { stream, client, backend } of all) {
      for (const peer of [client, backend]) {
        expect(await peer.readClose()).toMatchObject({ code: 1001 });
        await peer.sendClose(1001);
      }
      backend.socket.end();
      stream.end();
      expect(await closeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    }
    await guarded(closing, 'the proxy to close');
    await eventually(() => session.destroyed, 'the session to close');
  });

  test('within its time, whatever the peers do', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const { stream, client, backend } = await openOn(rig, session);
    await guarded(rig.proxy.close({ timeout: 50 }), 'the proxy to close', 4000);
    expect(await client.readClose()).toMatchObject({ code: 1001 });
    await backend.reader.whenGone();
    await closeOf(stream);
    expect(rig.proxy.stats()).toMatchObject({ webSockets: 0, connections: 0 });
  });
});

describe('hooks', () => {
  test('see a handshake, change it, and get its record', async () => {
    const records: AccessRecord[] = [];
    const seen: unknown[] = [];
    const rig = await start({
      proxy: {
        onRequest(request) {
          seen.push([request.method, request.websocket, request.httpVersion]);
          request.headers.set('x-user', 'alice');
        },
        onFinish: (record) => records.push(record),
      },
    });
    const session = await openSession('in the clear', rig.port);
    const { stream, client, backend } = await openOn(rig, session, { 'x-user': 'mallory' });
    expect(seen).toEqual([['GET', true, '2.0']]);
    expect(backend.request.headers('x-user')).toEqual(['alice']);
    await client.text('12345');
    await backend.readMessage();
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await backend.readClose()).toMatchObject({ code: 1001 });
    backend.socket.end();
    await eventually(() => records.length === 1, 'the record');
    expect(records).toMatchObject([
      { status: 101, errorCode: 'RIT_ERR_WS_CLIENT_LOST', bytesReceived: 5, target: '/chat' },
    ]);
  });

  test('refuse one', async () => {
    const rig = await start({
      proxy: { onRequest: () => ({ status: 401, body: 'who?' }) },
    });
    const session = await openSession('in the clear', rig.port);
    const stream = ask(session);
    const answer = await answerOf(stream);
    expect([answer.status, String(answer.body)]).toEqual([401, 'who?']);
    expect(await closeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    expect(rig.origin.connectionCount).toBe(0);
  });

  test('cannot answer it with 200, which would be a tunnel: 502', async () => {
    const rig = await start({ proxy: { onRequest: () => ({ status: 200, body: 'fine' }) } });
    const session = await openSession('in the clear', rig.port);
    expect((await answerOf(ask(session))).status).toBe(502);
  });
});

describe('other protocols, of `upgrades`', () => {
  async function openEcho() {
    const rig = await start({
      proxy: { upgrades: ['websocket', 'echo'] },
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          await connection.send(
            'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly',
          );
          await new Promise((resolve) => connection.socket.on('close', resolve));
        },
      },
    });
    const session = await openSession('in the clear', rig.port);
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'echo', ':path': '/' },
      { endStream: false },
    );
    const socket = stream as unknown as Socket;
    const reader = new SocketReader(socket, peerName);
    expect(String(await reader.take(5))).toBe('early');
    return { rig, stream, reader, backend: await rig.origin.connection() };
  }

  test('are tunnels: bytes, and each end by itself', async () => {
    const { stream, reader, backend } = await openEcho();
    stream.write('ping');
    expect(String(await backend.reader.take(4))).toBe('ping');
    stream.end();
    await backend.reader.takeAll();
    await backend.send('pong');
    expect(String(await reader.take(4))).toBe('pong');
    backend.end();
    expect(await reader.whenGone()).toBe('fin');
    expect(await closeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test.each(['client', 'backend'])('a reset of the %s is one for the other', async (who) => {
    const { rig, stream, backend } = await openEcho();
    if (who === 'client') {
      stream.close(constants.NGHTTP2_CANCEL);
      expect(await backend.whenPeerGone()).toBe('reset');
    } else {
      backend.reset();
      expect(await closeOf(stream)).toBe(constants.NGHTTP2_CANCEL);
    }
    await eventually(() => rig.proxy.stats().tunnels === 0, 'the tunnel to end');
  });
});
