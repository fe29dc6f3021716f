import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { RoundRobin } from './round-robin.ts';

function order(policy: RoundRobin<FakeCandidate>, list: FakeCandidate[], count: number): string {
  const admission = new FakeAdmission();
  return Array.from({ length: count }, () =>
    'abcdef'.charAt(list.indexOf(policy.pick(0, admission)!)),
  ).join('');
}

test('turns are spread over the round', () => {
  const list = candidates(5, 1, 1);
  const policy = new RoundRobin<FakeCandidate>(() => 0);
  policy.update(list);
  expect(order(policy, list, 14)).toMatch(/^(aa[abc]{3}aa){2}$/);
});

test('equal weights take turns in an order by chance, which differs from replica to replica', () => {
  const orders = Array.from({ length: 30 }, (_, seed) => {
    const list = candidates(1, 1, 1);
    const policy = new RoundRobin<FakeCandidate>(seededRandom(seed));
    policy.update(list);
    const first = order(policy, list, 3);
    expect(order(policy, list, 3)).toBe(first);
    return first;
  });
  expect(new Set(orders).size).toBe(6);
});

test('who is full loses its turns, and has no burst afterwards', () => {
  const list = candidates(1, 1);
  const policy = new RoundRobin<FakeCandidate>(seededRandom(4));
  policy.update(list);
  const admission = new FakeAdmission();
  admission.refused.add(list[0]!);
  for (let i = 0; i < 100; i++) expect(policy.pick(0, admission)).toBe(list[1]);
  expect(order(policy, list, 6)).toMatch(/^(ab){3}$|^(ba){3}$/);
});
