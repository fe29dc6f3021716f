/**
 * Waits until nobody is left who has connected before a server closes. The kernel accepts connections ahead
 * of us, and resets those in its queue when the listening socket is closed: clients that have sent their
 * request by then would get no byte. The event loop takes whatever waits in each of its turns; a whole turn
 * without a connection means that none did.
 *
 * Between the last look and the close there are microseconds that nothing can cover: a balancer that goes on
 * sending has to be told first.
 */

/** A turn may have been in progress when the wait began; the next one is whole. */
const quietTurns = 2;

/** Longest wait under connections that do not cease, in ms. */
const maxWait = 1000;

export interface DrainOptions {
  /**
   * How long nobody may have come, in ms: 0 where our own event loop accepts, more where another process
   * hands connections over.
   */
  readonly quietMs: number;
  /** Whether a connection is known to be on its way. */
  isPending?(): boolean;
}

export class AcceptDrain {
  readonly #options: DrainOptions;
  #onQuiet: (() => void) | null;
  readonly #since = performance.now();
  #lastAccept = this.#since;
  #turns = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #onTurn = (): void => this.#look();

  /** `onQuiet` is called once, never from within. */
  constructor(options: DrainOptions, onQuiet: () => void) {
    this.#options = options;
    this.#onQuiet = onQuiet;
    setImmediate(this.#onTurn);
  }

  /** A connection has come. */
  onAccept(): void {
    this.#turns = 0;
    this.#lastAccept = performance.now();
  }

  /** Waits no longer. */
  finish(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const onQuiet = this.#onQuiet;
    this.#onQuiet = null;
    onQuiet?.();
  }

  #look(): void {
    this.#timer = null;
    if (this.#onQuiet === null) return;
    const now = performance.now();
    this.#turns = this.#options.isPending?.() === true ? 0 : this.#turns + 1;
    if (now - this.#since >= maxWait) {
      this.finish();
      return;
    }
    const left = this.#options.quietMs - (now - this.#lastAccept);
    if (this.#turns < quietTurns) setImmediate(this.#onTurn);
    else if (left <= 0) this.finish();
    else {
      // Turns count after the wait only: what comes while the process sleeps is seen in the next ones.
      this.#turns = 0;
      this.#timer = setTimeout(this.#onTurn, Math.min(left, maxWait));
    }
  }
}
