/** A cluster as its user sees it. */
import type { ProxyStats } from '@reverseit/admin';
import type { ShutdownOptions } from '../lifecycle/grace.ts';
import type { Address } from '../server/address.ts';
import type { ReverseItStats } from '../server/create-server.ts';
import type { WorkerState } from './worker-process.ts';

/** One worker process. */
export interface WorkerStats {
  /** Its number among all that were started. */
  readonly id: number;
  readonly pid: number;
  readonly state: WorkerState;
  /** Null where it does not serve yet, or did not answer in time. */
  readonly stats: ReverseItStats | null;
}

/** Figures of a cluster. */
export interface ClusterStats {
  /** Every process, also those that close. */
  readonly workers: readonly WorkerStats[];
  /** Workers that have ended unasked and were replaced. */
  readonly replaced: number;
}

/** Worker processes that share their addresses. */
export interface ReverseItCluster {
  /**
   * Starts the workers, and resolves to the first address when all of them listen; to be called once.
   * @throws ConfigError `RIT_ERR_CONFIG` where the configuration is invalid, `RIT_ERR_LISTEN` where an address
   * cannot be had; StateError `RIT_ERR_INTERNAL` where a worker ends before it listens. Nothing is left then.
   */
  listen(): Promise<Address>;
  /**
   * Reads the configuration again and replaces the workers one after another; each listens before the one that it
   * replaces closes. One that ends later is replaced by the same configuration. Resolves when the last of the old ones
   * has ended. As long as new ones have yet to listen, all further calls together are one more restart.
   * @throws as `listen`. Where the first new worker cannot start, nothing is changed. Where a later one cannot, the
   * others are replaced, and that one is tried again, at intervals of up to 10 s; the former one serves until then
   */
  restart(): Promise<void>;
  /**
   * Is not ready from now on, but serves for `delay` ms more (default: the option `shutdownDelay`); a worker that dies
   * meanwhile is replaced. Then lets every
   * worker finish what is in progress, and cuts what is left after `timeout` ms (default: the option `closeTimeout`;
   * 0: ends the processes at once, without a delay). Resolves when all of them have ended.
   */
  close(options?: ShutdownOptions): Promise<void>;
  /** Has every worker open the files of its logs again, as after `logrotate` has renamed them. */
  reopenLogs(): Promise<void>;
  /** Where it listens, first; null before `listen` and after `close`. */
  address(): Address | null;
  /** Where each listener listens, in the order of the option; empty before `listen` and after `close`. */
  addresses(): readonly Address[];
  /** Asks the workers for their figures, and waits at most `timeout` ms (default: 1000). */
  stats(options?: { readonly timeout?: number }): Promise<ClusterStats>;
  /**
   * Everything that the workers have counted since the start, those that have ended among them. Of a worker that does
   * not answer within `timeout` ms (default: 1000) it is what it said last.
   */
  metrics(options?: { readonly timeout?: number }): Promise<ProxyStats>;
  /**
   * Gives a backend no new requests, in every worker, also in those that start later.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  drain(backend: string): Promise<void>;
  /**
   * Ends `drain`, and an ejection, in every worker.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  enable(backend: string): Promise<void>;
  /** Where the admin listener is, of the option `admin`; null without, before `listen` and after `close`. */
  adminAddress(): Address | null;
}
