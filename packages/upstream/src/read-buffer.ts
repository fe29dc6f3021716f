/**
 * What a socket reads into. Small responses are read into one buffer that all connections share: libuv
 * fills it and tells of it in one step, so it is never of use to two at a time. A response that needs
 * more of it than a copy is worth is read on into buffers of the connection's own, whose pieces are
 * handed on as they are; one whose pieces have all been given back is read into again. A buffer for each
 * read, as sockets have them by themselves, costs a proxy most of what it spends on long responses:
 * every few dozen megabytes the whole heap is searched for those that are not in use any more.
 */
import type { OnReadOpts } from 'node:net';

const size = 65_536;
/** Below it, a copy is cheaper than a buffer that is held on to for a few bytes. */
const worthLending = size / 4;

let sharedBuffer: Buffer | null = null;

/** Buffers that nobody holds on to, for the next long response of any connection. */
const spareBuffers: Buffer[] = [];
const mostSpare = 16;

/** Who reads. */
export interface ByteReader {
  /** Bytes have come; they are valid during the call. False stops the socket from reading. */
  onRead(bytes: Buffer): boolean;
  /** Whether content of a response is still to come. */
  readonly expectsContent: boolean;
}

export class ReadBuffer {
  readonly #reader: ByteReader;
  readonly #shared: Buffer;
  #current: Buffer;
  /** The socket does not know `#current` yet. */
  #changed = true;
  #lendable = false;
  /** Pieces of the present read that others hold on to. */
  #lent = 0;

  constructor(reader: ByteReader) {
    sharedBuffer ??= Buffer.allocUnsafeSlow(size);
    this.#reader = reader;
    this.#shared = sharedBuffer;
    this.#current = sharedBuffer;
  }

  /** The option of `net.connect`. */
  get onread(): OnReadOpts {
    return {
      // Asked before a socket connects, and behind each read; then, whatever is no buffer changes nothing.
      buffer: () => (this.#changed ? this.#current : undefined) as Uint8Array,
      callback: (length) => this.#onRead(length),
    };
  }

  /** A piece of the bytes that are being read, for somebody to keep. */
  keep(piece: Buffer): Buffer {
    if (this.#lendable) {
      this.#lent++;
      return piece;
    }
    const copy = Buffer.allocUnsafe(piece.length);
    copy.set(piece);
    return copy;
  }

  /** The piece that was kept last is not needed any more; told within the same read. */
  takeBack(): void {
    if (this.#lendable) this.#lent--;
  }

  #onRead(length: number): boolean {
    const buffer = this.#current;
    this.#changed = false;
    this.#lent = 0;
    this.#lendable = buffer !== this.#shared && length >= worthLending;
    const goOn = this.#reader.onRead(buffer.subarray(0, length));
    this.#lendable = false;
    this.#choose(length);
    return goOn;
  }

  #choose(length: number): void {
    const own = this.#reader.expectsContent && length >= worthLending;
    if (!own) this.#use(this.#shared);
    else if (this.#lent > 0 || this.#current === this.#shared) {
      this.#use(spareBuffers.pop() ?? Buffer.allocUnsafeSlow(size));
    }
  }

  #use(buffer: Buffer): void {
    const former = this.#current;
    if (buffer === former) return;
    if (former !== this.#shared && this.#lent === 0 && spareBuffers.length < mostSpare) {
      spareBuffers.push(former);
    }
    this.#current = buffer;
    this.#changed = true;
  }
}
