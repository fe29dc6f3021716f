/**
 * The sliding window of a compressed direction (RFC 7692 §7.2.3.2), kept by us and not by zlib: the last
 * bytes of plain text, with which the next message's zlib is primed. That makes coding a message a
 * function of the message and these bytes, so short messages are coded at once, on the spot, and no native
 * handle (some 270 kB for a deflater) lives on between messages.
 */
export class DeflateWindow {
  /** The most bytes that a reference may reach back. */
  readonly size: number;
  #bytes = new Uint8Array(0);
  #end = 0;

  /** `windowBits` 8–15; 0 keeps nothing. */
  constructor(windowBits: number) {
    this.size = windowBits === 0 ? 0 : 2 ** windowBits;
  }

  /**
   * What zlib is primed with: the last bytes, at most `size` of them. A view, valid until the next `append`.
   */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(Math.max(0, this.#end - this.size), this.#end);
  }

  /** Adds plain text at the end. */
  append(plain: Uint8Array): void {
    const added = plain.length > this.size ? plain.subarray(plain.length - this.size) : plain;
    if (this.#end + added.length > this.#bytes.length) this.#makeRoom(added.length);
    this.#bytes.set(added, this.#end);
    this.#end += added.length;
  }

  /** Forgets everything and lets go of its memory. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#end = 0;
  }

  /** Slides what counts to the front, in a store twice as large as it must be, so that this is seldom. */
  #makeRoom(length: number): void {
    const kept = this.bytes;
    const wanted = Math.min(2 * this.size, Math.max(512, 2 * (kept.length + length)));
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(wanted);
      grown.set(kept);
      this.#bytes = grown;
    } else {
      this.#bytes.copyWithin(0, this.#end - kept.length, this.#end);
    }
    this.#end = kept.length;
  }
}
