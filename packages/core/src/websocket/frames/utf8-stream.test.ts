import { describe, expect, it } from 'vitest';
import { applyMask } from './masking.ts';
import { Utf8Stream } from './utf8-stream.ts';

const key = 0x1f3c9a55;

function isValid(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Checks in slices of a size; the index of the slice that was refused, or whether the whole is complete. */
function check(bytes: Uint8Array, size: number, masked: boolean): number | boolean {
  const stream = new Utf8Stream();
  const wire = new Uint8Array(bytes);
  if (masked) applyMask(wire, 0, wire.length, key);
  for (let at = 0; at < wire.length; at += size) {
    const end = Math.min(wire.length, at + size);
    const part = masked
      ? stream.pushMasked(wire, at, end, rotated(at))
      : stream.push(wire, at, end);
    if (!part) {
      expect(stream.complete).toBe(false);
      // Absorbing.
      expect(stream.push(Uint8Array.of(0x41), 0, 1)).toBe(false);
      return at / size;
    }
  }
  return stream.complete;
}

function rotated(by: number): number {
  const bits = (by & 3) * 8;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

const valid: [string, string][] = [
  ['nothing', ''],
  ['ASCII', '48 65 6c 6c 6f'],
  ['NUL', '00'],
  ['U+0080', 'c2 80'],
  ['U+07FF', 'df bf'],
  ['U+0800', 'e0 a0 80'],
  ['U+D7FF', 'ed 9f bf'],
  ['U+E000', 'ee 80 80'],
  ['U+FEFF, kept as it is', 'ef bb bf'],
  ['U+FFFF', 'ef bf bf'],
  ['U+10000', 'f0 90 80 80'],
  ['U+10FFFF', 'f4 8f bf bf'],
  [
    'Autobahn 6.2.1',
    '48 65 6c 6c 6f 2d c2 b5 40 c3 9f c3 b6 c3 a4 c3 bc c3 a0 c3 a1 2d 55 54 46 2d 38 21 21',
  ],
];

/** With the offset of the first impossible byte. */
const invalid: [string, string, number][] = [
  ['a continuation byte alone', '80', 0],
  ['FE', 'fe', 0],
  ['FF', 'ff', 0],
  ['overlong NUL', 'c0 80', 0],
  ['overlong slash', 'c1 af', 0],
  ['overlong of three bytes', 'e0 9f bf', 1],
  ['overlong of four bytes', 'f0 8f bf bf', 1],
  ['five bytes', 'f8 88 80 80 80', 0],
  ['the first surrogate', 'ed a0 80', 1],
  ['the last surrogate', 'ed bf bf', 1],
  ['a surrogate pair', 'ed a0 bd ed b8 80', 1],
  ['U+110000', 'f4 90 80 80', 1],
  ['F5', 'f5 80 80 80', 0],
  ['a character cut by ASCII', 'e2 82 41', 2],
  ['a character cut by another', 'c3 c3 a9', 1],
  ['one continuation byte too many', 'c3 a9 a9', 2],
  ['Autobahn 6.3.1', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64', 12],
];

describe.each([false, true])('UTF-8 in slices (RFC 6455 §8.1, RFC 3629), masked: %s', (masked) => {
  it.each(valid)('%s is valid at any cut', (_, text) => {
    const bytes = hex(text);
    for (let size = 1; size <= bytes.length + 1; size++) {
      expect(check(bytes, size, masked)).toBe(true);
    }
  });

  it.each(valid)('%s is valid after and before long stretches', (_, text) => {
    for (const filler of ['a', 'é', '€', '😀']) {
      const long = Buffer.from(filler.repeat(300));
      const bytes = Buffer.concat([long, hex(text), long]);
      for (const size of [1, 47, 48, 49, 63, 64, 100, 511, 512, 513, 5000]) {
        expect(check(bytes, size, masked)).toBe(true);
      }
    }
  });

  it.each(invalid)('%s is refused at its first impossible byte', (_, text, at) => {
    const bytes = hex(text);
    expect(check(bytes, 1, masked)).toBe(at);
    for (const lead of [0, 1, 40, 47, 48, 49, 200, 600]) {
      const all = Buffer.concat([Buffer.alloc(lead, 'x'), bytes, Buffer.alloc(60, 'y')]);
      expect(isValid(all)).toBe(false);
      for (const size of [1, 3, 48, 64, 1000]) {
        expect(check(all, size, masked)).toBe(Math.floor((lead + at) / size));
      }
    }
  });

  it.each(['c3', 'e2', 'e2 82', 'f0', 'f0 9f', 'f0 9f 98'])('%s is not complete', (text) => {
    expect(check(hex(text), 8, masked)).toBe(false);
    expect(check(Buffer.concat([Buffer.alloc(100, 'x'), hex(text)]), 200, masked)).toBe(false);
  });

  it('takes slices larger than its scratch buffer', () => {
    const bytes = Buffer.from('añb€c😀'.repeat(9000));
    expect(check(bytes, bytes.length, masked)).toBe(true);
    const broken = Buffer.from(bytes);
    broken[70_001] = 0xff;
    expect(check(broken, broken.length, masked)).toBe(0);
  });

  it('begins anew after reset', () => {
    const stream = new Utf8Stream();
    expect(stream.push(hex('ff'), 0, 1)).toBe(false);
    stream.reset();
    expect(stream.push(hex('ed'), 0, 1)).toBe(true);
    stream.reset();
    expect(stream.complete).toBe(true);
    expect(stream.push(hex('c2 bf'), 0, 2)).toBe(true);
    expect(stream.complete).toBe(true);
  });
});
