/**
 * Up to Node 22 a reset that arrives together with bytes is told as an orderly end: libuv takes the
 * hang-up for the end and does not ask the socket why. A body that lasts until the end of the connection
 * would look complete.
 */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { usesNodeInternals } from '@reverseit/core/internal';

const oneByte = Buffer.alloc(1);

/**
 * Why the socket is broken whose end was just told, or null. Asks the kernel by a read, where nothing is
 * left to be read: a write would have to wait after those before it. A reset after a FIN is ignored, since
 * all that was sent has come; and TLS has an end of its own.
 */
export function hiddenReset(socket: Socket): Error | null {
  if (!usesNodeInternals || socket instanceof TLSSocket) return null;
  const descriptor = descriptorOf(socket);
  if (descriptor < 0) return null;
  try {
    readSync(descriptor, oneByte);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return error as Error;
  }
  return null;
}

/** -1 where there is none: of a socket that is destroyed, and on Windows. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
