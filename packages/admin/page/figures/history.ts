/** The last samples of some series, as a chart wants them: one column of times, one of values for each series. */

/** Times in seconds, then each series; null where a value is unknown. */
export type Columns = [times: number[], ...series: (number | null)[][]];

export class History {
  readonly #capacity: number;
  readonly #gapMs: number;
  readonly #columns: Columns;

  /** Samples that are further apart than `gapMs` are not joined by a line. */
  constructor(series: number, capacity: number, gapMs: number) {
    this.#capacity = capacity;
    this.#gapMs = gapMs;
    this.#columns = [[], ...Array.from({ length: series }, (): (number | null)[] => [])];
  }

  get length(): number {
    return this.#columns[0].length;
  }

  /** Adds a sample of a time in ms, one value for each series. An older one than the last is ignored. */
  push(timeMs: number, values: readonly (number | null)[]): void {
    const last = this.#columns[0].at(-1);
    if (last !== undefined) {
      if (timeMs <= last * 1000) return;
      if (timeMs - last * 1000 > this.#gapMs) this.#append(last + 0.001, []);
    }
    this.#append(timeMs / 1000, values);
  }

  /** What is younger than `windowMs` before the last sample. Arrays of its own: they may be kept. */
  columns(windowMs: number): Columns {
    const [times, ...series] = this.#columns;
    const from = (times.at(-1) ?? 0) - windowMs / 1000;
    const start = times.findIndex((time) => time >= from);
    const first = start === -1 ? times.length : start;
    return [times.slice(first), ...series.map((column) => column.slice(first))];
  }

  #append(time: number, values: readonly (number | null)[]): void {
    const [times, ...series] = this.#columns;
    times.push(time);
    for (const [i, column] of series.entries()) column.push(values[i] ?? null);
    // Few enough to be moved: a true ring would have to be copied for each drawing.
    if (times.length > this.#capacity) for (const column of this.#columns) column.shift();
  }
}

/** The last, the mean and the largest of what is known. */
export interface Summary {
  readonly now: number | null;
  readonly mean: number | null;
  readonly max: number | null;
}

export const summarize = (column: readonly (number | null)[]): Summary => {
  let sum = 0;
  let count = 0;
  let max: number | null = null;
  for (const value of column) {
    if (value === null) continue;
    sum += value;
    count += 1;
    if (max === null || value > max) max = value;
  }
  return { now: column.at(-1) ?? null, mean: count === 0 ? null : sum / count, max };
};
