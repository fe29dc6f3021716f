/** The client connection of a request over `node:http2`: its session, whose socket throws once it is closed. */
import type { Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import { type ClientConnection, type ClientSocket, clientConnection } from '@reverseit/core';

class SessionSocket implements ClientSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly #session: ServerHttp2Session;

  constructor(session: ServerHttp2Session) {
    const { remoteAddress, remotePort, localAddress, localPort } = session.socket;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.#session = session;
  }

  get destroyed(): boolean {
    return this.#session.destroyed;
  }

  once(_event: 'close', listener: () => void): void {
    this.#session.once('close', listener);
  }
}

const sockets = new WeakMap<object, SessionSocket>();

/** Null where the session has ended. */
export function sessionClient({ stream }: Http2ServerResponse): ClientConnection | null {
  const session = stream?.session as ServerHttp2Session | undefined;
  if (session === undefined || session.destroyed) return null;
  let socket = sockets.get(session);
  if (socket === undefined) {
    socket = new SessionSocket(session);
    sockets.set(session, socket);
  }
  return clientConnection(socket, null, true);
}
