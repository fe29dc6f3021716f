/** One of the workers that are wanted: the current process, its replacement, and when that starts. */
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { BackOff } from './back-off.ts';
import type { WorkerSource } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';

export class WorkerSlot implements DeadlineTarget {
  current: WorkerProcess | null = null;
  /** It is starting, and will replace `current`. */
  coming: WorkerProcess | null = null;
  readonly backOff = new BackOff();
  /** Until a worker that ended, or was to follow another one and could not start, is replaced. */
  readonly deadline = new Deadline(this, 0);
  retired = false;
  readonly #replace: (slot: WorkerSlot) => void;

  constructor(replace: (slot: WorkerSlot) => void) {
    this.#replace = replace;
  }

  get isEmpty(): boolean {
    return this.current === null && this.coming === null;
  }

  /** Whether no worker made of `source` is here, or starting. */
  needsWorker(source: WorkerSource | null): boolean {
    return this.coming === null && this.current?.source !== source;
  }

  /** No further worker starts here. */
  retire(): void {
    this.retired = true;
    this.deadline.clear();
  }

  onDeadline(): void {
    this.#replace(this);
  }
}
