import { expect, test } from 'vitest';
import { candidates, type FakeCandidate, pickMany } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { createPolicy, policyNames } from './policies.ts';

test.each(policyNames)('%s with one backend picks it', (name) => {
  const policy = createPolicy<FakeCandidate>(name, seededRandom(1), () => 0);
  const [only] = candidates(1);
  policy.update([only!], [only!]);
  pickMany(policy, 10, (i) => i * 0x10000000);
  expect(only!.served).toBe(10);
});

test.each(['least-requests', 'round-robin', 'random', 'hash'] as const)(
  '%s serves by weight when nothing is under way',
  (name) => {
    const policy = createPolicy<FakeCandidate>(name, seededRandom(2), () => 0);
    const list = candidates(1, 2, 5);
    policy.update(list, list);
    const random = seededRandom(3);
    pickMany(policy, 80_000, () => Math.floor(random() * 2 ** 32));
    for (const { served, weight } of list) {
      // A ring is only roughly fair: see its own test.
      const tolerance = name === 'hash' ? 0.35 : 0.05;
      expect(Math.abs(served / (10_000 * weight) - 1)).toBeLessThan(tolerance);
    }
  },
);
