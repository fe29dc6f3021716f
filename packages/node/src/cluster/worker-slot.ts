/** The place of one worker among those that are wanted: who has it, who is to follow, and when. */
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { BackOff } from './back-off.ts';
import type { WorkerSource } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';

export class WorkerSlot implements DeadlineTarget {
  current: WorkerProcess | null = null;
  /** Starts, and is to follow it. */
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

  /** Whether nobody is on the way here who is made of `source`, nor there already. */
  lacks(source: WorkerSource | null): boolean {
    return this.coming === null && this.current?.source !== source;
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
