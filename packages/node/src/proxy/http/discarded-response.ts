/**
 * The rest of a response that another one has replaced: read and dropped where it is little, so that its
 * connection can serve the next request, and cut off otherwise.
 */
import { Deadline, type Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import type { UpstreamExchange } from '@reverseit/upstream';

/** In bytes; what is longer costs more than a connection. */
export const maxDiscarded = 65_536;

/** In ms. */
const discardTimeout = 5000;

export class DiscardedResponse implements DeadlineTarget {
  readonly #upstream: UpstreamExchange;
  readonly #deadline = new Deadline(this, 0);
  #discarded = 0;

  constructor(upstream: UpstreamExchange, deadlines: Deadlines) {
    this.#upstream = upstream;
    // Once, and not for each chunk that comes.
    deadlines.queue(discardTimeout).arm(this.#deadline);
  }

  onData(chunk: Buffer): void {
    this.#discarded += chunk.length;
    if (this.#discarded > maxDiscarded) this.onDeadline();
    else this.#upstream.releaseChunk();
  }

  /** The response has ended, in whatever way. */
  onEnd(): void {
    this.#deadline.clear();
  }

  onDeadline(): void {
    this.#deadline.clear();
    this.#upstream.abort();
  }
}
