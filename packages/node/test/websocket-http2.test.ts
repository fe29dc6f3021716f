/** WebSockets by extended CONNECT (RFC 8441), where they are unlike those over HTTP/1.1. */
import { deferred, guarded } from '@reverseit/test-servers';
import { encodeFrame } from '@reverseit/test-servers/frames';
import { afterEach, describe, expect, test } from 'vitest';

import { answerOf, closeSessions, openSession } from './http2-clients-rig.ts';
import { useWebSocketRig } from './websocket-rig.ts';

const open = useWebSocketRig();
const start = (options: Parameters<typeof open>[0] = {}) =>
  open({ ...options, proxy: { protocols: ['http2'], ...options.proxy } });
afterEach(closeSessions);

const connect = (more: object = {}) => ({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/chat',
  'sec-websocket-version': '13',
  ...more,
});

describe('RFC 8441', () => {
  test('§3: the server says that it knows extended CONNECT', async () => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
  });

  test('§5: 200 without the fields of HTTP/1.1, frames both ways, and the end', async () => {
    const rig = await start({ accept: { fields: ['sec-websocket-protocol: chat'] } });
    const session = await openSession('in the clear', rig.port);
    const stream = session.request(connect({ 'sec-websocket-protocol': 'chat' }), {
      endStream: false,
    });
    const answered = deferred<Record<string, unknown>>();
    stream.on('response', (headers) => answered.resolve(headers));
    const headers = await guarded(answered.promise, 'the response');
    expect(headers).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    for (const name of ['connection', 'upgrade', 'sec-websocket-accept']) {
      expect(headers).not.toHaveProperty(name);
    }
    const backend = await rig.backend();
    stream.write(encodeFrame({ opcode: 1, payload: 'hello' }, true));
    expect(String((await backend.readFrame()).payload)).toBe('hello');
    expect(rig.proxy.stats()).toMatchObject({ webSockets: 1 });
    // The connection carries others at the same time.
    const other = session.request({ ':path': '/chat' });
    other.on('error', () => {});
    const got = deferred<Buffer>();
    stream.on('data', (bytes: Buffer) => got.resolve(bytes));
    backend.socket.write(encodeFrame({ opcode: 1, payload: 'back' }, false));
    expect((await guarded(got.promise, 'the frame')).subarray(2).toString()).toBe('back');
    other.close();
    stream.destroy();
  });

  test.each([
    ['another protocol', { ':protocol': 'other' }, 501],
    ['no version', { 'sec-websocket-version': '12' }, 426],
  ])('%s is refused with %o: %i', async (_, fields, status) => {
    const rig = await start();
    const session = await openSession('in the clear', rig.port);
    const stream = session.request(connect(fields), { endStream: false });
    expect((await answerOf(stream)).status).toBe(status);
  });

  test('a backend that answers 200 is no tunnel: 502', async () => {
    const rig = await start({
      origin: {
        script: [
          (peer) => peer.expectRequest(),
          (peer) => peer.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
        ],
      },
    });
    const session = await openSession('in the clear', rig.port);
    const stream = session.request(connect(), { endStream: false });
    expect((await answerOf(stream)).status).toBe(502);
  });

  test('a backend that refuses is heard', async () => {
    const rig = await start({
      origin: {
        script: [
          (peer) => peer.expectRequest(),
          (peer) => peer.send('HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno'),
        ],
      },
    });
    const session = await openSession('in the clear', rig.port);
    const stream = session.request(connect(), { endStream: false });
    expect(await answerOf(stream)).toMatchObject({ status: 403 });
  });
});
