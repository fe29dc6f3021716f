/**
 * Counts durations in buckets that are fixed, so that an observation allocates nothing, and histograms of several
 * processes add up. The bounds go by 1, 2, 5 from 0.1 ms to a minute.
 */

/** Upper bounds of the buckets in ms; one more bucket is for what is longer. */
const boundsMs = Float64Array.of(
  0.1,
  0.2,
  0.5,
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
  30_000,
  60_000,
);

/** Upper bounds of the buckets in seconds. */
export const durationBounds: readonly number[] = Object.freeze(
  // Not divided: 0.2 is to be 0.2.
  [...boundsMs].map((ms) => Number(`${ms}e-3`)),
);

/** A histogram at one moment. */
export interface DurationCounts {
  /** Of each bucket, the one beyond all bounds last. Not cumulative. */
  readonly counts: readonly number[];
  /** Of all durations, in seconds. */
  readonly sum: number;
}

export class DurationHistogram {
  /** The buckets, then the sum in ms: a field would be allocated anew with each change. */
  readonly #cells = new Float64Array(boundsMs.length + 2);

  /** Counts a duration of so many ms. */
  observe(ms: number): void {
    const cells = this.#cells;
    const { length } = boundsMs;
    let bucket = 0;
    while (bucket < length && ms > (boundsMs[bucket] as number)) bucket++;
    cells[bucket] = (cells[bucket] as number) + 1;
    cells[length + 1] = (cells[length + 1] as number) + ms;
  }

  /** Takes over what another one has counted. */
  add(other: DurationHistogram): void {
    const cells = this.#cells;
    for (let nth = 0; nth < cells.length; nth++) {
      cells[nth] = (cells[nth] as number) + (other.#cells[nth] as number);
    }
  }

  read(): DurationCounts {
    const last = boundsMs.length + 1;
    return {
      counts: [...this.#cells.subarray(0, last)],
      sum: (this.#cells[last] as number) / 1000,
    };
  }
}
