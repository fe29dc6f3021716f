/** What is left of a Unix socket whose process has ended without closing it. */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Removes a Unix socket on which nobody listens, and nothing else. Says whether it did. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    const before = await lstat(path);
    if (!before.isSocket() || !(await isRefused(path))) return false;
    // Another process may have replaced it meanwhile, and listen.
    const now = await lstat(path);
    if (now.ino !== before.ino || now.dev !== before.dev) return false;
    await unlink(path);
    return true;
  } catch {
    // It went away meanwhile, or is not ours to judge.
    return false;
  }
}

/** A socket without a listener refuses at once; one that is busy, or not ours to use, says otherwise. */
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
