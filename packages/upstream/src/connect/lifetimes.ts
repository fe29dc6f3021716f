/**
 * How long, and for how many requests, connections of a pool are used before they are replaced: so that a
 * backend whose name has moved, or a load balancer before it, gets its share of a busy pool as well.
 */
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';

/** Lengths that the limit is spread over; those opened together do not end together. */
const spread = 16;
/** The shortest of them, as a part of the limit. */
const shortest = 0.9;

export class Lifetimes {
  /** Requests that one connection carries; `Infinity`: no limit. */
  readonly maxRequests: number;
  readonly #queues: readonly DeadlineQueue[];
  #next = 0;

  /** `maxLifetime` in ms; 0: no limit. */
  constructor(deadlines: Deadlines, maxLifetime: number, maxRequests: number) {
    this.maxRequests = maxRequests;
    const step = (1 - shortest) / (spread - 1);
    this.#queues =
      maxLifetime === 0
        ? []
        : Array.from({ length: spread }, (_, i) =>
            deadlines.queue(Math.ceil(maxLifetime * (1 - i * step))),
          );
  }

  /** The lifetime of a connection that was made now; null where there is no limit. */
  next(): DeadlineQueue | null {
    const { length } = this.#queues;
    if (length === 0) return null;
    // Neighbours are far apart.
    this.#next = (this.#next + 7) % length;
    return this.#queues[this.#next] ?? null;
  }
}
