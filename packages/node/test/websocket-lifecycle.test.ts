/** How a WebSocket through the proxy ends: losses, silence, slow peers, the server's own close. */
import { deferred, eventually, guarded, patternBytes, turn } from '@reverseit/test-servers';
import {
  acceptFrames,
  connectFrames,
  handshakeRequest,
} from '@reverseit/test-servers/frame-client';
import type { FramePeer } from '@reverseit/test-servers/frame-peer';
import { closePayload, encodeFrame, encodeFrameHead, OPCODE } from '@reverseit/test-servers/frames';
import { connectRaw } from '@reverseit/test-servers/raw-client';
import { describe, expect, it } from 'vitest';
import type { AccessRecord } from '../src/hooks/hooks.ts';
import { atRest, readFrames, type Sender, sides, useWebSocketRig, wire } from './websocket-rig.ts';

const start = useWebSocketRig();

const { text, binary, close, ping, continuation } = OPCODE;
const mebibyte = 1024 * 1024;

const reset = (peer: FramePeer): void => {
  peer.socket.resetAndDestroy();
};

/** What the other side is told of the loss of a peer. */
const lossCode = (lost: Sender): number => (lost === 'client' ? 1001 : 1014);

describe.each<Sender>(['client', 'backend'])('the %s is lost', (lost) => {
  it.each(['fin', 'reset'])('by %s: the other side is closed', async (how) => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, lost);
    await from.text('last words');
    if (how === 'fin') from.socket.end();
    else {
      await to.readMessage();
      reset(from);
    }
    if (how === 'fin') expect((await to.readMessage()).payload.toString()).toBe('last words');
    expect(await to.readClose()).toMatchObject({ code: lossCode(lost) });
    await to.sendClose(1000);
    if (lost === 'client') to.socket.end();
    expect(await to.expectClosed()).toBe('fin');
    if (how === 'fin') expect(await from.expectClosed()).toBe('fin');
    await rig.whenIdle();
  });

  it('within a frame: the other connection ends without a close frame', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    await from.sendBytes(
      Buffer.concat([
        encodeFrameHead({ opcode: binary, length: 1000 }, lost === 'client').bytes,
        patternBytes(400),
      ]),
    );
    expect((await to.readHead()).length).toBe(1000);
    await to.reader.take(400);
    reset(from);
    expect(await to.expectClosed()).toBe('fin');
    await rig.whenIdle();
  });

  it('within a message: the other side is closed between its frames', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    await from.send({ opcode: text, fin: false, payload: 'first' });
    expect(await readFrames(to, 1)).toMatchObject([{ payload: 'first' }]);
    reset(from);
    expect(await to.readClose()).toMatchObject({ code: lossCode(lost) });
  });

  it('within a frame header: the other side is closed', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    const frame = encodeFrame({ opcode: binary, payload: patternBytes(1000) }, lost === 'client');
    await from.sendBytes(frame.subarray(0, 3));
    from.socket.end();
    expect(await to.readClose()).toMatchObject({ code: lossCode(lost) });
  });

  it('instead of answering a close frame: the other side has its own code back', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    await to.sendClose(4000, 'my own');
    expect(await from.readClose()).toEqual({ code: 4000, reason: 'my own' });
    reset(from);
    expect(await to.readClose()).toEqual({ code: 4000, reason: 'my own' });
    if (lost === 'client') to.socket.end();
    expect(await to.expectClosed()).toBe('fin');
  });

  it('after its close frame, while the other side does not read: everything still arrives', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    to.reader.hold();
    const frames = wire(from, [
      { opcode: binary, payload: Buffer.alloc(3 * mebibyte, 1), ...unmasked(from) },
      { opcode: close, payload: closePayload(4000, 'all said') },
    ]);
    from.socket.end(frames);
    await atRest(from);
    to.reader.resume();
    expect((await to.readMessage()).payload.length).toBe(3 * mebibyte);
    expect(await to.readClose()).toEqual({ code: 4000, reason: 'all said' });
    await to.sendClose(4000);
    if (lost === 'client') to.socket.end();
    expect(await to.expectClosed()).toBe('fin');
    await rig.whenIdle();
  });

  it('while it does not read: the other side is closed', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), lost);
    from.reader.hold();
    const piece = Buffer.alloc(mebibyte, 1);
    const frames = wire(to, [{ opcode: binary, payload: piece, ...unmasked(to) }]);
    while (to.socket.write(frames)) await turn();
    reset(from);
    // Of what was under way nothing more is passed, and the closing goes its way.
    expect(await to.readToClose()).toMatchObject({ code: lossCode(lost) });
  });
});

