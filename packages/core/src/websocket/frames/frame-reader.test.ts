import { describe, expect, it } from 'vitest';
import { closeFrame } from './control-frame.ts';
import { writeFrameHeader } from './frame-header.ts';
import { FrameReader, steps } from './frame-reader.ts';
import { frame } from './frame-writer.ts';
import { opcodes } from './opcode.ts';
import type { FrameReaderOptions } from './pass-rules.ts';

const key = 0x3d21fa37;

const options: FrameReaderOptions = {
  role: 'server',
  maxFrameBytes: 1000,
  maxMessageBytes: 1500,
  maxFragments: 4,
  compression: false,
  validateUtf8: true,
  reportData: 'none',
  passBelowBytes: 0,
  reportPings: false,
};

interface Seen {
  /** What happened, spans and payload joined where they follow each other. */
  log: string[];
  /** All bytes that passed. */
  passed: string;
  error: string | null;
  betweenFrames: boolean;
}

/** Reads bytes in slices of a size, on a copy at an odd place in memory. */
function read(reader: FrameReader, wire: Uint8Array, size = wire.length): Seen {
  const passed: Uint8Array[] = [];
  const log: string[] = [];
  let error: string | null = null;
  let text = '';
  const flush = (): void => {
    if (text !== '') log.push(text);
    text = '';
  };
  const add = (kind: string, bytes: Uint8Array): void => {
    if (!text.startsWith(kind)) flush();
    if (text === '') text = kind;
    text += Buffer.from(bytes).toString('latin1');
  };
  for (let at = 0; at < wire.length && error === null; at += Math.max(1, size)) {
    const chunk = new Uint8Array(1 + wire.length).subarray(1);
    chunk.set(wire);
    reader.push(chunk.subarray(at, at + Math.max(1, size)));
    for (let step = reader.next(); step !== steps.needData; step = reader.next()) {
      if (step === steps.pass) {
        passed.push(new Uint8Array(reader.bytes));
      } else if (step === steps.payload) {
        add('payload ', reader.bytes);
      } else {
        flush();
        const { opcode, fin, rsv1, payloadLength } = reader.header;
        if (step === steps.frame) log.push(`frame ${opcode} ${fin} ${rsv1} ${payloadLength}`);
        else if (step === steps.frameEnd) log.push('end');
        else if (step === steps.control) {
          log.push(`control ${opcode} ${Buffer.from(reader.controlPayload).toString('latin1')}`);
        } else {
          error = reader.error?.code ?? 'none';
          break;
        }
      }
    }
  }
  flush();
  return {
    log,
    passed: Buffer.concat(passed).toString('hex'),
    error,
    betweenFrames: reader.betweenFrames,
  };
}

const text = (payload: string, fin = true, opcode = 1, rsv1 = false): Buffer =>
  frame(fin, rsv1, opcode, Buffer.from(payload, 'latin1'), key);
const plain = (payload: string, fin = true, opcode = 1, rsv1 = false): Buffer =>
  frame(fin, rsv1, opcode, Buffer.from(payload, 'latin1'), null);

const ping = frame(true, false, opcodes.ping, Buffer.from('p'), key);
const pong = frame(true, false, opcodes.pong, Buffer.from('q'), key);

/** A header that announces a payload, and nothing of it. */
function announce(length: number, opcode = 2, fin = true, rsv1 = false): Buffer {
  const header = Buffer.alloc(14);
  return header.subarray(0, writeFrameHeader(header, 0, fin, rsv1, opcode, length, key));
}

