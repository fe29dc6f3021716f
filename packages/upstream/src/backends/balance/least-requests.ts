import type { Candidate } from './policy.ts';
import { TwoChoices } from './two-choices.ts';

/**
 * Of two candidates the one with fewer requests under way, in proportion to its weight. The second is taken
 * only if it would, with this request, be loaded no more than the first is without: so an idle group serves
 * by weight, and a busy one evens out what differs by a request or more.
 */
export class LeastRequests<C extends Candidate> extends TwoChoices<C> {
  protected isBetter(other: C, first: C): boolean {
    return (other.active + 1) * first.weight <= first.active * other.weight;
  }
}
