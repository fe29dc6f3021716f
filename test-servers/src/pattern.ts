/**
 * Bytes that can be told apart by position: byte `i` of a pattern is the same wherever it is made, and
 * its period is a prime, so that a lost or doubled piece of any usual size shows.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const period = 65_521;
const seed = Buffer.alloc(period);
for (let i = 0, state = 1; i < period; i += 1) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  seed[i] = state >>> 24;
}
// Twice over, so that any piece up to one period long is one slice.
const doubled = Buffer.concat([seed, seed]);

/** Bytes `from` to `from + length` of the pattern. */
export function patternBytes(length: number, from = 0): Buffer {
  if (length <= period) {
    const at = from % period;
    return Buffer.from(doubled.subarray(at, at + length));
  }
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; done += period) {
    bytes.set(patternBytes(Math.min(period, length - done), from + done), done);
  }
  return bytes;
}

/** The pattern in pieces, so that a large one is never held. */
export function* patternChunks(length: number, pieceBytes = 64_000): Generator<Buffer> {
  for (let at = 0; at < length; at += pieceBytes) {
    yield patternBytes(Math.min(pieceBytes, length - at), at);
  }
}

/** A stream of the pattern that makes its bytes when they are asked for. */
export function patternStream(length: number): Readable {
  return Readable.from(patternChunks(length), { objectMode: false });
}

/** SHA-256 of the pattern, hexadecimal. */
export function patternSha256(length: number): string {
  const hash = createHash('sha256');
  for (const piece of patternChunks(length)) hash.update(piece);
  return hash.digest('hex');
}
