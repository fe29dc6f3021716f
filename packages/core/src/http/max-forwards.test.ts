import { expect, test } from 'vitest';
import { decrementMaxForwards, isLastHop, usesMaxForwards } from './max-forwards.ts';

test.for([
  ['OPTIONS', true],
  ['TRACE', true],
  ['GET', false],
  ['options', false],
] as const)('%s uses Max-Forwards: %s (RFC 9110 §7.6.2)', ([method, uses]) => {
  expect(usesMaxForwards(method)).toBe(uses);
});

test.for([
  [['A', 'b'], false],
  [['Max-Forwards', '0'], true],
  [['A', 'b', 'max-forwards', '10'], false],
  [['Max-Forwards', ''], false],
  [['Max-Forwards', '3', 'Max-Forwards', '0'], true],
] as const)('%j: the last hop: %s', ([fields, isLast]) => {
  expect(isLastHop(fields)).toBe(isLast);
});

test.for([
  ['10', '9'],
  ['1', '0'],
  ['0', '0'],
  // What is no number means nothing, and passes.
  ['-1', '-1'],
  ['', ''],
] as const)('%j is %j to the next hop', ([value, after]) => {
  expect(decrementMaxForwards(value)).toBe(after);
});
