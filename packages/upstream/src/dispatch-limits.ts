/** The limits of a route as exchanges use them: the same numbers, with their deadline queues looked up. */
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';
import type { DispatchLimits } from './upstream-request.ts';

export interface ResolvedLimits {
  readonly pool: DeadlineQueue;
  readonly head: DeadlineQueue;
  readonly idle: DeadlineQueue;
  readonly retries: number;
  readonly maxResponseHeaderBytes: number;
  readonly maxResponseBodySize: number;
}

/** Resolves each limits object once. Routes share theirs among their requests. */
export class LimitsResolver {
  readonly #deadlines: Deadlines;
  readonly #known = new WeakMap<DispatchLimits, ResolvedLimits>();
  #lastSeen: DispatchLimits | null = null;
  #lastResolved: ResolvedLimits | null = null;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  resolve(limits: DispatchLimits): ResolvedLimits {
    if (this.#lastResolved !== null && limits === this.#lastSeen) return this.#lastResolved;
    let resolved = this.#known.get(limits);
    if (resolved === undefined) {
      resolved = {
        pool: this.#deadlines.queue(limits.poolTimeout),
        head: this.#deadlines.queue(limits.responseHeaderTimeout),
        idle: this.#deadlines.queue(limits.upstreamIdleTimeout),
        retries: limits.responseHeaderRetries,
        maxResponseHeaderBytes: limits.maxResponseHeaderBytes,
        maxResponseBodySize: limits.maxResponseBodySize,
      };
      this.#known.set(limits, resolved);
    }
    this.#lastSeen = limits;
    this.#lastResolved = resolved;
    return resolved;
  }
}
