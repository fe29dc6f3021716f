/**
 * Waits for a peer to take what is written to it. Slow is not dead: as long as some of it has been taken
 * within each timeout, there is another one.
 */
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '../time/deadlines.ts';

/** Who writes. */
export interface WatchedSender {
  /** Bytes that have left, from any point on; only a difference counts. */
  readonly bytesTaken: number;
  /** Nothing was taken for as long as the timeout. */
  onSendTimeout(): void;
}

/** Watches one sender, from `start` until `stop`. */
export class SendWatch implements DeadlineTarget {
  readonly #sender: WatchedSender;
  readonly #queue: DeadlineQueue;
  readonly #deadline = new Deadline(this, 0);
  #takenBefore = 0;

  constructor(sender: WatchedSender, queue: DeadlineQueue) {
    this.#sender = sender;
    this.#queue = queue;
  }

  /** Something waits to be taken. No effect where that is being watched already. */
  start(): void {
    if (!this.#deadline.armed) this.#arm();
  }

  /** All has been taken, or nobody waits any more. */
  stop(): void {
    this.#deadline.clear();
  }

  /** @internal */
  onDeadline(): void {
    if (this.#sender.bytesTaken > this.#takenBefore) this.#arm();
    else this.#sender.onSendTimeout();
  }

  #arm(): void {
    this.#takenBefore = this.#sender.bytesTaken;
    this.#queue.arm(this.#deadline);
  }
}
