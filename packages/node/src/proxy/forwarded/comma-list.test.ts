import { expect, test } from 'vitest';
import { memberFromEnd } from './comma-list.ts';

test.for<[list: string, place: number, member: string]>([
  ['', 1, ''],
  ['a', 1, 'a'],
  [' a\t', 1, 'a'],
  ['a', 3, 'a'],
  ['a, b,c', 1, 'c'],
  ['a, b,c', 2, 'b'],
  ['a, b,c', 3, 'a'],
  ['a, b,c', 9, 'a'],
  [',a,, b,', 1, 'b'],
  [',a,, b,', 2, 'a'],
  [',a,, b,', 3, 'a'],
  [', ,', 1, ''],
  [`a${',b'.repeat(150)}`, 150, 'b'],
  [`a${','.repeat(99)}`, 1, 'a'],
  [`a${','.repeat(100)}`, 1, ''],
])('RFC 9110 §5.6.1: of %j, %d from the end', ([list, place, member]) => {
  expect(memberFromEnd(list, place)).toBe(member);
});
