/**
 * What all requests together may hold of their bodies before the backend is asked. One request's share
 * is `requestBodyBufferSize`; thousands of clients that stall just below it would add up, so beyond the
 * budget a body is streamed at once instead.
 */
export class BufferBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** False: nothing was reserved, as the budget is used up. */
  reserve(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  release(bytes: number): void {
    this.#left += bytes;
  }
}
