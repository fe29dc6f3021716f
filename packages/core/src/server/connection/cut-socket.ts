import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Cuts a connection with RST where there is such a thing, so that what was sent does not look complete. */
export function cutSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // Node rejects a reset of anything but a plain TCP socket.
  const hasReset = !(socket instanceof TLSSocket) && socket.remotePort !== undefined;
  if (hasReset && !isEnding(socket)) socket.resetAndDestroy();
  else socket.destroy();
}

/**
 * While a FIN is in progress, with all bytes before it, Node answers a reset with EINVAL and never closes.
 */
function isEnding(socket: Socket): boolean {
  return socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
}
