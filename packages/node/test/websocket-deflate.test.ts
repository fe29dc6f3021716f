/** permessage-deflate between client and proxy (RFC 7692); the backend sees and sends plain messages. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { patternBytes } from '@reverseit/test-servers';
import type { FramePeer, Message } from '@reverseit/test-servers/frame-peer';
import { closePayload, type FrameSpec, OPCODE } from '@reverseit/test-servers/frames';
import { describe, expect, it } from 'vitest';
import { asSeen, type Ends, readFrames, useWebSocketRig, wire } from './websocket-rig.ts';

const start = useWebSocketRig();

const { continuation, text, binary, close, ping } = OPCODE;
const mebibyte = 1024 * 1024;

async function openDeflated(offer = 'permessage-deflate', proxy = {}): Promise<Ends> {
  const rig = await start({ proxy: { websocketCompress: true, ...proxy } });
  return rig.open({ fields: [`Sec-WebSocket-Extensions: ${offer}`] });
}

/** A message's payload as RFC 7692 §7.2.1 makes it. */
function deflate(plain: string | Uint8Array, dictionary?: Buffer): Buffer {
  const flushed = deflateRawSync(plain, {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary === undefined ? {} : { dictionary }),
  });
  return flushed.subarray(0, -4);
}

/** And what it was made of (§7.2.2). */
function inflate(payload: Buffer, dictionary?: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([payload, Buffer.from('0000ffff', 'hex')]), {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary === undefined ? {} : { dictionary }),
  });
}

const compressed = (plain: string | Uint8Array, opcode: number = text): FrameSpec => ({
  opcode,
  rsv: 4,
  payload: deflate(plain),
});

const readPlain = async (peer: FramePeer): Promise<Message> => {
  const message = await peer.readMessage();
  expect(message.rsv).toBe(0);
  return message;
};

describe('RFC 7692 §7.1: offers and answers', () => {
  const ours = 'permessage-deflate; server_max_window_bits=12';
  it.each<[string, string | undefined]>([
    ['permessage-deflate', ours],
    ['permessage-deflate; client_max_window_bits', `${ours}; client_max_window_bits=12`],
    ['permessage-deflate; client_max_window_bits=15', `${ours}; client_max_window_bits=12`],
    ['permessage-deflate; client_max_window_bits=9', `${ours}; client_max_window_bits=9`],
    ['permessage-deflate; server_max_window_bits=15', ours],
    [
      'permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10',
    ],
    [
      'permessage-deflate; server_no_context_takeover',
      'permessage-deflate; server_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_no_context_takeover',
      'permessage-deflate; client_no_context_takeover; server_max_window_bits=12',
    ],
    ['permessage-deflate; unknown, permessage-deflate', ours],
    ['x-webkit-deflate-frame, permessage-deflate', ours],
    ['permessage-deflate; server_max_window_bits=7', undefined],
    ['permessage-deflate; server_max_window_bits=16', undefined],
    ['permessage-deflate; server_max_window_bits', undefined],
    ['permessage-deflate; client_no_context_takeover=1', undefined],
    ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', undefined],
    ['x', undefined],
  ])('%s', async (offer, answer) => {
    const { client, backend } = await openDeflated(offer);
    expect(client.response.header('sec-websocket-extensions')).toBe(answer);
    expect(backend.request.header('sec-websocket-extensions')).toBe(undefined);
  });

  it('none where it is not offered', async () => {
    const rig = await start({ proxy: { websocketCompress: true } });
    const { client } = await rig.open();
    expect(client.response.header('sec-websocket-extensions')).toBe(undefined);
    await client.send({ opcode: text, rsv: 4, payload: deflate('x') });
    expect(await client.readClose()).toMatchObject({ code: 1002 });
  });

  it('none where it is not enabled', async () => {
    const { client } = await openDeflated('permessage-deflate', { websocketCompress: false });
    expect(client.response.header('sec-websocket-extensions')).toBe(undefined);
    await client.send({ opcode: text, rsv: 4, payload: deflate('x') });
    expect(await client.readClose()).toMatchObject({ code: 1002 });
  });
});

