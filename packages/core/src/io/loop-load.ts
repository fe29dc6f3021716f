/**
 * Whether the event loop is busy, and so how much a connection may do in a turn. Work is added up in windows
 * of an estimated 4 ms, and the clock is read once for each window, not for each request.
 */

/** A connection's share of one turn, in ns. */
export const wholeShare = 500_000;

/**
 * Its share while the loop is busy, in ns. Fifty connections that keep within a whole share make a turn of 25
 * ms together. With a small one they wait in line, and those that ask for little do not.
 */
const busyShare = 150_000;

/** The loop is busy when this much work, in ns, was done within this time, in ms. */
const windowWork = 4_000_000;
const busyWindowMs = 16;

export class LoopLoad {
  /** What a connection may do in a turn at present, in ns. */
  share = wholeShare;
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
    this.share = wholeShare;
    this.#start = Number.NEGATIVE_INFINITY;
    this.#work = 0;
  }

  #endWindow(): void {
    const now = this.#now();
    this.share = now - this.#start < busyWindowMs ? busyShare : wholeShare;
    this.#start = now;
    this.#work = 0;
  }
}

/** The load of this thread's event loop. */
export const loopLoad = new LoopLoad(() => performance.now());
