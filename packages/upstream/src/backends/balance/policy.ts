/**
 * What a policy sees of a backend group. A policy decides which of several backends gets a request; it knows
 * no socket, no health check and no timer. Time and chance come from outside.
 */
import type { PeakEwma } from './peak-ewma.ts';

/** A number from 0 to below 1, such as `Math.random`. */
export type RandomSource = () => number;

/** A backend as a policy sees it. */
export interface Candidate {
  /**
   * Every replica knows the backend by it: consistent hashing and subsets go by names, never by positions.
   */
  readonly name: string;
  /** Share of the requests, in proportion to the others. At least 1: who gets none is no candidate. */
  readonly weight: number;
  /** Requests under way. */
  readonly active: number;
  /** Whether it is up. */
  readonly isAvailable: boolean;
  readonly latency: PeakEwma;
}

/** What one request says about the candidates. */
export interface Admission<C extends Candidate> {
  /** Requests under way in the whole group. */
  readonly active: number;
  /** False passes over a candidate: it is full, or has failed this request already. */
  admits(candidate: C): boolean;
}

export interface Policy<C extends Candidate> {
  /**
   * Sets who may be picked. Called when the list, or the state of a backend, has changed.
   * @param up the candidates that are up, in the order of the list
   * @param members the same with those that are down; the same array as long as the list is the same
   */
  update(up: readonly C[], members: readonly C[]): void;
  /**
   * Picks one that is up and admitted; null where there is none.
   * @param key 32-bit hash of what the request is known by; only consistent hashing looks at it
   */
  pick(key: number, admission: Admission<C>): C | null;
}
