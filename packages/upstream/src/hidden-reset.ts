/**
 * Up to Node 22 a reset that arrives together with bytes is told as an orderly end: libuv takes the
 * hang-up for the end and does not ask the socket why. A body that lasts until the end of the connection
 * would look complete.
 */
import { Socket } from 'node:net';

const noBytes = Buffer.alloc(0);
/** How a stream tells `_write` of bytes; its type does not know. */
const asBytes = 'buffer' as string as BufferEncoding;

/**
 * Why the socket is broken whose end was just told, or null. A write of no bytes asks the kernel and
 * sends nothing; around the stream, whose own `write` is closed by the end. There is no answer while an
 * earlier write waits, nor over TLS, which writes nothing where there is nothing.
 */
export function hiddenReset(socket: Socket): Error | null {
  if (!socket.writable || socket.writableLength > 0) return null;
  let failure: NodeJS.ErrnoException | null = null;
  Socket.prototype._write.call(socket, noBytes, asBytes, (error?: NodeJS.ErrnoException | null) => {
    // EPIPE stands for a reset behind a FIN: all that was sent has come.
    if (error?.code === 'ECONNRESET') failure = error;
  });
  return failure;
}
