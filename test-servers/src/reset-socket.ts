import type { Socket } from 'node:net';

/**
 * Ends a connection with an RST. While a FIN is on its way Node refuses that with EINVAL and leaves the
 * socket open for ever, so that the reset follows the FIN then.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
