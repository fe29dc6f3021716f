/** Valid frames, from each side: what the other one sees, byte for byte. */
import { patternBytes } from '@reverseit/test-servers';
import { closePayload, type FrameSpec, OPCODE } from '@reverseit/test-servers/frames';
import { describe, expect, it } from 'vitest';
import { overHttp2 } from './websocket-clients.ts';
import { asSeen, readFrames, type Sender, sides, useWebSocketRig, wire } from './websocket-rig.ts';

const start = useWebSocketRig();

const { continuation, text, binary, close, ping, pong } = OPCODE;

type Case = readonly [name: string, frames: readonly FrameSpec[]];

const cut = (bytes: Buffer, ...at: readonly number[]): Buffer[] => {
  const places = [0, ...at, bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
};

/** A message in fragments. */
const fragments = (opcode: number, pieces: readonly (string | Uint8Array)[]): FrameSpec[] =>
  pieces.map((payload, i) => ({
    opcode: i === 0 ? opcode : continuation,
    fin: i === pieces.length - 1,
    payload,
  }));

const euro = Buffer.from('€');
const clef = Buffer.from('𝄞');

const messages: readonly Case[] = [
  ['§5.6 text', [{ opcode: text, payload: 'Hello' }]],
  ['§5.6 binary', [{ opcode: binary, payload: Buffer.from([0, 255, 128]) }]],
  ['§5.6 empty text', [{ opcode: text }]],
  ['§5.6 empty binary', [{ opcode: binary }]],
  ...[1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 254, 65_534, 65_535, 65_536, 65_537, 200_000].map(
    (size): Case => [
      `§5.2 binary of ${size} bytes`,
      [{ opcode: binary, payload: patternBytes(size) }],
    ],
  ),
  ['§5.2 text of 65,536 bytes', [{ opcode: text, payload: 'é'.repeat(32_768) }]],
  ['§5.5.2 ping', [{ opcode: ping }]],
  ['§5.5.2 ping with a payload', [{ opcode: ping, payload: 'ping' }]],
  ['§5.5.2 ping of 125 bytes', [{ opcode: ping, payload: patternBytes(125) }]],
  ['§5.5.3 unasked pong', [{ opcode: pong }]],
  ['§5.5.3 pong of 125 bytes', [{ opcode: pong, payload: patternBytes(125) }]],
  [
    '§5.5.3 as many pongs as pings',
    Array.from({ length: 100 }, (_, i) => ({ opcode: i % 2 ? pong : ping, payload: `${i}` })),
  ],
  ['§5.4 two fragments', fragments(text, ['Hel', 'lo'])],
  ['§5.4 three fragments', fragments(binary, ['a', 'b', 'c'])],
  ['§5.4 empty fragments', fragments(text, ['', '', ''])],
  ['§5.4 empty last fragment', fragments(binary, ['abc', ''])],
  ['§5.4 empty first fragment', fragments(binary, ['', 'abc'])],
  ['§5.4 a hundred fragments', fragments(binary, 'x'.repeat(100).split(''))],
  ['§5.4 large fragments', fragments(binary, cut(patternBytes(300_000), 70_000, 70_001, 200_000))],
  [
    '§5.4 a ping between fragments',
    [
      { opcode: text, fin: false, payload: 'a' },
      { opcode: ping, payload: 'p' },
      { opcode: continuation, payload: 'b' },
    ],
  ],
  [
    '§5.4 pings and pongs between all fragments',
    fragments(text, ['a', 'b', 'c', 'd']).flatMap((spec) => [
      spec,
      { opcode: ping, payload: 'p' },
      { opcode: pong, payload: 'q' },
    ]),
  ],
  [
    '§5.4 one message behind another',
    [...fragments(text, ['a', 'b']), { opcode: binary, payload: 'c' }, ...fragments(text, ['d'])],
  ],
  ['§8.1 two-byte characters', [{ opcode: text, payload: 'äöüß' }]],
  ['§8.1 the first and last of each length', [{ opcode: text, payload: '\0\u007f\u0080߿ࠀ\uffff' }]],
  ['§8.1 beyond the basic plane', [{ opcode: text, payload: '\u{10000}𝄞\u{10ffff}' }]],
  ['§8.1 around the surrogates', [{ opcode: text, payload: '\ud7ff\ue000' }]],
  ['§8.1 noncharacters are characters', [{ opcode: text, payload: '\ufffe\ufdd0\u{1fffe}' }]],
  ['§8.1 a character cut by fragments, 1 + 2', fragments(text, cut(euro, 1))],
  ['§8.1 a character cut by fragments, 2 + 1', fragments(text, cut(euro, 2))],
  ['§8.1 a character in three fragments', fragments(text, cut(euro, 1, 2))],
  ['§8.1 four bytes in four fragments', fragments(text, cut(clef, 1, 2, 3))],
  ['§8.1 cut, with empty fragments', fragments(text, cut(clef, 1, 1, 3, 3))],
  [
    '§8.1 cut, with a ping of invalid UTF-8 between',
    [
      { opcode: text, fin: false, payload: euro.subarray(0, 2) },
      { opcode: ping, payload: Buffer.from([0xff, 0xc0]) },
      { opcode: continuation, payload: euro.subarray(2) },
    ],
  ],
  ['§8.1 binary is not checked', [{ opcode: binary, payload: Buffer.from([0xc0, 0xff, 0xed]) }]],
  [
    '§8.1 a continuation of binary is not checked',
    fragments(binary, [Buffer.from([0xff]), Buffer.from([0xc0])]),
  ],
];

const byteLength = (frames: readonly FrameSpec[]): number =>
  frames.reduce((sum, { payload = '' }) => sum + 2 + payload.length, 0);

describe.each<Sender>(['client', 'backend'])('RFC 6455: what the %s sends, passes', (sender) => {
  it.each(messages)('%s', async (_, frames) => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), sender);
    await from.sendBytes(wire(from, frames));
    expect(await readFrames(to, frames.length)).toEqual(frames.map(asSeen));
    // What goes back is no less fit.
    await to.text('back');
    expect(await readFrames(from, 1)).toEqual([asSeen({ opcode: text, payload: 'back' })]);
  });

  it.each(messages.filter(([, frames]) => byteLength(frames) < 400))(
    'byte by byte: %s',
    async (_, frames) => {
      const rig = await start();
      const { from, to } = sides(await rig.open(), sender);
      await from.sendBytes(wire(from, frames), { pieceBytes: 1 });
      expect(await readFrames(to, frames.length)).toEqual(frames.map(asSeen));
    },
  );
});