describe('frames that pass', () => {
  const streams: [string, Buffer[]][] = [
    ['a text', [text('Hello')]],
    ['an empty text', [text('')]],
    ['a binary', [text('\xff\xfe', true, 2)]],
    ['many', [text('a'), text('b'), text('', true, 2), text('c')]],
    ['fragments', [text('a', false), text('b', false, 0), text('', true, 0)]],
    [
      'control frames within a message (RFC 6455 §5.4)',
      [text('a', false), ping, pong, text('b', true, 0)],
    ],
    [
      'control frames of 0 and 125 bytes (RFC 6455 §5.5)',
      [text('', true, 9), text('x'.repeat(125), true, 10)],
    ],
    [
      'lengths of both forms',
      [text('x'.repeat(125)), text('x'.repeat(126)), text('x'.repeat(1000))],
    ],
    ['characters cut by fragments', [text('\xf0\x9f', false), ping, text('\x98\x80', true, 0)]],
  ];
  it.each(streams)('%s: byte for byte at any cut', (_, frames) => {
    const wire = Buffer.concat(frames);
    for (let size = 1; size <= wire.length; size += size < 40 ? 1 : 37) {
      const reader = new FrameReader(options);
      const seen = read(reader, wire, size);
      expect(seen).toEqual({
        log: [],
        passed: wire.toString('hex'),
        error: null,
        betweenFrames: true,
      });
      expect(reader.frameCount).toBe(frames.length);
    }
  });

  it('go on as one span for a whole chunk, which is the chunk itself', () => {
    const reader = new FrameReader(options);
    const chunk = Buffer.concat([text('a'), ping, text('b', false), text('c', true, 0)]);
    const before = Buffer.from(chunk);
    reader.push(chunk);
    expect(reader.next()).toBe(steps.pass);
    expect(reader.bytes).toBe(chunk);
    expect(chunk.equals(before)).toBe(true);
    expect(reader.next()).toBe(steps.needData);
    expect(reader.drained).toBe(true);
  });

  it('hold back a header that is cut', () => {
    const reader = new FrameReader(options);
    const wire = Buffer.concat([text('a'), text('x'.repeat(200))]);
    expect(read(reader, wire.subarray(0, 12)).passed).toBe(text('a').toString('hex'));
    expect(reader.betweenFrames).toBe(true);
    expect(read(reader, wire.subarray(12, 14)).passed).toBe('');
    expect(read(reader, wire.subarray(14)).passed).toBe(wire.subarray(7).toString('hex'));
  });

  it('show where a frame of our own may stand', () => {
    const reader = new FrameReader(options);
    read(reader, announce(5));
    expect(reader.betweenFrames).toBe(false);
    read(reader, Buffer.from('1234'));
    expect(reader.betweenFrames).toBe(false);
    expect(reader.message.opcode).toBe(2);
    read(reader, Buffer.from('5'));
    expect(reader.betweenFrames).toBe(true);
    expect(reader.message.opcode).toBe(0);
  });

  it('end their span with each frame for one who waits to put in another', () => {
    const frames = [text('a'), ping, text('b', false), text('', true, 0)];
    const wire = Buffer.concat(frames);
    for (let cut = 0; cut < wire.length; cut++) {
      const reader = new FrameReader(options);
      reader.stopAtFrameEnd = true;
      let passed = 0;
      const ends: number[] = [];
      for (const chunk of [wire.subarray(0, cut), wire.subarray(cut)]) {
        reader.push(chunk);
        while (reader.next() === steps.pass) {
          passed += reader.bytes.length;
          if (reader.betweenFrames) ends.push(passed);
        }
      }
      // Each end of a frame was a place for another, wherever a header was cut.
      expect(ends).toEqual([7, 14, 21, 27]);
    }
  });

  it('are as large as the limits allow', () => {
    const huge = {
      maxFrameBytes: Number.POSITIVE_INFINITY,
      maxMessageBytes: Number.POSITIVE_INFINITY,
    };
    const reader = new FrameReader({ ...options, ...huge });
    const header = announce(Number.MAX_SAFE_INTEGER);
    expect(read(reader, header).passed).toBe(header.toString('hex'));
    const chunk = Buffer.alloc(65536);
    reader.push(chunk);
    expect(reader.next()).toBe(steps.pass);
    expect(reader.bytes).toBe(chunk);
  });

  it('are read unmasked by a client (RFC 6455 §5.1)', () => {
    const wire = Buffer.concat([plain('a'), plain('\xc3', false), plain('\xa9', true, 0)]);
    for (let size = 1; size <= wire.length; size++) {
      const seen = read(new FrameReader({ ...options, role: 'client' }), wire, size);
      expect(seen).toMatchObject({ passed: wire.toString('hex'), error: null });
    }
  });
});

