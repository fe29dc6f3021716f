import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedSampler } from './weighted-sampler.ts';

test.each([
  [
    [1, 1, 1, 1],
    [0, 0.24, 0.25, 0.99],
    [0, 0, 1, 3],
  ],
  [
    [1, 2, 1],
    [0, 0.24, 0.25, 0.74, 0.75, 0.99],
    [0, 0, 1, 1, 2, 2],
  ],
  [
    [1000, 1],
    [0, 0.99, 0.9995],
    [0, 0, 1],
  ],
])('%j', (weights, numbers, expected) => {
  const sampler = new WeightedSampler(weights);
  expect(numbers.map((number) => sampler.at(number))).toEqual(expected);
});

test('every number falls on an index', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1 });
  const number = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(weights, number, (list, random) => {
      const at = new WeightedSampler(list).at(random);
      const total = list.reduce((sum, weight) => sum + weight, 0);
      const before = list.slice(0, at).reduce((sum, weight) => sum + weight, 0);
      expect(random * total).toBeGreaterThanOrEqual(before - 1e-6);
      expect(random * total).toBeLessThanOrEqual(before + list[at]! + 1e-6);
    }),
  );
});
