import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  candidates,
  FakeAdmission,
  type FakeCandidate,
  pickMany,
} from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { RoundRobin } from './round-robin.ts';

const weightLists = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 1000 })),
  {
    minLength: 1,
    maxLength: 12,
  },
);

test('a round gives each exactly its weight', () => {
  fc.assert(
    fc.property(weightLists, fc.integer(), (weights, seed) => {
      const list = candidates(...weights);
      const policy = new RoundRobin<FakeCandidate>(seededRandom(seed));
      policy.update(list);
      const round = weights.reduce((sum, weight) => sum + weight, 0);
      pickMany(policy, round);
      expect(list.map(({ served }) => served)).toEqual(weights);
    }),
  );
});

test('it is smooth: within a round nobody is ahead of its share by more than a turn', () => {
  fc.assert(
    fc.property(weightLists, fc.integer(), (weights, seed) => {
      const list = candidates(...weights);
      const policy = new RoundRobin<FakeCandidate>(seededRandom(seed));
      policy.update(list);
      const admission = new FakeAdmission();
      for (let i = 0; i < 200; i++) {
        const picked = policy.pick(0, admission)!;
        picked.served++;
        const rounds = list.map(({ served, weight }) => [served / weight, 1 / weight] as const);
        for (const [ahead, turn] of rounds) {
          for (const [behind, other] of rounds) {
            expect(ahead - behind).toBeLessThanOrEqual(turn + other + 1e-9);
          }
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('who comes and goes neither gets a burst nor starves the others', () => {
  fc.assert(
    fc.property(weightLists, fc.array(fc.nat(), { maxLength: 20 }), (weights, changes) => {
      const list = candidates(...weights);
      const down = new Set<FakeCandidate>();
      const policy = new RoundRobin<FakeCandidate>(seededRandom(7));
      policy.update(list);
      for (const change of changes) {
        const one = list[change % list.length]!;
        if (!down.delete(one)) down.add(one);
        const up = list.filter((candidate) => !down.has(candidate));
        policy.update(up);
        if (up.length === 0) continue;
        for (const candidate of list) candidate.served = 0;
        const round = up.reduce((sum, { weight }) => sum + weight, 0);
        pickMany(policy, round);
        for (const { served, weight } of up) {
          expect(Math.abs(served - weight)).toBeLessThanOrEqual(2 + 0.5 * weight);
        }
      }
    }),
  );
});
