import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, percentile, summarize } from './statistics.ts';

describe('summarize', () => {
  it.each([
    { name: 'one number', numbers: [7], median: 7, min: 7, max: 7 },
    { name: 'an odd count, out of order', numbers: [9, 1, 5], median: 5, min: 1, max: 9 },
    { name: 'an even count', numbers: [1, 2, 10, 4], median: 3, min: 1, max: 10 },
    {
      name: 'numbers that text would order otherwise',
      numbers: [9, 10, 100],
      median: 10,
      min: 9,
      max: 100,
    },
    { name: 'no numbers', numbers: [], median: Number.NaN, min: Number.NaN, max: Number.NaN },
  ])('$name', ({ numbers, median, min, max }) => {
    expect(summarize(numbers)).toEqual({ median, min, max });
  });

  it('leaves the numbers in their order', () => {
    const numbers = [3, 1, 2];
    summarize(numbers);
    expect(numbers).toEqual([3, 1, 2]);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  it.each([
    { share: 0, expected: 1 },
    { share: 0.5, expected: 50 },
    { share: 0.99, expected: 99 },
    { share: 1, expected: 100 },
  ])('of 1 to 100 at $share', ({ share, expected }) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  it('is the number itself where there is one', () => {
    expect(percentile([4], 0.99)).toBe(4);
  });

  it('is not exceeded by its share of the numbers, and by no number below it', () => {
    const numbers = fc.array(fc.integer(), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 1, noNaN: true }), (list, share) => {
        const found = percentile(list, share);
        const upTo = (most: number): number => list.filter((one) => one <= most).length;
        expect(upTo(found)).toBeGreaterThanOrEqual(list.length * share - 1e-9);
        expect(list.filter((one) => one < found).length).toBeLessThan(list.length * share);
      }),
    );
  });
});

describe('differences', () => {
  it.each([
    { name: 'round by round', numbers: [5, 7], others: [4, 9], expected: [1, -2] },
    { name: 'without rounds that one lacks', numbers: [5, 7, 9], others: [4], expected: [1] },
    { name: 'without rounds', numbers: [], others: [1], expected: [] },
  ])('$name', ({ numbers, others, expected }) => {
    expect(differences(numbers, others)).toEqual(expected);
  });
});
