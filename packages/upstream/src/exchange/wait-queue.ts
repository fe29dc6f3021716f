/**
 * Exchanges that wait for a connection, first in, first out. A list through the exchanges themselves:
 * joining, leaving from anywhere and taking the first cost a few pointers each.
 */

/** What may wait. The links belong to the queue. */
export interface Waiter {
  queued: boolean;
  queuePrevious: Waiter | null;
  queueNext: Waiter | null;
}

export class WaitQueue<W extends Waiter> {
  #first: W | null = null;
  #last: W | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): W | null {
    return this.#first;
  }

  push(waiter: W): void {
    waiter.queued = true;
    waiter.queuePrevious = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.queueNext = waiter;
    this.#last = waiter;
    this.#length++;
  }

  /** For one that had its turn already and lost its connection. */
  pushFirst(waiter: W): void {
    waiter.queued = true;
    waiter.queueNext = this.#first;
    if (this.#first === null) this.#last = waiter;
    else this.#first.queuePrevious = waiter;
    this.#first = waiter;
    this.#length++;
  }

  shift(): W | null {
    const first = this.#first;
    if (first !== null) this.remove(first);
    return first;
  }

  remove(waiter: W): void {
    if (!waiter.queued) return;
    // Only members of this queue are linked to each other.
    const previous = waiter.queuePrevious as W | null;
    const next = waiter.queueNext as W | null;
    if (previous === null) this.#first = next;
    else previous.queueNext = next;
    if (next === null) this.#last = previous;
    else next.queuePrevious = previous;
    waiter.queued = false;
    waiter.queuePrevious = null;
    waiter.queueNext = null;
    this.#length--;
  }
}
