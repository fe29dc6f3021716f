import type { OnReadOpts } from 'node:net';
import { expect, test } from 'vitest';
import { type ByteReader, ReadBuffer } from './read-buffer.ts';

/** What a socket does with its option: reads into the buffer, calls back, asks for the next buffer. */
class FakeSocket {
  readonly #options: OnReadOpts;
  buffer: Uint8Array;

  constructor(options: OnReadOpts) {
    this.#options = options;
    this.buffer = this.#next() as Uint8Array;
  }

  #next(): Uint8Array | undefined {
    const { buffer } = this.#options;
    return typeof buffer === 'function' ? buffer() : buffer;
  }

  read(bytes: Uint8Array): boolean {
    this.buffer.set(bytes);
    const more = this.#options.callback(bytes.length, this.buffer);
    this.buffer = this.#next() ?? this.buffer;
    return more;
  }
}

class Reader implements ByteReader {
  readonly buffer = new ReadBuffer(this);
  readonly socket = new FakeSocket(this.buffer.onread);
  readonly kept: Buffer[] = [];
  expectsContent = true;
  goOn = true;
  givesBack = false;

  onRead(bytes: Buffer): boolean {
    this.kept.push(this.buffer.keep(bytes));
    if (this.givesBack) this.buffer.takeBack();
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
  reader.expectsContent = false;
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

test('a buffer whose pieces were given back is read into again', () => {
  const reader = new Reader();
  const { socket } = reader;
  reader.givesBack = true;
  socket.read(bytes(65_536, 1));
  const own = socket.buffer;
  socket.read(bytes(65_536, 2));
  expect(socket.buffer).toBe(own);
  reader.givesBack = false;
  socket.read(bytes(65_536, 3));
  expect(socket.buffer).not.toBe(own);
  socket.read(bytes(65_536, 4));
  expect(reader.kept[2]?.equals(bytes(65_536, 3))).toBe(true);
});

test('a buffer that nobody holds on to serves the next long response', () => {
  const first = new Reader();
  first.socket.read(bytes(65_536, 1));
  const own = first.socket.buffer;
  first.expectsContent = false;
  first.socket.read(bytes(10, 2));
  const second = new Reader();
  second.socket.read(bytes(65_536, 3));
  expect(second.socket.buffer).toBe(own);
});
