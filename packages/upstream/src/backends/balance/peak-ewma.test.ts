import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PeakEwma } from './peak-ewma.ts';

test('it rises at once and falls slowly', () => {
  const latency = new PeakEwma();
  expect([latency.isKnown, latency.at(0)]).toEqual([false, 0]);
  latency.observe(10, 1000);
  latency.observe(100, 1001);
  expect(latency.at(1001)).toBe(100);
  latency.observe(10, 2001);
  expect(latency.at(2001)).toBeGreaterThan(70);
  for (let at = 3001; at < 200_000; at += 1000) latency.observe(10, at);
  expect(latency.at(199_000)).toBeCloseTo(10, 3);
});

test('whatever the clock does, it stays between 0 and the peak', () => {
  const steps = fc.array(
    fc.tuple(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
    ),
  );
  fc.assert(
    fc.property(steps, (observations) => {
      const latency = new PeakEwma();
      let peak = 0;
      for (const [ms, now] of observations) {
        latency.observe(ms, now);
        peak = Math.max(peak, ms);
        for (const at of [now, now + 1e6, now - 1e6]) {
          expect(latency.at(at)).toBeGreaterThanOrEqual(0);
          expect(latency.at(at)).toBeLessThanOrEqual(peak);
        }
      }
    }),
  );
});
