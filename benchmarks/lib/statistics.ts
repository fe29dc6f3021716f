/** Medians and their company. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** All three are NaN where there are no numbers. */
export function summarize(numbers: readonly number[]): Summary {
  const sorted = inOrder(numbers);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? Number.NaN) : upper;
  return {
    median: (lower + upper) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/** Null where there are no numbers. */
export const summarizeSome = (numbers: readonly number[]): Summary | null =>
  numbers.length === 0 ? null : summarize(numbers);

/** The smallest of the numbers that a share of them, 0 to 1, does not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const rank = Math.ceil(numbers.length * share);
  return inOrder(numbers)[Math.max(0, rank - 1)] ?? Number.NaN;
}

/**
 * What one costs more than the other, round by round: a machine whose speed drifts from round to round
 * moves both alike. Rounds that only one of them has are left out.
 */
export function differences(numbers: readonly number[], others: readonly number[]): number[] {
  const rounds = Math.min(numbers.length, others.length);
  return Array.from({ length: rounds }, (_, i) => (numbers[i] ?? 0) - (others[i] ?? 0));
}

const inOrder = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
