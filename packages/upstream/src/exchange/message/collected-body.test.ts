import { expect, test } from 'vitest';
import { bodySource, chunkSize } from './collected-body.ts';

/** A sink that takes `most` chunks at a time. */
function sink(most: number) {
  const chunks: Buffer[] = [];
  let room = most;
  return {
    chunks,
    ended: 0,
    write(chunk: Buffer): boolean {
      chunks.push(chunk);
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
  [chunkSize, [chunkSize]],
  [chunkSize + 1, [chunkSize, 1]],
])('%i bytes go out in chunks, then end', (size, sizes) => {
  const to = sink(100);
  bodySource(Buffer.alloc(size), false).start(to);
  expect(to.chunks.map(({ length }) => length)).toEqual(sizes);
  expect(to.ended).toBe(1);
});

test('stops where no more is taken, goes on where it stopped', () => {
  const to = sink(2);
  const body = Buffer.alloc(5 * chunkSize);
  for (let i = 0; i < 5; i++) body.writeUInt8(i, i * chunkSize);
  const chunks = bodySource(body, false);
  chunks.start(to);
  expect([to.chunks.length, to.ended]).toEqual([2, 0]);
  to.makeRoom();
  chunks.resume();
  to.makeRoom();
  chunks.resume();
  expect(to.chunks.map((chunk) => chunk[0])).toEqual([0, 1, 2, 3, 4]);
  expect(to.ended).toBe(1);
});

test('goes on where the sink says no, and yet has passed all on', () => {
  const to = { ...sink(1), isFlushed: true };
  bodySource(Buffer.alloc(2 * chunkSize), false).start(to);
  expect([to.chunks.length, to.ended]).toEqual([2, 1]);
});

test('the last chunk is followed by the end even where it filled the sink', () => {
  const to = sink(1);
  bodySource(Buffer.alloc(10), false).start(to);
  expect([to.chunks.length, to.ended]).toEqual([1, 1]);
});

test('nothing after it was cancelled', () => {
  const to = sink(1);
  const chunks = bodySource(Buffer.alloc(2 * chunkSize), false);
  chunks.start(to);
  chunks.cancel();
  chunks.resume();
  expect([to.chunks.length, to.ended]).toEqual([1, 0]);
});
