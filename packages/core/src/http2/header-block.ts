/**
 * Gathers a header block out of one HEADERS frame and the CONTINUATION frames after it (RFC 9113 §4.3), within
 * limits on its bytes and on the number of frames.
 */

/** More CONTINUATION frames than this make no sense for a block of any size that we accept. */
const maxContinuations = 32;

export class HeaderBlock {
  #maxBytes: number;
  /** The stream whose block is not complete; 0 for none. */
  streamId = 0;
  /** Whether the HEADERS frame had END_STREAM. */
  endsStream = false;
  #fragments: Buffer[] = [];
  #bytes = 0;
  #continuations = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** From now on a block may be as large as this, or as large as before. */
  allow(maxBytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, maxBytes);
  }

  begin(streamId: number, endsStream: boolean): void {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.#continuations = 0;
  }

  /** Counts a CONTINUATION frame. False: one too many. */
  mayContinue(): boolean {
    return ++this.#continuations <= maxContinuations;
  }

  /** Counts the bytes of a fragment. False: they are too many. */
  hasRoom(fragment: Buffer): boolean {
    this.#bytes += fragment.length;
    return this.#bytes <= this.#maxBytes;
  }

  /** More of the block follows. */
  add(fragment: Buffer): void {
    // A copy: its memory is read into again, or is much larger.
    this.#fragments.push(Buffer.from(fragment));
  }

  /** The whole block; a block of one fragment is not copied. */
  end(last: Buffer): Buffer {
    this.streamId = 0;
    this.#bytes = 0;
    if (this.#fragments.length === 0) return last;
    const block = Buffer.concat([...this.#fragments, last]);
    this.#fragments = [];
    return block;
  }

  /** Nothing more of it is wanted. */
  drop(): void {
    this.#fragments = [];
  }
}
