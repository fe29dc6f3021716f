/**
 * Small slices gathered in one buffer. It doubles as it fills, so what it holds costs at most twice its
 * size in however many slices it comes.
 */

/** Least memory of several slices, in bytes; one alone takes what it needs. */
const smallest = 512;

const nothing = new Uint8Array(0);

export class ByteGatherer {
  #bytes = nothing;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Copies a slice. */
  add(slice: Uint8Array): void {
    const length = this.#length + slice.length;
    if (length > this.#bytes.length) {
      const former = this.#bytes;
      const size = this.#length === 0 ? length : Math.max(smallest, length, 2 * former.length);
      this.#bytes = new Uint8Array(size);
      this.#bytes.set(former.subarray(0, this.#length));
    }
    this.#bytes.set(slice, this.#length);
    this.#length = length;
  }

  /** All of it, given away: the gatherer is empty afterwards. */
  take(): Uint8Array {
    // A view of a small array moves it off V8's heap, which a flood of small messages would fill.
    const bytes =
      this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#bytes = nothing;
    this.#length = 0;
  }
}
