import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minInterval, refreshInterval } from './refresh-interval.ts';

test.each([
  [30_000, null, 0, 30_000],
  [30_000, 60_000, 0, 30_000],
  [30_000, 30_000, 0, 30_000],
  [30_000, 29_000, 0, 15_000],
  [30_000, 10_000, 0, 7500],
  // Consul's default.
  [30_000, 0, 0, 7500],
  [30_000, -1, 0, 7500],
  [3000, 0, 0, 3000],
  [30_000, 0, 1, 1000],
  [30_000, null, 2, 2000],
  [30_000, null, 5, 16_000],
  [30_000, null, 6, 30_000],
  [30_000, null, 1e9, 30_000],
  [500, null, 1, 500],
])('interval %s, TTL %s, %s failures: %s ms', (interval, ttl, failures, ms) => {
  expect(refreshInterval(interval, { ttl, failures })).toBe(ms);
});

test('it is at most the interval, no shorter than the minimum, and one of few', () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 2 ** 31 * 1000 }), (ttl) => {
      const ms = refreshInterval(86_400_000, { ttl, failures: 0 });
      expect(ms).toBeLessThanOrEqual(86_400_000);
      expect(ms).toBeGreaterThanOrEqual(minInterval);
      seen.add(ms);
    }),
    { numRuns: 1000 },
  );
  expect(seen.size).toBeLessThan(20);
});