describe('violations', () => {
  const good = text('good');
  const header = (first: number, second: number): Buffer =>
    Buffer.from([first, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const reserved = 'RIT_ERR_WS_RESERVED_BITS';
  const control = 'RIT_ERR_WS_CONTROL_FRAME';
  const order = 'RIT_ERR_WS_FRAGMENTATION';
  const utf8 = 'RIT_ERR_WS_UTF8';
  const cases: [string, Buffer[], string][] = [
    ['RSV1 (RFC 6455 §5.2)', [header(0xc1, 0x80)], reserved],
    ['RSV2 (RFC 6455 §5.2)', [header(0xa1, 0x80)], reserved],
    ['RSV3 (RFC 6455 §5.2)', [header(0x91, 0x80)], reserved],
    ['RSV1 on a ping (RFC 6455 §5.2)', [header(0xc9, 0x80)], reserved],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Buffer[], string] => [
      `opcode ${opcode} (RFC 6455 §5.2)`,
      [header(0x80 | opcode, 0x80)],
      'RIT_ERR_WS_OPCODE',
    ]),
    ['no mask (RFC 6455 §5.1)', [plain('x')], 'RIT_ERR_WS_MASK'],
    ['a ping without mask (RFC 6455 §5.1)', [plain('', true, 9)], 'RIT_ERR_WS_MASK'],
    ['a fragmented ping (RFC 6455 §5.5)', [text('', false, 9)], control],
    ['a fragmented pong (RFC 6455 §5.5)', [text('', false, 10)], control],
    ['a fragmented close (RFC 6455 §5.5)', [text('', false, 8)], control],
    ['a ping of 126 bytes (RFC 6455 §5.5)', [announce(126, 9)], control],
    ['a close of 126 bytes (RFC 6455 §5.5)', [announce(126, 8)], control],
    ['a ping of 64-bit length (RFC 6455 §5.5)', [announce(65536, 9)], control],
    ['a continuation first (RFC 6455 §5.4)', [text('', true, 0)], order],
    ['text within a message (RFC 6455 §5.4)', [text('a', false), text('b')], order],
    [
      '16 bits for 125 (RFC 6455 §5.2)',
      [Buffer.from('82fe007d00000000', 'hex')],
      'RIT_ERR_WS_LENGTH_FORM',
    ],
    [
      '64 bits for 65535 (RFC 6455 §5.2)',
      [Buffer.from('82ff000000000000ffff00000000', 'hex')],
      'RIT_ERR_WS_LENGTH_FORM',
    ],
    [
      'the top bit of 64 (RFC 6455 §5.2)',
      [Buffer.from('82ff800000000000000000000000', 'hex')],
      'RIT_ERR_WS_LENGTH_FORM',
    ],
    [
      'a length beyond 2^53',
      [Buffer.from('82ff002000000000000000000000', 'hex')],
      'RIT_ERR_WS_FRAME_TOO_LARGE',
    ],
    ['a frame beyond its limit (RFC 6455 §10.4)', [announce(1001)], 'RIT_ERR_WS_FRAME_TOO_LARGE'],
    [
      'a message beyond its limit (RFC 6455 §10.4)',
      [text('x'.repeat(800), false), announce(701, 0)],
      'RIT_ERR_WS_MESSAGE_TOO_LARGE',
    ],
    [
      'empty fragments beyond their limit (RFC 6455 §10.4)',
      [
        text('', false),
        text('', false, 0),
        text('', false, 0),
        text('', false, 0),
        text('', true, 0),
      ],
      'RIT_ERR_WS_TOO_MANY_FRAGMENTS',
    ],
    ['a close of one byte (RFC 6455 §5.5.1)', [text('x', true, 8)], 'RIT_ERR_WS_CLOSE_CODE'],
    ['a close with 1005 (RFC 6455 §7.4.1)', [text('\x03\xed', true, 8)], 'RIT_ERR_WS_CLOSE_CODE'],
    ['a close whose reason is no UTF-8 (RFC 6455 §5.5.1)', [text('\x03\xe8\xff', true, 8)], utf8],
    ['text that is no UTF-8 (RFC 6455 §8.1)', [text('ab\xffcd')], utf8],
    ['text that ends within a character (RFC 6455 §8.1)', [text('ab\xc3')], utf8],
    ['the same in its last, empty fragment', [text('ab\xc3', false), text('', true, 0)], utf8],
    ['a character that two messages share', [Buffer.concat([text('ab\xc3'), text('\xa9')])], utf8],
    ['a surrogate across fragments', [text('\xed', false), ping, text('\xa0\x80', true, 0)], utf8],
  ];

  it.each(cases)('%s: one error at any cut', (_, frames, code) => {
    const wire = Buffer.concat([good, ...frames]);
    for (let size = 1; size <= wire.length; size += size < 40 ? 1 : 101) {
      const reader = new FrameReader(options);
      const seen = read(reader, wire, size);
      expect(seen.error).toBe(code);
      expect(wire.toString('hex').startsWith(seen.passed)).toBe(true);
      expect(seen.passed.startsWith(good.toString('hex'))).toBe(true);
      const { error } = reader;
      // Absorbing: the same error, and no byte more.
      expect(reader.next()).toBe(steps.failed);
      reader.push(text('more'));
      expect(reader.next()).toBe(steps.failed);
      expect(reader.error).toBe(error);
    }
  });

  it.each(cases)('%s: what is in front passes, the offending frame does not', (_, frames) => {
    const offending = frames.at(-1) as Buffer;
    const front = Buffer.concat([good, ...frames.slice(0, -1)]);
    const reader = new FrameReader(options);
    const seen = read(reader, Buffer.concat([front, offending]));
    expect(seen.passed).toBe(front.toString('hex'));
    expect(seen.betweenFrames).toBe(true);
  });

  it('is known before any byte of payload, and before the masking key', () => {
    for (const [wire, code] of [
      [announce(1001).subarray(0, 4), 'RIT_ERR_WS_FRAME_TOO_LARGE'],
      [announce(126, 9).subarray(0, 2), 'RIT_ERR_WS_CONTROL_FRAME'],
      [announce(3, 0).subarray(0, 2), 'RIT_ERR_WS_FRAGMENTATION'],
      [Buffer.from([0x83, 0x80]), 'RIT_ERR_WS_OPCODE'],
    ] as const) {
      expect(read(new FrameReader(options), wire).error).toBe(code);
    }
  });

  it('a client refuses masked frames (RFC 6455 §5.1)', () => {
    const seen = read(new FrameReader({ ...options, role: 'client' }), text('x'));
    expect(seen).toMatchObject({ error: 'RIT_ERR_WS_MASK', passed: '' });
  });

  it('text in a later slice leaves a frame open', () => {
    const reader = new FrameReader(options);
    const wire = text('abcdef\xff');
    const first = read(reader, wire.subarray(0, 9));
    expect(first.passed).toBe(wire.subarray(0, 9).toString('hex'));
    const second = read(reader, wire.subarray(9));
    expect(second).toMatchObject({ passed: '', error: 'RIT_ERR_WS_UTF8', betweenFrames: false });
  });

  it('text whose cut header was held back does not pass', () => {
    const reader = new FrameReader(options);
    const wire = text('abcdef\xff');
    expect(read(reader, wire.subarray(0, 3)).passed).toBe('');
    const seen = read(reader, wire.subarray(3));
    expect(seen).toMatchObject({ passed: '', error: 'RIT_ERR_WS_UTF8', betweenFrames: true });
  });

  it('text is not looked at without validation', () => {
    const wire = text('\xff\xc3');
    const seen = read(new FrameReader({ ...options, validateUtf8: false }), wire);
    expect(seen).toMatchObject({ error: null, passed: wire.toString('hex') });
  });
});

