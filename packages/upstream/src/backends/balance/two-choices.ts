/**
 * The power of two choices: two candidates are drawn by weight, and the better one is taken. It avoids the
 * herd that runs to the one best backend on stale figures, and needs no look at all the others.
 */
import type { Admission, Candidate, Policy, RandomSource } from './policy.ts';
import { WeightedSampler } from './weighted-sampler.ts';

/** Draws of a pair before every candidate is looked at: most are full by then. */
const draws = 3;

export abstract class TwoChoices<C extends Candidate> implements Policy<C> {
  readonly #random: RandomSource;
  #up: readonly C[] = [];
  #sampler = new WeightedSampler([]);

  constructor(random: RandomSource) {
    this.#random = random;
  }

  update(up: readonly C[]): void {
    this.#up = up;
    this.#sampler = new WeightedSampler(up.map(({ weight }) => weight));
  }

  pick(_key: number, admission: Admission<C>): C | null {
    const up = this.#up;
    if (up.length === 0) return null;
    this.prepare();
    for (let i = 0; i < draws; i++) {
      const at = this.#sampler.at(this.#random());
      const first = up[at] as C;
      const second = this.#other(first, at);
      if (!admission.admits(first)) {
        if (second !== first && admission.admits(second)) return second;
      } else if (second !== first && this.isBetter(second, first) && admission.admits(second)) {
        return second;
      } else return first;
    }
    return this.#bestOf(up, admission);
  }

  /** Another one if possible; where weights differ by much, a second draw may find the same again. */
  #other(first: C, at: number): C {
    const up = this.#up;
    const second = up[this.#sampler.at(this.#random())] as C;
    if (second !== first || up.length === 1) return second;
    const third = up[(at + 1 + Math.floor(this.#random() * (up.length - 1))) % up.length] as C;
    return third.weight === first.weight ? third : (up[this.#sampler.at(this.#random())] as C);
  }

  #bestOf(up: readonly C[], admission: Admission<C>): C | null {
    let best: C | null = null;
    for (const candidate of up) {
      if (best !== null && !this.isBetter(candidate, best)) continue;
      if (admission.admits(candidate)) best = candidate;
    }
    return best;
  }

  /** Called before each pick. */
  protected prepare(): void {
    // Nothing to look up.
  }

  /** Whether the other one, drawn second, is to be taken instead of the first. */
  protected abstract isBetter(other: C, first: C): boolean;
}
