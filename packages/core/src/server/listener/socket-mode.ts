/**
 * Permissions of a Unix socket. Between its bind and a `chmod` anybody could connect whom the umask lets, so
 * the socket is made with its permissions where that is possible: not in a thread, which has no umask, and
 * not in a worker of a cluster, whose primary binds.
 */
import cluster from 'node:cluster';
import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * Calls `bind`, which makes the socket before it returns, so that it has the permissions from the start.
 * @throws what `bind` throws
 */
export function bindWithMode(mode: number, bind: () => void): void {
  const former = cluster.isWorker ? null : setUmask(0o777 & ~mode);
  try {
    bind();
  } finally {
    if (former !== null) setUmask(former);
  }
}

function setUmask(mask: number): number | null {
  try {
    return process.umask(mask);
  } catch {
    return null;
  }
}

/** The same for a socket that exists, whoever made it. Says what is wrong, or null. */
export function applyMode(server: Server, mode: number): unknown {
  const path = server.address();
  try {
    if (typeof path === 'string') chmodSync(path, mode);
    return null;
  } catch (error) {
    return error;
  }
}