/** A mask that leaves a client's payload as it is. */
const unmasked = (peer: FramePeer): { mask?: Uint8Array } =>
  peer.role === 'client' ? { mask: Buffer.alloc(4) } : {};

describe('half-closed connections', () => {
  it('a client that asks to close and ends its sending still reads the answer', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    await client.sendClose(1000, 'mine');
    client.socket.end();
    expect(await backend.readClose()).toEqual({ code: 1000, reason: 'mine' });
    await backend.text('last');
    await backend.sendClose(1000, 'yours');
    expect((await client.readMessage()).payload.toString()).toBe('last');
    expect(await client.readClose()).toEqual({ code: 1000, reason: 'yours' });
    expect(await client.expectClosed()).toBe('fin');
    backend.socket.end();
    expect(await backend.expectClosed()).toBe('fin');
  });

  it('a client that ended its sending before the 101 is lost', async () => {
    const go = deferred();
    const rig = await start({
      origin: {
        script: async (connection) => {
          await go.promise;
          const peer = await acceptFrames(connection);
          expect((await peer.readMessage()).payload.toString()).toBe('early');
          expect(await peer.readClose()).toMatchObject({ code: 1001 });
          await peer.sendClose(1001);
        },
      },
    });
    const client = await connectRaw({ port: rig.port });
    client.send(
      Buffer.concat([
        Buffer.from(handshakeRequest()),
        encodeFrame({ opcode: text, payload: 'early' }, true),
      ]),
    );
    client.end();
    await eventually(() => client.socket.writableFinished, 'the FIN to leave');
    go.resolve();
    await (await rig.origin.connection()).done;
    await client.reader.whenGone();
    await client.close();
  });
});