describe('the limits accept what they name', () => {
  it.each([
    ['a frame', [text('x'.repeat(1000))]],
    ['a message', [text('x'.repeat(1000), false), text('x'.repeat(500), true, 0)]],
    ['fragments', [text('', false), text('', false, 0), text('', false, 0), text('', true, 0)]],
  ])('%s', (_, frames) => {
    expect(read(new FrameReader(options), Buffer.concat(frames)).error).toBeNull();
  });
});

describe('close frames (RFC 6455 §5.5.1)', () => {
  const wire = closeFrame(1001, 'away', key);

  it('are reported whole at any cut, after what passed', () => {
    const all = Buffer.concat([text('a'), wire, text('dropped'), Buffer.from([0xff, 0xff])]);
    for (let size = 1; size <= all.length; size++) {
      const reader = new FrameReader(options);
      const seen = read(reader, all, size);
      expect(seen).toEqual({
        log: ['control 8 \x03\xe9away'],
        passed: text('a').toString('hex'),
        error: null,
        betweenFrames: true,
      });
      expect(reader.close).toEqual({ code: 1001, reason: 'away' });
      expect(reader.drained).toBe(true);
    }
  });

  it('may have no code', () => {
    const reader = new FrameReader(options);
    expect(read(reader, closeFrame(1005, '', key)).log).toEqual(['control 8 ']);
    expect(reader.close).toEqual({ code: 1005, reason: '' });
  });

  it('may stand within a message', () => {
    const reader = new FrameReader(options);
    const seen = read(reader, Buffer.concat([text('a', false), wire]));
    expect(seen.passed).toBe(text('a', false).toString('hex'));
    expect(reader.close?.code).toBe(1001);
  });
});

