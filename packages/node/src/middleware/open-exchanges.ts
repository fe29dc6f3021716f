/** The exchanges of a handler that are under way: their number, their deadlines, and their end. */

import type { Duplex } from 'node:stream';
import type { Tunnel } from '@reverseit/core';
import {
  Deadline,
  type DeadlineQueue,
  Deadlines,
  type DeadlineTarget,
} from '@reverseit/core/deadlines';
import { fail, type ReverseItError } from '@reverseit/core/errors';

/** One of them. */
export interface OpenExchange {
  /** Cuts its connection or stream. */
  destroy(error: ReverseItError): void;
}

export class OpenExchanges implements DeadlineTarget {
  readonly deadlines = new Deadlines();
  readonly sendDeadlines: DeadlineQueue;
  readonly #open = new Set<OpenExchange>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #closeDeadline = new Deadline(this, 0);
  #closed: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  /** `sendTimeout`: how long a client may take no byte of a response, in ms. */
  constructor(sendTimeout: number) {
    this.sendDeadlines = this.deadlines.queue(sendTimeout);
  }

  get count(): number {
    return this.#open.size;
  }

  get closing(): boolean {
    return this.#closed !== null;
  }

  add(exchange: OpenExchange): void {
    this.#open.add(exchange);
  }

  /** Nothing of it is left. */
  remove(exchange: OpenExchange): void {
    this.#open.delete(exchange);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /** What an exchange has become lasts as long as its socket. */
  switch(tunnel: Tunnel, socket: Duplex): void {
    this.#tunnels.add(tunnel);
    socket.on('close', () => this.#tunnels.delete(tunnel));
  }

  /**
   * Ends the tunnels in good order. Resolves when all exchanges are over; cuts what is left of them after
   * `timeout` ms.
   */
  async close(timeout: number): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#open.size === 0) resolve();
    });
    for (const tunnel of [...this.#tunnels]) tunnel.shutdown();
    if (timeout <= 0) this.onDeadline();
    else this.deadlines.queue(timeout).arm(this.#closeDeadline);
    await this.#closed;
    this.deadlines.dispose();
  }

  /** The deadline of `close`. */
  onDeadline(): void {
    for (const exchange of [...this.#open]) exchange.destroy(fail('RIT_ERR_SHUTDOWN'));
  }
}
