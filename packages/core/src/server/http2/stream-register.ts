/**
 * The streams of a connection: those that are open, and what is known of the others (RFC 9113 §5.1). Frames of a
 * closed stream are an error unless we have closed it and they may have been in progress.
 */
import type { Http2Stream } from './http2-stream.ts';

/** Of so many streams that were closed lately it is known how. */
const remembered = 256;

export type ClosedState = 'idle' | 'closed' | 'reset-by-us' | 'unused';

export class StreamRegister {
  readonly #open = new Map<number, Http2Stream>();
  /** Whether we have reset it, for each that was closed lately, in order. */
  readonly #closed = new Map<number, boolean>();
  /** The latest stream that the client has opened. */
  last = 0;

  get size(): number {
    return this.#open.size;
  }

  get(streamId: number): Http2Stream | undefined {
    return this.#open.get(streamId);
  }

  add(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
  }

  /** A stream is closed, or was never opened. */
  close(streamId: number, isResetByUs: boolean): void {
    this.#open.delete(streamId);
    if (this.#closed.get(streamId) !== true) this.#closed.set(streamId, isResetByUs);
    if (this.#closed.size <= remembered) return;
    for (const oldest of this.#closed.keys()) {
      this.#closed.delete(oldest);
      return;
    }
  }

  /** What is known of a stream that is not open. */
  stateOf(streamId: number): ClosedState {
    if (streamId > this.last) return 'idle';
    const isResetByUs = this.#closed.get(streamId);
    if (isResetByUs === undefined) return 'unused';
    return isResetByUs ? 'reset-by-us' : 'closed';
  }

  all(): Http2Stream[] {
    return [...this.#open.values()];
  }

  /** Of the exchanges in progress, the number of the oldest; `Infinity` where there is none. */
  get oldestExchange(): number {
    for (const { exchangeNumber } of this.#open.values()) {
      if (exchangeNumber !== Number.POSITIVE_INFINITY) return exchangeNumber;
    }
    return Number.POSITIVE_INFINITY;
  }
}
