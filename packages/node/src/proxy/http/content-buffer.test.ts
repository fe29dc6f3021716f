import { expect, test } from 'vitest';
import { ContentBuffer } from './content-buffer.ts';

/** Pieces of these lengths, each byte of which tells its place in the whole. */
function piecesOf(lengths: readonly number[]): Buffer[] {
  let at = 0;
  return lengths.map((length) => {
    const piece = Buffer.alloc(length);
    for (let i = 0; i < length; i += 1) piece[i] = (at + i) % 251;
    at += length;
    return piece;
  });
}

test.each([
  ['nothing', [], 0],
  ['one piece', [5], 1],
  ['few small pieces', [1, 2, 3, 4], 4],
  ['many of one byte', Array(100_000).fill(1), 8 + 7],
  ['many large ones', Array(50).fill(2000), 50],
  ['small ones between large ones', Array(60).fill([3, 1024]).flat(), 120],
  ['small ones that do not fill a buffer evenly', Array(1000).fill(1000), 8 + 62],
  ['an empty one', [1, 0, 1], 3],
])('%s', (_, lengths: number[], count) => {
  const pieces = piecesOf(lengths);
  const buffer = new ContentBuffer();
  for (const piece of pieces) buffer.push(piece);
  const taken = buffer.take();
  expect(Buffer.concat(taken).equals(Buffer.concat(pieces))).toBe(true);
  expect(taken).toHaveLength(count);
  expect(buffer.take()).toEqual([]);
  for (const piece of pieces) buffer.push(piece);
  expect(buffer.takeWhole().equals(Buffer.concat(pieces))).toBe(true);
  expect(buffer.takeWhole()).toHaveLength(0);
});

test('a single piece is not copied', () => {
  const [piece] = piecesOf([5]) as [Buffer];
  const buffer = new ContentBuffer();
  buffer.push(piece);
  expect(buffer.takeWhole()).toBe(piece);
});

test('what is held does not weigh much more than the content', () => {
  const buffer = new ContentBuffer();
  for (let i = 0; i < 1000; i += 1) for (const piece of piecesOf([1, 1024])) buffer.push(piece);
  const weight = new Set(buffer.take().map((piece) => piece.buffer));
  let bytes = 0;
  for (const memory of weight) bytes += memory.byteLength;
  expect(bytes).toBeLessThan(2 * 1000 * 1025);
});
