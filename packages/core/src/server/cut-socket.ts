import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Cuts a connection with RST where there is such a thing, so that what was sent does not look complete. */
export function cutSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // Node refuses a reset of anything but a plain TCP socket.
  if (socket instanceof TLSSocket || socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
