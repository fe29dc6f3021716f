/**
 * Invalid frames, from each side: the offender is told with the right code, the other side that its peer
 * is lost, and what had passed before it was valid.
 */
import { patternBytes } from '@reverseit/test-servers';
import type { FramePeer } from '@reverseit/test-servers/frame-peer';
import {
  closePayload,
  encodeFrameHead,
  type FrameSpec,
  OPCODE,
} from '@reverseit/test-servers/frames';
import { describe, expect, it } from 'vitest';
import {
  asSeen,
  type Ends,
  readFrames,
  type Sender,
  sides,
  useWebSocketRig,
  type WebSocketRig,
  wire,
} from './websocket-rig.ts';

const start = useWebSocketRig();

const { continuation, text, binary, close, ping, pong } = OPCODE;
const kibibyte = 1024;

interface Violation {
  /** Valid frames before it. */
  readonly before?: readonly FrameSpec[];
  readonly frames: readonly FrameSpec[];
  readonly code: number;
}

type Case = readonly [name: string, violation: Violation];

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const one = (name: string, code: number, ...frames: FrameSpec[]): Case => [name, { frames, code }];

const fine: FrameSpec = { opcode: text, payload: 'fine' };
const open: FrameSpec = { opcode: text, fin: false, payload: 'open' };
const openBinary: FrameSpec = { opcode: binary, fin: false, payload: 'open' };

const framing: readonly Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) =>
    one(`§5.2 reserved bits ${rsv} on text`, 1002, { opcode: text, rsv, payload: 'x' }),
  ),
  ...[1, 2, 4].flatMap((rsv) => [
    one(`§5.2 reserved bits ${rsv} on binary`, 1002, { opcode: binary, rsv }),
    one(`§5.2 reserved bits ${rsv} on a ping`, 1002, { opcode: ping, rsv }),
    one(`§5.2 reserved bits ${rsv} on a pong`, 1002, { opcode: pong, rsv }),
    one(`§5.2 reserved bits ${rsv} on a close`, 1002, {
      opcode: close,
      rsv,
      payload: closePayload(1000),
    }),
  ]),
  ...[4, 2, 1].map(
    (rsv): Case => [
      `§5.2 reserved bits ${rsv} on a continuation`,
      { before: [open], frames: [{ opcode: continuation, rsv, payload: 'x' }], code: 1002 },
    ],
  ),
  ...[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].map((opcode) =>
    one(`§5.2 reserved opcode ${opcode.toString(16)}`, 1002, { opcode, payload: 'x' }),
  ),
  [
    '§5.2 reserved opcode inside a message',
    { before: [open], frames: [{ opcode: 3 }], code: 1002 },
  ],
  one('§5.2 16-bit length for 125 bytes', 1002, {
    opcode: binary,
    lengthForm: 16,
    payload: patternBytes(125),
  }),
  one('§5.2 16-bit length for no byte', 1002, { opcode: text, lengthForm: 16 }),
  one('§5.2 64-bit length for no byte', 1002, { opcode: text, lengthForm: 64 }),
  one('§5.2 64-bit length for 125 bytes', 1002, {
    opcode: text,
    lengthForm: 64,
    payload: 'x'.repeat(125),
  }),
  one('§5.2 64-bit length for 65,535 bytes', 1002, {
    opcode: binary,
    lengthForm: 64,
    length: 65_535,
  }),
  one('§5.2 64-bit length with the top bit', 1002, { opcode: binary, length: 2n ** 63n }),
  one('§5.2 64-bit length of ones', 1002, { opcode: binary, length: 2n ** 64n - 1n }),
  one('§5.5 a ping in fragments', 1002, { opcode: ping, fin: false }),
  one('§5.5 a pong in fragments', 1002, { opcode: pong, fin: false, payload: 'x' }),
  one('§5.5 a close in fragments', 1002, { opcode: close, fin: false }),
  ...[ping, pong, close].flatMap((opcode) => [
    one(`§5.5 opcode ${opcode.toString(16)} of 126 bytes`, 1002, {
      opcode,
      payload: patternBytes(126),
    }),
    one(`§5.5 opcode ${opcode.toString(16)} of 65,536 bytes`, 1002, { opcode, length: 65_536 }),
  ]),
];

