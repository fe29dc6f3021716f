/**
 * The streams of a connection: those that are open, and what is known of the others (RFC 9113 §5.1). Frames of a
 * closed stream are an error unless we have closed it and they may have been in progress.
 */

/**
 * So many streams that were closed lately are known, and as many that we have reset: others that close in the
 * meantime make no error of what was in progress on these.
 */
const remembered = 256;

/** Of a stream of which nothing is known: a client has passed it over, or it is one of ours from long ago. */
export type UnknownState = 'passed-over' | 'forgotten';

export type ClosedState = 'idle' | 'closed' | 'reset-by-us' | UnknownState;

/**
 * Where a stream stands while it is open. The former tables of a Map keep what was in it (see intrusive-list):
 * that is slots then, which are used again, and not streams.
 */
interface Slot<S> {
  stream: S | undefined;
}

export class StreamRegister<S extends { readonly id: number }> {
  readonly #open = new Map<number, Slot<S>>();
  readonly #free: Slot<S>[] = [];
  readonly #closed = new LatestIds();
  readonly #resetByUs = new LatestIds();
  readonly #unknown: UnknownState;
  /** The latest stream that was opened. */
  last = 0;

  constructor(unknown: UnknownState) {
    this.#unknown = unknown;
  }

  get size(): number {
    return this.#open.size;
  }

  get(streamId: number): S | undefined {
    return this.#open.get(streamId)?.stream;
  }

  add(stream: S): void {
    const slot = this.#free.pop() ?? { stream };
    slot.stream = stream;
    this.#open.set(stream.id, slot);
  }

  /** A stream is closed, or was never opened. */
  close(streamId: number, isResetByUs: boolean): void {
    const slot = this.#open.get(streamId);
    if (slot !== undefined) {
      this.#open.delete(streamId);
      slot.stream = undefined;
      this.#free.push(slot);
    }
    if (isResetByUs) this.#resetByUs.add(streamId);
    else if (!this.#resetByUs.has(streamId)) this.#closed.add(streamId);
  }

  /** What is known of a stream that is not open. */
  stateOf(streamId: number): ClosedState {
    if (streamId > this.last) return 'idle';
    if (this.#resetByUs.has(streamId)) return 'reset-by-us';
    return this.#closed.has(streamId) ? 'closed' : this.#unknown;
  }

  /** The open ones, the oldest first. */
  all(): S[] {
    const streams: S[] = [];
    for (const { stream } of this.#open.values()) if (stream !== undefined) streams.push(stream);
    return streams;
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
