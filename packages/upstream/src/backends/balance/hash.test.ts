import { expect, test } from 'vitest';
import { hash32, mix32 } from './hash.ts';

test.each([
  ['', 0, 2872998923],
  ['a', 0, 444641715],
  ['http://10.0.0.1:8080', 0, 2163680887],
  ['http://10.0.0.1:8080', 1, 91445728],
])(
  '%j with seed %i stays what it is: replicas of several versions share it',
  (text, seed, expected) => {
    expect(hash32(text, seed)).toBe(expected);
  },
);

test('neighbours are spread over all bits', () => {
  for (let bit = 0; bit < 32; bit++) {
    let ones = 0;
    for (let i = 0; i < 4096; i++) ones += (mix32(i) >>> bit) & 1;
    expect(Math.abs(ones / 4096 - 0.5)).toBeLessThan(0.05);
  }
});
