import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Buckets, bucketsBetween, quantile } from './quantile.ts';

const bounds = [1, 2, 5, 10];

it.each([
  ['nothing', [0, 0, 0, 0, 0], 0.5, null],
  ['the middle of one bucket', [0, 0, 4, 0, 0], 0.5, 3.5],
  ['the end of a bucket', [5, 5, 0, 0, 0], 0.5, 1],
  ['the first bucket, which begins at 0', [10, 0, 0, 0, 0], 0.1, 0.1],
  ['above the last bound', [0, 0, 0, 0, 3], 0.5, 10],
  ['the least of all', [0, 3, 0, 0, 0], 0, 1],
  ['the largest of all', [0, 3, 0, 0, 0], 1, 2],
])('a percentile of %s', (_, counts, q, expected) => {
  expect(quantile({ bounds, counts }, q)).toBe(expected);
});

it('takes the difference of two readings', () => {
  const before = { bounds, counts: [1, 2, 3, 4, 5] };
  const after = { bounds, counts: [1, 4, 3, 5, 5] };
  expect(bucketsBetween(before, after)?.counts).toEqual([0, 2, 0, 1, 0]);
});

it.each([
  ['a count went back', { bounds, counts: [0, 4, 3, 5, 5] }],
  ['bounds changed', { bounds: [1, 2, 5, 11], counts: [1, 4, 3, 5, 5] }],
  ['there are more buckets', { bounds: [...bounds, 20], counts: [1, 4, 3, 5, 5, 0] }],
  ['a count is missing', { bounds, counts: [1, 4, 3, 5] }],
])('there is no difference where %s', (_, after) => {
  expect(bucketsBetween({ bounds, counts: [1, 2, 3, 4, 5] }, after)).toBeNull();
});

const someBuckets: fc.Arbitrary<Buckets> = fc
  .uniqueArray(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 })
  .chain((list) =>
    fc.record({
      bounds: fc.constant([...list].sort((a, b) => a - b)),
      counts: fc.array(fc.nat(1e6), { minLength: list.length + 1, maxLength: list.length + 1 }),
    }),
  );

it('a percentile is between the bounds of a bucket that has values, and grows with its share', () => {
  fc.assert(
    fc.property(someBuckets, fc.double({ min: 0, max: 1, noNaN: true }), (buckets, q) => {
      const value = quantile(buckets, q);
      const isEmpty = buckets.counts.every((count) => count === 0);
      if (value === null) return isEmpty;
      const i = buckets.bounds.findIndex((bound) => value <= bound * (1 + 1e-12));
      const median = quantile(buckets, q / 2) ?? 0;
      return !isEmpty && i !== -1 && value >= 0 && median <= value * (1 + 1e-12);
    }),
  );
});

it('the true percentile lies in the bucket of the one that is found', () => {
  const values = fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.5, 0.9, 0.99), (list, q) => {
      const bucketOf = (value: number): number => {
        const i = bounds.findIndex((bound) => value <= bound);
        return i === -1 ? bounds.length : i;
      };
      const counts = [0, 0, 0, 0, 0];
      for (const value of list) counts[bucketOf(value)]! += 1;
      const sorted = [...list].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(q * list.length - 1e-9) - 1)]!;
      const found = quantile({ bounds, counts }, q)!;
      const bucket = bucketOf(exact);
      expect(found).toBeGreaterThanOrEqual(bucket === 0 ? 0 : bounds[bucket - 1]!);
      expect(found).toBeLessThanOrEqual(bounds[Math.min(bucket, bounds.length - 1)]!);
    }),
  );
});
