/** The policies by name. */
import { BoundedHash } from './bounded-hash.ts';
import { FirstAvailable } from './first-available.ts';
import { LeastLatency } from './least-latency.ts';
import { LeastRequests } from './least-requests.ts';
import type { Candidate, Policy, RandomSource } from './policy.ts';
import { RoundRobin } from './round-robin.ts';
import { WeightedRandom } from './weighted-random.ts';

/** In the order of the reference; the first is the default. */
export const policyNames = [
  'least-requests',
  'round-robin',
  'random',
  'first',
  'hash',
  'latency',
] as const;

export type PolicyName = (typeof policyNames)[number];

/** `clock` in ms, never running backwards. */
export function createPolicy<C extends Candidate>(
  name: PolicyName,
  random: RandomSource,
  clock: () => number,
): Policy<C> {
  switch (name) {
    case 'least-requests':
      return new LeastRequests(random);
    case 'round-robin':
      return new RoundRobin(random);
    case 'random':
      return new WeightedRandom(random);
    case 'first':
      return new FirstAvailable();
    case 'hash':
      return new BoundedHash();
    case 'latency':
      return new LeastLatency(random, clock);
  }
}