const fragmentation: readonly Case[] = [
  one('§5.4 a continuation of nothing', 1002, { opcode: continuation, payload: 'x' }),
  one('§5.4 an unfinished continuation of nothing', 1002, { opcode: continuation, fin: false }),
  [
    '§5.4 a continuation after a whole message',
    { before: [fine], frames: [{ opcode: continuation }], code: 1002 },
  ],
  [
    '§5.4 a continuation after a finished message',
    {
      before: [open, { opcode: continuation, payload: 'x' }],
      frames: [{ opcode: continuation }],
      code: 1002,
    },
  ],
  ['§5.4 text inside text', { before: [open], frames: [fine], code: 1002 }],
  ['§5.4 binary inside text', { before: [open], frames: [{ opcode: binary }], code: 1002 }],
  ['§5.4 text inside binary', { before: [openBinary], frames: [fine], code: 1002 }],
  [
    '§5.4 a new message after a ping inside a message',
    { before: [open, { opcode: ping }], frames: [fine], code: 1002 },
  ],
];

const closing: readonly Case[] = [
  one('§5.5.1 a payload of one byte', 1002, { opcode: close, payload: hex('03') }),
  ...[
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 32_768, 65_535,
  ].map((code) => one(`§7.4 code ${code}`, 1002, { opcode: close, payload: closePayload(code) })),
  one('§5.5.1 a reason that is no UTF-8', 1007, {
    opcode: close,
    payload: closePayload(1000, hex('ff')),
  }),
  one('§5.5.1 a reason that ends within a character', 1007, {
    opcode: close,
    payload: closePayload(1000, hex('e282')),
  }),
];

const utf8: readonly Case[] = [
  ...(
    [
      ['a lone continuation byte', '80'],
      ['a lone FF', 'ff'],
      ['a lone FE', 'fe'],
      ['overlong slash, two bytes', 'c0af'],
      ['overlong C1', 'c1bf'],
      ['overlong, three bytes', 'e09fbf'],
      ['overlong, four bytes', 'f08fbfbf'],
      ['a high surrogate', 'eda080'],
      ['a low surrogate', 'edbfbf'],
      ['a surrogate pair', 'eda080edb080'],
      ['beyond U+10FFFF', 'f4908080'],
      ['five bytes', 'f888808080'],
      ['a start within a character', 'e228a1'],
      ['an incomplete character at the end', '61e282'],
      ['an incomplete four-byte character', 'f09d84'],
      ['invalid after a kilobyte of ASCII', `${'61'.repeat(kibibyte)}ff`],
      ['invalid after a kilobyte of umlauts', `${'c3a4'.repeat(kibibyte)}c0`],
    ] as const
  ).map(([name, digits]) => one(`§8.1 ${name}`, 1007, { opcode: text, payload: hex(digits) })),
  [
    '§8.1 a character that the next fragment breaks',
    {
      before: [{ opcode: text, fin: false, payload: hex('e282') }],
      frames: [{ opcode: continuation, payload: hex('28') }],
      code: 1007,
    },
  ],
  [
    '§8.1 a message whose last fragment ends within a character',
    {
      before: [{ opcode: text, fin: false, payload: hex('e2') }],
      frames: [{ opcode: continuation, payload: hex('82') }],
      code: 1007,
    },
  ],
  [
    '§8.1 an empty last fragment after half a character',
    {
      before: [{ opcode: text, fin: false, payload: hex('f09d') }],
      frames: [{ opcode: continuation }],
      code: 1007,
    },
  ],
  [
    '§8.1 a surrogate over two fragments',
    {
      before: [{ opcode: text, fin: false, payload: hex('ed') }],
      frames: [{ opcode: continuation, fin: false, payload: hex('a080') }],
      code: 1007,
    },
  ],
  [
    '§8.1 invalid text after valid text',
    { before: [fine], frames: [{ opcode: text, payload: hex('c3') }], code: 1007 },
  ],
];

const cases = [...framing, ...fragmentation, ...closing, ...utf8];

