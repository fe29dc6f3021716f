/**
 * The content of one request on its way from the stream to its handler. What nobody wants yet is held, which the
 * stream's window bounds: the client may send as much again when the handler has taken it (RFC 9113 §5.2).
 */
import type { FieldSection } from '../../http/field-section.ts';
import { ChunkJoiner } from '../../io/chunk-joiner.ts';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '../../time/deadlines.ts';
import type { Http2Feed } from './http2-feed.ts';

/** A deadline that passes while the connection waits for its turn is looked at again after so many ms. */
const turnGrace = 250;

/** Who takes the content. */
export interface InputOwner {
  /** It is the owner's from now on. */
  onBody(bytes: Buffer): void;
  onBodyEnd(trailers: FieldSection): void;
  /** Nothing came for as long as the timeout. */
  onBodyTimeout(afterMs: number): void;
  /** So many bytes are not held any more: the client may send as many. */
  onConsumed(bytes: number): void;
  queueOf(ms: number): DeadlineQueue;
}

export class StreamInput implements DeadlineTarget {
  readonly #feed: Http2Feed;
  readonly #owner: InputOwner;
  /** Made for the first content: most requests have none. */
  #deadline: Deadline | null = null;
  #idle: DeadlineQueue | null = null;
  #reading = false;
  #delivering = false;
  #held: Buffer[] = [];
  #joiner: ChunkJoiner | null = null;
  #heldBytes = 0;
  /** The client has ended the stream, and these came with it. */
  #trailers: FieldSection | null = null;
  /** The end has been told. */
  #complete = false;

  constructor(feed: Http2Feed, owner: InputOwner) {
    this.#feed = feed;
    this.#owner = owner;
  }

  /** Whether the handler has been told of everything. */
  get complete(): boolean {
    return this.#complete;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Lets content flow. `idle` bounds the client's silence. */
  read(idle: DeadlineQueue): void {
    if (this.#complete) return;
    this.#reading = true;
    this.#idle = idle;
    if (this.#trailers === null) this.#arm(idle);
    this.#flush();
  }

  pause(): void {
    this.#reading = false;
    this.#deadline?.clear();
  }

  /** Content has come; the bytes are valid during the call. */
  onBytes(bytes: Buffer): void {
    if (!this.#reading || this.#heldBytes > 0 || this.#delivering) {
      this.#hold(bytes);
      return;
    }
    if (this.#idle !== null) this.#arm(this.#idle);
    this.#delivering = true;
    try {
      this.#feed.deliver(bytes, this.#owner);
    } finally {
      this.#delivering = false;
    }
    this.#owner.onConsumed(bytes.length);
    this.#flush();
  }

  /** The client has ended the stream. */
  onEnd(trailers: FieldSection): void {
    this.#trailers = trailers;
    this.#deadline?.clear();
    this.#flush();
  }

  /** All that is held, for whoever takes over from its handler. */
  takeHeld(): Buffer {
    this.#joiner?.flush();
    const bytes = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    if (bytes.length > 0) this.#owner.onConsumed(bytes.length);
    return bytes;
  }

  /** There is no content. */
  endEmpty(): void {
    this.#trailers = [];
    this.#complete = true;
  }

  /** Nobody wants the content any more; what is held is forgotten, and its bytes are the caller's to answer for. */
  stop(): number {
    this.#deadline?.clear();
    this.#reading = false;
    this.#complete = true;
    const bytes = this.#heldBytes;
    this.#held = [];
    this.#joiner = null;
    this.#heldBytes = 0;
    return bytes;
  }

  onDeadline(): void {
    // It is not the client that is late.
    if (this.#feed.waitsForTurn) this.#arm(this.#owner.queueOf(turnGrace));
    else {
      this.#reading = false;
      this.#owner.onBodyTimeout(this.#idle?.ms ?? 0);
    }
  }

  #arm(queue: DeadlineQueue): void {
    this.#deadline ??= new Deadline(this, 0);
    queue.arm(this.#deadline);
  }

  /** In memory of its own: a frame of a few bytes would keep all of the read that it came with. */
  #hold(bytes: Buffer): void {
    this.#joiner ??= new ChunkJoiner((chunk) => this.#held.push(chunk));
    this.#joiner.add(Buffer.from(bytes));
    this.#heldBytes += bytes.length;
  }

  #flush(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#reading && this.#heldBytes > 0) this.#deliverHeld();
    } finally {
      this.#delivering = false;
    }
    const trailers = this.#trailers;
    if (trailers === null || this.#heldBytes > 0 || !this.#reading || this.#complete) return;
    this.#complete = true;
    this.#reading = false;
    this.#deadline?.clear();
    this.#owner.onBodyEnd(trailers);
  }

  #deliverHeld(): void {
    if (this.#held.length === 0) this.#joiner?.flush();
    const chunk = this.#held.shift();
    if (chunk === undefined) return;
    this.#heldBytes -= chunk.length;
    this.#owner.onBody(chunk);
    this.#owner.onConsumed(chunk.length);
  }
}
