/** What a run says of itself while it runs, on stderr. */

/** The part that is done of work whose steps are known by what they roughly take. */
export class Estimate {
  readonly #total: number;
  #done = 0;

  /** @param total seconds that all steps would take on the machine that they were estimated on */
  constructor(total: number) {
    this.#total = total;
  }

  finish(seconds: number): void {
    this.#done += seconds;
  }

  /** 0 to 1. */
  get share(): number {
    return this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
  }

  /** Seconds still to go, where `elapsed` seconds took it here. */
  remaining(elapsed: number): number {
    const left = Math.max(0, this.#total - this.#done);
    // Before enough is done, this machine is taken for that one.
    const pace = this.share < 0.02 ? 1 : elapsed / this.#done;
    return left * pace;
  }
}

/** `about 12 min`, `about 40 s`. */
export function roughly(seconds: number): string {
  if (seconds >= 90) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
}

/** Of a stream, what is written with. */
interface Output {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

export interface Progress {
  /** A step begins. */
  begin(section: string, step: string): void;
  /** It is over; `seconds` is what it was estimated at. */
  finish(seconds: number): void;
  /** Makes room for other output. */
  clear(): void;
}

/** One line that is written over; one for each section where the output is no terminal. */
export function createProgress(total: number, output: Output): Progress {
  const estimate = new Estimate(total);
  const started = performance.now();
  let shown = '';
  return {
    begin(section, step) {
      const left = roughly(estimate.remaining((performance.now() - started) / 1000));
      const percent = `${Math.floor(estimate.share * 100)} %`.padStart(5);
      if (output.isTTY) output.write(`\r\x1b[K${percent}  ${left} left  ${section}: ${step}`);
      else if (shown !== section) output.write(`${percent}  ${left} left  ${section}\n`);
      shown = section;
    },
    finish: (seconds) => estimate.finish(seconds),
    clear() {
      if (output.isTTY) output.write('\r\x1b[K');
    },
  };
}
