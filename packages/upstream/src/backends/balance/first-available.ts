import type { Admission, Candidate, Policy } from './policy.ts';

/** Fail-over: the first of the list that is up and not full. */
export class FirstAvailable<C extends Candidate> implements Policy<C> {
  #up: readonly C[] = [];

  update(up: readonly C[]): void {
    this.#up = up;
  }

  pick(_key: number, admission: Admission<C>): C | null {
    return firstAdmitted(this.#up, 0, admission);
  }
}

/** The first that is admitted, from a position of the list on; null where none is. */
export function firstAdmitted<C extends Candidate>(
  candidates: readonly C[],
  start: number,
  admission: Admission<C>,
): C | null {
  const { length } = candidates;
  for (let i = 0; i < length; i++) {
    const candidate = candidates[(start + i) % length] as C;
    if (admission.admits(candidate)) return candidate;
  }
  return null;
}
