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
  readonly #closed = new LatestIds();
  readonly #resetByUs = new LatestIds();
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
    if (isResetByUs) this.#resetByUs.add(streamId);
    else if (!this.#resetByUs.has(streamId)) this.#closed.add(streamId);
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

/** The ids that were added last. A ring: one is added with each stream, and hardly ever is one looked for. */
class LatestIds {
  readonly #ids: number[] = [];
  /** Where the oldest stands once the ring is full. */
  #oldest = 0;

  add(id: number): void {
    if (this.#ids.length < remembered) {
      this.#ids.push(id);
      return;
    }
    this.#ids[this.#oldest] = id;
    this.#oldest = (this.#oldest + 1) % remembered;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }
}
