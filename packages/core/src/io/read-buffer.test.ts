import { expect, test, vi } from 'vitest';
import { releaseBytes } from './lease.ts';
import { type ByteReader, ReadBuffer, type ReadInto } from './read-buffer.ts';

// Which memory is used again shows in what is left in it.
vi.mock('./lease-checks.ts', () => ({ leaseChecks: null }));

/** What a socket does with its option: reads into the buffer, calls back, asks for the next buffer. */
class FakeSocket {
  readonly #options: ReadInto;
  buffer: Uint8Array;

  constructor(options: ReadInto) {
    this.#options = options;
    this.buffer = options.buffer();
  }

  read(bytes: Uint8Array): boolean {
    this.buffer.set(bytes);
    const more = this.#options.callback(bytes.length);
    this.buffer = this.#options.buffer() ?? this.buffer;
    return more;
  }
}

class Reader implements ByteReader {
  readonly buffer = new ReadBuffer(this);
  readonly socket = new FakeSocket(this.buffer.onread);
  readonly kept: Buffer[] = [];
  expectsBody = true;
  goOn = true;
  frees = false;
  throws = false;

  onRead(bytes: Buffer): boolean {
    const piece = this.buffer.lend(bytes);
    this.kept.push(piece);
    if (this.throws) throw new Error('thrown');
    if (this.frees) releaseBytes(piece);
    return this.goOn;
  }
}

const bytes = (length: number, value: number) => Buffer.alloc(length, value);

test('a socket that connects once more is told of its buffer again', () => {
  const { buffer } = new Reader();
  const { onread } = buffer;
  expect(new FakeSocket(onread).buffer).toBe(new FakeSocket(onread).buffer);
});

test('what is kept does not change, whoever reads next', () => {
  const readers = [new Reader(), new Reader(), new Reader()];
  const expected: Buffer[][] = [[], [], []];
  let value = 0;
  for (const size of [1, 100, 65_536, 65_536, 30_000, 5, 65_536, 16_384, 16_383, 65_536]) {
    for (const [i, reader] of readers.entries()) {
      const piece = bytes(size, value++ % 256);
      reader.socket.read(piece);
      expected[i]?.push(piece);
    }
  }
  for (const [i, reader] of readers.entries()) {
    expect(reader.kept.every((piece, nth) => piece.equals(expected[i]![nth]!))).toBe(true);
  }
});

test('long content is handed on uncopied, from the second read on', () => {
  const { socket, kept } = new Reader();
  const shared = socket.buffer;
  socket.read(bytes(65_536, 1));
  const own = socket.buffer;
  expect(own).not.toBe(shared);
  socket.read(bytes(65_536, 2));
  expect(kept[0]?.buffer).not.toBe(shared.buffer);
  expect(kept[1]?.buffer).toBe(own.buffer);
  expect(socket.buffer).not.toBe(own);
});

test('a few bytes hold on to no large buffer', () => {
  const { socket, kept } = new Reader();
  socket.read(bytes(65_536, 1));
  const own = socket.buffer;
  socket.read(bytes(1000, 2));
  expect(kept[1]?.buffer).not.toBe(own.buffer);
});

test('a connection without a response under way has no buffer of its own', () => {
  const reader = new Reader();
  const { socket } = reader;
  const shared = socket.buffer;
  socket.read(bytes(65_536, 1));
  reader.expectsBody = false;
  socket.read(bytes(65_536, 2));
  expect(socket.buffer).toBe(shared);
  expect(reader.kept[1]?.equals(bytes(65_536, 2))).toBe(true);
});

test('the reader’s answer stops the socket', () => {
  const reader = new Reader();
  expect(reader.socket.read(bytes(1, 1))).toBe(true);
  reader.goOn = false;
  expect(reader.socket.read(bytes(1, 1))).toBe(false);
});

test('a buffer whose slices were released is read into again', () => {
  const reader = new Reader();
  const { socket } = reader;
  reader.frees = true;
  socket.read(bytes(65_536, 1));
  const own = socket.buffer;
  socket.read(bytes(65_536, 2));
  expect(socket.buffer).toBe(own);
  reader.frees = false;
  socket.read(bytes(65_536, 3));
  expect(socket.buffer).not.toBe(own);
  socket.read(bytes(65_536, 4));
  expect(reader.kept[2]?.equals(bytes(65_536, 3))).toBe(true);
});

