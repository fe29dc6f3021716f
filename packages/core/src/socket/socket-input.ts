/**
 * How the bytes of a peer's socket come to its connection: read into a buffer that all connections
 * share, where the socket can be told to, and by `data` events where it cannot. Here reading is stopped
 * and goes on, and here it is known which bytes are valid during the call only.
 */
import type { Socket } from 'node:net';
import { releaseBytes } from '../io/lease.ts';
import { type ByteReader, ReadBuffer } from '../io/read-buffer.ts';
import { beginRead, endRead } from '../io/read-end.ts';
import { COST } from '../io/turn-share.ts';
import { letReadInto } from '../node-internals/read-into.ts';
import {
  allowReading,
  continueReading,
  pauseReading,
  resumeReading,
} from '../node-internals/reading.ts';

/** Receives the bytes. */
export interface SocketInputOwner {
  /** Bytes have come. They are valid during the call; what is to stay is kept. */
  onBytes(bytes: Buffer): void;
  /** Whether the body of a message is still to come. */
  readonly expectsBody: boolean;
}

export class SocketInput implements ByteReader {
  readonly #socket: Socket;
  readonly #owner: SocketInputOwner;
  /** Null where the socket reads into memory of its own, a new one each time. */
  readonly #buffer: ReadBuffer | null;
  /** The bytes being reported lie in `#buffer`. */
  #borrowed = false;
  /** Paused since the latest `resume`, perhaps from within it. */
  stopped = false;
  /** The socket belongs to somebody else, who reads it as a stream. */
  #detached = false;
  /** The slice that is being handed out; null once it has been released. */
  #slice: Buffer | null = null;
  /** Somebody kept a slice of the bytes being reported. */
  #sliceKept = false;

  constructor(socket: Socket, owner: SocketInputOwner) {
    this.#socket = socket;
    this.#owner = owner;
    const buffer = new ReadBuffer(this);
    if (letReadInto(socket, buffer.onread)) this.#buffer = buffer;
    else {
      this.#buffer = null;
      socket.on('data', this.#onData);
    }
  }

  get expectsBody(): boolean {
    return this.#detached || this.#owner.expectsBody;
  }

  onRead(bytes: Buffer): boolean {
    if (this.#detached) return this.#socket.push(this.#buffer?.lend(bytes));
    this.#borrowed = true;
    try {
      this.#owner.onBytes(bytes);
    } finally {
      this.#borrowed = false;
    }
    return true;
  }

  readonly #onData = (bytes: Buffer): void => {
    beginRead();
    try {
      this.#owner.onBytes(bytes);
    } finally {
      endRead();
    }
  };

  /** What a read costs, whatever it brings, in ns. */
  get costOfRead(): number {
    return this.#buffer === null ? COST.STREAM_READ : COST.READ;
  }

  /**
   * A slice of the bytes being reported is handed out, for somebody to own (`lease.ts`): call this before, and
   * `endSlice` after.
   */
  beginSlice(slice: Buffer): Buffer {
    const lent = this.#borrowed && this.#buffer !== null ? this.#buffer.lend(slice) : slice;
    this.#slice = lent;
    return lent;
  }

  /** Whoever got the slice may have released it by now; otherwise it is kept, and its memory with it. */
  endSlice(): void {
    if (this.#slice !== null) this.#sliceKept = true;
    this.#slice = null;
  }

  /** Nothing holds a slice any more that was handed out, now or earlier. */
  releaseSlice(slice: Buffer): void {
    if (slice !== this.#slice) {
      releaseBytes(slice);
      return;
    }
    this.#slice = null;
    // The rest of what was read may still be of use. Where it was read by events, `release` ends all of it.
    if (this.#borrowed) releaseBytes(slice);
  }

  /** Whether the bytes being reported are valid during the call only. */
  get onLoan(): boolean {
    return this.#borrowed;
  }

  /** Slices of these bytes are going to be handed out. */
  beginBytes(): void {
    this.#sliceKept = false;
  }

  /** Nothing of the reported bytes is needed any more, but for slices that were kept. */
  release(bytes: Buffer): void {
    if (!this.#borrowed && !this.#sliceKept) releaseBytes(bytes);
  }

  /** Takes what was read before, and lets the paused socket go on. */
  begin(early: Buffer | null): void {
    if (early !== null) this.#onData(early);
    if (!this.stopped && this.#socket.isPaused()) resumeReading(this.#socket);
  }

  pause(): void {
    this.stopped = true;
    pauseReading(this.#socket);
  }

  resume(): void {
    const socket = this.#socket;
    if (!socket.isPaused()) return;
    this.stopped = false;
    continueReading(socket, this);
  }

  /** Gives the socket away, paused: from now on it is a stream like any other. */
  detachSocket(): void {
    this.#detached = true;
    this.#socket.pause();
    if (this.#buffer === null) allowReading(this.#socket);
    this.#socket.off('data', this.#onData);
  }
}
