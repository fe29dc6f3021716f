/**
 * What a socket reads into. Small messages are read into one buffer that all connections share: libuv
 * fills it and tells of it in one step, so it is never of use to two at a time. A body that needs more
 * of it than a copy is worth is read on into buffers of the connection's own, and a slice of such a read
 * is lent as it is; one whose slice has been released is read into again. A buffer for each read, as
 * sockets have them by themselves, costs a proxy most of what it spends on long messages (`lease.ts`),
 * and two of the 25 µs of a short one.
 */
import { acquireMemory, bytesPerRead, isReleased, lendMemory, recycleMemory } from './lease.ts';
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
  /** Whether the body of a message is still to come. */
  readonly expectsBody: boolean;
}

/** `onread` of `net.connect`. */
export interface ReadInto {
  /** Asked before a socket connects, and after each read. */
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
  /**
   * The slice of the current read that is on loan: at most one, so that its release is that of the buffer.
   */
  #lent: Buffer | null = null;

  constructor(reader: ByteReader) {
    sharedBuffer ??= acquireMemory();
    this.#reader = reader;
    this.#shared = sharedBuffer;
    this.#current = sharedBuffer;
  }

  get onread(): ReadInto {
    return {
      // Returning a non-buffer keeps the current one (undocumented).
      buffer: () => (this.#changed ? this.#current : undefined) as Uint8Array,
      callback: (length) => this.#onRead(length),
    };
  }

  /** Bytes of the current read for somebody to own, who ends that with `releaseBytes`. */
  lend(slice: Buffer): Buffer {
    if (this.#lendable && this.#lent === null && slice.length >= worthLending) {
      this.#lent = slice;
      return slice;
    }
    return copyOf(slice);
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
      // Rethrow asynchronously: thrown into the socket, it would leave it reading into a lent buffer.
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
    const own = length >= worthLending && this.#reader.expectsBody;
    const lent = this.#lent;
    this.#lent = null;
    if (lent !== null && !isReleased(lent)) {
      lendMemory(lent);
      this.#use(own ? acquireMemory() : this.#shared);
    } else if (own && former === this.#shared) this.#use(acquireMemory());
    else if (!own && former !== this.#shared) {
      this.#use(this.#shared);
      recycleMemory(former);
    }
  }

  #use(buffer: Buffer): void {
    this.#current = buffer;
    this.#changed = true;
  }
}

/** The same bytes in memory of their own. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}
