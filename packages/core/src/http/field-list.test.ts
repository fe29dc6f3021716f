import { expect, test } from 'vitest';
import { readTokenList } from './field-list.ts';

const lists: readonly [value: string, members: string[] | null][] = [
  ['', []],
  ['close', ['close']],
  ['Keep-Alive,  CLOSE', ['keep-alive', 'close']],
  [' ,, a ,\t,b,', ['a', 'b']],
  ['close\t', ['close']],
  ['a, a', ['a', 'a']],
  ['a b', null],
  ['"a"', null],
  ['a;b=c', null],
  ['a=b', null],
  ['a\xa0', null],
  ['a, b c', null],
  ['__proto__', ['__proto__']],
];

test.for(lists)('%j holds %j (RFC 9110 §5.6.1)', ([value, members]) => {
  const into: string[] = [];
  expect(readTokenList(value, into)).toBe(members !== null);
  if (members !== null) expect(into).toEqual(members);
});

test('several lines make one list', () => {
  const into: string[] = [];
  readTokenList('a', into);
  readTokenList('b', into);
  expect(into).toEqual(['a', 'b']);
});
