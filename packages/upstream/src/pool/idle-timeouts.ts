/**
 * How long a connection may stay unused: our own limit, or less where the backend said that it will
 * close earlier. A request that is sent just when the backend closes is lost, so we are first.
 */
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';

/** Time to be ahead of the backend by, in ms, where its limit allows. */
const margin = 1000;

export class IdleTimeouts {
  readonly #deadlines: Deadlines;
  readonly #own: DeadlineQueue;
  readonly #most: number;
  #lastHint = -1;
  #lastQueue: DeadlineQueue;

  /** `most` in ms; 0 and `Infinity`: no limit of ours. */
  constructor(deadlines: Deadlines, most: number) {
    this.#deadlines = deadlines;
    this.#own = deadlines.queue(most);
    this.#most = most === 0 ? Number.POSITIVE_INFINITY : most;
    this.#lastQueue = this.#own;
  }

  /** The queue for a backend's hint in seconds; -1: it gave none. */
  queue(hint: number): DeadlineQueue {
    if (hint === this.#lastHint) return this.#lastQueue;
    this.#lastHint = hint;
    this.#lastQueue = this.#find(hint);
    return this.#lastQueue;
  }

  #find(hint: number): DeadlineQueue {
    // An hour or more is no hint, and every length has a queue of its own.
    if (hint === -1 || hint > 3600) return this.#own;
    const ms = hint * 1000 - Math.min(margin, hint * 500);
    return ms >= this.#most ? this.#own : this.#deadlines.queue(ms);
  }
}
