/** The longest delay of a timer in Node. */
const maxDelay = 2 ** 31 - 1;

/** A time that passes before a close begins, and that can be cut short. */
export class Grace {
  readonly over: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  readonly #end: () => void;

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#end = resolve;
    // It holds the process, in which nothing else may go on.
    this.#timer = setTimeout(this.#end, Math.min(ms, maxDelay));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#end();
  }
}

/** How a proxy or a cluster closes. */
export interface ShutdownOptions {
  /** What is left after so many ms is cut; 0: at once. Default: the option `closeTimeout`. */
  readonly timeout?: number;
  /** For so many ms it goes on to accept connections, and is not ready. Default: the option `shutdownDelay`. */
  readonly delay?: number;
}
