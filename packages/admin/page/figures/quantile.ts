/** Percentiles of what happened between two readings of a histogram. */

/** Values in each bucket, which ends at the bound of the same index; one more counts what is above the last. */
export interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** What came between two readings; null where the buckets differ or a count went back. */
export const bucketsBetween = (before: Buckets, after: Buckets): Buckets | null => {
  const { bounds, counts } = after;
  if (bounds.length !== before.bounds.length || counts.length !== before.counts.length) return null;
  if (bounds.some((bound, i) => bound !== before.bounds[i])) return null;
  const added = counts.map((count, i) => count - (before.counts[i] ?? 0));
  return added.some((count) => count < 0) ? null : { bounds, counts: added };
};

/**
 * The value below which a share `q` of the values lies, taken as evenly spread over its bucket. Values above the
 * last bound count as that bound. Null of no values.
 */
export const quantile = ({ bounds, counts }: Buckets, q: number): number | null => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = q * total;
  let below = 0;
  for (let i = 0; i < bounds.length; i += 1) {
    const count = counts[i] ?? 0;
    if (count > 0 && below + count >= rank) {
      const start = i === 0 ? 0 : (bounds[i - 1] ?? 0);
      const end = bounds[i] ?? start;
      return start + ((end - start) * Math.max(0, rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1) ?? null;
};
