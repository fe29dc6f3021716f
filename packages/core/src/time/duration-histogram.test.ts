import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationHistogram, durationBounds } from './duration-histogram.ts';

describe('DurationHistogram', () => {
  it('has bounds from 0.1 ms to a minute, each above the one before', () => {
    expect(durationBounds[0]).toBe(0.0001);
    expect(durationBounds.at(-1)).toBe(60);
    expect(durationBounds).toEqual([...new Set(durationBounds)].sort((a, b) => a - b));
  });

  it.each([
    ['nothing', 0, 0],
    ['a bound itself belongs below it', 0.1, 0],
    ['just above a bound', 0.100001, 1],
    ['a second', 1000, 12],
    ['the last bound', 60_000, 17],
    ['beyond all bounds', 60_001, 18],
    ['for ever', Number.POSITIVE_INFINITY, 18],
  ])('%s', (_, ms, bucket) => {
    const histogram = new DurationHistogram();
    histogram.observe(ms);
    const { counts, sum } = histogram.read();
    expect(counts).toHaveLength(durationBounds.length + 1);
    expect(counts.indexOf(1)).toBe(bucket);
    expect(sum).toBe(ms / 1000);
  });

  it('counts each duration once, in the first bucket whose bound it does not exceed', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100_000, noNaN: true })), (durations) => {
        const histogram = new DurationHistogram();
        const expected = new Array<number>(durationBounds.length + 1).fill(0);
        for (const ms of durations) {
          histogram.observe(ms);
          const bucket = durationBounds.findIndex((bound) => ms <= bound * 1000);
          const at = bucket < 0 ? durationBounds.length : bucket;
          expected[at] = (expected[at] ?? 0) + 1;
        }
        expect(histogram.read().counts).toEqual(expected);
      }),
    );
  });
});
