/**
 * What a peer may still send, on one stream or on all of a connection (RFC 9113 §5.2, §6.9). It is told of more when
 * half of the window is not held any more: a frame for each chunk would cost more than it brings.
 */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  /** Not held any more, and not told yet. */
  #released = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** A DATA frame has come. False where it exceeds the window. */
  take(length: number): boolean {
    this.#left -= length;
    return this.#left >= 0;
  }

  /** So many bytes are not held any more. Returns the increment that the peer is to be told, or 0. */
  release(bytes: number): number {
    this.#released += bytes;
    if (this.#released < this.#size / 2) return 0;
    const increment = this.#released;
    this.#left += increment;
    this.#released = 0;
    return increment;
  }
}
