import { Socket } from 'node:net';

const noBytes = Buffer.alloc(0);
/** How a stream tells `_write` of bytes; its type does not know. */
const asBytes = 'buffer' as string as BufferEncoding;

/**
 * Up to Node 22 a reset that arrives together with bytes is told as an orderly end. Called when a socket
 * ends, this asks the kernel by a write of no bytes whether it really did, and tells the failure if not.
 * An earlier write that still waits is asked instead: were it to fail, it would in this turn.
 */
export function whenEndIsSure(
  socket: Socket,
  then: (failure: NodeJS.ErrnoException | null) => void,
): void {
  if (!socket.writable) then(null);
  else if (socket.writableLength > 0) setImmediate(() => then(resetOnly(socket.errored)));
  else {
    let failure: NodeJS.ErrnoException | null = null;
    Socket.prototype._write.call(socket, noBytes, asBytes, (error) => {
      failure = resetOnly(error ?? null);
    });
    then(failure);
  }
}

/** EPIPE stands for a reset behind a FIN: all that was sent has come. */
function resetOnly(error: NodeJS.ErrnoException | null): NodeJS.ErrnoException | null {
  return error?.code === 'ECONNRESET' ? error : null;
}
