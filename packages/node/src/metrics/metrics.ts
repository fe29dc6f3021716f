/** What a proxy counts, from the option that asks for it to the figures. */
import type { ProxyStats } from '@reverseit/admin';
import { createError } from '@reverseit/core/errors';
import type { PoolStats } from '@reverseit/upstream';
import { ProcessMeter } from './process-meter.ts';
import { ProxyMeters } from './proxy-meters.ts';
import { type SnapshotParts, takeSnapshot } from './snapshot.ts';

/** Of the proxy, at this moment. */
export interface MetricsSource extends Omit<SnapshotParts, 'process' | 'pools' | 'tunnels'> {
  readonly engine: { readonly tunnels: number; readonly pools: readonly PoolStats[] };
}

export class Metrics {
  readonly meters = new ProxyMeters();
  readonly #process = new ProcessMeter();

  start(): void {
    this.#process.start();
  }

  stop(): void {
    this.#process.stop();
  }

  /** @throws ConfigError `RIT_ERR_CONFIG` where nobody counts */
  static read(metrics: Metrics | null, { engine, ...source }: MetricsSource): ProxyStats {
    if (metrics === null) {
      throw createError('RIT_ERR_CONFIG', 'nothing is counted; set metrics: true');
    }
    const { tunnels, pools } = engine;
    const state = source.isDraining ? 'closing' : 'listening';
    const process = metrics.#process.read('main', state);
    return takeSnapshot(metrics.meters, { ...source, tunnels, pools, process });
  }
}
