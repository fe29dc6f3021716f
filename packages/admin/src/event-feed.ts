/**
 * The live figures as server-sent events (WHATWG HTML §9.2). They are taken once for all readers, and only while there
 * are any. A reader that has not taken the last event yet misses this one: nothing is kept for it.
 */
import type { Exchange } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import type { ProxyStats } from './stats.ts';

/** Time between two events, in ms. */
const intervalMs = 1000;

const maxReaders = 32;

const fields = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  'cross-origin-resource-policy',
  'same-origin',
];

export class EventFeed {
  readonly #take: () => ProxyStats | Promise<ProxyStats>;
  readonly #readers = new Set<Exchange>();
  #timer: NodeJS.Timeout | null = null;
  #taking = false;

  constructor(take: () => ProxyStats | Promise<ProxyStats>) {
    this.#take = take;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** False where there are too many readers already; then nothing was sent. */
  add(exchange: Exchange): boolean {
    if (this.#readers.size >= maxReaders) return false;
    exchange.handler = {
      onBody: ignore,
      onBodyEnd: ignore,
      onDrain: ignore,
      onAbort: (_error: ReverseItError) => this.#remove(exchange),
    };
    exchange.sendHead(200, '', fields, null);
    exchange.write(Buffer.from('retry: 2000\n\n'));
    this.#readers.add(exchange);
    this.#timer ??= setInterval(() => this.#tick(), intervalMs).unref();
    this.#tick();
    return true;
  }

  /** Answers HEAD: with the head that a reader gets. */
  showHead(exchange: Exchange): void {
    exchange.sendHead(200, '', fields, null);
    exchange.end();
  }

  #remove(exchange: Exchange): void {
    this.#readers.delete(exchange);
    if (this.#readers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    if (this.#taking) return;
    this.#taking = true;
    Promise.resolve()
      .then(() => this.#take())
      .then((stats) => this.#send(stats), ignore)
      .finally(() => {
        this.#taking = false;
      });
  }

  #send(stats: ProxyStats): void {
    const event = Buffer.from(`event: stats\ndata: ${JSON.stringify(stats)}\n\n`);
    for (const exchange of this.#readers) if (!exchange.needsDrain) exchange.write(event);
  }

  /** Ends every stream. */
  close(): void {
    for (const exchange of [...this.#readers]) {
      this.#remove(exchange);
      exchange.end();
    }
  }
}

function ignore(): void {
  // A request for events has no content, and what is not taken is not sent again.
}
