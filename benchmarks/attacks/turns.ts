/**
 * How long the turns of this process's event loop are, in CPU time of its main thread: what others wait for,
 * whether or not the machine is busy with something else.
 */
export interface Turns {
  /** CPU time of the longest turn, in ms; up to `interval` too much. */
  readonly longest: number;
  /** Half of the CPU time was used in turns of at least so many ms: one that is long by chance counts little. */
  readonly typical: number;
  /** The longest by the clock, in ms: on a busy machine much more than the CPU time. */
  readonly longestByClock: number;
}

/** Time between two looks, in ms, and so how exact the watch is: a turn that is shorter is not told apart. */
const interval = 2;

export class TurnWatch {
  /** CPU times in µs. */
  #turns: number[] = [];
  #longestByClock = 0;
  #cpu = 0;
  #clock = 0;

  constructor() {
    this.restart();
    this.#look();
  }

  /** Forgets the turns so far. */
  restart(): void {
    this.#turns = [];
    this.#longestByClock = 0;
    this.#cpu = cpuTime();
    this.#clock = performance.now();
  }

  /** Since the start; the present turn, too. */
  turns(): Turns {
    this.#record();
    const [longest = 0] = this.#turns.sort((one, other) => other - one);
    return {
      longest: longest / 1000,
      typical: typical(this.#turns) / 1000,
      longestByClock: this.#longestByClock,
    };
  }

  /**
   * The loop runs due timers once in each turn: between two looks there is one turn that is longer than the
   * interval, or several that are not longer in all.
   */
  #look(): void {
    setTimeout(() => {
      this.#record();
      this.#look();
    }, interval).unref();
  }

  #record(): void {
    const cpu = cpuTime();
    const clock = performance.now();
    this.#turns.push(cpu - this.#cpu);
    this.#longestByClock = Math.max(this.#longestByClock, clock - this.#clock - interval);
    this.#cpu = cpu;
    this.#clock = clock;
  }
}

/** The one in the middle, where each counts as much as it is long; they come with the longest first. */
function typical(turns: readonly number[]): number {
  let rest = turns.reduce((sum, turn) => sum + turn, 0) / 2;
  for (const turn of turns) {
    rest -= turn;
    if (rest <= 0) return turn;
  }
  return 0;
}

/** Of this thread, in µs: neither the compiler's nor the collector's helpers, nor zlib's. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
