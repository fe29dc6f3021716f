/** The figures of all workers of a cluster, those that have ended among them. */
import type { ProxyStats } from '@reverseit/admin';
import { addStats, withBoundedNames, withKnownBackends, withoutGauges } from './merge-stats.ts';

export class WorkerTotals {
  /** What each worker has said last, by its number. */
  readonly #last = new Map<number, ProxyStats>();
  /** What those have counted that have ended. */
  #past: ProxyStats | null = null;

  /** A worker has said how it is. */
  update(id: number, stats: ProxyStats): void {
    this.#last.set(id, stats);
  }

  /** A worker has ended. */
  end(id: number): void {
    const last = this.#last.get(id);
    if (last === undefined) return;
    this.#last.delete(id);
    const left = withoutGauges(last);
    this.#past = this.#past === null ? left : withBoundedNames(addStats(this.#past, left));
  }

  /**
   * The sum. `answered`: those who have said it just now; of the others it is what they said last.
   * @param own the supervisor's own process
   */
  sum(answered: ReadonlySet<number>, own: ProxyStats): ProxyStats {
    let present: ProxyStats | null = null;
    const last = [...this.#last].sort(([one], [other]) => one - other);
    for (const [id, { processes, ...stats }] of last) {
      const named = processes.map((process) => ({
        ...process,
        worker: String(id),
        isCurrent: answered.has(id),
      }));
      const of = { ...stats, processes: named };
      present = present === null ? of : addStats(present, of);
    }
    let all = own;
    if (present !== null) all = { ...addStats(present, own), state: own.state };
    if (this.#past !== null) {
      this.#past = present === null ? this.#past : withKnownBackends(this.#past, present);
      all = { ...addStats(this.#past, all), state: own.state };
    }
    return all;
  }
}
