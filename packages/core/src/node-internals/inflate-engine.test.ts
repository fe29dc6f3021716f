import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byOneShot,
  type Inflated,
  inflateShort,
  inflatesByHandle,
  tooLong,
} from './inflate-engine.ts';
import { usesNodeInternals } from './switch.ts';

const none = new Uint8Array(0);
const ending = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);

const compressed = (plain: Uint8Array, window: Uint8Array, windowBits = 15): Buffer =>
  deflateRawSync(plain, {
    windowBits: Math.max(9, windowBits),
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(window.length === 0 ? {} : { dictionary: window }),
  }).subarray(0, -4);

const ways: [string, typeof inflateShort][] = [
  ['the shared handle', inflateShort],
  [
    'one handle for each message',
    (bits, window, payload, end, limit) => byOneShot(bits, window, [payload, end], limit),
  ],
];

test('this version of Node has the handle, and it works as expected', () => {
  expect(inflatesByHandle()).toBe(usesNodeInternals);
});

describe.each(ways)('%s', (_, inflate) => {
  test.each([
    ['an empty message', '', ''],
    ['a message without a window', '', 'hello hello hello'],
    ['a message that refers to its window', 'hello, world; '.repeat(30), 'hello, world; '],
  ])('%s', (_, before, text) => {
    const window = Buffer.from(before);
    const plain = Buffer.from(text);
    const result = inflate(15, window, compressed(plain, window), ending, 1024) as Inflated;
    expect(Buffer.from(result.output)).toEqual(plain);
    expect([0, 2]).toContain(result.unused);
  });

  test('output up to the limit, and not beyond', () => {
    const wire = compressed(Buffer.alloc(1000), none);
    expect(inflate(15, none, wire, ending, 1000)).toMatchObject({ unused: 0 });
    expect(inflate(15, none, wire, ending, 999)).toBe(tooLong);
  });

  test('says what follows the end of its stream', () => {
    const whole = deflateRawSync(Buffer.from('x'));
    const wire = Buffer.concat([whole, Buffer.from('rest')]);
    expect(inflate(15, none, wire, none, 10)).toMatchObject({ unused: 4 });
  });

  test.each([
    ['noise', 'fffefdfc'],
    ['a distance beyond the window', 'f200110000'],
    ['a message that ends within a block', '0005'],
  ])('%s is an error, after which others are inflated', (_, hex) => {
    expect(() => inflate(15, none, Buffer.from(hex, 'hex'), ending, 100)).toThrow();
    expect(inflate(15, none, compressed(Buffer.from('y'), none), ending, 9)).toMatchObject({
      unused: 0,
    });
  });

  test('windows of every size', () => {
    for (let bits = 8; bits <= 15; bits++) {
      const window = Buffer.alloc(2 ** bits).map((_, i) => (i * 7) % 250);
      const plain = window.subarray(-100);
      const result = inflate(bits, window, compressed(plain, window, bits), ending, 100);
      expect(Buffer.from((result as Inflated).output)).toEqual(plain);
    }
  });
});

test('both ways give the same', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000 }),
      fc.uint8Array({ maxLength: 2000 }),
      fc.integer({ min: 1, max: 3000 }),
      (window, plain, limit) => {
        const wire = compressed(plain, window);
        const results = ways.map(([, inflate]) => inflate(15, window, wire, ending, limit));
        expect(results.map((result) => result === tooLong)).toEqual([
          plain.length > limit,
          plain.length > limit,
        ]);
        if (plain.length > limit) return;
        for (const result of results as Inflated[]) {
          expect(Buffer.from(result.output)).toEqual(Buffer.from(plain));
        }
      },
    ),
  );
});