describe('RFC 7692 §7.2.2: from the client', () => {
  it.each<[string, string | Uint8Array, number]>([
    ['text', 'Hello', text],
    ['UTF-8', 'grüße €𝄞'.repeat(1000), text],
    ['nothing', '', text],
    ['binary', patternBytes(1000), binary],
    ['incompressible bytes', patternBytes(65_521), binary],
    ['a megabyte of one letter', Buffer.alloc(mebibyte, 'a'), text],
    ['sixteen megabytes', Buffer.alloc(16 * mebibyte, 'abc'), binary],
  ])('%s comes out plain', async (_, plain, opcode) => {
    const { client, backend } = await openDeflated();
    await client.send(compressed(plain, opcode));
    const message = await readPlain(backend);
    expect(message.opcode).toBe(opcode);
    expect(message.payload.equals(Buffer.from(plain))).toBe(true);
  });

  it('§7.2.3.1 the example of the RFC', async () => {
    const { client, backend } = await openDeflated();
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from('f248cdc9c90700', 'hex') });
    expect(await readFrames(backend, 1)).toEqual([asSeen({ opcode: text, payload: 'Hello' })]);
  });

  it('§7.2.3.2 the second one refers to the first', async () => {
    const { client, backend } = await openDeflated();
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from('f248cdc9c90700', 'hex') });
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from('f200110000', 'hex') });
    const hello = asSeen({ opcode: text, payload: 'Hello' });
    expect(await readFrames(backend, 2)).toEqual([hello, hello]);
  });

  it('§7.1.1.2 without context takeover it must not', async () => {
    const { client } = await openDeflated('permessage-deflate; client_no_context_takeover');
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from('f248cdc9c90700', 'hex') });
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from('f200110000', 'hex') });
    expect(await client.readClose()).toMatchObject({ code: 1007 });
  });

  it.each([
    ['§7.2.3.3 an uncompressed block', '000500faff48656c6c6f00'],
    ['§7.2.3.4 a final block', 'f348cdc9c9070000'],
    ['§7.2.3.5 two blocks', 'f248050000 00ffffcac9c90700'.replace(' ', '')],
  ])('%s', async (_, digits) => {
    const { client, backend } = await openDeflated();
    await client.send({ opcode: text, rsv: 4, payload: Buffer.from(digits, 'hex') });
    expect((await readPlain(backend)).payload.toString()).toBe('Hello');
  });

  it('§6.1 fragments, with a ping among them, cut anywhere', async () => {
    const { client, backend } = await openDeflated();
    const payload = deflate('fragments of one message');
    await client.sendBytes(
      wire(client, [
        { opcode: text, rsv: 4, fin: false, payload: payload.subarray(0, 1) },
        { opcode: continuation, fin: false },
        { opcode: ping, payload: 'p' },
        { opcode: continuation, fin: false, payload: payload.subarray(1, 9) },
        { opcode: continuation, payload: payload.subarray(9) },
      ]),
      { pieceBytes: 3 },
    );
    const message = await readPlain(backend);
    expect(message.payload.toString()).toBe('fragments of one message');
    expect(message.controls.map(({ payload: p }) => p.toString())).toEqual(['p']);
  });

  it('§6 plain messages pass among compressed ones, in order, and masked as they were', async () => {
    const { client, backend } = await openDeflated();
    const mask = Buffer.from('01020304', 'hex');
    const large = Buffer.alloc(300_000, 'large ');
    await client.sendAll(
      compressed(large, binary),
      { opcode: text, payload: 'plain', mask },
      compressed('small'),
      { opcode: ping, payload: 'p' },
      { opcode: close, payload: closePayload(1000, 'end') },
    );
    expect((await readPlain(backend)).payload.equals(large)).toBe(true);
    const frame = await backend.readFrame();
    expect([frame.payload.toString(), frame.maskingKey]).toEqual(['plain', mask]);
    expect(await readFrames(backend, 3)).toEqual([
      asSeen({ opcode: text, payload: 'small' }),
      asSeen({ opcode: ping, payload: 'p' }),
      asSeen({ opcode: close, payload: closePayload(1000, 'end') }),
    ]);
  });

  it('§5.3 of RFC 6455: each frame has a fresh mask', async () => {
    const { client, backend } = await openDeflated();
    await client.sendAll(...Array.from({ length: 50 }, () => compressed('x')));
    const keys = new Set<string>();
    for (let i = 0; i < 50; i += 1) {
      keys.add((await backend.readFrame()).maskingKey?.toString('hex') ?? '');
    }
    expect(keys.size).toBe(50);
  });

  it.each<[string, FrameSpec[], number]>([
    [
      '§6.1 RSV1 on a continuation',
      [
        { opcode: text, rsv: 4, fin: false, payload: deflate('x') },
        { opcode: continuation, rsv: 4 },
      ],
      1002,
    ],
    ['§6 RSV1 on a ping', [{ opcode: ping, rsv: 4 }], 1002],
    ['§6 RSV1 on a close', [{ opcode: close, rsv: 4 }], 1002],
    ['RSV1 and RSV2', [{ opcode: text, rsv: 6 }], 1002],
    ['RSV2', [{ opcode: text, rsv: 2 }], 1002],
    ['no deflate', [{ opcode: binary, rsv: 4, payload: Buffer.from('ffffff', 'hex') }], 1007],
    [
      'a reserved block type',
      [{ opcode: binary, rsv: 4, payload: Buffer.from('07', 'hex') }],
      1007,
    ],
    [
      'a distance beyond the window',
      [{ opcode: binary, rsv: 4, payload: Buffer.from('f200110000', 'hex') }],
      1007,
    ],
    [
      'the end within a block',
      [{ opcode: binary, rsv: 4, payload: deflate('cut off here').subarray(0, 5) }],
      1007,
    ],
    ['§8.1 invalid UTF-8', [compressed(Buffer.from('ff', 'hex'))], 1007],
    ['§8.1 an incomplete character', [compressed(Buffer.from('61e282', 'hex'))], 1007],
    [
      '§8.1 invalid UTF-8 after 100 kB',
      [compressed(Buffer.concat([Buffer.alloc(100_000, 'a'), Buffer.from([0xc0])]))],
      1007,
    ],
    ['§10.4 inflated beyond the limit', [compressed(Buffer.alloc(1_000_001, 'a'))], 1009],
  ])('refused: %s', async (_, frames, code) => {
    const { client, backend } = await openDeflated('permessage-deflate', {
      maxWebsocketFrameSize: 1_000_000,
    });
    await client.sendAll({ opcode: text, payload: 'before' }, ...frames);
    expect(await client.readClose()).toMatchObject({ code });
    expect((await backend.readFrame()).payload.toString()).toBe('before');
    expect(await backend.readToClose()).toMatchObject({ code: 1011 });
    await client.expectClosed();
    await backend.sendClose(1000);
    backend.socket.end();
    await backend.expectClosed();
  });

  it('§10.4 a fragment that inflates beyond the limit is refused before the last one comes', async () => {
    const { client, backend } = await openDeflated('permessage-deflate', {
      maxWebsocketFrameSize: 1_000_000,
    });
    await client.send({ ...compressed(Buffer.alloc(1_000_001, 'a'), binary), fin: false });
    expect(await client.readClose()).toMatchObject({ code: 1009 });
    await client.expectClosed();
    expect(await backend.readToClose()).toMatchObject({ code: 1011 });
    await backend.sendClose(1000);
    backend.socket.end();
    await backend.expectClosed();
  });

  it('as large as the limit passes, inflated and deflated', async () => {
    const { client, backend } = await openDeflated('permessage-deflate', {
      maxWebsocketFrameSize: 65_521,
    });
    const noise = patternBytes(65_521);
    expect(deflate(noise).length).toBeGreaterThan(65_521);
    for (const plain of [noise, Buffer.alloc(65_521, 'a')]) {
      await client.send(compressed(plain, binary));
      expect((await readPlain(backend)).payload.equals(plain)).toBe(true);
    }
  });

  it('invalid UTF-8 passes where it is not to be checked', async () => {
    const { client, backend } = await openDeflated('permessage-deflate', {
      websocketValidateUtf8: false,
    });
    await client.send(compressed(Buffer.from('ff', 'hex')));
    expect((await readPlain(backend)).payload).toEqual(Buffer.from('ff', 'hex'));
  });

  it('§10.4 a megabyte that inflates to a gigabyte is refused within the limit', async () => {
    const { client, backend } = await openDeflated();
    // Blocks after a full flush stand for themselves, so they can be repeated.
    const block = deflateRawSync(Buffer.alloc(16 * mebibyte), {
      finishFlush: constants.Z_FULL_FLUSH,
      level: 9,
    });
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => block));
    expect(bomb.length).toBeLessThan(1.1 * mebibyte);
    const before = process.memoryUsage().rss;
    const sent = client.send({ opcode: binary, rsv: 4, payload: bomb });
    let received = 0;
    for (;;) {
      const frame = await backend.readFrame();
      if (frame.opcode === close) {
        expect(frame.payload.readUInt16BE()).toBe(1011);
        break;
      }
      received += frame.payload.length;
    }
    expect(await client.readClose()).toMatchObject({ code: 1009 });
    expect(received).toBeLessThanOrEqual(16 * mebibyte);
    // Three copies at most: the limit, and what this very test reads of it.
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte);
    await sent;
  });
});

