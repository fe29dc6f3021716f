import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { patternBytes, patternChunks, patternSha256, patternStream } from './pattern.ts';

describe('pattern', () => {
  const whole = patternBytes(200_000);

  it.each([
    [0, 0],
    [0, 1],
    [65_520, 2],
    [65_521, 65_521],
    [100_000, 99_999],
    [199_999, 1],
  ])('from %i, %i bytes: the same wherever they are made', (from, length) => {
    expect(patternBytes(length, from).equals(whole.subarray(from, from + length))).toBe(true);
  });

  it('comes in pieces and as a stream', async () => {
    expect(Buffer.concat([...patternChunks(200_000, 999)]).equals(whole)).toBe(true);
    const pieces: Buffer[] = [];
    for await (const piece of patternStream(200_000)) pieces.push(piece as Buffer);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    expect(patternSha256(200_000)).toBe(createHash('sha256').update(whole).digest('hex'));
  });

  it('shows a piece that is lost', () => {
    for (const size of [1024, 4096, 16_384, 65_536]) {
      expect(patternBytes(size).equals(patternBytes(size, size))).toBe(false);
    }
  });
});
