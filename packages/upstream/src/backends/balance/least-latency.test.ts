import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { LeastLatency } from './least-latency.ts';

function policyFor(list: FakeCandidate[]): LeastLatency<FakeCandidate> {
  const policy = new LeastLatency<FakeCandidate>(seededRandom(5), () => 1000);
  policy.update(list);
  return policy;
}

test('the faster of two', () => {
  const list = candidates(1, 1);
  list[0]!.latency.observe(50, 1000);
  list[1]!.latency.observe(10, 1000);
  const policy = policyFor(list);
  for (let i = 0; i < 20; i++) expect(policy.pick(0, new FakeAdmission())).toBe(list[1]);
  // Five times as busy as it is fast.
  list[1]!.active = 9;
  for (let i = 0; i < 20; i++) expect(policy.pick(0, new FakeAdmission())).toBe(list[0]);
});

test('one of which nothing is known gets one request at a time', () => {
  const list = candidates(1, 1);
  list[0]!.latency.observe(10, 1000);
  const policy = policyFor(list);
  for (let i = 0; i < 20; i++) expect(policy.pick(0, new FakeAdmission())).toBe(list[1]);
  list[1]!.active = 1;
  for (let i = 0; i < 20; i++) expect(policy.pick(0, new FakeAdmission())).toBe(list[0]);
});
