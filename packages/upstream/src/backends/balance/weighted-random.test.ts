import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { WeightedRandom } from './weighted-random.ts';

test('the only one that is not refused is found', () => {
  const list = candidates(...Array.from({ length: 50 }, () => 1));
  const policy = new WeightedRandom<FakeCandidate>(seededRandom(1));
  policy.update(list);
  const admission = new FakeAdmission();
  for (const one of list.slice(1)) admission.refused.add(one);
  for (let i = 0; i < 20; i++) expect(policy.pick(0, admission)).toBe(list[0]);
});
