import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

const oneByte = Buffer.alloc(1);

/**
 * Up to Node 22 a reset that arrives together with bytes is told as an orderly end. Called when a socket
 * ends, this asks the kernel, by a read where nothing is left to read: it fails if the connection was
 * reset, also when our own side has ended, but not after a FIN. Null where the end is one. TLS has an
 * end of its own.
 */
export function hiddenReset(socket: Socket): NodeJS.ErrnoException | null {
  if (socket instanceof TLSSocket) return null;
  const fd = descriptorOf(socket);
  if (fd < 0) return null;
  try {
    readSync(fd, oneByte);
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    if (failure.code === 'ECONNRESET') return failure;
  }
  return null;
}

/** -1 for none, which is so after `destroy` and on Windows. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd ?? -1;
}