describe('RFC 6455 §5.3 masks', () => {
  it.each([
    ['of zeros', '00000000'],
    ['of ones', 'ffffffff'],
    ['of any bytes', '37fa213d'],
  ])("a client's mask %s goes on with its frame", async (_, hex) => {
    const rig = await start();
    const { client, backend } = await rig.open();
    const mask = Buffer.from(hex, 'hex');
    for (const opcode of [text, binary, ping]) {
      await client.send({ opcode, payload: 'masked with care', mask });
      const frame = await backend.readFrame();
      expect(frame.maskingKey).toEqual(mask);
      expect(frame.payload.toString()).toBe('masked with care');
    }
  });
});

const closes: readonly (readonly [string, Buffer])[] = [
  ['§5.5.1 without a code', closePayload()],
  ...[
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ].map((code) => [`§7.4 code ${code}`, closePayload(code)] as const),
  ['§7.1.6 a reason', closePayload(1000, 'that was it')],
  ['§7.1.6 a reason in UTF-8', closePayload(4000, 'grüße €𝄞')],
  ['§5.5 a reason of 123 bytes', closePayload(1000, 'x'.repeat(123))],
];

describe.each<Sender>(['client', 'backend'])('RFC 6455: closed by the %s', (sender) => {
  it.each(closes)('%s', async (_, payload) => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const frame: FrameSpec = { opcode: close, payload };
    await from.send(frame);
    expect(await readFrames(to, 1)).toEqual([asSeen(frame)]);
    // The answer passes as it is, too.
    const answer: FrameSpec = { opcode: close, payload: closePayload(4999, 'answer') };
    await to.send(answer);
    expect(await readFrames(from, 1)).toEqual([asSeen(answer)]);
    // §7.1.1: the server ends first, towards the client the proxy, towards the proxy the backend.
    expect(await ends.client.expectClosed()).toBe('fin');
    expect(ends.backend.reader.departure).toBe(undefined);
    ends.backend.socket.end();
    expect(await ends.backend.expectClosed()).toBe('fin');
    await rig.whenIdle();
  });

  it('§5.5.1: what follows a close frame is dropped', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const frames = [
      { opcode: text, payload: 'before' },
      { opcode: close, payload: closePayload(1000) },
      { opcode: text, payload: 'behind' },
      { opcode: 0x3, payload: 'behind' },
    ];
    await from.sendBytes(wire(from, frames));
    expect(await readFrames(to, 2)).toEqual(frames.slice(0, 2).map(asSeen));
    await to.sendClose(1000);
    expect(await from.readClose()).toEqual({ code: 1000, reason: '' });
    ends.backend.socket.end();
    expect(await to.expectClosed()).toBe('fin');
  });

  // Over HTTP/2 what clients send is in other memory.
  it.skipIf(overHttp2)(
    '§5.2: megabytes stay what they are, though memory is read into again',
    async () => {
      const rig = await start();
      const relays: ReturnType<typeof sides>[] = [];
      for (let i = 0; i < 3; i++) relays.push(sides(await rig.open(), sender));
      const pass = async (i: number, count: number, others?: () => Promise<unknown>) => {
        const { from, to } = relays[i] as ReturnType<typeof sides>;
        const frames = Array.from({ length: count }, (_, nth) => ({
          opcode: binary,
          payload: patternBytes(17_000 + 5000 * (nth % 20), 1000 * i + nth),
        }));
        const send = async () => {
          // One by one, so that reads are of all sizes.
          for (const frame of frames) await from.send(frame);
        };
        const sent = send();
        await others?.();
        const seen = await readFrames(to, frames.length);
        await sent;
        expect(seen).toEqual(frames.map(asSeen));
      };
      // More than the sockets on the way hold, and not read: it waits in the proxy, while others read there.
      await pass(0, 400, async () => {
        for (let i = 0; i < 5; i++) await Promise.all([pass(1, 80), pass(2, 80)]);
      });
    },
  );

  it('§5.5.1: data still reaches the one that has asked to close', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    await from.sendClose(1000, 'enough');
    expect(await to.readClose()).toEqual({ code: 1000, reason: 'enough' });
    const last = [{ opcode: binary, payload: patternBytes(100_000) }, { opcode: ping }];
    await to.sendBytes(wire(to, last));
    await to.sendClose(1000);
    expect(await readFrames(from, 2)).toEqual(last.map(asSeen));
    expect(await from.readClose()).toEqual({ code: 1000, reason: '' });
  });

  it('§5.4: a close frame inside a fragmented message passes', async () => {
    const rig = await start();
    const { from, to } = sides(await rig.open(), sender);
    const frames = [
      { opcode: text, fin: false, payload: 'a' },
      { opcode: close, payload: closePayload(1001, 'gone') },
    ];
    await from.sendBytes(wire(from, frames));
    expect(await readFrames(to, 2)).toEqual(frames.map(asSeen));
  });

  it('§7.1.4: both close at once', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    await Promise.all([from.sendClose(4001, 'one'), to.sendClose(4002, 'two')]);
    expect(await to.readClose()).toEqual({ code: 4001, reason: 'one' });
    expect(await from.readClose()).toEqual({ code: 4002, reason: 'two' });
    expect(await ends.client.expectClosed()).toBe('fin');
    ends.backend.socket.end();
    expect(await ends.backend.expectClosed()).toBe('fin');
  });
});
