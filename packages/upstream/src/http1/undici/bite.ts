/**
 * What undici is given to parse at a time. It costs by its body bytes, its framing, and the chunks that
 * undici reports one by one; where that adds up, the next bites are small, and between them others have their
 * turn.
 */
import { COST } from '@reverseit/core/internal';

/** What it costs undici to report a chunk, in ns. */
const costOfChunk = 500;
/** A byte of framing or of trailers, in ns: undici makes two buffers of a field, however short. */
const costOfFraming = 2 * COST.PARSED_BYTE;
/** Bytes of the first bite of a response, of which nothing is known. */
const firstBite = 16_384;
/** Bytes of a bite where bites are costly. */
const smallBite = 4096;
/** A bite that costs more, in ns, was too large: several times what 64 KiB of an ordinary body do. */
const costlyBite = 250_000;

export class Bite {
  /** What the next one may hold, in bytes. */
  max = firstBite;
  #bytes = 0;
  #bodyBytes = 0;
  #chunkCost = 0;

  /** Another response begins, of which nothing is known. */
  reset(): void {
    this.max = firstBite;
  }

  begin(bytes: number): void {
    this.#bytes = bytes;
  }

  /** undici has found a body chunk in it. */
  addChunk(bytes: number): void {
    this.#bodyBytes += bytes;
    this.#chunkCost += costOfChunk;
  }

  /** undici is through with it. Answers what it cost, in ns; 0 where there was none. */
  end(): number {
    if (this.#bytes === 0) return 0;
    const framing = this.#bytes - this.#bodyBytes;
    const cost = this.#bodyBytes * COST.BYTE + framing * costOfFraming + this.#chunkCost;
    this.max = cost > costlyBite ? smallBite : Number.POSITIVE_INFINITY;
    this.#bytes = 0;
    this.#bodyBytes = 0;
    this.#chunkCost = 0;
    return cost;
  }
}
