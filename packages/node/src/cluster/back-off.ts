/** How long to wait before a worker is replaced that keeps ending. */

/** The first delay; each further one is twice as long. */
const firstMs = 100;
/** The longest one: while no worker is left, the port is closed. */
const maxMs = 10_000;
/** A worker that has listened this long counts as healthy. */
const steadyMs = 30_000;

/** The delays of one worker's replacements: none for the first, then longer and longer ones. */
export class BackOff {
  #failures = 0;

  /**
   * Milliseconds from the end of a worker to the start of the next.
   * @param upMs how long it has listened; 0 if it never has
   */
  next(upMs: number): number {
    if (upMs >= steadyMs) this.#failures = 0;
    const delay = this.#failures === 0 ? 0 : firstMs * 2 ** (this.#failures - 1);
    this.#failures += 1;
    return Math.min(delay, maxMs);
  }
}