describe('silence', () => {
  const quick = { proxy: { websocketIdleTimeout: 1000 } };

  it('of both ends both', async () => {
    const rig = await start(quick);
    const { client, backend } = await rig.open();
    for (const peer of [client, backend]) {
      expect(await peer.readClose()).toMatchObject({ code: 1001 });
      await peer.sendClose(1001);
    }
    expect(await client.expectClosed()).toBe('fin');
    backend.socket.end();
    expect(await backend.expectClosed()).toBe('fin');
  });

  it.each<Sender>(['client', 'backend'])('of one does not matter: the %s pings', async (sender) => {
    const rig = await start(quick);
    const { from, to } = sides(await rig.open(), sender);
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      await from.ping();
      expect(await readFrames(to, 1)).toMatchObject([{ opcode: ping }]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(rig.proxy.stats().webSockets).toBe(1);
  });

  it('within a frame: its rest is waited for before the close frame', async () => {
    const rig = await start(quick);
    const { client, backend } = await rig.open();
    await client.sendHead({ opcode: binary, length: 1000 });
    expect((await backend.readHead()).length).toBe(1000);
    expect(await client.readClose()).toMatchObject({ code: 1001 });
    await client.sendBytes(patternBytes(1000));
    await backend.reader.take(1000);
    // The frame has come to its end after all.
    expect(await backend.readClose()).toMatchObject({ code: 1001 });
  });

  it('is no limit when it is 0', async () => {
    const rig = await start({ proxy: { websocketIdleTimeout: 0 } });
    const { client, backend } = await rig.open();
    await client.text('still here');
    expect((await backend.readMessage()).payload.toString()).toBe('still here');
  });
});

describe('peers that do not end', () => {
  it('each step of closing has five seconds', async () => {
    const rig = await start();
    const begin = performance.now();
    const unanswered = await rig.open();
    await unanswered.client.sendClose(4000, 'hello?');
    const deaf = await rig.open();
    await deaf.backend.sendClose(4001, 'hello?');
    const lingering = await rig.open();
    await lingering.client.sendClose(4002);
    await lingering.backend.readClose();
    await lingering.backend.sendClose(4002);
    expect(await lingering.client.readClose()).toMatchObject({ code: 4002 });
    expect(await lingering.client.expectClosed()).toBe('fin');
    expect(lingering.backend.reader.departure).toBe(undefined);
    const { client, backend } = await rig.open();
    await client.sendClose(4003);
    await backend.readClose();
    await backend.sendClose(4003);
    expect(await client.readClose()).toMatchObject({ code: 4003 });
    backend.socket.end();
    await backend.expectClosed();

    // Without an answer they have their own code back, and the other one is cut.
    expect(await unanswered.client.readClose()).toEqual({ code: 4000, reason: 'hello?' });
    expect(await deaf.backend.readClose()).toEqual({ code: 4001, reason: 'hello?' });
    for (const peer of [unanswered.backend, deaf.client]) {
      expect(await peer.readClose()).toBeDefined();
      await peer.expectClosed();
    }
    // A backend that does not end its connection is not waited for any longer.
    await lingering.backend.expectClosed();
    // Nor is a client that has still not ended its own.
    await unanswered.client.close();
    await deaf.backend.close();
    await eventually(() => rig.proxy.stats().webSockets === 0, 'the last of them to end');
    expect(client.reader.departure).toBe('fin');
    expect(performance.now() - begin).toBeGreaterThan(4900);
  });
});

describe('a peer that does not read', () => {
  it.each<[Sender, boolean]>([
    ['client', false],
    ['client', true],
    ['backend', false],
    ['backend', true],
  ])(
    'the %s, with compression %s: 64 MiB pushed at it do not grow the proxy',
    async (deaf, compress) => {
      const rig = await start({ proxy: { websocketCompress: compress } });
      const ends = await rig.open({ fields: ['Sec-WebSocket-Extensions: permessage-deflate'] });
      const { from: receiver, to: sender } = sides(ends, deaf);
      receiver.reader.hold();
      // One buffer, written again and again, so that only the proxy could grow.
      const message = wire(sender, [
        { opcode: binary, payload: patternBytes(mebibyte), ...unmasked(sender) },
      ]);
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 64; i += 1) sender.socket.write(message);
      await atRest(sender);
      expect(sender.socket.writableLength).toBeGreaterThan(32 * mebibyte);
      expect(process.memoryUsage().rss - before).toBeLessThan(40 * mebibyte);
    },
  );

  it('still has its control frames and its close passed on', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    client.reader.hold();
    const frame = encodeFrame({ opcode: binary, payload: Buffer.alloc(mebibyte) }, false);
    for (let i = 0; i < 16; i += 1) backend.socket.write(frame);
    await eventually(() => backend.socket.writableLength > 0, 'the proxy to hold back');
    await client.ping('still here');
    expect(await readFrames(backend, 1)).toMatchObject([{ opcode: ping, payload: 'still here' }]);
    await client.sendClose(1000, 'enough');
    expect(await backend.readClose()).toEqual({ code: 1000, reason: 'enough' });
    const answered = backend.sendClose(1000, 'sorry');
    client.reader.resume();
    for (let i = 0; i < 16; i += 1)
      expect((await client.readFrame()).payload.length).toBe(mebibyte);
    expect(await client.readClose()).toEqual({ code: 1000, reason: 'sorry' });
    await answered;
  });

  it('a 16 MiB frame is passed in pieces', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    const bytes = patternBytes(16 * mebibyte);
    const { bytes: head } = encodeFrameHead(
      { opcode: binary, length: bytes.length, mask: Buffer.alloc(4) },
      true,
    );
    await client.sendBytes(head);
    for (let at = 0; at < bytes.length; at += mebibyte) {
      await client.sendBytes(bytes.subarray(at, at + mebibyte));
      if (at === 0) expect((await backend.readHead()).length).toBe(bytes.length);
      // Each piece is there before the next one leaves.
      const piece = await backend.reader.take(mebibyte);
      expect(piece.equals(bytes.subarray(at, at + mebibyte))).toBe(true);
    }
  });
});

