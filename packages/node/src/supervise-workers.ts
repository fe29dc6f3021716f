/** Puts a cluster together. It stands beside the file that its workers run. */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { createError } from '@reverseit/core/errors';
import { removeStaleSocket } from '@reverseit/core/internal/server';
import { clusterFork } from './cluster/cluster-fork.ts';
import type { ReverseItCluster } from './cluster/cluster-types.ts';
import { HandOvers } from './cluster/hand-overs.ts';
import type { WorkerSource } from './cluster/messages.ts';
import { Supervisor } from './cluster/supervisor.ts';
import { loadSource, versionOf } from './cluster/worker-source.ts';
import type { Logger } from './logging/logger.ts';
import type { OnReload } from './options/admin-options.ts';
import { openAdmin } from './server/open-admin.ts';

/**
 * A cluster whose workers are made of what `source` says, asked again for each start and restart.
 * @param onReload is what `POST /reload` does; without it the workers are restarted
 * @throws ConfigError `RIT_ERR_CONFIG` in a worker of `node:cluster`
 */
export function superviseWorkers(
  source: () => WorkerSource,
  logger: Logger | null,
  onReload?: OnReload,
): ReverseItCluster {
  if (cluster.isWorker) {
    throw createError('RIT_ERR_CONFIG', 'a node:cluster worker cannot start workers');
  }
  // From source it ends in .ts; what is built, in CommonJS as well, starts the module.
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const exec = fileURLToPath(new URL(`./cluster-worker.${suffix}`, import.meta.url));
  const handOvers = new HandOvers();
  return new Supervisor({
    fork: clusterFork(exec, handOvers),
    source: () => loadSource(source()),
    versionOf,
    logger,
    removeStaleSocket,
    openAdmin,
    ...(onReload === undefined ? {} : { onReload }),
    delivered: () => handOvers.delivered(),
  });
}
