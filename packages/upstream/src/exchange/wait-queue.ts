/** Exchanges that wait for a connection, first in, first out. */
import { IntrusiveList, type Linked } from '@reverseit/core/internal';

/** What may wait. The fields belong to the queue. */
export interface Waiter<W> extends Linked<W> {
  queued: boolean;
}

export class WaitQueue<W extends Waiter<W>> {
  readonly #list = new IntrusiveList<W>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): W | null {
    return this.#list.first;
  }

  push(waiter: W): void {
    waiter.queued = true;
    this.#list.push(waiter);
    this.#length++;
  }

  /** For one that had its turn already and lost its connection. */
  pushFirst(waiter: W): void {
    waiter.queued = true;
    this.#list.pushFirst(waiter);
    this.#length++;
  }

  remove(waiter: W): void {
    if (!waiter.queued) return;
    this.#list.remove(waiter);
    waiter.queued = false;
    this.#length--;
  }
}
