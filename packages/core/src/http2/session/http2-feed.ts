/**
 * Feeds the frame reader of one connection with what its socket reads, as far as the connection's share of a
 * turn allows, and as long as it takes its answers: a peer that reads nothing is not read from.
 */
import type { Socket } from 'node:net';
import { HeldBytes } from '../../io/held-bytes.ts';
import { COST, TurnShare, type TurnTaker } from '../../io/turn-share.ts';
import { SocketInput, type SocketInputOwner } from '../../socket/socket-input.ts';
import type { FrameReader } from '../frame-reader.ts';

/** What one frame costs, whatever it is, in ns. */
const frameCost = 1_000;

/** Whose frames they are, and what stops them. */
export interface FeedOwner {
  /** Whether content of a message is still to come. */
  readonly expectsBody: boolean;
  /** It has the share of a turn of so many connections: one to a backend serves many clients. */
  readonly weight: number;
  /** Whether frames are taken: no when all is over. */
  readonly open: boolean;
  /** Whether the peer has to take what was written before it is read from. */
  readonly congested: boolean;
  /** Frames have been read, perhaps not all that are at hand. */
  onFramesRead(): void;
  /** All frames at hand have been read. */
  onFed(): void;
  /** A mistake of ours. */
  onThrew(cause: unknown): void;
}

/** Content of a stream that waits for the end of the read. */
export interface FreshContent {
  deliverFresh(): void;
}

/** Who owns the content of a stream from then on. */
export interface BodyTaker {
  onBody(bytes: Buffer): void;
}

export class Http2Feed implements SocketInputOwner, TurnTaker {
  readonly reader: FrameReader;
  readonly #owner: FeedOwner;
  readonly #input: SocketInput;
  readonly #share = new TurnShare(this);
  readonly #held = new HeldBytes();
  #feeding = false;
  /** Whose content the present read has brought. */
  #fresh: FreshContent[] = [];
  /** The socket is not read, until the peer has taken what was written to it. */
  #blocked = false;

  constructor(socket: Socket, reader: FrameReader, owner: FeedOwner) {
    this.#owner = owner;
    this.reader = reader;
    this.#input = new SocketInput(socket, this);
  }

  get expectsBody(): boolean {
    return this.#owner.expectsBody;
  }

  /** Whether the share of this turn is spent: whoever is late now, it is not the peer. */
  get waitsForTurn(): boolean {
    return this.#share.waiting;
  }

  /** Whether frames are being read. */
  get feeding(): boolean {
    return this.#feeding;
  }

  /** Counts work of the connection, in ns. */
  spend(cost: number): void {
    this.#share.spend(cost / this.#owner.weight);
  }

  /** The socket was paused; `early` was read from it before. */
  begin(early: Buffer | null): void {
    this.#input.begin(early);
  }

  onBytes(bytes: Buffer): void {
    this.spend(this.#input.costOfRead);
    if (!this.#owner.open) {
      // What comes after the end is dropped, but not for nothing.
      this.spend(bytes.length * COST.BYTE);
      this.#yieldIfSpent();
    } else if (this.#held.length > 0 || this.#share.waiting || this.#blocked) {
      this.#hold(bytes, 0);
    } else this.#consume(bytes);
  }

  /** Others have had their turn. */
  onTurn(): void {
    this.resume();
    // What still comes of a connection that has ended is dropped.
    if (!this.#owner.open && !this.#share.waiting) this.#input.resume();
  }

  /** Goes on with what is held, and with the socket, unless others come first. */
  resume(): void {
    if (this.#feeding || !this.#owner.open || this.#share.waiting || this.#owner.congested) return;
    this.#blocked = false;
    this.#consume(this.#held.take());
    if (this.#owner.open && !this.#share.waiting && !this.#blocked) this.#input.resume();
  }

  /** The socket brings nothing more: what is held is read, whoever's turn it is. */
  finish(): void {
    const held = this.#held.take();
    this.#share.cancel();
    for (let at = 0; at < held.length && this.#owner.open; ) at = this.reader.read(held, at);
    if (held.length === 0) return;
    this.#deliverFresh();
    this.#owner.onFramesRead();
    if (this.#owner.open) this.#owner.onFed();
  }

  /** Content is delivered when the frames at hand have been read. */
  deliverAfterRead(content: FreshContent): void {
    this.#fresh.push(content);
  }

  #deliverFresh(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const content of fresh) content.deliverFresh();
  }

  /** A slice of what is being read, for somebody to own. */
  deliver(slice: Buffer, taker: BodyTaker): void {
    taker.onBody(this.#input.beginSlice(slice));
    this.#input.endSlice();
  }

  /** Nothing holds a slice of content any more. */
  release(slice: Buffer): void {
    this.#input.releaseSlice(slice);
  }

  /** Reads nothing any more, and forgets what is held. */
  stop(): void {
    this.#held.clear();
    this.#share.cancel();
  }

  #yieldIfSpent(): void {
    if (!this.#share.spent) return;
    this.#input.pause();
    this.#share.yield();
  }

  #consume(chunk: Buffer): void {
    this.#feeding = true;
    this.#input.beginBytes();
    try {
      const end = this.#feed(chunk);
      this.#deliverFresh();
      this.#hold(chunk, end);
      this.#owner.onFramesRead();
    } catch (cause) {
      this.#owner.onThrew(cause);
      throw cause;
    } finally {
      this.#feeding = false;
    }
    this.#held.forget();
    if (!this.#owner.open) return;
    if (this.#held.length === 0) this.#input.release(chunk);
    this.#yieldIfSpent();
    if (this.#held.length === 0) this.#owner.onFed();
  }

  /** Returns where those bytes of the chunk begin that have to wait. */
  #feed(chunk: Buffer): number {
    const { reader } = this;
    const owner = this.#owner;
    let offset = 0;
    while (offset < chunk.length && owner.open) {
      if (owner.congested) {
        this.#blocked = true;
        this.#input.pause();
        return offset;
      }
      if (this.#share.spent) return offset;
      this.spend(frameCost);
      offset = reader.read(chunk, offset);
    }
    return owner.open ? offset : chunk.length;
  }

  #hold(chunk: Buffer, offset: number): void {
    if (offset >= chunk.length) return;
    this.#held.append(offset === 0 ? chunk : chunk.subarray(offset), this.#input.onLoan);
    this.#input.pause();
  }
}
