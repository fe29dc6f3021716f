/** The live figures: a stream of events that is opened again whenever it ends. */
import type { ProxyStats } from '../../src/stats.ts';
import { backOffMs } from './back-off.ts';
import { EventParser } from './event-parser.ts';
import { authorization } from './token.ts';

export interface FeedDelegate {
  onStats(stats: ProxyStats): void;
  /** The stream ended, or could not be opened. The next attempt comes after `retryMs`. */
  onLost(why: string, retryMs: number): void;
  /** The proxy wants a token, or another one. Call `start` when there is one. */
  onTokenNeeded(): void;
}

/** A stream that says nothing for so long is taken for dead. */
const silenceMs = 15_000;

/** Of the form that this page reads. */
const isStats = (value: unknown): value is ProxyStats =>
  typeof value === 'object' && value !== null && 'format' in value && value.format === 1;

export class Feed {
  readonly #delegate: FeedDelegate;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(delegate: FeedDelegate) {
    this.#delegate = delegate;
  }

  /** Opens the stream; one that is open is replaced. */
  start(): void {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.#read(abort).then(
      () => this.#lost(abort, 'the proxy has ended the stream'),
      (error: unknown) => this.#lost(abort, error instanceof Error ? error.message : String(error)),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    const abort = this.#abort;
    this.#abort = null;
    abort?.abort();
  }

  async #read(abort: AbortController): Promise<void> {
    let silence: ReturnType<typeof setTimeout> | undefined;
    const listen = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(new Error('the proxy says nothing')), silenceMs);
    };
    listen();
    try {
      const response = await fetch('events', {
        headers: { accept: 'text/event-stream', ...authorization() },
        cache: 'no-store',
        signal: abort.signal,
      });
      if (response.status === 401) {
        if (this.#abort === abort) {
          this.stop();
          this.#delegate.onTokenNeeded();
        }
        return;
      }
      if (!response.ok || response.body === null) {
        throw new Error(`the proxy answers with ${response.status}`);
      }
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        listen();
        for (const { data } of parser.push(value)) this.#take(abort, data);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  #take(abort: AbortController, data: string): void {
    if (this.#abort !== abort) return;
    const stats: unknown = JSON.parse(data);
    if (!isStats(stats)) throw new Error('the proxy is of another version; load this page again');
    this.#failures = 0;
    this.#delegate.onStats(stats);
  }

  #lost(abort: AbortController, why: string): void {
    // Stopped, or replaced.
    if (this.#abort !== abort) return;
    // What was thrown may have left the stream open.
    abort.abort();
    this.#failures += 1;
    const retryMs = backOffMs(this.#failures, Math.random());
    this.#timer = setTimeout(() => this.start(), retryMs);
    this.#delegate.onLost(why, retryMs);
  }
}
