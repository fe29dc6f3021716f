import { afterEach, describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { Deflater } from '../../src/websocket/deflate/deflater.ts';
import { Inflater } from '../../src/websocket/deflate/inflater.ts';
import {
  acceptDeflate,
  type DeflatePolicy,
} from '../../src/websocket/deflate/permessage-deflate.ts';
import { FrameReader, steps } from '../../src/websocket/frames/frame-reader.ts';
import { frame } from '../../src/websocket/frames/frame-writer.ts';
import { readExtensions } from '../../src/websocket/handshake/extensions.ts';
import { CodecDriver, noise, prose } from './codec-driver.ts';

type Callback = (error: Error | null, data: Buffer) => void;

/** The parts of `ws` that its types leave out. */
interface Untyped {
  PerMessageDeflate: new (
    options: object,
  ) => {
    offer(): object;
    accept(configurations: object[]): object;
    compress(data: Buffer, fin: boolean, callback: Callback): void;
    decompress(data: Buffer, fin: boolean, callback: Callback): void;
    cleanup(): void;
  };
  extension: {
    format(extensions: object): string;
    parse(header: string): Record<string, object[]>;
  };
  Receiver: new (
    options: object,
  ) => {
    on(event: string, listener: (data: Buffer, binary: boolean) => void): void;
    write(chunk: Uint8Array): void;
  };
  Sender: { frame(data: Buffer, options: object): Buffer[] };
}
const { PerMessageDeflate, extension, Receiver, Sender } = ws as unknown as Untyped;

const name = 'permessage-deflate';
const messages = [
  Buffer.from('Hello'),
  Buffer.from('Hello'),
  Buffer.alloc(0),
  prose(3000),
  noise(70_000),
  prose(3000),
  prose(250_000),
  Buffer.alloc(0),
  Buffer.from('end'),
];
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('ws as a client that compresses (RFC 7692)', () => {
  const open: DeflatePolicy = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };
  const cases: [string, object, DeflatePolicy][] = [
    ['with its defaults', {}, open],
    ['that forgets', { clientNoContextTakeover: true, serverNoContextTakeover: true }, open],
    ['with small windows', { clientMaxWindowBits: 9, serverMaxWindowBits: 9 }, open],
    ['and our small windows', {}, { ...open, serverMaxWindowBits: 10, clientMaxWindowBits: 8 }],
    [
      'and our forgetting',
      {},
      { ...open, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
  ];
  it.each(cases)('%s', async (_, options, policy) => {
    const peer = new PerMessageDeflate({ ...options, threshold: 0 });
    cleanups.push(() => peer.cleanup());
    const offer = extension.format({ [name]: [peer.offer()] });
    const accepted = acceptDeflate(readExtensions([offer]) ?? [], policy);
    expect(accepted).not.toBeNull();
    if (accepted === null) return;
    peer.accept(extension.parse(accepted.answer)[name] ?? []);

    const { agreement } = accepted;
    const inflater = new CodecDriver(
      (sink) =>
        new Inflater(
          {
            windowBits: agreement.clientMaxWindowBits,
            contextTakeover: !agreement.clientNoContextTakeover,
            maxMessageBytes: 1 << 20,
          },
          sink,
        ),
    );
    const deflater = new CodecDriver(
      (sink) =>
        new Deflater(
          {
            windowBits: agreement.serverMaxWindowBits,
            contextTakeover: !agreement.serverNoContextTakeover,
            level: 6,
            memLevel: 8,
          },
          sink,
        ),
    );
    cleanups.push(
      () => inflater.codec.destroy(),
      () => deflater.codec.destroy(),
    );
    for (const message of messages) {
      const sent = await new Promise<Buffer>((resolve, reject) => {
        peer.compress(message, true, (error, data) => (error ? reject(error) : resolve(data)));
      });
      expect(Buffer.compare(await inflater.code(new Uint8Array(sent)), message)).toBe(0);

      const wire = await deflater.code(message);
      const received = await new Promise<Buffer>((resolve, reject) => {
        peer.decompress(wire, true, (error, data) => (error ? reject(error) : resolve(data)));
      });
      expect(Buffer.compare(received, message)).toBe(0);
    }
  });

  it('that ends a fragmented message with nothing', async () => {
    const peer = new PerMessageDeflate({ threshold: 0 });
    cleanups.push(() => peer.cleanup());
    peer.accept([{}]);
    const inflater = new CodecDriver(
      (sink) =>
        new Inflater({ windowBits: 15, contextTakeover: true, maxMessageBytes: 1000 }, sink),
    );
    cleanups.push(() => inflater.codec.destroy());
    for (let i = 0; i < 3; i++) {
      const parts: Uint8Array[] = [];
      for (const [part, fin] of [
        ['Hel', false],
        ['lo', false],
        ['', true],
      ] as const) {
        const bytes = await new Promise<Buffer>((resolve, reject) => {
          const callback: Callback = (error, data) => (error ? reject(error) : resolve(data));
          peer.compress(Buffer.from(part), fin, callback);
        });
        parts.push(new Uint8Array(bytes));
      }
      expect((await inflater.code(Buffer.concat(parts))).toString()).toBe('Hello');
    }
  });
});

describe('ws as a peer of frames (RFC 6455 §5)', () => {
  const sizes = [0, 1, 125, 126, 65535, 65536, 100_000];

  it('reads what we write', () => {
    const receiver = new Receiver({ isServer: true, allowSynchronousEvents: true });
    const received: number[] = [];
    receiver.on('message', (data, binary) => {
      received.push(data.length);
      expect(binary).toBe(true);
      expect(data.every((byte) => byte === 0x5a)).toBe(true);
    });
    for (const size of sizes)
      receiver.write(frame(true, false, 2, Buffer.alloc(size, 0x5a), 0x1b2c3d4e));
    expect(received).toEqual(sizes);
  });

  it('writes what we read', () => {
    const reader = new FrameReader({
      role: 'server',
      maxFrameBytes: 1 << 20,
      maxMessageBytes: 1 << 20,
      maxFragments: 10,
      compression: false,
      validateUtf8: true,
      reportData: 'all',
      passBelowBytes: 0,
      reportPings: true,
    });
    for (const size of sizes) {
      const data = prose(size);
      const frameOptions = { fin: true, rsv1: false, opcode: 1, mask: true, readOnly: true };
      const parts = Sender.frame(data, frameOptions);
      const seen: Uint8Array[] = [];
      for (const part of parts) {
        reader.push(new Uint8Array(part));
        for (let step = reader.next(); step !== steps.needData; step = reader.next()) {
          expect(step).not.toBe(steps.failed);
          if (step === steps.payload) seen.push(new Uint8Array(reader.bytes));
        }
      }
      expect(Buffer.compare(Buffer.concat(seen), data)).toBe(0);
    }
  });
});
