/**
 * What one connection has used of the event loop lately, by the clock, and what its work costs compared with the
 * estimate. Times are in ms.
 */

/** What was used counts half after so long. */
const halfLife = 16;

/**
 * Who has used more is heavy, or where the turn is long already. Fifty that keep a loop busy use 0.46 each; a client
 * that asks now and then uses less than 0.05.
 */
const heavyFrom = 0.25;
const heavyInLongTurnFrom = 0.06;

/** Work takes as long as estimated at least, and is not believed to take longer than so many times that. */
const mostPrice = 8;
/** The clock also runs while the process does not: one sample raises the price by so much, and any lowers it. */
const priceRise = 1.1;
/** Below it, in ms, an estimate tells nothing. */
const leastEstimate = 0.02;

export class ConnectionUsage {
  /** How much longer than estimated its work takes. */
  price = 1;
  #used = 0;
  #usedAt = 0;

  /** It has worked, by an estimate for so long, and others may have since: between `start` and `end`. */
  add(start: number, end: number, estimate: number): void {
    this.#used = this.#decayed(end) + Math.min(end - start, this.price * estimate);
    this.#usedAt = end;
  }

  /** Work of one piece has taken so long, and by an estimate so long. */
  learn(time: number, estimate: number): void {
    const sample = time / Math.max(estimate, leastEstimate);
    this.price = Math.max(1, Math.min(sample, this.price * priceRise, mostPrice));
  }

  /** Whether it uses much of the loop. */
  isHeavy(now: number, inLongTurn: boolean): boolean {
    return this.#decayed(now) > (inLongTurn ? heavyInLongTurnFrom : heavyFrom);
  }

  #decayed(now: number): number {
    return this.#used === 0 ? 0 : this.#used * 2 ** ((this.#usedAt - now) / halfLife);
  }
}