/** The offender hears the code, the other side that its peer is lost, and both connections end. */
async function expectRefused(
  rig: WebSocketRig,
  ends: Ends,
  sender: Sender,
  { before = [], code }: Pick<Violation, 'before' | 'code'>,
): Promise<void> {
  const { from, to } = sides(ends, sender);
  expect(await readFrames(to, before.length)).toEqual(before.map(asSeen));
  expect(await to.readClose()).toMatchObject({ code: sender === 'client' ? 1011 : 1014 });
  expect(await from.readClose()).toMatchObject({ code });
  await expectGone(from);
  await to.sendClose(1000);
  if (sender === 'client') to.socket.end();
  await expectGone(to);
  await rig.whenIdle();
}

async function expectGone(peer: FramePeer): Promise<void> {
  // Not a byte after the close frame, and no reset that could take it away.
  expect(await peer.expectClosed()).toBe('fin');
}

describe.each<Sender>(['client', 'backend'])('RFC 6455: refused from the %s', (sender) => {
  it.each(cases)('%s', async (_, violation) => {
    const rig = await start();
    const ends = await rig.open();
    const { from } = sides(ends, sender);
    await from.sendBytes(wire(from, [...(violation.before ?? []), ...violation.frames]));
    await expectRefused(rig, ends, sender, violation);
  });

  it('§5.1 masked against the direction', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from } = sides(ends, sender);
    await from.sendAll(fine, { opcode: text, payload: 'x', mask: sender === 'backend' });
    await expectRefused(rig, ends, sender, { before: [fine], code: 1002 });
  });

  it('§5.1 a ping masked against the direction', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from } = sides(ends, sender);
    await from.send({ opcode: ping, payload: 'x', mask: sender === 'backend' });
    await expectRefused(rig, ends, sender, { code: 1002 });
  });

  it('an error in a frame whose beginning has passed ends the other connection without a close', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const { bytes, key } = encodeFrameHead(
      { opcode: text, length: 100_000, ...(sender === 'client' ? { mask: hex('00000000') } : {}) },
      sender === 'client',
    );
    expect(key === undefined).toBe(sender === 'backend');
    await from.sendBytes(Buffer.concat([bytes, Buffer.alloc(50_000, 'a')]));
    const { length } = await to.readHead();
    expect(length).toBe(100_000);
    expect(await to.reader.take(50_000)).toEqual(Buffer.alloc(50_000, 'a'));
    await from.sendBytes(hex('ff'));
    expect(await from.readClose()).toMatchObject({ code: 1007 });
    expect(await to.expectClosed()).toBe('fin');
    await expectGone(from);
    await rig.whenIdle();
  });

  it('what an offender still sends is dropped', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    await from.send({ opcode: 3 });
    expect(await from.readClose()).toMatchObject({ code: 1002 });
    await from.sendAll(fine, fine, { opcode: close, payload: closePayload(1000) });
    await from.sendBytes(patternBytes(100_000));
    expect(await to.readClose()).toMatchObject({ code: sender === 'client' ? 1011 : 1014 });
    await to.sendClose(1000);
    await expectGone(from);
    if (sender === 'client') to.socket.end();
    await expectGone(to);
  });

  it('§8.1 is not checked where it is not to be', async () => {
    const rig = await start({ proxy: { websocketValidateUtf8: false } });
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const frames = [{ opcode: text, payload: hex('ff') }];
    await from.sendAll(...frames);
    expect(await readFrames(to, 1)).toEqual(frames.map(asSeen));
    // A reason is, always.
    await from.send({ opcode: close, payload: closePayload(1000, hex('ff')) });
    await expectRefused(rig, ends, sender, { code: 1007 });
  });
});

