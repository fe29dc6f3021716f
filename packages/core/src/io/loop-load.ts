/**
 * Whether the event loop is busy, and so how much a connection may do in a turn. Work is added up in
 * windows of an estimated 4 ms, and the clock is read once for each window, not for each request.
 */

/** The loop is busy when this much work, in ns, was done within this time, in ms: estimates may be far too low. */
const windowWork = 4_000_000;
const busyWindowMs = 32;

export class LoopLoad {
  /** Whether the latest window was short. */
  busy = false;
  #start = Number.NEGATIVE_INFINITY;
  #work = 0;
  readonly #now: () => number;

  /** `now` answers the time in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds work, in ns. */
  add(cost: number): void {
    this.#work += cost;
    if (this.#work > windowWork) this.#endWindow();
  }

  /** Forgets the work so far. */
  reset(): void {
    this.busy = false;
    this.#start = Number.NEGATIVE_INFINITY;
    this.#work = 0;
  }

  #endWindow(): void {
    const now = this.#now();
    this.busy = now - this.#start < busyWindowMs;
    this.#start = now;
    this.#work = 0;
  }
}

/** The load of this thread's event loop. */
export const loopLoad = new LoopLoad(() => performance.now());
