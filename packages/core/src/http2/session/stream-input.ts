/**
 * Content on its way from a stream to whoever takes it. The frames of one read are passed on together, be they of one
 * byte. What nobody wants yet is held, which the stream's window bounds: the peer may send as much again when it has
 * been taken (RFC 9113 §5.2).
 */
import type { FieldSection } from '../../http/field-section.ts';
import { ChunkJoiner } from '../../io/chunk-joiner.ts';
import type { Http2Feed } from './http2-feed.ts';

/** What was held is passed on in pieces of this size, as a socket would bring it: who is slow pauses after each. */
const maxJoinedBytes = 65_536;

/** Who takes the content. */
export interface InputOwner {
  /** It is the owner's from now on. */
  onBody(bytes: Buffer): void;
  onBodyEnd(trailers: FieldSection): void;
  /** So many bytes are not held any more: the peer may send as many. */
  onConsumed(bytes: number): void;
}

export class StreamInput {
  readonly #feed: Http2Feed;
  readonly #owner: InputOwner;
  #reading = false;
  #delivering = false;
  /** What the present read has brought, in its memory; nothing is held then. */
  #fresh: Buffer[] = [];
  #freshBytes = 0;
  #held: Buffer[] = [];
  #joiner: ChunkJoiner | null = null;
  #heldBytes = 0;
  /** The peer has ended the stream, and these came with it. */
  #trailers: FieldSection | null = null;
  /** The end has been told. */
  #complete = false;

  constructor(feed: Http2Feed, owner: InputOwner) {
    this.#feed = feed;
    this.#owner = owner;
  }

  /** Whether the owner has been told of everything. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Whether the peer has ended the stream. */
  get ended(): boolean {
    return this.#trailers !== null;
  }

  get heldBytes(): number {
    return this.#heldBytes + this.#freshBytes;
  }

  /** Whether what comes is passed on with the present read. */
  protected get flowing(): boolean {
    return this.#reading && this.#heldBytes === 0 && !this.#delivering;
  }

  /** Lets content flow. */
  read(): void {
    if (this.#complete) return;
    this.#reading = true;
    this.#flush();
  }

  pause(): void {
    this.#reading = false;
    this.#holdFresh();
  }

  /** Content has come; the bytes are valid during the present read. */
  onBytes(bytes: Buffer): void {
    if (!this.flowing) {
      this.#hold(bytes);
      return;
    }
    if (this.#freshBytes === 0) this.#feed.deliverAfterRead(this);
    this.#fresh.push(bytes);
    this.#freshBytes += bytes.length;
  }

  /** The read is over, or the stream. */
  deliverFresh(): void {
    const length = this.#freshBytes;
    if (length === 0) return;
    const fresh = this.#takeFresh();
    const [first] = fresh;
    this.#delivering = true;
    try {
      if (fresh.length === 1 && first !== undefined) this.#feed.deliver(first, this.#owner);
      else this.#owner.onBody(Buffer.concat(fresh, length));
    } finally {
      this.#delivering = false;
    }
    this.#owner.onConsumed(length);
    this.#flush();
  }

  #holdFresh(): void {
    for (const bytes of this.#takeFresh()) this.#hold(bytes);
  }

  #takeFresh(): Buffer[] {
    const fresh = this.#fresh;
    if (this.#freshBytes > 0) this.#fresh = [];
    this.#freshBytes = 0;
    return fresh;
  }

  /** The peer has ended the stream. */
  onEnd(trailers: FieldSection): void {
    this.deliverFresh();
    this.#trailers = trailers;
    this.#flush();
  }

  /** All that is held, for whoever takes over. */
  takeHeld(): Buffer {
    this.#holdFresh();
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
    this.#reading = false;
    this.#complete = true;
    const bytes = this.heldBytes;
    this.#takeFresh();
    this.#held = [];
    this.#joiner = null;
    this.#heldBytes = 0;
    return bytes;
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
    this.#owner.onBodyEnd(trailers);
  }

  #deliverHeld(): void {
    this.#joiner?.flush();
    let count = 0;
    let length = 0;
    for (const chunk of this.#held) {
      if (count > 0 && length + chunk.length > maxJoinedBytes) break;
      length += chunk.length;
      count++;
    }
    const chunks = this.#held.splice(0, count);
    this.#heldBytes -= length;
    this.#owner.onBody(Buffer.concat(chunks, length));
    this.#owner.onConsumed(length);
  }
}
