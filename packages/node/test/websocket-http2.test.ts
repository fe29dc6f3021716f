/**
 * Handshakes of WebSockets over HTTP/2 (RFC 8441), where they are unlike those over HTTP/1.1. What they have in common
 * is in `websocket-over-http2.test.ts`.
 */
import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { eventually, patternBytes } from '@reverseit/test-servers';
import { encodeFrame, OPCODE } from '@reverseit/test-servers/frames';
import { describe, expect, test } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { answerOf, openSession } from './http2-clients-rig.ts';
import { ask, closeOf, openOn, useHttp2Rig } from './websocket-http2-rig.ts';

const start = useHttp2Rig();

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
