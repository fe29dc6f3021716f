/**
 * What a socket reads into. Small messages are read into one buffer that all connections share: libuv
 * fills it and tells of it in one step, so it is never of use to two at a time. Content that needs more
 * of it than a copy is worth is read on into buffers of the connection's own, and a piece of such a read
 * is handed on as it is; one whose piece has been given back is read into again. A buffer for each read,
 * as sockets have them by themselves, costs a proxy most of what it spends on long messages
 * (`free-memory.ts`), and two of the 25 µs of a short one.
 */
import {
  bytesPerRead,
  isFreed,
  lendReadMemory,
  returnReadMemory,
  takeReadMemory,
} from './free-memory.ts';
import { beginRead, endRead } from './read-end.ts';

/** Below it, a copy is cheaper than a buffer that is held on to for a few bytes. */
const worthLending = bytesPerRead / 2;

let sharedBuffer: Buffer | null = null;
/** Views of its beginning, by their length: most reads are short, and a view costs 0.1 µs. */
const views: (Buffer | undefined)[] = new Array(2048);

function viewOf(shared: Buffer, length: number): Buffer {
  if (length >= views.length) return shared.subarray(0, length);
  let view = views[length];
  if (view === undefined) {
    view = shared.subarray(0, length);
    views[length] = view;
  }
  return view;
}

/** Who reads. */
export interface ByteReader {
  /** Bytes have come; they are valid during the call. False stops the socket from reading. */
  onRead(bytes: Buffer): boolean;
  /** Whether content of a message is still to come. */
  readonly expectsContent: boolean;
}

/** `onread` of `net.connect`. */
export interface ReadInto {
  /** Asked before a socket connects, and behind each read. */
  buffer(): Uint8Array;
  callback(length: number): boolean;
}

export class ReadBuffer {
  readonly #reader: ByteReader;
  readonly #shared: Buffer;
  #current: Buffer;
  /** The socket does not know `#current` yet. */
  #changed = true;
  #lendable = false;
  /** The piece of the present read that is lent. There is one at most: then all of its memory comes back with it. */
  #lent: Buffer | null = null;
  /** The piece that was kept last is the one that is lent. */
  #lentLast = false;

  constructor(reader: ByteReader) {
    sharedBuffer ??= takeReadMemory();
    this.#reader = reader;
    this.#shared = sharedBuffer;
    this.#current = sharedBuffer;
  }

  get onread(): ReadInto {
    return {
      // Whatever is no buffer changes nothing.
      buffer: () => (this.#changed ? this.#current : undefined) as Uint8Array,
      callback: (length) => this.#onRead(length),
    };
  }

  /** A piece of the bytes that are being read, for somebody to keep, and to end with `freeMemory`. */
  keep(piece: Buffer): Buffer {
    if (this.#lendable && this.#lent === null && piece.length >= worthLending) {
      this.#lent = piece;
      this.#lentLast = true;
      return piece;
    }
    this.#lentLast = false;
    return copyOf(piece);
  }

  /** The piece that was kept last is not needed any more; told within the same read. */
  takeBack(): void {
    if (this.#lentLast) this.#lent = null;
    this.#lentLast = false;
  }

  #onRead(length: number): boolean {
    const buffer = this.#current;
    this.#changed = false;
    this.#lendable = buffer !== this.#shared;
    let goOn = false;
    beginRead();
    try {
      goOn = this.#reader.onRead(
        this.#lendable ? buffer.subarray(0, length) : viewOf(buffer, length),
      );
    } catch (cause) {
      // Not through the socket: it would read on into memory of which a piece is out.
      queueMicrotask(() => {
        throw cause;
      });
    } finally {
      endRead();
    }
    this.#lendable = false;
    this.#choose(length);
    return goOn;
  }

  /** What to read into next. */
  #choose(length: number): void {
    const former = this.#current;
    const own = length >= worthLending && this.#reader.expectsContent;
    const lent = this.#lent;
    this.#lent = null;
    this.#lentLast = false;
    if (lent !== null && !isFreed(lent)) {
      lendReadMemory(former);
      this.#use(own ? takeReadMemory() : this.#shared);
    } else if (own && former === this.#shared) this.#use(takeReadMemory());
    else if (!own && former !== this.#shared) {
      this.#use(this.#shared);
      returnReadMemory(former);
    }
  }

  #use(buffer: Buffer): void {
    this.#current = buffer;
    this.#changed = true;
  }
}

/** The same bytes in memory of their own. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}
