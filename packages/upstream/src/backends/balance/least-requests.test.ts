import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { LeastRequests } from './least-requests.ts';

/** `busy` requests are under way at any moment, the oldest ends first. Answers the mean of each under way. */
function run(list: FakeCandidate[], busy: number, requests = 40_000): number[] {
  const policy = new LeastRequests<FakeCandidate>(seededRandom(11));
  policy.update(list);
  const admission = new FakeAdmission();
  const underWay: FakeCandidate[] = [];
  const sums = list.map(() => 0);
  for (let i = 0; i < requests; i++) {
    if (underWay.length === busy) underWay.shift()!.active--;
    const picked = policy.pick(0, admission)!;
    picked.active++;
    underWay.push(picked);
    for (const [at, { active }] of list.entries()) sums[at]! += active;
  }
  return sums.map((sum) => sum / requests);
}

test.each([
  [[1, 1, 1], 30],
  [[1, 3], 40],
  [[1, 2, 7], 100],
])('weights %j share %i requests under way', (weights, busy) => {
  const list = candidates(...weights);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, mean] of run(list, busy).entries()) {
    expect(Math.abs(mean / ((busy * weights[at]!) / total) - 1)).toBeLessThan(0.15);
  }
});

test('a weight of 1 beside 1,000 stays small, whatever is under way', () => {
  for (const busy of [1, 2, 10]) {
    const [small] = run(candidates(1, 1000), busy, 20_000);
    expect(small! / busy).toBeLessThan(0.05);
  }
});

test('it avoids the busy one', () => {
  const list = candidates(1, 1);
  list[0]!.active = 10;
  const policy = new LeastRequests<FakeCandidate>(seededRandom(1));
  policy.update(list);
  for (let i = 0; i < 20; i++) expect(policy.pick(0, new FakeAdmission())).toBe(list[1]);
});

test('where nearly all are full it takes the best of the rest', () => {
  const list = candidates(...Array.from({ length: 100 }, () => 1));
  const policy = new LeastRequests<FakeCandidate>(seededRandom(1));
  policy.update(list);
  const admission = new FakeAdmission();
  for (const one of list.slice(0, 98)) admission.refused.add(one);
  list[98]!.active = 5;
  for (let i = 0; i < 20; i++) expect(list.slice(98)).toContain(policy.pick(0, admission));
  expect(policy.pick(0, { active: 0, admits: (one) => one === list[98] })).toBe(list[98]);
});
