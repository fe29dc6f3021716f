/**
 * What is left of a Unix socket whose process has ended without closing it. Several processes may find the
 * same one, and one of them listen while another still checks: whoever takes it away must be sure to take
 * that one, and a path can be taken away from its owner by one call only, a rename.
 */
import { link, lstat, rename, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Removes a Unix socket on which nobody listens, and nothing else. Says whether it did. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    const found = await idOf(path);
    if (found === null || !(await isRefused(path))) return false;
    const claimed = `${path}.${process.pid}.stale`;
    // Of several who try, one succeeds.
    await rename(path, claimed);
    // A number of a file is given again, a time is not. A socket that is new is not listened on at once.
    if ((await idOf(claimed)) === found && (isTooLong(claimed) || (await isRefused(claimed)))) {
      await unlink(claimed);
      return true;
    }
    await restore(claimed, path);
    return false;
  } catch {
    // It went away meanwhile, or is not ours to check.
    return false;
  }
}

/**
 * What tells a socket from others that had its path; null where there is none. A rename does not change it.
 */
async function idOf(path: string): Promise<string | null> {
  const stats = await lstat(path, { bigint: true });
  return stats.isSocket() ? `${stats.dev} ${stats.ino} ${stats.mtimeNs}` : null;
}

/** A file may have a longer path than a socket can be connected to by. */
const isTooLong = (path: string): boolean => Buffer.byteLength(path) > 107;

/** It was another one by then, which somebody listens on. */
async function restore(claimed: string, path: string): Promise<void> {
  try {
    // Unlike a rename it replaces nothing.
    await link(claimed, path);
  } finally {
    await unlink(claimed);
  }
}

/** A socket without a listener rejects at once; one that is busy, or not ours to use, says otherwise. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
