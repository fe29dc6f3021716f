/** The place of one worker among those that are wanted: who has it, who is to follow, and when. */
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { BackOff } from './back-off.ts';
import type { WorkerProcess } from './worker-process.ts';

export class WorkerSlot implements DeadlineTarget {
  current: WorkerProcess | null = null;
  /** Starts, and is to follow it. */
  coming: WorkerProcess | null = null;
  readonly backOff = new BackOff();
  /** Until a worker that ended is replaced. */
  readonly deadline = new Deadline(this, 0);
  retired = false;
  readonly #replace: (slot: WorkerSlot) => void;

  constructor(replace: (slot: WorkerSlot) => void) {
    this.#replace = replace;
  }

  get isEmpty(): boolean {
    return this.current === null && this.coming === null;
  }

  /** Nobody takes this place any more. */
  retire(): void {
    this.retired = true;
    this.deadline.clear();
  }

  onDeadline(): void {
    this.#replace(this);
  }
}
