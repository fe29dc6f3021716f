/**
 * Small slices gathered in one buffer. It doubles as it fills, so what it holds costs at most twice its
 * size in however many slices it comes.
 */

const smallest = 512;

export class ByteGatherer {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Copies a slice. */
  add(slice: Uint8Array): void {
    const length = this.#length + slice.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(smallest, length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(slice, this.#length);
    this.#length = length;
  }

  /** All of it, given away: the gatherer is empty afterwards. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }
}
