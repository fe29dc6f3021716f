/**
 * Smooth weighted round robin in O(log n): each candidate has its turns evenly spaced over a round, at
 * (k + ½) ÷ weight for its turn k, and whoever's turn is earliest is next (earliest deadline first). In a
 * round of as many requests as the weights add up to, each gets exactly its weight.
 */
import { firstAdmitted } from './first-available.ts';
import type { Admission, Candidate, Policy, RandomSource } from './policy.ts';

interface Turn<C> {
  readonly candidate: C;
  /**
   * Decides between turns at the same time; by chance, so that replicas do not begin with the same backend.
   */
  readonly rank: number;
  served: number;
  /** When its next turn is, in rounds. */
  at: number;
}

/** So many that are passed over lose their turn; then any that is admitted is taken. */
const passes = 16;

export class RoundRobin<C extends Candidate> implements Policy<C> {
  readonly #random: RandomSource;
  /** A binary heap by time. */
  #turns: Turn<C>[] = [];
  #up: readonly C[] = [];

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Who stays keeps its turn; who comes waits for its first one. */
  update(up: readonly C[]): void {
    const now = this.#turns[0]?.at ?? 0;
    // The whole rounds are over for everybody: figures stay small.
    const rounds = Math.floor(now);
    const known = new Map(this.#turns.map((turn) => [turn.candidate, turn]));
    this.#up = up;
    this.#turns = up.map((candidate) => {
      const turn = known.get(candidate);
      const at = (turn?.at ?? now) - rounds;
      const served = Math.max(0, Math.round(at * candidate.weight - 0.5));
      const rank = turn?.rank ?? this.#random();
      return { candidate, rank, served, at: timeOf(served, candidate) };
    });
    for (let i = (up.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  pick(_key: number, admission: Admission<C>): C | null {
    for (let i = 0; i < passes; i++) {
      const turn = this.#turns[0];
      if (turn === undefined) return null;
      turn.served++;
      turn.at = timeOf(turn.served, turn.candidate);
      this.#sink(0);
      if (admission.admits(turn.candidate)) return turn.candidate;
    }
    return firstAdmitted(this.#up, Math.floor(this.#random() * this.#up.length), admission);
  }

  /** Restores the order of the heap below one whose time has grown. */
  #sink(start: number): void {
    const turns = this.#turns;
    const turn = turns[start] as Turn<C>;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= turns.length) break;
      const right = turns[child + 1];
      if (right !== undefined && isBefore(right, turns[child] as Turn<C>)) child++;
      const next = turns[child] as Turn<C>;
      if (!isBefore(next, turn)) break;
      turns[at] = next;
      at = child;
    }
    turns[at] = turn;
  }
}

const timeOf = (served: number, { weight }: Candidate): number => (served + 0.5) / weight;

const isBefore = <C>(one: Turn<C>, other: Turn<C>): boolean =>
  one.at < other.at || (one.at === other.at && one.rank < other.rank);