test('a buffer that nobody holds on to serves the next long message', () => {
  const first = new Reader();
  first.socket.read(bytes(65_536, 1));
  const own = first.socket.buffer;
  first.expectsBody = false;
  first.frees = true;
  first.socket.read(bytes(65_536, 42));
  // A view that should not be there any more shows nothing of the next message.
  expect(own).toHaveLength(0);
  const second = new Reader();
  second.socket.read(bytes(65_536, 3));
  expect(second.socket.buffer.every((byte) => byte === 42)).toBe(true);
});

test('a loan that is released later serves the next long message', () => {
  const { socket, kept } = new Reader();
  socket.read(bytes(65_536, 1));
  socket.read(bytes(65_536, 43));
  const loan = kept[1] as Buffer;
  expect(loan[0]).toBe(43);
  releaseBytes(loan);
  expect(loan).toHaveLength(0);
  const other = new Reader();
  other.socket.read(bytes(65_536, 3));
  expect(other.socket.buffer.every((byte) => byte === 43)).toBe(true);
});

test('a loan that is released within its read is read into again', () => {
  const reader = new Reader();
  const { socket } = reader;
  socket.read(bytes(65_536, 1));
  const own = socket.buffer;
  reader.frees = true;
  socket.read(bytes(65_536, 2));
  expect(socket.buffer).toBe(own);
  reader.frees = false;
  socket.read(bytes(65_536, 3));
  expect(socket.buffer).not.toBe(own);
  socket.read(bytes(65_536, 4));
  expect(reader.kept[2]?.equals(bytes(65_536, 3))).toBe(true);
});

test('a reader that throws stops its socket, and what it has kept stays', async () => {
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => thrown.push(error));
  const reader = new Reader();
  const { socket, kept } = reader;
  socket.read(bytes(65_536, 1));
  reader.throws = true;
  expect(socket.read(bytes(65_536, 2))).toBe(false);
  reader.throws = false;
  socket.read(bytes(65_536, 3));
  expect(kept.map((piece) => piece[0])).toEqual([1, 2, 3]);
  await new Promise((resolve) => setImmediate(resolve));
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(thrown).toEqual([new Error('thrown')]);
});

test('memory that is read into is not freed, whoever asks', () => {
  const { socket, kept } = new Reader();
  releaseBytes(socket.buffer);
  expect(socket.buffer).toHaveLength(65_536);
  socket.read(bytes(65_536, 1));
  socket.read(bytes(65_536, 2));
  releaseBytes(socket.buffer);
  expect(socket.buffer).toHaveLength(65_536);
  expect(kept[0]?.equals(bytes(65_536, 1))).toBe(true);
});

/** Keeps parts of each read. */
class Splitter implements ByteReader {
  readonly buffer = new ReadBuffer(this);
  readonly socket = new FakeSocket(this.buffer.onread);
  readonly expectsBody = true;
  readonly kept: Buffer[] = [];
  readonly #sizes: readonly number[];

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  onRead(read: Buffer): boolean {
    let at = 0;
    for (const size of this.#sizes) {
      this.kept.push(this.buffer.lend(read.subarray(at, at + size)));
      at += size;
    }
    return true;
  }
}

test.each([
  [
    [32_768, 32_768],
    [true, false],
  ],
  [
    [100, 60_000, 5000],
    [false, true, false],
  ],
  [
    [30_000, 30_000],
    [false, false],
  ],
])('of the parts %j of one read, those are lent: %j', (sizes, lent) => {
  const { socket, kept } = new Splitter(sizes);
  socket.read(bytes(65_536, 1));
  const own = socket.buffer.buffer;
  kept.length = 0;
  socket.read(bytes(65_536, 2));
  expect(kept.map((piece) => piece.buffer === own)).toEqual(lent);
  for (const [nth, piece] of kept.entries()) if (lent[nth]) releaseBytes(piece);
  // What was copied is not touched by the end of the loan.
  for (const [nth, piece] of kept.entries()) {
    expect(piece.equals(lent[nth] ? Buffer.alloc(0) : bytes(sizes[nth] as number, 2))).toBe(true);
  }
});

/** Keeps the first half of each read, and the rest only for a moment. */
class Half implements ByteReader {
  readonly buffer = new ReadBuffer(this);
  readonly socket = new FakeSocket(this.buffer.onread);
  readonly expectsBody = true;
  readonly kept: Buffer[] = [];

  onRead(read: Buffer): boolean {
    this.kept.push(this.buffer.lend(read.subarray(0, 32_768)));
    releaseBytes(this.buffer.lend(read.subarray(32_768)));
    return true;
  }
}

test('a copy that is taken back leaves the loan before it alone', () => {
  const { socket, kept } = new Half();
  for (const value of [1, 2, 3, 4]) socket.read(bytes(65_536, value));
  expect(kept.map((piece) => piece[0])).toEqual([1, 2, 3, 4]);
});
