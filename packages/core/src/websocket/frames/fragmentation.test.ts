import { describe, expect, it } from 'vitest';
import { compressedLimit, Fragmentation } from './fragmentation.ts';

const limits = { maxFrameBytes: 100, maxMessageBytes: 150, maxFragments: 3 };

/** Opcode, RSV1, length, FIN. */
type Frame = readonly [number, boolean, number, boolean];

/** The index of the frame that is refused and why, or null. */
function run(frames: readonly Frame[]): [number, string] | null {
  const message = new Fragmentation(limits);
  for (const [i, [opcode, rsv1, length, fin]] of frames.entries()) {
    const verdict = message.checkOrder(opcode) ?? message.checkSize(opcode, rsv1, length);
    if (verdict !== null) return [i, verdict];
    message.begin(opcode, rsv1, length);
    if (fin) message.end();
  }
  return null;
}

describe('fragmentation (RFC 6455 §5.4)', () => {
  const order = 'RIT_ERR_WS_FRAGMENTATION';
  const frame = 'RIT_ERR_WS_FRAME_TOO_LARGE';
  const message = 'RIT_ERR_WS_MESSAGE_TOO_LARGE';
  const count = 'RIT_ERR_WS_TOO_MANY_FRAGMENTS';
  const cases: [string, Frame[], [number, string] | null][] = [
    [
      'single messages',
      [
        [1, false, 1, true],
        [2, false, 1, true],
      ],
      null,
    ],
    [
      'a message in three',
      [
        [1, false, 1, false],
        [0, false, 1, false],
        [0, false, 1, true],
      ],
      null,
    ],
    ['a continuation of nothing', [[0, false, 0, true]], [0, order]],
    [
      'a continuation after the end',
      [
        [1, false, 0, true],
        [0, false, 0, true],
      ],
      [1, order],
    ],
    [
      'text within text',
      [
        [1, false, 0, false],
        [1, false, 0, true],
      ],
      [1, order],
    ],
    [
      'binary within text',
      [
        [1, false, 0, false],
        [2, false, 0, true],
      ],
      [1, order],
    ],
    ['a frame of the limit', [[2, false, 100, true]], null],
    ['a frame beyond the limit', [[2, false, 101, true]], [0, frame]],
    [
      'fragments of the limit',
      [
        [2, false, 100, false],
        [0, false, 50, true],
      ],
      null,
    ],
    [
      'fragments beyond the limit',
      [
        [2, false, 100, false],
        [0, false, 51, true],
      ],
      [1, message],
    ],
    [
      'sums that begin anew',
      [
        [2, false, 100, true],
        [2, false, 100, true],
      ],
      null,
    ],
    [
      'too many fragments, empty ones',
      [
        [2, false, 0, false],
        [0, false, 0, false],
        [0, false, 0, false],
        [0, false, 0, true],
      ],
      [3, count],
    ],
    [
      'counts that begin anew',
      [
        [2, false, 0, false],
        [0, false, 0, true],
        [2, false, 0, false],
        [0, false, 0, true],
      ],
      null,
    ],
    ['a compressed frame of its limit', [[2, true, compressedLimit(100), true]], null],
    ['a compressed frame beyond it', [[2, true, compressedLimit(100) + 1, true]], [0, frame]],
    [
      'a continuation of one beyond it',
      [
        [2, true, 50, false],
        [0, false, compressedLimit(100) + 1, true],
      ],
      [1, frame],
    ],
    [
      'a compressed message beyond its limit',
      [
        [2, true, 150, false],
        [0, false, compressedLimit(150) - 149, true],
      ],
      [1, message],
    ],
    [
      'plain after compressed',
      [
        [2, true, 120, true],
        [2, false, 101, true],
      ],
      [1, frame],
    ],
  ];
  it.each(cases)('%s', (_, frames, expected) => expect(run(frames)).toEqual(expected));

  it.each([
    ['16 bytes each', 16, null],
    ['15 bytes each', 15, count],
    ['none', 0, count],
  ])('RFC 6455 §10.4: fragments beyond their number, with %s', (_, bytes, expected) => {
    const message = new Fragmentation({
      maxFrameBytes: 100,
      maxMessageBytes: 1000,
      maxFragments: 3,
      minFragmentBytes: 16,
    });
    message.begin(2, false, bytes);
    for (let i = 0; i < 2; i++) message.begin(0, false, bytes);
    expect(message.checkSize(0, false, bytes)).toBe(expected);
    // They make up for each other.
    expect(message.checkSize(0, false, 100)).toBeNull();
  });

  it('knows no limit where there is none', () => {
    const open = new Fragmentation({
      maxFrameBytes: Number.POSITIVE_INFINITY,
      maxMessageBytes: Number.POSITIVE_INFINITY,
      maxFragments: Number.POSITIVE_INFINITY,
    });
    open.begin(2, true, Number.MAX_SAFE_INTEGER);
    expect(open.checkSize(0, false, Number.MAX_SAFE_INTEGER)).toBeNull();
  });
});
