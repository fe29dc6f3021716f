/**
 * How long the turns of this process's event loop are, in CPU time of its main thread: what others wait for,
 * whether or not the machine is busy with something else.
 */
import { createHistogram } from 'node:perf_hooks';

export interface Turns {
  /** CPU time of the longest turn, and what 99 % of them did not exceed, in ms; up to `interval` too much. */
  readonly longest: number;
  readonly p99: number;
  /** The longest by the clock, in ms: on a busy machine much more than the CPU time. */
  readonly longestByClock: number;
}

/** Time between two looks, in ms, and so how exact the watch is: a turn that is shorter is not told apart. */
const interval = 2;

export class TurnWatch {
  readonly #turns = createHistogram();
  #longestByClock = 0;
  #cpu = 0;
  #clock = 0;

  constructor() {
    this.restart();
    this.#look();
  }

  /** Forgets the turns so far. */
  restart(): void {
    this.#turns.reset();
    this.#longestByClock = 0;
    this.#cpu = cpuTime();
    this.#clock = performance.now();
  }

  /** Since the start; the present turn, too. */
  turns(): Turns {
    this.#record();
    const { max, count } = this.#turns;
    return {
      longest: count === 0 ? 0 : max / 1000,
      p99: count === 0 ? 0 : this.#turns.percentile(99) / 1000,
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
    // A histogram takes no 0.
    this.#turns.record(Math.max(1, Math.round(cpu - this.#cpu)));
    this.#longestByClock = Math.max(this.#longestByClock, clock - this.#clock - interval);
    this.#cpu = cpu;
    this.#clock = clock;
  }
}

/** Of this thread, in µs: neither the compiler's nor the collector's helpers, nor zlib's. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