describe('RFC 7692 §7.2.1: from the backend', () => {
  it.each<[string, string | Uint8Array, number]>([
    ['text', 'Hello '.repeat(100), text],
    ['UTF-8', 'grüße €𝄞'.repeat(1000), text],
    ['binary', patternBytes(1000), binary],
    ['incompressible bytes', patternBytes(65_521), binary],
    ['a megabyte of one letter', Buffer.alloc(mebibyte, 'a'), text],
    ['sixteen megabytes', Buffer.alloc(16 * mebibyte, 'abc'), binary],
  ])('%s goes compressed', async (_, plain, opcode) => {
    const { client, backend } = await openDeflated();
    const sent = backend.send({ opcode, payload: plain });
    const message = await client.readMessage();
    expect([message.opcode, message.rsv]).toEqual([opcode, 4]);
    expect(inflate(message.payload).equals(Buffer.from(plain))).toBe(true);
    await sent;
  });

  it.each([0, 1, 255])('a message of %i bytes goes as it is', async (size) => {
    const { client, backend } = await openDeflated();
    const frame = { opcode: binary, payload: patternBytes(size) };
    await backend.send(frame);
    expect(await readFrames(client, 1)).toEqual([asSeen(frame)]);
  });

  it('§7.1.1.1 a message refers to the one before it', async () => {
    const { client, backend } = await openDeflated();
    const plain = patternBytes(2000);
    await backend.binary(plain);
    await backend.binary(plain);
    const first = (await client.readMessage()).payload;
    const second = (await client.readMessage()).payload;
    expect(inflate(first).equals(plain)).toBe(true);
    expect(inflate(second, plain).equals(plain)).toBe(true);
    expect(second.length).toBeLessThan(first.length / 10);
  });

  it('§7.1.1.1 without context takeover it does not', async () => {
    const { client, backend } = await openDeflated(
      'permessage-deflate; server_no_context_takeover',
    );
    const plain = patternBytes(2000);
    await backend.binary(plain);
    await backend.binary(plain);
    for (let i = 0; i < 2; i += 1) {
      expect(inflate((await client.readMessage()).payload).equals(plain)).toBe(true);
    }
  });

  it('fragments, with a ping among them, become one message', async () => {
    const { client, backend } = await openDeflated();
    await backend.sendAll(
      { opcode: text, fin: false, payload: 'first, ' },
      { opcode: continuation, fin: false },
      { opcode: ping, payload: 'p' },
      { opcode: continuation, payload: 'last' },
    );
    const message = await client.readMessage();
    expect(message.controls.map(({ payload }) => payload.toString())).toEqual(['p']);
    expect(inflate(message.payload).toString()).toBe('first, last');
  });

  it('messages, pings and the close keep their order', async () => {
    const { client, backend } = await openDeflated();
    const large = Buffer.alloc(300_000, 'large ');
    const sent = backend.sendAll(
      { opcode: binary, payload: large },
      { opcode: text, payload: 'small' },
      { opcode: ping, payload: 'p' },
      { opcode: close, payload: closePayload(1000, 'end') },
    );
    expect(inflate((await client.readMessage()).payload).equals(large)).toBe(true);
    expect(await readFrames(client, 3)).toEqual([
      asSeen({ opcode: text, payload: 'small' }),
      asSeen({ opcode: ping, payload: 'p' }),
      asSeen({ opcode: close, payload: closePayload(1000, 'end') }),
    ]);
    await sent;
  });

  it('RSV1 is never agreed on with a backend', async () => {
    const { client, backend } = await openDeflated();
    await backend.send({ opcode: text, rsv: 4, payload: deflate('x') });
    expect(await backend.readClose()).toMatchObject({ code: 1002 });
    expect(await client.readClose()).toMatchObject({ code: 1014 });
  });

  it('§8.1 invalid UTF-8 is refused', async () => {
    const { client, backend } = await openDeflated();
    await backend.send({ opcode: text, payload: Buffer.alloc(1000, 0xff) });
    expect(await backend.readClose()).toMatchObject({ code: 1007 });
    expect(await client.readClose()).toMatchObject({ code: 1014 });
  });
});
