import type { Socket } from 'node:net';
import { ignoreError } from '../io/ignore-error.ts';

/**
 * Lets go of a socket that is closed. Node keeps a TLS socket until a full collection of garbage, and with it
 * whatever listens to it: the connection, its last request, and all that these refer to.
 */
export function letGo(socket: Socket): void {
  socket.removeAllListeners();
  socket.on('error', ignoreError);
}
