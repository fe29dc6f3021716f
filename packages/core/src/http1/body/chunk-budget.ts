/**
 * Bounds what chunked framing may cost beside the body it carries: chunk extensions, leading zeros
 * and one-byte chunks are reported by no callback, and would otherwise keep us busy for ever
 * (RFC 9112 §7.1.1; CVE-2024-22019). Given framing and body bytes in their order on the wire, it gives
 * the same verdict however the bytes were split.
 */

/** Overhead that any body may have, in bytes: also the longest chunk extension. */
const allowance = 16384;
/** Overhead per body byte: a body of one-byte chunks takes 5. */
const perBodyByte = 8;

export class ChunkBudget {
  #overhead = 0;

  /** Counts bytes of framing. False once the budget is spent. */
  spend(bytes: number): boolean {
    this.#overhead += bytes;
    return this.#overhead <= allowance;
  }

  /** Counts body bytes, which pay for framing before them. */
  earn(bytes: number): void {
    this.#overhead = Math.max(0, this.#overhead - bytes * perBodyByte);
  }
}
