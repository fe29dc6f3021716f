import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkJoiner } from './chunk-joiner.ts';

function joining(): { joiner: ChunkJoiner; chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  return { joiner: new ChunkJoiner((chunk) => chunks.push(chunk)), chunks };
}

const bytes = (length: number, value = 1): Buffer => Buffer.alloc(length, value);

test.each([
  ['nothing', [], []],
  ['one small chunk', [5], [5]],
  ['small chunks', [1, 2, 1023], [1026]],
  ['large chunks', [1024, 70_000], [1024, 70_000]],
  ['large between small', [1, 2, 1024, 3, 4], [3, 1024, 7]],
  ['small ones that fill more than a buffer', Array(17).fill(1000), [16_000, 1000]],
])('%s', (_, sizes, expected) => {
  const { joiner, chunks } = joining();
  for (const size of sizes) joiner.add(bytes(size));
  joiner.flush();
  expect(chunks.map(({ length }) => length)).toEqual(expected);
  expect(joiner.isEmpty).toBe(true);
});

test('a chunk that stands alone is handed on as it is', () => {
  const { joiner, chunks } = joining();
  const chunk = bytes(3);
  joiner.add(chunk);
  expect(joiner.isEmpty).toBe(false);
  joiner.flush();
  expect(chunks[0]).toBe(chunk);
});

test('what is forgotten does not come', () => {
  const { joiner, chunks } = joining();
  joiner.add(bytes(3));
  joiner.clear();
  for (const size of [1, 2]) joiner.add(bytes(size));
  joiner.clear();
  joiner.flush();
  expect(chunks).toEqual([]);
});

test('what was delivered stays as it is', () => {
  const { joiner, chunks } = joining();
  for (let i = 0; i < 20; i++) joiner.add(bytes(1000, i));
  joiner.flush();
  const all = Buffer.concat(chunks);
  for (let i = 0; i < 20; i++) expect(all[i * 1000]).toBe(i);
});

test('every byte comes once, in order, whatever the chunks and flushes', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 3000 }))), (steps) => {
      const { joiner, chunks } = joining();
      const sent: Buffer[] = [];
      for (const [i, step] of steps.entries()) {
        if (step === null) joiner.flush();
        else {
          sent.push(bytes(step, i % 256));
          joiner.add(sent.at(-1) as Buffer);
        }
      }
      joiner.flush();
      expect(Buffer.concat(chunks).equals(Buffer.concat(sent))).toBe(true);
    }),
  );
});
