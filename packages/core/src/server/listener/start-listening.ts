/**
 * Makes a server listen: replaces a Unix socket that nobody listens on any more, gives a new one its permissions,
 * and turns every failure into one error that names the address.
 */
import cluster from 'node:cluster';
import type { Server } from 'node:net';
import { createError } from '../../errors/reverseit-error.ts';
import { type ListenTarget, pathFault, targetFault, targetText } from './listen-target.ts';
import { reasonText } from './reason-text.ts';
import { applyMode, bindWithMode } from './socket-mode.ts';
import { removeStaleSocket } from './stale-socket.ts';

export interface ListeningDelegate {
  /** It is not to listen any more. */
  readonly closing: boolean;
  /** It listens, before any connection is reported. */
  onListening(server: Server): void;
}

/**
 * Connections that may wait to be accepted, as far as the system lets them (Linux: `net.core.somaxconn`). Of a burst
 * that is larger, as when all come back after a restart, the rest try again after a second or more.
 */
const acceptBacklog = 4096;

/** @throws ConfigError `RIT_ERR_LISTEN` where the address is unavailable */
export async function startListening(
  server: Server,
  target: ListenTarget,
  delegate: ListeningDelegate,
): Promise<void> {
  try {
    // In a cluster the primary listens, and its failure is everybody's: nobody asks it before the path is
    // free.
    if ('path' in target && cluster.isWorker) await removeStaleSocket(target.path);
    await listen(server, target, delegate);
  } catch (error) {
    // What a process that was killed has left behind would keep it from starting again.
    const isStale = 'path' in target && isTaken(error) && (await removeStaleSocket(target.path));
    if (!isStale) throw error;
    await listen(server, target, delegate);
  }
}

function listen(server: Server, target: ListenTarget, delegate: ListeningDelegate): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown): void => {
      server.off('error', onError);
      const reason = pathFault(target, cause) ?? reasonText(cause);
      const text = `cannot listen on ${targetText(target)}: ${reason}`;
      reject(createError('RIT_ERR_LISTEN', text, { cause }));
    };
    const mode = 'path' in target ? (target.mode ?? null) : null;
    const onListening = (): void => {
      server.off('error', onError);
      delegate.onListening(server);
      const fault = faultOf(server, mode, delegate.closing);
      if (fault === null) resolve();
      else server.close(() => onError(fault));
    };
    const known = targetFault(target);
    if (known !== null) {
      onError(known);
      return;
    }
    server.on('error', onError);
    const options = { ...target, backlog: acceptBacklog };
    try {
      if (mode === null) server.listen(options, onListening);
      else bindWithMode(mode, () => server.listen(options, onListening));
    } catch (cause) {
      // A port out of range, or a server that listens already.
      onError(cause);
    }
  });
}

/** Why it cannot stay, although it listens; null where it can. */
function faultOf(server: Server, mode: number | null, closing: boolean): unknown {
  if (closing) return 'the server was closed before it was listening';
  return mode === null ? null : applyMode(server, mode);
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE';