describe('the server closes', () => {
  it('with 1001 to both, and waits for their answers', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    let closed = false;
    const closing = rig.proxy.close().then(() => {
      closed = true;
    });
    expect(await client.readClose()).toMatchObject({ code: 1001 });
    expect(await backend.readClose()).toMatchObject({ code: 1001 });
    await client.sendClose(1001);
    expect(await client.expectClosed()).toBe('fin');
    await turn();
    // The client is gone, but its backend has not answered yet.
    expect([closed, rig.proxy.stats().webSockets]).toEqual([false, 1]);
    await backend.sendClose(1001);
    backend.socket.end();
    expect(await backend.expectClosed()).toBe('fin');
    await guarded(closing, 'the proxy to close');
  });

  it.each<Sender>(['client', 'backend'])(
    'after the frame that the %s is sending',
    async (sender) => {
      const rig = await start();
      const ends = await rig.open();
      const { from, to } = sides(ends, sender);
      const frames = wire(from, [
        { opcode: binary, payload: patternBytes(200_000) },
        { opcode: text, payload: 'not any more' },
      ]);
      await from.sendBytes(frames.subarray(0, 100_000));
      expect((await to.readHead()).length).toBe(200_000);
      const closing = rig.proxy.close();
      expect(await from.readClose()).toMatchObject({ code: 1001 });
      await from.sendBytes(frames.subarray(100_000));
      const payload = await to.reader.take(200_000);
      expect(payload.length).toBe(200_000);
      expect(await to.readClose()).toMatchObject({ code: 1001 });
      await from.sendClose(1001);
      await to.sendClose(1001);
      await ends.client.expectClosed();
      ends.backend.socket.end();
      await guarded(closing, 'the proxy to close');
    },
  );

  it('within its time, whatever the peers do', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    await guarded(rig.proxy.close({ timeout: 50 }), 'the proxy to close', 4000);
    expect(rig.proxy.stats().webSockets).toBe(0);
    for (const peer of [client, backend]) {
      expect(await peer.readClose()).toMatchObject({ code: 1001 });
      await peer.reader.whenGone();
    }
  });

  it('within its time, a silent backend behind a client that is gone', async () => {
    const rig = await start();
    const { client } = await rig.open();
    const closing = rig.proxy.close({ timeout: 200 });
    await client.readClose();
    await client.sendClose(1001);
    await client.expectClosed();
    await guarded(closing, 'the proxy to close', 4000);
  });

  it('at once when there is no time', async () => {
    const rig = await start();
    const { client, backend } = await rig.open();
    await guarded(rig.proxy.close({ timeout: 0 }), 'the proxy to close', 4000);
    await client.reader.whenGone();
    await backend.reader.whenGone();
  });

  it('twice, the second time for good', async () => {
    const rig = await start();
    await rig.open();
    const first = rig.proxy.close();
    await Promise.all([first, guarded(rig.proxy.close({ timeout: 0 }), 'both', 4000)]);
    expect(rig.proxy.stats()).toMatchObject({ webSockets: 0, connections: 0 });
  });

  it('a WebSocket that opens meanwhile', async () => {
    const go = deferred();
    const asked = deferred();
    const rig = await start({
      origin: {
        script: async (connection) => {
          await connection.reader.whenReceived(1);
          asked.resolve();
          await go.promise;
          const peer = await acceptFrames(connection);
          expect(await peer.readClose()).toMatchObject({ code: 1001 });
          await peer.sendClose(1001);
          peer.socket.end();
        },
      },
    });
    const opening = connectFrames({ port: rig.port });
    await asked.promise;
    const closing = rig.proxy.close();
    go.resolve();
    const client = await opening;
    expect(await client.readClose()).toMatchObject({ code: 1001 });
    await client.sendClose(1001);
    await client.expectClosed();
    await guarded(closing, 'the proxy to close');
  });
});

