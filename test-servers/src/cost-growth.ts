/**
 * What a long input costs beside a short one. For parsers, whose cost must not grow faster than their input.
 */

/** Long enough to be measured, in µs of CPU time. */
const measurable = 1000;
/** The least of so many counts: a busy machine makes some of them dearer, and none cheaper. */
const tries = 12;

/** How many calls take long enough. */
function measurableCalls(call: () => unknown): number {
  for (let calls = 1; ; calls *= 2) if (cost(call, calls) * calls >= measurable) return calls;
}

/** CPU time of one call among so many, in µs. */
function cost(call: () => unknown, calls: number): number {
  const start = process.cpuUsage();
  for (let nth = 0; nth < calls; nth += 1) call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

/**
 * How many times the CPU time of `run` is taken by an input that is `factor` times as long: about `factor`
 * where the cost is linear, `factor` squared where it is quadratic.
 *
 * @param make makes an input of so many characters or members
 */
export function costGrowth<T>(
  make: (size: number) => T,
  run: (input: T) => unknown,
  size: number,
  factor: number,
): number {
  const short = make(size);
  const long = make(size * factor);
  // Code is compiled first.
  run(short);
  run(long);
  const [runShort, runLong] = [() => run(short), () => run(long)];
  const [shortCalls, longCalls] = [measurableCalls(runShort), measurableCalls(runLong)];
  const least = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY };
  // In turns, so that both meet the same machine.
  for (let done = 0; done < tries; done += 1) {
    least.short = Math.min(least.short, cost(runShort, shortCalls));
    least.long = Math.min(least.long, cost(runLong, longCalls));
  }
  return least.long / least.short;
}
