/**
 * A proxy in several processes that share its address.
 *
 * Workers are made of a configuration file and not of the calling script: a library that started the
 * main script of an application once more, and trusted it to come to the same call, would surprise. Hooks are
 * functions, which cannot be handed to another process; a module can bring them there.
 */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasKnownKeys } from '@reverseit/core/internal';
import { Faults, isPlainObject } from '@reverseit/core/options';
import type { ReverseItCluster } from './cluster/cluster-types.ts';
import type { Logger } from './logging/logger.ts';
import { standardErrorLogger } from './logging/standard-error.ts';
import type { ReverseItOptions } from './options/proxy-options.ts';
import { superviseWorkers } from './supervise-workers.ts';

export type { ClusterStats, ReverseItCluster, WorkerStats } from './cluster/cluster-types.ts';
export type { WorkerState } from './cluster/worker-process.ts';
export type { ShutdownOptions } from './lifecycle/grace.ts';

/** What a cluster is made of. */
export interface ClusterOptions {
  /**
   * Configuration file, as the command takes it: JSON, or an ES module whose default export is the
   * configuration. JSON is read once for each start and restart; a module is imported by each worker.
   */
  readonly config?: string | URL;
  /** Options that outrank those of the file, such as `workers`. Functions have to stand in the file. */
  readonly options?: ReverseItOptions;
  /** Hears of workers that ended or cannot start; null: nobody. Default: a line each on standard error. */
  readonly logger?: Logger | null;
}

/**
 * Makes a cluster. Nothing is started before `listen`. The option `workers` says how many processes serve,
 * one by default. What they write, and what they log where the configuration brings no `logger`, goes to
 * standard output and error of this process. They close when it ends, in whatever way.
 *
 * It is made with `node:cluster`, of which a process has one only: where the application starts workers of
 * its own, let each call `createServer`.
 *
 * @throws ConfigError `RIT_ERR_CONFIG` in a worker of `node:cluster`, and for options that cannot be handed
 * to another process. What else is invalid, a worker finds out: `listen` rejects.
 */
export function createCluster(given: ClusterOptions): ReverseItCluster {
  const faults = new Faults();
  if (!hasKnownKeys(given, known, '', faults)) faults.throwIfAny();
  const config = fileOf(given.config, faults);
  const options = cloned(given.options ?? {}, faults);
  faults.throwIfAny();
  const { logger = standardErrorLogger } = given;
  return superviseWorkers(() => ({ config, options }), logger);
}

const known = ['config', 'options', 'logger'];

function fileOf(config: unknown, faults: Faults): string | null {
  if (config === undefined) return null;
  if (config instanceof URL && config.protocol === 'file:') return fileURLToPath(config);
  if (typeof config === 'string' && config !== '') return resolve(config);
  faults.refuse('config', config, 'a file name or its URL');
  return null;
}

function cloned(options: unknown, faults: Faults): Readonly<Record<string, unknown>> {
  try {
    if (isPlainObject(options)) return structuredClone({ ...options });
    faults.refuse('options', options, 'an object of options');
  } catch {
    const text = 'cannot be sent to another process; put functions into the config module';
    faults.add('options', text);
  }
  return {};
}