describe.each<Sender>(['client', 'backend'])('limits on what the %s sends', (sender) => {
  const limited = { proxy: { maxWebsocketFrameSize: 1000 } };

  it.each<Case>([
    [
      '§10.4 a frame at the limit',
      { frames: [{ opcode: binary, payload: patternBytes(1000) }], code: 0 },
    ],
    [
      '§10.4 a message at the limit',
      {
        frames: [
          { opcode: binary, fin: false, payload: patternBytes(999) },
          { opcode: ping, payload: patternBytes(125) },
          { opcode: continuation, payload: patternBytes(1) },
        ],
        code: 0,
      },
    ],
  ])('%s passes', async (_, { frames }) => {
    const rig = await start(limited);
    const { from, to } = sides(await rig.open(), sender);
    // Twice: a limit counts a message, not a connection.
    await from.sendAll(...frames, ...frames);
    expect(await readFrames(to, 2 * frames.length)).toEqual([...frames, ...frames].map(asSeen));
  });

  it.each([1001, 65_536, 2 ** 31, 2 ** 32, 2 ** 53])(
    '§10.4 a frame of %i bytes is refused at its head, without a byte of its payload',
    async (length) => {
      const rig = await start(limited);
      const ends = await rig.open();
      const { from } = sides(ends, sender);
      await from.sendHead({ opcode: binary, length });
      await expectRefused(rig, ends, sender, { code: 1009 });
    },
  );

  it('§10.4 the default is 16 MiB', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from } = sides(ends, sender);
    await from.sendHead({ opcode: binary, length: 16 * kibibyte * kibibyte + 1 });
    await expectRefused(rig, ends, sender, { code: 1009 });
  });

  it('§10.4 without a limit 2^53 - 1 bytes may be announced, and no more', async () => {
    const rig = await start({ proxy: { maxWebsocketFrameSize: Number.POSITIVE_INFINITY } });
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    await from.sendBytes(
      Buffer.concat([
        encodeFrameHead({ opcode: binary, length: 2n ** 53n - 1n }, sender === 'client').bytes,
        Buffer.alloc(1),
      ]),
    );
    expect((await to.readHead()).length).toBe(2 ** 53 - 1);
    const others = await rig.open();
    await sides(others, sender).from.sendHead({ opcode: binary, length: 2n ** 53n });
    expect(await sides(others, sender).from.readClose()).toMatchObject({ code: 1009 });
  });

  it('§10.4 a message beyond the limit is refused at the head of the fragment', async () => {
    const rig = await start(limited);
    const ends = await rig.open();
    const { from } = sides(ends, sender);
    const before = [
      { opcode: binary, fin: false, payload: patternBytes(600) },
      { opcode: continuation, fin: false, payload: patternBytes(400) },
    ];
    await from.sendAll(...before);
    await from.sendHead({ opcode: continuation, length: 1 });
    await expectRefused(rig, ends, sender, { before, code: 1009 });
  });

  it('§10.4 65,536 fragments pass, one more is refused', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const first = wire(from, [{ opcode: binary, fin: false }]);
    const empty = wire(from, [{ opcode: continuation, fin: false }]);
    const fragments = Buffer.concat([first, ...Array.from({ length: 65_536 }, () => empty)]);
    const sent = from.sendBytes(fragments);
    const passed = fragments.subarray(0, -empty.length);
    expect(passed.equals(await to.reader.take(passed.length))).toBe(true);
    expect(await to.readClose()).toMatchObject({ code: sender === 'client' ? 1011 : 1014 });
    expect(await from.readClose()).toMatchObject({ code: 1008 });
    await sent;
  });

  it('§10.4 a flood of pings is refused', async () => {
    const rig = await start();
    const ends = await rig.open();
    const { from, to } = sides(ends, sender);
    const one = wire(from, [{ opcode: ping, payload: 'x' }]);
    // More than enough: a machine that pauses for a second has the count begin anew.
    const sent = from.sendBytes(Buffer.concat(Array.from({ length: 100_000 }, () => one)));
    expect(await from.readClose()).toMatchObject({ code: 1008 });
    const passed = await to.reader.takeWhen((unread) => {
      let at = 0;
      while (at + one.length <= unread.length && unread[at] === one[0]) at += one.length;
      return unread[at] === (0x80 | close) ? at : undefined;
    });
    expect(passed.length).toBeGreaterThanOrEqual(16_384 * one.length);
    expect(passed.length).toBeLessThan(100_000 * one.length);
    expect(await to.readClose()).toMatchObject({ code: sender === 'client' ? 1011 : 1014 });
    await sent;
  });
});
