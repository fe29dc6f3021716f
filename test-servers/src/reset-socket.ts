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

/** The same for a socket that may be one of TLS; `transport` is the TCP socket below it, or itself. */
export function resetBelow(socket: Socket, transport: Socket): void {
  if (socket === transport) {
    resetSocket(transport);
    return;
  }
  // Not from within a callback of TLS: Node 24 crashes when the socket below goes while TLS reads.
  setImmediate(() => {
    if (!transport.destroyed) resetSocket(transport);
    socket.destroy();
  });
}