describe('what is left', () => {
  it('nothing, whenever peers are killed', async () => {
    const rig = await start({ proxy: { websocketCompress: true } });
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const large = { opcode: binary, payload: Buffer.alloc(300_000, 'abc') };
    const frames = [
      { opcode: text, payload: 'hello' },
      { opcode: text, fin: false, payload: 'a' },
      { opcode: ping },
      { opcode: continuation, payload: 'b' },
      large,
      { opcode: 3 },
      { opcode: close, payload: closePayload(1000) },
    ];
    const run = async (): Promise<void> => {
      const client = await connectRaw({ port: rig.port });
      const offer = random(2) === 0 ? ['Sec-WebSocket-Extensions: permessage-deflate'] : [];
      const bytes = Buffer.concat([
        Buffer.from(handshakeRequest({ fields: offer })),
        ...frames.slice(0, random(frames.length + 1)).map((frame) => encodeFrame(frame, true)),
      ]);
      client.send(bytes.subarray(0, 1 + random(bytes.length)));
      for (let i = random(30); i > 0; i -= 1) await turn();
      const backend = rig.origin.connections[random(rig.origin.connections.length + 1)];
      if (random(2) === 0) backend?.socket.write(encodeFrame(large, false));
      const victim = random(4);
      if (victim === 0) backend?.reset();
      else if (victim === 1) backend?.end();
      for (let i = random(10); i > 0; i -= 1) await turn();
      if (random(2) === 0) client.reset();
      else await client.close();
    };
    for (let i = 0; i < 20; i += 1) await Promise.all(Array.from({ length: 15 }, run));
    for (const connection of rig.origin.connections) connection.destroy();
    await rig.whenIdle();
    const [pool] = rig.proxy.stats().pools;
    expect(pool).toMatchObject({ active: 0, waiting: 0, switched: 0 });
  });

  it.each<
    [string, number, string | null, (peers: { client: FramePeer; backend: FramePeer }) => unknown]
  >([
    ['a closing handshake', 101, null, ({ client }) => client.sendClose(1000)],
    ['a lost client', 101, 'RIT_ERR_WS_CLIENT_LOST', ({ client }) => reset(client)],
    ['a lost backend', 101, 'RIT_ERR_WS_UPSTREAM_LOST', ({ backend }) => reset(backend)],
    ['a violation', 101, 'RIT_ERR_WS_OPCODE', ({ client }) => client.send({ opcode: 3 })],
  ])('a record of %s', async (_, status, errorCode, end) => {
    const records: AccessRecord[] = [];
    const rig = await start({ proxy: { onFinish: (record) => records.push(record) } });
    const ends = await rig.open();
    expect(records).toEqual([]);
    await end(ends);
    for (const peer of [ends.backend, ends.client]) {
      if (peer.socket.destroyed) continue;
      await peer.readClose();
      if (errorCode !== 'RIT_ERR_WS_OPCODE' || peer === ends.backend) await peer.sendClose(1000);
      if (peer === ends.backend) peer.socket.end();
      await peer.reader.whenGone();
      await peer.close();
    }
    await rig.whenIdle();
    expect(records).toMatchObject([{ status, errorCode, method: 'GET', target: '/ws' }]);
  });
});
