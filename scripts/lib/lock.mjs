import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

const pollMs = 200;
const heartbeatMs = 2_000;
const staleMs = 60_000;

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const ignore = () => undefined;

/** @param {unknown} error */
const errorCode = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

/**
 * Run one thing at a time in this checkout, across processes. The lock is a
 * folder, since making one either succeeds or does not; its holder keeps it
 * fresh, so that one left behind by a killed process is taken over.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} action
 * @param {() => void} [onWait] called once if another process holds the lock
 * @returns {Promise<T>}
 */
export const withLock = async (path, action, onWait = ignore) => {
  const owner = JSON.stringify({ host: hostname(), pid: process.pid, id: randomUUID() });
  await mkdir(dirname(path), { recursive: true });
  for (let waited = false; ; ) {
    try {
      await mkdir(path);
      break;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    await takeAwayIfStale(path);
    if (!waited) onWait();
    waited = true;
    await wait(pollMs);
  }
  await writeFile(join(path, 'owner'), owner);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(ignore);
  }, heartbeatMs);
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    if ((await ownerOf(path)) === owner) await rm(path, { recursive: true, force: true });
  }
};

/** @param {string} path */
const ownerOf = async (path) => {
  try {
    return await readFile(join(path, 'owner'), 'utf8');
  } catch {
    return undefined;
  }
};

/** @param {string} path */
const takeAwayIfStale = async (path) => {
  const owner = await ownerOf(path);
  if (!(await isStale(path, owner))) return;
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Another process may have been quicker, and this be its fresh lock.
  if ((await ownerOf(aside)) === owner) await rm(aside, { recursive: true, force: true });
  else await rename(aside, path).catch(ignore);
};

/** @param {string} path @param {string | undefined} owner */
const isStale = async (path, owner) => {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleMs) return true;
  } catch {
    return false;
  }
  if (owner === undefined) return false;
  const { host, pid } = JSON.parse(owner);
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
};
