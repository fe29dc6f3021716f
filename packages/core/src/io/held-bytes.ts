/**
 * Bytes that wait for their turn. A peer may send them one by one, so they are joined in a buffer that
 * doubles: joining them again each time would let a few packets cost megabytes of copying each.
 */

const nothing = Buffer.alloc(0);

export class HeldBytes {
  #bytes: Buffer = nothing;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends a chunk to what is held. The first is not copied. */
  append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (this.#length === 0) this.#bytes = chunk;
    else {
      if (needed > this.#bytes.length) {
        const larger = Buffer.allocUnsafe(needed * 2);
        this.#bytes.copy(larger, 0, 0, this.#length);
        this.#bytes = larger;
      }
      chunk.copy(this.#bytes, this.#length);
    }
    this.#length = needed;
  }

  /** Takes all of it out. */
  take(): Buffer {
    const all = this.#bytes;
    // The very buffer that came, where it came alone: its owner releases that (`lease.ts`).
    const bytes = all.length === this.#length ? all : all.subarray(0, this.#length);
    this.#bytes = nothing;
    this.#length = 0;
    return bytes;
  }
}
