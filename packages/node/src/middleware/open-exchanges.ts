import type { Duplex } from 'node:stream';
import type { Tunnel } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { OpenSet } from '../lifecycle/open-set.ts';

/** The exchanges of a handler in progress, and what they have become by a switch of protocols. */
export class OpenExchanges extends OpenSet {
  readonly sendDeadlines: DeadlineQueue;
  /** Tells of what a handler of an exchange threw. */
  readonly report: (error: ReverseItError) => void;
  readonly #tunnels = new Set<Tunnel>();
  #closing = false;

  /** `sendTimeout`: how long a client may take no byte of a response, in ms. */
  constructor(sendTimeout: number, report: (error: ReverseItError) => void) {
    super();
    this.report = report;
    this.sendDeadlines = this.deadlines.queue(sendTimeout);
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** What an exchange has become lasts as long as its socket. */
  switch(tunnel: Tunnel, socket: Duplex): void {
    this.#tunnels.add(tunnel);
    socket.on('close', () => this.#tunnels.delete(tunnel));
  }

  /** Ends the tunnels in good order, and waits for the exchanges. */
  override close(timeout: number): Promise<void> {
    this.#closing = true;
    for (const tunnel of [...this.#tunnels]) tunnel.shutdown();
    return super.close(timeout);
  }
}
