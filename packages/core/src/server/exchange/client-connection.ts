/** A client's connection, as something to refer to: for what must not outlive it, nor serve another. */
import type { Socket } from 'node:net';

/** Notified when a client connection closes. */
export interface ClientCloseListener {
  onClientClosed(client: ClientConnection): void;
}

export class ClientConnection {
  readonly #socket: Socket;
  /** Made, with one listener on the socket, for the first who wants to know. */
  #listeners: Set<ClientCloseListener> | null = null;

  /** @internal Use `clientConnection`. */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Has the listener told, once, when the connection closes. Not at all where it is closed already. */
  addCloseListener(listener: ClientCloseListener): void {
    if (this.#listeners === null) {
      this.#listeners = new Set();
      this.#socket.once('close', () => this.#onClose());
    }
    this.#listeners.add(listener);
  }

  removeCloseListener(listener: ClientCloseListener): void {
    this.#listeners?.delete(listener);
  }

  #onClose(): void {
    const listeners = [...(this.#listeners ?? [])];
    this.#listeners?.clear();
    for (const listener of listeners) listener.onClientClosed(this);
  }
}

const connections = new WeakMap<Socket, ClientConnection>();

/** The one of a socket, made when it is first asked for: nearly no socket needs one. */
export function clientConnection(socket: Socket): ClientConnection {
  let connection = connections.get(socket);
  if (connection === undefined) {
    connection = new ClientConnection(socket);
    connections.set(socket, connection);
  }
  return connection;
}
