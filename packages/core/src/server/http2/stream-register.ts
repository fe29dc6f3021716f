/**
 * The streams of a connection: those that are open, and what is known of the others (RFC 9113 §5.1). Frames of a
 * closed stream are an error unless we have closed it and they may have been in progress.
 */
import type { Http2Stream } from './http2-stream.ts';

/**
 * So many streams that were closed lately are known, and as many that we have reset: others that close in the
 * meantime make no error of what was in progress on these.
 */
const remembered = 256;

export type ClosedState = 'idle' | 'closed' | 'reset-by-us' | 'unused';

export class StreamRegister {
  readonly #open = new Map<number, Http2Stream>();
  /** In the order in which they were closed. */
  readonly #closed = new Set<number>();
  readonly #resetByUs = new Set<number>();
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
    if (isResetByUs) remember(this.#resetByUs, streamId);
    else if (!this.#resetByUs.has(streamId)) remember(this.#closed, streamId);
  }

  /** What is known of a stream that is not open. */
  stateOf(streamId: number): ClosedState {
    if (streamId > this.last) return 'idle';
    if (this.#resetByUs.has(streamId)) return 'reset-by-us';
    return this.#closed.has(streamId) ? 'closed' : 'unused';
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

function remember(streams: Set<number>, streamId: number): void {
  streams.add(streamId);
  if (streams.size <= remembered) return;
  for (const oldest of streams) {
    streams.delete(oldest);
    return;
  }
}
