/** The last readings of a proxy, and which two of them a figure is drawn from. */
import type { ProxyStats } from '../../src/stats.ts';

/** Two readings, the later one the newest. */
export interface Span {
  readonly before: ProxyStats;
  readonly after: ProxyStats;
  /** Between them, in ms. */
  readonly elapsed: number;
}

const span = (before: ProxyStats, after: ProxyStats): Span => ({
  before,
  after,
  elapsed: after.time - before.time,
});

export class Readings {
  readonly #windowMs: number;
  #list: ProxyStats[] = [];

  /** Tables and percentiles are of the last `windowMs`: of one reading alone they would jump. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds the newest. False where the proxy began to count anew, so that nothing before can be compared. */
  push(stats: ProxyStats): boolean {
    const last = this.#list.at(-1);
    const goesOn =
      last === undefined || (last.startedAt === stats.startedAt && last.time <= stats.time);
    if (!goesOn) this.#list = [];
    this.#list.push(stats);
    // One that is older than the window stays, to measure from.
    while ((this.#list[1]?.time ?? Number.POSITIVE_INFINITY) <= stats.time - this.#windowMs) {
      this.#list.shift();
    }
    return goesOn;
  }

  /** From the reading before the newest; null before there are two. */
  get last(): Span | null {
    return this.#from(this.#list.at(-2));
  }

  /** Over the window, or as much of it as is known; null before there are two. */
  get window(): Span | null {
    return this.#list.length < 2 ? null : this.#from(this.#list[0]);
  }

  #from(before: ProxyStats | undefined): Span | null {
    const after = this.#list.at(-1);
    return before === undefined || after === undefined ? null : span(before, after);
  }
}
