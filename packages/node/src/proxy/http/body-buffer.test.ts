import { expect, test } from 'vitest';
import { BodyBuffer } from './body-buffer.ts';

/** Chunks of these lengths, each byte of which tells its place in the whole. */
function chunksOf(lengths: readonly number[]): Buffer[] {
  let at = 0;
  return lengths.map((length) => {
    const chunk = Buffer.alloc(length);
    for (let i = 0; i < length; i += 1) chunk[i] = (at + i) % 251;
    at += length;
    return chunk;
  });
}

test.each([
  ['nothing', [], 0],
  ['one chunk', [5], 1],
  ['few small chunks', [1, 2, 3, 4], 4],
  ['many of one byte', Array(100_000).fill(1), 8 + 7],
  ['many large ones', Array(50).fill(2000), 50],
  ['small ones between large ones', Array(60).fill([3, 1024]).flat(), 120],
  ['small ones that do not fill a buffer evenly', Array(1000).fill(1000), 8 + 62],
  ['an empty one', [1, 0, 1], 3],
])('%s', (_, lengths: number[], count) => {
  const chunks = chunksOf(lengths);
  const buffer = new BodyBuffer();
  for (const chunk of chunks) buffer.push(chunk);
  const taken = buffer.take();
  expect(Buffer.concat(taken).equals(Buffer.concat(chunks))).toBe(true);
  expect(taken).toHaveLength(count);
  expect(buffer.take()).toEqual([]);
  for (const chunk of chunks) buffer.push(chunk);
  expect(buffer.takeWhole().equals(Buffer.concat(chunks))).toBe(true);
  expect(buffer.takeWhole()).toHaveLength(0);
});

test('a single chunk is not copied', () => {
  const [chunk] = chunksOf([5]) as [Buffer];
  const buffer = new BodyBuffer();
  buffer.push(chunk);
  expect(buffer.takeWhole()).toBe(chunk);
});

test('what is held does not weigh much more than the content', () => {
  const buffer = new BodyBuffer();
  for (let i = 0; i < 1000; i += 1) for (const chunk of chunksOf([1, 1024])) buffer.push(chunk);
  const weight = new Set(buffer.take().map((chunk) => chunk.buffer));
  let bytes = 0;
  for (const memory of weight) bytes += memory.byteLength;
  expect(bytes).toBeLessThan(2 * 1000 * 1025);
});
