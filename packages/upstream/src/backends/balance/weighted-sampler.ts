/**
 * Draws an index with a probability in proportion to its weight, in O(log n); O(1) where all weights are
 * equal.
 */
export class WeightedSampler {
  readonly #count: number;
  /** Sums of the weights so far; null where all are equal. */
  readonly #sums: Float64Array | null;

  /** @param weights each above 0 */
  constructor(weights: readonly number[]) {
    this.#count = weights.length;
    this.#sums = weights.every((weight) => weight === weights[0]) ? null : sumsOf(weights);
  }

  /** The index that a number from 0 to below 1 falls on. */
  at(random: number): number {
    const sums = this.#sums;
    if (sums === null) return Math.floor(random * this.#count);
    const wanted = random * (sums.at(-1) as number);
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function sumsOf(weights: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => {
    sum += weight;
    return sum;
  });
}
