import { expect, test } from 'vitest';
import { readDecimal } from './digits.ts';

const numbers: readonly [text: string, value: number][] = [
  ['0', 0],
  ['00', 0],
  ['7', 7],
  ['0042', 42],
  [`${'0'.repeat(100)}1`, 1],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', -1],
  ['9007199254740993', -1],
  ['9999999999999999', -1],
  ['10000000000000000', -1],
  ['18446744073709551617', -1],
  ['', -1],
  ['-1', -1],
  ['+1', -1],
  [' 1', -1],
  ['1 ', -1],
  ['1,1', -1],
  ['1.0', -1],
  ['1e3', -1],
  ['0x1', -1],
  ['1_0', -1],
  ['a', -1],
  ['/', -1],
  [':', -1],
  ['٣', -1],
  ['１', -1],
];

test.for(numbers)('1*DIGIT %j is %d (RFC 9110 §8.6)', ([text, value]) => {
  expect(readDecimal(text)).toBe(value);
});
