import type { ReverseItError } from '../../src/errors/reverseit-error.ts';
import type { CodecSink } from '../../src/websocket/deflate/deflate-pump.ts';

/** What `Inflater` and `Deflater` have in common. */
export interface Codec {
  readonly busy: boolean;
  readonly error: ReverseItError | null;
  write(slice: Uint8Array): boolean;
  end(): boolean;
  resume(): void;
  destroy(): void;
}

/** Drives a codec as a relay does: one slice at a time, waiting where it must. */
export class CodecDriver implements CodecSink {
  readonly codec: Codec;
  /** Whether no slice had to wait since the last message began. */
  atOnce = true;
  /** Pieces of the last message. */
  pieceCount = 0;
  /** Bytes that came out, of all messages. */
  outputBytes = 0;
  errors: ReverseItError[] = [];
  /** Answers false to every piece and resumes a turn of the loop later. */
  slow = false;

  #pieces: Uint8Array[] = [];
  #message: Buffer | null = null;
  #wake: (() => void) | null = null;

  constructor(make: (sink: CodecSink) => Codec) {
    this.codec = make(this);
  }

  onCodecOutput(piece: Uint8Array, last: boolean): boolean {
    this.#pieces.push(piece);
    this.outputBytes += piece.length;
    if (last) {
      this.#message = Buffer.concat(this.#pieces);
      this.pieceCount = this.#pieces.length;
      this.#pieces = [];
    }
    if (this.slow) setImmediate(() => this.codec.resume());
    return !this.slow;
  }

  onCodecReady(): void {
    this.#wake?.();
  }

  onCodecError(error: ReverseItError): void {
    this.errors.push(error);
    this.#wake?.();
  }

  /** Codes one message, fed in slices of a size. Rejects with the codec's error. */
  async code(message: Uint8Array, size = 64 * 1024): Promise<Buffer> {
    this.atOnce = true;
    this.#message = null;
    for (let at = 0; at < message.length; at += size) {
      const slice = new Uint8Array(message.subarray(at, at + size));
      const wait = this.#whenReady();
      if (!this.codec.write(slice)) await this.#pass(wait);
      // What is handed in is copied: the caller's buffer may be used again.
      slice.fill(0xff);
    }
    const wait = this.#whenReady();
    if (!this.codec.end()) await this.#pass(wait);
    if (this.#message === null) throw new Error('the message has no last piece');
    return this.#message;
  }

  #whenReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #pass(wait: Promise<void>): Promise<void> {
    this.atOnce = false;
    if (this.codec.error === null) await wait;
    if (this.codec.error !== null) throw this.codec.error;
  }
}

/** Bytes that compress as text does, the same for the same seed. */
export function prose(length: number, seed = 1): Buffer {
  const words = ['the', 'frame', 'masking', 'key', 'payload', 'close', 'code', 'of', 'a', 'peer'];
  let text = '';
  let state = seed;
  while (text.length < length) {
    state = (state * 48271) % 2147483647;
    text += `${words[state % words.length]} `;
  }
  return Buffer.from(text.slice(0, length));
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (state * 48271) % 2147483647;
    bytes[i] = state >>> 8;
  }
  return bytes;
}
