/** The WebSockets of a server that are open: their number, their deadlines, and their end. */
import { Deadline, Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import { fail, type ReverseItError } from '@reverseit/core/errors';

/** One of them. */
export interface OpenWebSocket {
  /** Cuts both connections. */
  destroy(error: ReverseItError): void;
}

export class OpenWebSockets implements DeadlineTarget {
  readonly deadlines = new Deadlines();
  /** The server closes: one that opens now is to close at once. */
  closing = false;
  readonly #open = new Set<OpenWebSocket>();
  readonly #closeDeadline = new Deadline(this, 0);
  #closed: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  get count(): number {
    return this.#open.size;
  }

  add(webSocket: OpenWebSocket): void {
    this.#open.add(webSocket);
  }

  /** Both of its sockets are closed. */
  remove(webSocket: OpenWebSocket): void {
    this.#open.delete(webSocket);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /**
   * Resolves when all are closed; cuts what is left after `timeout` ms, `Infinity` for never. None may be
   * added any more. No timer is left then.
   */
  async close(timeout: number): Promise<void> {
    if (this.#open.size > 0) {
      this.#closed ??= new Promise((resolve) => {
        this.#onEmpty = resolve;
      });
      if (timeout <= 0) this.onDeadline();
      else this.deadlines.queue(timeout).arm(this.#closeDeadline);
      await this.#closed;
    }
    this.deadlines.dispose();
  }

  onDeadline(): void {
    for (const webSocket of [...this.#open]) webSocket.destroy(fail('RIT_ERR_SHUTDOWN'));
  }
}
