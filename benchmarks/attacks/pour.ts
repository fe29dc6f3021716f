/** Sends the same for ever, as fast as the other side takes it. */
import type { Writable } from 'node:stream';

/** Least that is written at once, so that the sender costs less than the one that reads. */
const blockBytes = 64 * 1024;

const blocks = new Map<string, Buffer>();

/** The piece, repeated to a block; equal pieces share one. */
function blockOf(piece: Buffer): Buffer {
  const key = piece.toString('latin1');
  let block = blocks.get(key);
  if (block === undefined) {
    const times = Math.ceil(blockBytes / piece.length);
    block = Buffer.concat(Array.from({ length: times }, () => piece));
    blocks.set(key, block);
  }
  return block;
}

let written = 0;

/** Bytes that this process has poured, as far as the system has taken them. */
export const pouredBytes = (): number => written;

/** Writes once, and counts it; false where the stream is full. */
export const writeCounted = (stream: Writable, bytes: Buffer): boolean =>
  stream.write(bytes, (error) => {
    if (!error) written += bytes.length;
  });

/** Writes the piece over and over, and waits whenever the stream is full. */
export function pour(stream: Writable, piece: Buffer | string): void {
  const block = blockOf(Buffer.from(piece));
  const write = (): void => {
    while (stream.writable && writeCounted(stream, block));
  };
  stream.on('drain', write);
  write();
}

/** Bytes that wait to be written by themselves. */
const waiting = 1024;

/** The same, in writes of one byte. */
export function pourBytes(stream: Writable, piece: Buffer | string): void {
  const bytes = [...Buffer.from(piece)].map((byte) => Buffer.of(byte));
  let next = 0;
  const write = (): void => {
    for (let left = waiting; left > 0 && stream.writable; left -= 1) {
      const byte = bytes[next] as Buffer;
      next = (next + 1) % bytes.length;
      if (left > 1) stream.write(byte);
      // Not at once: a write that is over before it returns would let nobody else in.
      else stream.write(byte, () => setImmediate(write));
    }
  };
  write();
}
