import { expect, test } from 'vitest';
import { bodySource, pieceSize } from './body-pieces.ts';

/** A sink that takes `most` pieces at a time. */
function sink(most: number) {
  const pieces: Buffer[] = [];
  let room = most;
  return {
    pieces,
    ended: 0,
    write(piece: Buffer): boolean {
      pieces.push(piece);
      return --room > 0;
    },
    get isFlushed(): boolean {
      return room > 0;
    },
    end() {
      this.ended++;
    },
    fail() {},
    makeRoom() {
      room = most;
    },
  };
}

test.each([
  [0, []],
  [1, [1]],
  [pieceSize, [pieceSize]],
  [pieceSize + 1, [pieceSize, 1]],
])('%i bytes go out in pieces, then end', (size, sizes) => {
  const to = sink(100);
  bodySource(Buffer.alloc(size), false).start(to);
  expect(to.pieces.map(({ length }) => length)).toEqual(sizes);
  expect(to.ended).toBe(1);
});

test('stops where no more is taken, goes on where it stopped', () => {
  const to = sink(2);
  const body = Buffer.alloc(5 * pieceSize);
  for (let i = 0; i < 5; i++) body.writeUInt8(i, i * pieceSize);
  const pieces = bodySource(body, false);
  pieces.start(to);
  expect([to.pieces.length, to.ended]).toEqual([2, 0]);
  to.makeRoom();
  pieces.resume();
  to.makeRoom();
  pieces.resume();
  expect(to.pieces.map((piece) => piece[0])).toEqual([0, 1, 2, 3, 4]);
  expect(to.ended).toBe(1);
});

test('goes on where the sink says no, and yet has passed all on', () => {
  const to = { ...sink(1), isFlushed: true };
  bodySource(Buffer.alloc(2 * pieceSize), false).start(to);
  expect([to.pieces.length, to.ended]).toEqual([2, 1]);
});

test('the last piece is followed by the end even where it filled the sink', () => {
  const to = sink(1);
  bodySource(Buffer.alloc(10), false).start(to);
  expect([to.pieces.length, to.ended]).toEqual([1, 1]);
});

test('nothing after it was cancelled', () => {
  const to = sink(1);
  const pieces = bodySource(Buffer.alloc(2 * pieceSize), false);
  pieces.start(to);
  pieces.cancel();
  pieces.resume();
  expect([to.pieces.length, to.ended]).toEqual([1, 0]);
});
