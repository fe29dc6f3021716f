/** How long to wait before another attempt to connect. */

const first = 500;
const longest = 15_000;

/**
 * Doubles with each attempt that failed, up to 15 s. Between half of it and all of it by chance, so that many pages
 * do not come back at once.
 * @param failures 1 after the first
 * @param chance 0 to 1
 */
export const backOffMs = (failures: number, chance: number): number => {
  const full = Math.min(longest, first * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full * (0.5 + chance / 2));
};
