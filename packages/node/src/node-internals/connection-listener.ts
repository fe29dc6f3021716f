import type { EventEmitter } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { usesNodeInternals } from '@reverseit/core/internal';

/** What `node:http` does with a connection, apart from telling the application of it. */
const { _connectionListener: serve } = http as {
  readonly _connectionListener?: (this: EventEmitter, socket: Socket) => void;
};

/**
 * Hands a server of Node a connection that it has let go of. The application is not told of it again; where
 * that cannot be had, it is, as documented for connections from elsewhere.
 */
export function serveAgain(server: EventEmitter, socket: Socket): void {
  if (usesNodeInternals && serve !== undefined) serve.call(server, socket);
  else server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
}
