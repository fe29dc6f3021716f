import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { type OpenItem, OpenSet } from '../../lifecycle/open-set.ts';

/** Between two looks at whose turn it is to close, in ms. */
const lookMs = 20;

/** A WebSocket that can be told to close. */
export interface ClosableItem extends OpenItem {
  close(): void;
}

/** The WebSockets of a server that are open, each until both of its sockets are closed. */
export class OpenWebSockets extends OpenSet {
  #spread: SpreadCloses | null = null;
  #closing = false;

  /** The server closes: one that opens now is to close at once. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Those that are told to shut down from now on close one after another, over so many ms. */
  beginClose(spread: number): void {
    if (!this.#closing && spread > 0) this.#spread = new SpreadCloses(this, spread);
    this.#closing = true;
  }

  /** Closes it now, or when its turn comes. */
  shutdown(item: ClosableItem): void {
    if (this.#spread === null) item.close();
    else this.#spread.add(item);
  }
}

/** Closes items one after another, evenly over a time. */
class SpreadCloses implements DeadlineTarget {
  readonly #owner: OpenWebSockets;
  readonly #ms: number;
  readonly #items: ClosableItem[] = [];
  readonly #deadline = new Deadline(this, 0);
  #since = 0;
  #done = 0;

  constructor(owner: OpenWebSockets, ms: number) {
    this.#owner = owner;
    this.#ms = ms;
  }

  /** All of them are added in the turn in which the server begins to close. */
  add(item: ClosableItem): void {
    const { deadlines } = this.#owner;
    if (this.#items.length === 0) {
      this.#since = deadlines.now();
      deadlines.queue(lookMs).arm(this.#deadline);
    }
    this.#items.push(item);
  }

  onDeadline(): void {
    const { deadlines } = this.#owner;
    const share = (deadlines.now() - this.#since) / this.#ms;
    const due = Math.min(this.#items.length, Math.ceil(this.#items.length * share));
    while (this.#done < due) {
      const item = this.#items[this.#done++];
      if (item !== undefined && this.#owner.has(item)) item.close();
    }
    if (this.#done < this.#items.length) deadlines.queue(lookMs).arm(this.#deadline);
  }
}
