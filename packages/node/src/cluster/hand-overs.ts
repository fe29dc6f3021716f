/** The connections that this process, as the primary of a cluster, has on their way to workers. */
import { AcceptDrain } from '@reverseit/core/internal/server';
import type { HandOverObserver } from '../node-internals/orphaned-connection.ts';

export class HandOvers implements HandOverObserver {
  #underWay = 0;
  readonly #drains = new Set<AcceptDrain>();

  onHandedOver(): void {
    this.#underWay++;
    for (const drain of this.#drains) drain.onAccept();
  }

  onHandOverEnd(): void {
    this.#underWay--;
  }

  /** Resolves once everybody who has connected by now is with a worker. */
  delivered(): Promise<void> {
    return new Promise((resolve) => {
      // A worker has one on its way at a time; while none has, nobody waits for one either.
      const isPending = (): boolean => this.#underWay > 0;
      const drain = new AcceptDrain({ quietMs: 0, isPending }, () => {
        this.#drains.delete(drain);
        resolve();
      });
      this.#drains.add(drain);
    });
  }
}
