/**
 * Deadlines without a timer each. All deadlines of one length stand in one list in the order in which
 * they were armed, which is the order in which they pass; only the first needs a timer. Arming,
 * refreshing and clearing are pointer moves, so a deadline per request costs no allocation and no
 * timer. Timers are unreferenced: a socket keeps a process alive, a deadline does not.
 */
import { IntrusiveList, type Linked } from '../io/intrusive-list.ts';

/** What is told that its deadline passed. */
export interface DeadlineTarget {
  onDeadline(kind: number): void;
}

/** One deadline, made once by its owner and armed again and again. */
export class Deadline implements Linked<Deadline> {
  /** @internal */ at = 0;
  /** @internal */ queue: DeadlineQueue | null = null;
  /** @internal */ previous: Deadline | null = null;
  /** @internal */ next: Deadline | null = null;

  /** @internal */ readonly target: DeadlineTarget;
  /** @internal */ readonly kind: number;

  constructor(target: DeadlineTarget, kind: number) {
    this.target = target;
    this.kind = kind;
  }

  get armed(): boolean {
    return this.queue !== null;
  }

  /** Milliseconds from when it was armed to `now`; 0 when it is not armed. */
  elapsed(now: number): number {
    return this.queue === null ? 0 : now - (this.at - this.queue.ms);
  }

  /** Takes the deadline back. Harmless when it is not armed. */
  clear(): void {
    this.queue?.remove(this);
  }
}

/** Time and timers, to be replaced in tests. */
export interface Clock {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Calls back once after `ms`; returns a cancel function. */
  after(ms: number, callback: () => void): () => void;
}

/**
 * The machine's clock. Timers come before I/O in a turn of the event loop: after a pause of the process,
 * what has arrived in time would find its deadline passed. So they call back after the I/O of their turn.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    let afterIo: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      afterIo = setImmediate(callback);
    }, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
      clearImmediate(afterIo);
    };
  },
};

/** The longest delay that a Node timer takes; beyond it, it fires at once. */
const maxDelay = 2 ** 31 - 1;

/** All deadlines of one length. */
export class DeadlineQueue {
  readonly #armed = new IntrusiveList<Deadline>();
  #cancelTimer: (() => void) | null = null;
  readonly #clock: Clock;
  readonly #expire = () => this.#onTimer();
  /** Length in milliseconds; 0 and `Infinity` mean that a deadline of this queue never passes. */
  readonly ms: number;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.ms = ms;
  }

  /** Whether its deadlines pass at all. */
  get isLimited(): boolean {
    return this.ms !== 0 && this.ms !== Number.POSITIVE_INFINITY;
  }

  /** Arms the deadline, or starts it again when it is armed, here or in another queue. */
  arm(deadline: Deadline): void {
    if (deadline.queue !== null) deadline.queue.remove(deadline);
    if (!this.isLimited) return;
    deadline.at = this.#clock.now() + this.ms;
    deadline.queue = this;
    this.#armed.push(deadline);
    if (this.#cancelTimer === null) this.#schedule(this.ms);
  }

  /** @internal */
  remove(deadline: Deadline): void {
    this.#armed.remove(deadline);
    deadline.queue = null;
  }

  /** Takes the timer back. Deadlines still armed never pass. */
  dispose(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (let first = this.#armed.first; first !== null; first = this.#armed.first) {
      this.remove(first);
    }
  }

  #schedule(ms: number): void {
    this.#cancelTimer = this.#clock.after(
      Math.min(Math.max(1, Math.ceil(ms)), maxDelay),
      this.#expire,
    );
  }

  #onTimer(): void {
    const now = this.#clock.now();
    try {
      // Only what was due when the timer fired: a target that arms itself again waits its turn.
      for (;;) {
        const deadline = this.#armed.first;
        if (deadline === null || deadline.at > now) break;
        this.remove(deadline);
        deadline.target.onDeadline(deadline.kind);
      }
    } finally {
      // Only here is a timer set again: one that a target armed in between would be for the wrong
      // deadline. A target that throws does not stop the clock for the others.
      this.#cancelTimer?.();
      this.#cancelTimer = null;
      const next = this.#armed.first;
      if (next !== null) this.#schedule(next.at - now);
    }
  }
}

/** The queues of one server or pool, one per length. */
export class Deadlines {
  readonly #queues = new Map<number, DeadlineQueue>();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Milliseconds that never run backwards. */
  now(): number {
    return this.#clock.now();
  }

  /** The queue of a length in milliseconds. Ask once and keep it; lengths come from options. */
  queue(ms: number): DeadlineQueue {
    let queue = this.#queues.get(ms);
    if (queue === undefined) {
      queue = new DeadlineQueue(this.#clock, ms);
      this.#queues.set(ms, queue);
    }
    return queue;
  }

  /** Takes every timer back. */
  dispose(): void {
    for (const queue of this.#queues.values()) queue.dispose();
    this.#queues.clear();
  }
}
