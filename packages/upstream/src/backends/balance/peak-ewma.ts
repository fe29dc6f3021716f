/**
 * Latency as a moving average that rises at once and falls slowly (Finagle's peak EWMA): a backend that has
 * become slow is noticed by its first slow response, one that has become fast again has to prove it.
 */

/** Time after which an observation counts for 1/e, in ms. */
const decayTime = 10_000;

export class PeakEwma {
  #value = 0;
  #at = 0;
  #isKnown = false;

  /** Whether anything was observed yet. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Begins with what another one has observed. */
  inherit(former: PeakEwma): void {
    this.#value = former.#value;
    this.#at = former.#at;
    this.#isKnown = former.#isKnown;
  }

  /** A response took so many ms, at `now` in ms. */
  observe(ms: number, now: number): void {
    const average = this.at(now);
    if (ms >= average || !this.#isKnown) this.#value = ms;
    else {
      const kept = this.#decay(now);
      this.#value = this.#value * kept + ms * (1 - kept);
    }
    this.#at = now;
    this.#isKnown = true;
  }

  /**
   * The average in ms. It decays while nothing is observed, so that a backend that was slow gets another
   * chance.
   */
  at(now: number): number {
    return this.#value * this.#decay(now);
  }

  /** A clock that jumped back changes nothing. */
  #decay(now: number): number {
    return now <= this.#at ? 1 : Math.exp((this.#at - now) / decayTime);
  }
}
