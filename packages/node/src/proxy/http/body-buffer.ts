/**
 * A body that waits in memory. A chunk costs about a hundred bytes beside its data, and keeps all of
 * the read that it is a slice of: a megabyte that comes byte by byte would take a hundred.
 * So beyond the first few, small chunks are joined.
 */

import { ChunkJoiner } from '@reverseit/core/internal';

/** Chunks that are kept as they are, whatever their size: most bodies come in one or two. */
const fewChunks = 8;

export class BodyBuffer {
  #chunks: Buffer[] = [];
  #joiner: ChunkJoiner | null = null;

  push(chunk: Buffer): void {
    if (this.#chunks.length < fewChunks) this.#chunks.push(chunk);
    else {
      this.#joiner ??= new ChunkJoiner((joined) => this.#chunks.push(joined));
      this.#joiner.add(chunk);
    }
  }

  /** Takes everything out, in order. */
  take(): readonly Buffer[] {
    this.#joiner?.flush();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** Takes everything out, in one. */
  takeWhole(): Buffer {
    const chunks = this.take();
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }
}
