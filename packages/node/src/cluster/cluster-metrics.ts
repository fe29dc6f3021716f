/** What a cluster counts: the sums over its workers, with what those counted that have ended. */
import type { ProxyStats } from '@reverseit/admin';
import { noClients } from '../metrics/client-figures.ts';
import { Metrics } from '../metrics/metrics.ts';
import { WorkerTotals } from '../metrics/worker-totals.ts';
import type { WorkerProcess } from './worker-process.ts';

export class ClusterMetrics {
  /** Of this process, which supervises. */
  readonly #own = new Metrics();
  readonly #totals = new WorkerTotals();

  start(): void {
    this.#own.start();
  }

  stop(): void {
    this.#own.stop();
  }

  /** Asks every worker, for at most `timeout` ms. Returns who has answered, by number. */
  async ask(workers: ReadonlySet<WorkerProcess>, timeout: number): Promise<ReadonlySet<number>> {
    const answered = new Set<number>();
    await Promise.all(
      [...workers].map(async (worker) => {
        const stats = await worker.metrics(timeout);
        // It may have ended while it was asked, and is among those that have.
        if (stats === null || !workers.has(worker)) return;
        this.#totals.update(worker.id, stats);
        answered.add(worker.id);
      }),
    );
    return answered;
  }

  sum(answered: ReadonlySet<number>, workersReplaced: number, isDraining: boolean): ProxyStats {
    const own = Metrics.read(this.#own, {
      clients: noClients,
      engine: { tunnels: 0, pools: [] },
      backends: [],
      isDraining,
    });
    return this.#totals.sum(answered, { ...own, routes: [], workersReplaced });
  }

  /** Keeps what it has counted. */
  onEnd(worker: WorkerProcess): void {
    if (worker.counted !== null) this.#totals.update(worker.id, worker.counted);
    this.#totals.end(worker.id);
  }
}
