/**
 * Joins pieces of content that come one by one, where a peer sends thousands of them at a time and each
 * would cost whoever takes it a call and a write. A piece that stands alone is not copied, nor is one
 * that is large.
 */

/** From here on, in bytes, a piece is passed on as it is. */
const worthPassing = 1024;
const joinedBytes = 16_384;

export class PieceJoiner {
  readonly #deliver: (piece: Buffer) => void;
  #alone: Buffer | null = null;
  #joined: Buffer | null = null;
  #used = 0;

  /** `deliver` takes the pieces, in order. */
  constructor(deliver: (piece: Buffer) => void) {
    this.#deliver = deliver;
  }

  /** Whether a piece waits for others to be joined with. */
  get isEmpty(): boolean {
    return this.#alone === null && this.#used === 0;
  }

  /**
   * Takes a piece, and delivers what is complete by it. What is kept of the caller's memory is needed until
   * `flush`, at most.
   */
  add(piece: Buffer): void {
    if (piece.length >= worthPassing) {
      this.flush();
      this.#deliver(piece);
    } else if (this.isEmpty) this.#alone = piece;
    else this.#join(piece);
  }

  #join(piece: Buffer): void {
    this.#joined ??= Buffer.allocUnsafe(joinedBytes);
    const alone = this.#alone;
    if (alone !== null) {
      this.#alone = null;
      this.#copy(this.#joined, alone);
    }
    if (this.#used + piece.length > joinedBytes) {
      this.flush();
      this.#joined = Buffer.allocUnsafe(joinedBytes);
    }
    this.#copy(this.#joined, piece);
  }

  #copy(joined: Buffer, piece: Buffer): void {
    joined.set(piece, this.#used);
    this.#used += piece.length;
  }

  /** Delivers what waits. */
  flush(): void {
    const alone = this.#alone;
    this.#alone = null;
    if (alone !== null) this.#deliver(alone);
    const joined = this.#joined;
    const used = this.#used;
    if (joined === null || used === 0) return;
    this.#used = 0;
    this.#joined = null;
    const bytes = joined.subarray(0, used);
    // Who keeps it must not keep room that nobody uses.
    this.#deliver(used < joinedBytes / 2 ? Buffer.from(bytes) : bytes);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#alone = null;
    this.#used = 0;
  }
}
