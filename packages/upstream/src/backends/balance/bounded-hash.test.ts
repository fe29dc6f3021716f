import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { seededRandom } from '../../../test/seeded-random.ts';
import { BoundedHash } from './bounded-hash.ts';
import { mix32 } from './hash.ts';

function policyFor(list: FakeCandidate[]): BoundedHash<FakeCandidate> {
  const policy = new BoundedHash<FakeCandidate>();
  update(policy, list);
  return policy;
}

function update(policy: BoundedHash<FakeCandidate>, list: FakeCandidate[]): void {
  policy.update(
    list.filter(({ isAvailable }) => isAvailable),
    list,
  );
}

const owners = (policy: BoundedHash<FakeCandidate>): (FakeCandidate | null)[] =>
  Array.from({ length: 2000 }, (_, i) => policy.pick(mix32(i), new FakeAdmission()));

test('one that goes down moves its own keys only, and has them again when it is back', () => {
  const list = candidates(1, 1, 1, 1, 1);
  const policy = policyFor(list);
  const before = owners(policy);
  list[2]!.isAvailable = false;
  update(policy, list);
  for (const [i, owner] of owners(policy).entries()) {
    if (before[i] === list[2]) expect(owner).not.toBe(list[2]);
    else expect(owner).toBe(before[i]);
  }
  list[2]!.isAvailable = true;
  update(policy, list);
  expect(owners(policy)).toEqual(before);
});

test('the load of nobody goes beyond 1.25 times its share, whatever the keys', () => {
  const list = candidates(1, 1, 2, 4);
  const policy = policyFor(list);
  const admission = new FakeAdmission();
  const underWay: FakeCandidate[] = [];
  const random = seededRandom(3);
  for (let i = 0; i < 5000; i++) {
    if (underWay.length === 200) {
      const [over] = underWay.splice(Math.floor(random() * 200), 1);
      over!.active--;
      admission.active--;
    }
    // Nearly all requests have one of three keys.
    const picked = policy.pick(random() < 0.9 ? mix32(i % 3) : mix32(i), admission)!;
    picked.active++;
    admission.active++;
    underWay.push(picked);
    expect(picked.active).toBeLessThanOrEqual(
      Math.ceil((1.25 * admission.active * picked.weight) / 8),
    );
  }
});

test('where all others are refused, the one that has too much takes more', () => {
  const list = candidates(1, 1, 1);
  const policy = policyFor(list);
  const admission = new FakeAdmission();
  list[1]!.active = 100;
  admission.active = 100;
  admission.refused.add(list[0]!).add(list[2]!);
  for (let i = 0; i < 50; i++) expect(policy.pick(mix32(i), admission)).toBe(list[1]);
});

test('the one that is left of many is found', () => {
  const list = candidates(...Array.from({ length: 1000 }, () => 1));
  for (const one of list) one.isAvailable = one === list[567];
  const policy = policyFor(list);
  for (let i = 0; i < 50; i++) expect(policy.pick(mix32(i), new FakeAdmission())).toBe(list[567]);
});
