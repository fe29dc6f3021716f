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
/** Framing that comes without content, beside trailers, in bytes. */
const silentSlack = 10_240;
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

  /** What may come without content, in bytes. */
  maxSilent = 0;
  /** What has come since the last content, in bytes. */
  silent = 0;

  /** Another response begins, of which nothing is known but what its trailers may have. */
  reset(maxTrailerBytes: number): void {
    this.max = firstBite;
    this.silent = 0;
    // A field of n + 2 + v bytes as the limit counts it takes n + 3 + v on the wire, or n + 4 + v with the
    // customary blank; the smallest counts 3, so twice the limit is never too little.
    this.maxSilent = 2 * maxTrailerBytes + silentSlack;
  }

  begin(bytes: number): void {
    this.#bytes = bytes;
    this.silent += bytes;
  }

  /** undici has found a body chunk in it. */
  addChunk(bytes: number): void {
    this.silent = 0;
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
