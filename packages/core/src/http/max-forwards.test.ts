import { expect, test } from 'vitest';
import { heedsMaxForwards, spendMaxForwards } from './max-forwards.ts';

test.for([
  ['OPTIONS', true],
  ['TRACE', true],
  ['GET', false],
  ['options', false],
] as const)('%s heeds Max-Forwards: %s (RFC 9110 §7.6.2)', ([method, heeds]) => {
  expect(heedsMaxForwards(method)).toBe(heeds);
});

test.for([
  [['A', 'b'], true, ['A', 'b']],
  [['Max-Forwards', '0'], false, ['Max-Forwards', '0']],
  [['A', 'b', 'max-forwards', '10'], true, ['A', 'b', 'max-forwards', '9']],
  [['Max-Forwards', '1'], true, ['Max-Forwards', '0']],
  // What is no number means nothing, and passes.
  [['Max-Forwards', '-1'], true, ['Max-Forwards', '-1']],
  [['Max-Forwards', ''], true, ['Max-Forwards', '']],
  [['Max-Forwards', '3', 'Max-Forwards', '0'], false, ['Max-Forwards', '2', 'Max-Forwards', '0']],
] as const)('%j: %s', ([fields, passes, after]) => {
  const section = [...fields];
  expect(spendMaxForwards(section)).toBe(passes);
  expect(section).toEqual(after);
});
