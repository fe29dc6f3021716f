import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PieceJoiner } from './piece-joiner.ts';

function joining(): { joiner: PieceJoiner; pieces: Buffer[] } {
  const pieces: Buffer[] = [];
  return { joiner: new PieceJoiner((piece) => pieces.push(piece)), pieces };
}

const bytes = (length: number, value = 1): Buffer => Buffer.alloc(length, value);

test.each([
  ['nothing', [], []],
  ['one small piece', [5], [5]],
  ['small pieces', [1, 2, 1023], [1026]],
  ['large pieces', [1024, 70_000], [1024, 70_000]],
  ['large between small', [1, 2, 1024, 3, 4], [3, 1024, 7]],
  ['small ones that fill more than a buffer', Array(17).fill(1000), [16_000, 1000]],
])('%s', (_, sizes, expected) => {
  const { joiner, pieces } = joining();
  for (const size of sizes) joiner.add(bytes(size));
  joiner.flush();
  expect(pieces.map(({ length }) => length)).toEqual(expected);
  expect(joiner.isEmpty).toBe(true);
});

test('a piece that stands alone is handed on as it is', () => {
  const { joiner, pieces } = joining();
  const piece = bytes(3);
  joiner.add(piece);
  expect(joiner.isEmpty).toBe(false);
  joiner.flush();
  expect(pieces[0]).toBe(piece);
});

test('what is forgotten does not come', () => {
  const { joiner, pieces } = joining();
  joiner.add(bytes(3));
  joiner.clear();
  for (const size of [1, 2]) joiner.add(bytes(size));
  joiner.clear();
  joiner.flush();
  expect(pieces).toEqual([]);
});

test('what was delivered stays as it is', () => {
  const { joiner, pieces } = joining();
  for (let i = 0; i < 20; i++) joiner.add(bytes(1000, i));
  joiner.flush();
  const all = Buffer.concat(pieces);
  for (let i = 0; i < 20; i++) expect(all[i * 1000]).toBe(i);
});

test('every byte comes once, in order, whatever the pieces and flushes', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 3000 }))), (steps) => {
      const { joiner, pieces } = joining();
      const sent: Buffer[] = [];
      for (const [i, step] of steps.entries()) {
        if (step === null) joiner.flush();
        else {
          sent.push(bytes(step, i % 256));
          joiner.add(sent.at(-1) as Buffer);
        }
      }
      joiner.flush();
      expect(Buffer.concat(pieces).equals(Buffer.concat(sent))).toBe(true);
    }),
  );
});
