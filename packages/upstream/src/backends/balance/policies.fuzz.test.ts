import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeAdmission, FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { createPolicy, policyNames } from './policies.ts';

const backend = fc.record({
  weight: fc.oneof(fc.constantFrom(1, 1000), fc.integer({ min: 1, max: 20 })),
  isUp: fc.boolean(),
  isRefused: fc.boolean(),
  active: fc.integer({ min: 0, max: 50 }),
  latency: fc.option(fc.double({ min: 0, max: 10_000, noNaN: true })),
});

test.each(policyNames)('%s picks nobody who is down or refused, and somebody if it can', (name) => {
  const lists = fc.array(backend, { maxLength: 40 });
  fc.assert(
    fc.property(lists, fc.integer(), fc.nat(), (list, seed, key) => {
      const policy = createPolicy<FakeCandidate>(name, seededRandom(seed), () => 1000);
      const admission = new FakeAdmission();
      const members = list.map(({ weight, isUp, isRefused, active, latency }, i) => {
        const candidate = new FakeCandidate(`b${i}`, weight);
        candidate.isAvailable = isUp;
        candidate.active = active;
        admission.active += active;
        if (latency !== null) candidate.latency.observe(latency, 500);
        if (isRefused) admission.refused.add(candidate);
        return candidate;
      });
      const up = members.filter(({ isAvailable }) => isAvailable);
      policy.update(up, members);
      const possible = up.filter((candidate) => admission.admits(candidate));
      for (let i = 0; i < 20; i++) {
        const picked = policy.pick((key + i * 2_654_435_761) >>> 0, admission);
        if (possible.length === 0) expect(picked).toBeNull();
        else expect(possible).toContain(picked);
      }
    }),
  );
});

test.each(policyNames)('%s without any backend picks none', (name) => {
  const policy = createPolicy<FakeCandidate>(name, Math.random, () => 0);
  expect(policy.pick(0, new FakeAdmission())).toBeNull();
  policy.update([], []);
  expect(policy.pick(0, new FakeAdmission())).toBeNull();
});
