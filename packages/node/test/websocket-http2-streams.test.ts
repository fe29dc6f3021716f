/** WebSockets and other tunnels on streams of HTTP/2 (RFC 8441 §5): bytes, back-pressure, and each way to end. */
import { constants } from 'node:http2';
import { deferred, eventually, guarded, patternBytes } from '@reverseit/test-servers';
import { encodeFrame, OPCODE } from '@reverseit/test-servers/frames';
import { describe, expect, test } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { openSession } from './http2-clients-rig.ts';
import { ask, closeOf, openOn, readerOf, useHttp2Rig } from './websocket-http2-rig.ts';

const start = useHttp2Rig();

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
    const stream = ask(session, { ':protocol': 'echo' });
    const reader = readerOf(stream);
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
