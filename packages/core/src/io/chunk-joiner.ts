/**
 * Joins body chunks that come one by one, where a peer sends thousands of them at a time and each
 * would cost whoever takes it a call and a write. A chunk that stands alone is not copied, nor is one
 * that is large.
 */

/** From here on, in bytes, a chunk is passed on as it is. */
const worthPassing = 1024;
const joinedBytes = 16_384;

export class ChunkJoiner {
  readonly #deliver: (chunk: Buffer) => void;
  #alone: Buffer | null = null;
  #joined: Buffer | null = null;
  #used = 0;

  /** `deliver` takes the chunks, in order. */
  constructor(deliver: (chunk: Buffer) => void) {
    this.#deliver = deliver;
  }

  /** Whether a chunk waits for others to be joined with. */
  get isEmpty(): boolean {
    return this.#alone === null && this.#used === 0;
  }

  /**
   * Takes a chunk, and delivers what is complete by it. What is kept of the caller's memory is needed until
   * `flush`, at most.
   */
  add(chunk: Buffer): void {
    if (chunk.length >= worthPassing) {
      this.flush();
      this.#deliver(chunk);
    } else if (this.isEmpty) this.#alone = chunk;
    else this.#join(chunk);
  }

  #join(chunk: Buffer): void {
    this.#joined ??= Buffer.allocUnsafe(joinedBytes);
    const alone = this.#alone;
    if (alone !== null) {
      this.#alone = null;
      this.#copy(this.#joined, alone);
    }
    if (this.#used + chunk.length > joinedBytes) {
      this.flush();
      this.#joined = Buffer.allocUnsafe(joinedBytes);
    }
    this.#copy(this.#joined, chunk);
  }

  #copy(joined: Buffer, chunk: Buffer): void {
    joined.set(chunk, this.#used);
    this.#used += chunk.length;
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
