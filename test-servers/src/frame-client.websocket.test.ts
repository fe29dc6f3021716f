import { describe, expect, it } from 'vitest';
import {
  acceptFrames,
  connectFrames,
  echoFrames,
  HandshakeRefusedError,
  webSocket,
} from './frame-client.ts';
import { FrameError } from './frame-peer.ts';
import { closePayload, encodeFrame, type FrameSpec, OPCODE } from './frames.ts';
import { startFriendlyOrigin } from './friendly-origin.ts';
import { deferred } from './guard.ts';
import { type Step, startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

const startOrigin = async (script: Step) => use(await startScriptedOrigin({ script }));
const hex = (spec: FrameSpec, masks = false): string => encodeFrame(spec, masks).toString('hex');

describe('RFC 6455 §5.2 frames', () => {
  it.each<[string, FrameSpec, string]>([
    ['§5.7 unmasked text', { opcode: 1, payload: 'Hello' }, '810548656c6c6f'],
    [
      '§5.7 masked text',
      { opcode: 1, payload: 'Hello', mask: Buffer.from('37fa213d', 'hex') },
      '818537fa213d7f9f4d5158',
    ],
    ['§5.7 a fragment', { opcode: 1, fin: false, payload: 'Hel' }, '010348656c'],
    ['a reserved bit', { opcode: 2, rsv: 4 }, 'c200'],
    ['16-bit length', { opcode: 2, length: 126 }, '827e007e'],
    ['64-bit length', { opcode: 2, length: 65_536 }, '827f0000000000010000'],
    ['a length of 2^63', { opcode: 2, length: 2n ** 63n }, '827f8000000000000000'],
    ['not the shortest form', { opcode: 2, lengthForm: 64 }, '827f0000000000000000'],
    ['close 1000', { opcode: 8, payload: closePayload(1000, 'x') }, '880303e878'],
  ])('%s', (_, spec, bytes) => {
    expect(hex(spec)).toBe(bytes);
  });
});

describe('frame client and origin', () => {
  it('shake hands and exchange messages', async () => {
    const origin = await startOrigin(echoFrames({ fields: ['Sec-WebSocket-Protocol: chat'] }));
    const client = use(
      await connectFrames({ port: origin.port, fields: ['Sec-WebSocket-Protocol: chat'] }),
    );
    expect(client.response.header('sec-websocket-protocol')).toBe('chat');
    await client.sendAll(
      { opcode: OPCODE.text, fin: false, payload: 'a' },
      { opcode: OPCODE.ping, payload: 'p' },
      { opcode: OPCODE.continuation, payload: 'b' },
    );
    expect(await client.readMessage()).toMatchObject({
      opcode: OPCODE.text,
      payload: Buffer.from('ab'),
      fragments: 2,
      controls: [{ opcode: OPCODE.pong, payload: Buffer.from('p') }],
    });
    await client.binary(Buffer.alloc(70_000, 1));
    expect((await client.readMessage()).payload).toEqual(Buffer.alloc(70_000, 1));
    expect(await client.shut(1000, 'bye')).toEqual({ code: 1000, reason: 'bye' });
  });

  it('agree with the ws package', async () => {
    const origin = use(await startFriendlyOrigin());
    const client = use(await connectFrames({ port: origin.port }));
    await client.send({ opcode: OPCODE.text, payload: 'grüße' }, { pieceBytes: 1 });
    expect((await client.readMessage()).payload.toString()).toBe('grüße');
    await client.send({ opcode: OPCODE.text, payload: 'unmasked', mask: false });
    expect(await client.readClose()).toMatchObject({ code: 1002 });
    await client.reader.whenGone();
  });

  it('hand over what refuses a handshake', async () => {
    const origin = await startOrigin(async (connection) => {
      await connection.expectRequest();
      await connection.send('HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno');
    });
    const refused = await connectFrames({ port: origin.port }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HandshakeRefusedError);
    if (refused instanceof HandshakeRefusedError) {
      use(refused.client);
      expect(refused.response).toMatchObject({ status: 403, text: 'no' });
    }
  });

  it('object to a wrong accept, to masks of a server, and to long lengths', async () => {
    const wrong = await startOrigin(webSocket(() => {}, { accept: 'x' }));
    await expect(connectFrames({ port: wrong.port })).rejects.toThrow('Sec-WebSocket-Accept: x');
    const origin = await startOrigin(async (connection) => {
      const peer = await acceptFrames(connection, { early: Buffer.from('8100', 'hex') });
      await peer.send({ opcode: 1, mask: true });
      await peer.send({ opcode: 1, lengthForm: 16 });
    });
    const client = use(await connectFrames({ port: origin.port }));
    expect(await client.readMessage()).toMatchObject({ payload: Buffer.alloc(0) });
    await expect(client.readFrame()).rejects.toThrow(FrameError);
    await expect(client.readFrame()).rejects.toThrow('long form');
  });

  it('show a head before its payload', async () => {
    const seen = deferred<number>();
    const origin = await startOrigin(
      webSocket(async (peer) => {
        seen.resolve((await peer.readHead()).length);
        await peer.sendClose(1009);
      }),
    );
    const client = use(await connectFrames({ port: origin.port }));
    await client.sendHead({ opcode: 2, length: 2 ** 40 });
    expect(await seen.promise).toBe(2 ** 40);
    expect(await client.readClose()).toEqual({ code: 1009, reason: '' });
  });
});