describe('frames that are reported', () => {
  it('come as header, unmasked payload and end, at any cut', () => {
    const wire = Buffer.concat([
      text('Hel', false),
      ping,
      text('', false, 0),
      text('lo \xc3\xa9', true, 0),
      text('', true, 2),
    ]);
    for (let size = 1; size <= wire.length; size++) {
      const seen = read(new FrameReader({ ...options, reportData: 'all' }), wire, size);
      expect(seen).toEqual({
        log: [
          'frame 1 false false 3',
          'payload Hel',
          'end',
          'frame 0 false false 0',
          'end',
          'frame 0 true false 5',
          'payload lo \xc3\xa9',
          'end',
          'frame 2 true false 0',
          'end',
        ],
        passed: ping.toString('hex'),
        error: null,
        betweenFrames: true,
      });
    }
  });

  it('unmask in place and copy nothing', () => {
    const reader = new FrameReader({ ...options, reportData: 'all' });
    const chunk = text('Hello');
    reader.push(chunk);
    expect(reader.next()).toBe(steps.frame);
    expect(reader.header.maskingKey).toBe(key);
    expect(reader.next()).toBe(steps.payload);
    expect(reader.bytes.buffer).toBe(chunk.buffer);
    expect(chunk.subarray(6).toString()).toBe('Hello');
  });

  it('are checked as text before they are handed out', () => {
    const reader = new FrameReader({ ...options, reportData: 'all' });
    const seen = read(reader, Buffer.concat([text('ok'), text('a\xff')]));
    expect(seen.log).toEqual(['frame 1 true false 2', 'payload ok', 'end', 'frame 1 true false 2']);
    expect(seen.error).toBe('RIT_ERR_WS_UTF8');
    const cut = new FrameReader({ ...options, reportData: 'all' });
    const last = read(cut, Buffer.concat([text('a\xc3', false), text('', true, 0)]));
    expect(last.error).toBe('RIT_ERR_WS_UTF8');
    expect(last.log.at(-1)).toBe('frame 0 true false 0');
  });

  it('are only the compressed ones when so asked (RFC 7692 §6)', () => {
    const some: FrameReaderOptions = { ...options, compression: true, reportData: 'compressed' };
    const front = Buffer.concat([text('a'), text('b', false), text('c', true, 0)]);
    const wire = Buffer.concat([
      front,
      text('\xff1', false, 1, true),
      ping,
      text('2', true, 0),
      text('d'),
    ]);
    for (let size = 1; size <= wire.length; size++) {
      const seen = read(new FrameReader(some), wire, size);
      expect(seen).toEqual({
        log: [
          'frame 1 false true 2',
          'payload \xff1',
          'end',
          'frame 0 true false 1',
          'payload 2',
          'end',
        ],
        passed: Buffer.concat([front, ping, text('d')]).toString('hex'),
        error: null,
        betweenFrames: true,
      });
    }
  });

  it.each([
    ['a continuation', [text('a', false, 1, true), text('b', true, 0, true)]],
    ['a ping', [text('', true, 9, true)]],
    ['a close', [text('', true, 8, true)]],
  ])('RSV1 stays forbidden on %s (RFC 7692 §6)', (_, frames) => {
    const reader = new FrameReader({ ...options, compression: true });
    expect(read(reader, Buffer.concat(frames)).error).toBe('RIT_ERR_WS_RESERVED_BITS');
  });

  it('are not those below a size that are whole', () => {
    const some: FrameReaderOptions = { ...options, reportData: 'all', passBelowBytes: 3 };
    const wire = Buffer.concat([text('ab'), text('abc'), text('a', false), text('b', true, 0)]);
    const seen = read(new FrameReader(some), wire);
    expect(seen.passed).toBe(text('ab').toString('hex'));
    expect(seen.log.filter((line) => line.startsWith('frame'))).toEqual([
      'frame 1 true false 3',
      'frame 1 false false 1',
      'frame 0 true false 1',
    ]);
  });

  it('are pings and pongs too when so asked', () => {
    const wire = Buffer.concat([text('a', false), ping, pong, text('b', true, 0)]);
    for (let size = 1; size <= wire.length; size++) {
      const seen = read(new FrameReader({ ...options, reportPings: true }), wire, size);
      expect(seen).toMatchObject({
        log: ['control 9 p', 'control 10 q'],
        passed: Buffer.concat([text('a', false), text('b', true, 0)]).toString('hex'),
        error: null,
      });
    }
  });
});

describe('the order of steps', () => {
  it('passes what is in front of a reported frame first', () => {
    const reader = new FrameReader({ ...options, reportPings: true });
    reader.push(Buffer.concat([text('a'), ping, text('b')]));
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) seen.push(reader.next());
    expect(seen).toEqual([steps.pass, steps.control, steps.pass, steps.needData]);
  });

  it('refuses a chunk before the last one is used up', () => {
    const reader = new FrameReader(options);
    reader.push(text('a'));
    expect(reader.drained).toBe(false);
    expect(() => reader.push(text('b'))).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
    );
    expect(reader.next()).toBe(steps.pass);
    expect(reader.next()).toBe(steps.needData);
    expect(reader.next()).toBe(steps.needData);
    reader.push(new Uint8Array(0));
    expect(reader.drained).toBe(true);
    reader.push(text('b'));
    expect(reader.next()).toBe(steps.pass);
  });

  it('keeps no chunk', () => {
    const reader = new FrameReader(options);
    read(reader, announce(900));
    expect(reader.bytes.length).toBe(0);
  });
});
