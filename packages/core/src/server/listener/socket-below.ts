/** The socket below a server's TLS socket, which Node keeps in a private field; null where it does not. */
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export function socketBelow(socket: TLSSocket): Socket | null {
  const below: unknown = Reflect.get(socket, '_parent');
  return below instanceof Socket ? below : null;
}
