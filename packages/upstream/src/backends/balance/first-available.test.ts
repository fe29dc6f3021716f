import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { FirstAvailable, firstAdmitted } from './first-available.ts';

test('in the order of the list', () => {
  const list = candidates(1, 1000, 1);
  const policy = new FirstAvailable<FakeCandidate>();
  policy.update(list);
  const admission = new FakeAdmission();
  expect(policy.pick(0, admission)).toBe(list[0]);
  admission.refused.add(list[0]!);
  expect(policy.pick(0, admission)).toBe(list[1]);
});

test('from a position on, and around', () => {
  const list = candidates(1, 1, 1);
  const admission = new FakeAdmission();
  expect(firstAdmitted(list, 2, admission)).toBe(list[2]);
  admission.refused.add(list[2]!);
  expect(firstAdmitted(list, 2, admission)).toBe(list[0]);
});
