import { firstAdmitted } from './first-available.ts';
import type { Admission, Candidate, Policy, RandomSource } from './policy.ts';
import { WeightedSampler } from './weighted-sampler.ts';

/** Draws before every candidate is looked at. */
const draws = 4;

/** By chance, in proportion to the weights. */
export class WeightedRandom<C extends Candidate> implements Policy<C> {
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
    for (let i = 0; i < draws; i++) {
      const candidate = up[this.#sampler.at(this.#random())] as C;
      if (admission.admits(candidate)) return candidate;
    }
    return firstAdmitted(up, Math.floor(this.#random() * up.length), admission);
  }
}
