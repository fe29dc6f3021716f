/** What is in progress, and has to be over before a close is: counted, and cut when its time is up. */
import { Deadline, Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { IntrusiveList, type Linked } from '@reverseit/core/internal';

/** One of it. */
export interface OpenItem extends Linked<OpenItem> {
  /** Cuts its connections, or its stream. */
  destroy(error: ReverseItError): void;
}

export class OpenSet implements DeadlineTarget {
  /** For the items, too. */
  readonly deadlines = new Deadlines();
  readonly #items = new IntrusiveList<OpenItem>();
  readonly #closeDeadline = new Deadline(this, 0);
  #closed: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  get count(): number {
    return this.#items.size;
  }

  add(item: OpenItem): void {
    this.#items.push(item);
  }

  has(item: OpenItem): boolean {
    return this.#items.has(item);
  }

  /** Nothing of it is left. */
  remove(item: OpenItem): void {
    if (!this.#items.has(item)) return;
    this.#items.remove(item);
    if (this.#items.size === 0) this.#onEmpty?.();
  }

  /**
   * Resolves when no item is left, nor a timer; cuts what is left after `timeout` ms (0 or less: at once,
   * `Infinity`: never).
   */
  async close(timeout: number): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#items.size === 0) resolve();
    });
    if (timeout <= 0) this.onDeadline();
    else this.deadlines.queue(timeout).arm(this.#closeDeadline);
    await this.#closed;
    this.deadlines.dispose();
  }

  /** The deadline of `close`. */
  onDeadline(): void {
    for (const item of this.#items.members()) item.destroy(createError('RIT_ERR_SHUTDOWN'));
  }
}
