/**
 * Bounds what chunked framing may cost beside the content it carries: chunk extensions, leading zeros
 * and one-byte chunks are reported by no callback, and would otherwise keep us busy for ever
 * (RFC 9112 §7.1.1; CVE-2024-22019).
 */

/** Overhead that any body may have, in bytes: also the longest chunk extension. */
const allowance = 16384;
/** Overhead per byte of content: a body of one-byte chunks takes 5. */
const perContentByte = 8;

export class ChunkBudget {
  #overhead = 0;

  /** Counts bytes that were read, `content` of them content. False once the budget is spent. */
  spend(read: number, content: number): boolean {
    this.#overhead += read - content;
    this.#overhead = Math.max(0, this.#overhead - content * perContentByte);
    return this.#overhead <= allowance;
  }
}
