import { expect, test } from 'vitest';
import { candidates, FakeAdmission, type FakeCandidate } from '../../../test/candidates.ts';
import { TwoChoices } from './two-choices.ts';

class Later extends TwoChoices<FakeCandidate> {
  protected isBetter(other: FakeCandidate, first: FakeCandidate): boolean {
    return other.name > first.name;
  }
}

test('two of equal weight are always compared with each other', () => {
  const list = candidates(1, 1);
  for (const number of [0, 0.3, 0.5, 0.999]) {
    const policy = new Later(() => number);
    policy.update(list);
    expect(policy.pick(0, new FakeAdmission())).toBe(list[1]);
  }
});

test('the one that is refused leaves the other', () => {
  const list = candidates(1, 1);
  for (const refused of list) {
    const policy = new Later(() => 0);
    policy.update(list);
    const admission = new FakeAdmission();
    admission.refused.add(refused);
    expect(policy.pick(0, admission)).toBe(list.find((one) => one !== refused));
  }
});
