import type { Candidate, RandomSource } from './policy.ts';
import { TwoChoices } from './two-choices.ts';

/**
 * Of two candidates the one whose next response is expected sooner: peak EWMA of its latency, times the
 * requests under way with this one, by weight. One of which nothing is known yet gets one request at a time.
 */
export class LeastLatency<C extends Candidate> extends TwoChoices<C> {
  readonly #clock: () => number;
  #now = 0;

  /** `clock` in ms, never running backwards. */
  constructor(random: RandomSource, clock: () => number) {
    super(random);
    this.#clock = clock;
  }

  protected override prepare(): void {
    this.#now = this.#clock();
  }

  protected isBetter(other: C, first: C): boolean {
    return this.#cost(other) < this.#cost(first);
  }

  #cost({ latency, active, weight }: C): number {
    if (!latency.isKnown) return active === 0 ? 0 : Number.POSITIVE_INFINITY;
    return (latency.at(this.#now) * (active + 1)) / weight;
  }
}
