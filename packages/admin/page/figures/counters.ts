/** Rates from two readings of a counter that only grows. */

/**
 * Increase per second. Null where it is unknown: no time has passed, or the counter went back, as a sum over
 * workers does when one of them ends.
 */
export const ratePerSecond = (before: number, after: number, elapsedMs: number): number | null =>
  elapsedMs > 0 && after >= before ? ((after - before) * 1000) / elapsedMs : null;

/** A part of a whole, 0 to 1; 0 of nothing, null where one of them is unknown. */
export const share = (part: number | null, whole: number | null): number | null => {
  if (part === null || whole === null) return null;
  return whole === 0 ? 0 : Math.min(1, part / whole);
};
