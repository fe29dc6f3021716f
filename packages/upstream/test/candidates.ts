import { PeakEwma } from '../src/backends/balance/peak-ewma.ts';
import type { Admission, Candidate, Policy } from '../src/backends/balance/policy.ts';

/** A backend of the tests of policies. */
export class FakeCandidate implements Candidate {
  active = 0;
  served = 0;
  isAvailable = true;
  readonly latency = new PeakEwma();
  readonly name: string;
  readonly weight: number;

  constructor(name: string, weight = 1) {
    this.name = name;
    this.weight = weight;
  }
}

export const candidates = (...weights: number[]): FakeCandidate[] =>
  weights.map((weight, i) => new FakeCandidate(`http://10.0.0.${i}:8080`, weight));

/** Admits all but those in a set. */
export class FakeAdmission implements Admission<FakeCandidate> {
  active = 0;
  readonly refused = new Set<FakeCandidate>();

  admits(candidate: FakeCandidate): boolean {
    return !this.refused.has(candidate);
  }
}

/** Picks so often, at once over; each pick is counted. */
export function pickMany(
  policy: Policy<FakeCandidate>,
  count: number,
  keyOf: (i: number) => number = () => 0,
  admission = new FakeAdmission(),
): void {
  for (let i = 0; i < count; i++) {
    const picked = policy.pick(keyOf(i), admission);
    if (picked !== null) picked.served++;
  }
}
