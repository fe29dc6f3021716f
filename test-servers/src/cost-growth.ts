/** What a long input costs beside a short one. For parsers, whose cost must not grow faster than their input. */

/** Long enough to be measured, in µs of CPU time. */
const measurable = 1000;
const tries = 4;

/** CPU time of one call, in µs: the least of some tries, since others use the machine as well. */
function cost(call: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let done = 0, calls = 1; done < tries; ) {
    const start = process.cpuUsage();
    for (let nth = 0; nth < calls; nth += 1) call();
    const { user, system } = process.cpuUsage(start);
    if (user + system < measurable) calls *= 2;
    else {
      least = Math.min(least, (user + system) / calls);
      done += 1;
    }
  }
  return least;
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
  return cost(() => run(long)) / cost(() => run(short));
}
