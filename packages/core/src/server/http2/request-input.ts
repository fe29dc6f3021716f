/** The content of one request on its way to its handler, with a limit on the client's silence. */
import type { FieldSection } from '../../http/field-section.ts';
import type { Http2Feed } from '../../http2/session/http2-feed.ts';
import { type InputOwner, StreamInput } from '../../http2/session/stream-input.ts';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '../../time/deadlines.ts';

/** A deadline that passes while the connection waits for its turn is looked at again after so many ms. */
const turnGrace = 250;

export interface RequestInputOwner extends InputOwner {
  /** Nothing came for as long as the timeout. */
  onBodyTimeout(afterMs: number): void;
  queueOf(ms: number): DeadlineQueue;
}

export class RequestInput extends StreamInput implements DeadlineTarget {
  readonly #feed: Http2Feed;
  readonly #owner: RequestInputOwner;
  /** Made for the first content: most requests have none. */
  #deadline: Deadline | null = null;
  #idle: DeadlineQueue | null = null;

  constructor(feed: Http2Feed, owner: RequestInputOwner) {
    super(feed, owner);
    this.#feed = feed;
    this.#owner = owner;
  }

  /** Lets content flow. `idle` bounds the client's silence. */
  readWithin(idle: DeadlineQueue): void {
    if (this.complete) return;
    this.#idle = idle;
    if (!this.ended) this.#arm(idle);
    this.read();
  }

  override pause(): void {
    this.#deadline?.clear();
    super.pause();
  }

  override onBytes(bytes: Buffer): void {
    if (this.flowing && this.#idle !== null) this.#arm(this.#idle);
    super.onBytes(bytes);
  }

  override onEnd(trailers: FieldSection): void {
    this.#deadline?.clear();
    super.onEnd(trailers);
  }

  override stop(): number {
    this.#deadline?.clear();
    return super.stop();
  }

  onDeadline(): void {
    // It is not the client that is late.
    if (this.#feed.waitsForTurn) this.#arm(this.#owner.queueOf(turnGrace));
    else {
      this.pause();
      this.#owner.onBodyTimeout(this.#idle?.ms ?? 0);
    }
  }

  #arm(queue: DeadlineQueue): void {
    this.#deadline ??= new Deadline(this, 0);
    queue.arm(this.#deadline);
  }
}
