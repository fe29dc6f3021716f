/** A client's connection, as something to refer to: for what must not outlive it, nor serve another. */
import type { ProxiedConnection } from '../../proxy-protocol/header-writer.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { clientAddress } from './client-address.ts';

/** Notified when a client connection closes. */
export interface ClientCloseListener {
  onClientClosed(client: ClientConnection): void;
}

/** What a connection is over, mostly a socket. Without addresses it is one of a Unix socket. */
export interface ClientSocket {
  readonly destroyed: boolean;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  once(event: 'close', listener: () => void): unknown;
}

export class ClientConnection {
  /** Whether it may carry several requests at the same time, as in HTTP/2: a login on it would be nobody's. */
  readonly multiplexed: boolean;
  readonly #socket: ClientSocket;
  readonly #header: ProxyHeader | null;
  /** Made, with one listener on the socket, for the first who wants to know. */
  #listeners: Set<ClientCloseListener> | null = null;

  /** @internal Use `clientConnection`. */
  constructor(socket: ClientSocket, header: ProxyHeader | null, multiplexed: boolean) {
    this.#socket = socket;
    this.#header = header;
    this.multiplexed = multiplexed;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /**
   * What a PROXY header tells a backend of it: what one told us, or else the two ends of its socket. Null where
   * they have no addresses.
   */
  get proxied(): ProxiedConnection | null {
    const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = this.#socket;
    const header = this.#header;
    const source = header?.source ?? endOf(remoteAddress, remotePort);
    const destination = header?.destination ?? endOf(localAddress, localPort);
    return source === null || destination === null ? null : { source, destination, told: header };
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

function endOf(address: string | undefined, port: number): ProxiedConnection['source'] | null {
  return address === undefined ? null : { address: clientAddress(address), port };
}

const connections = new WeakMap<ClientSocket, ClientConnection>();

/**
 * The one of a socket, made when it is first asked for: nearly no socket needs one.
 * @param header what a proxy in front has told of the client; null where none has
 * @param multiplexed whether it may carry several requests at the same time
 */
export function clientConnection(
  socket: ClientSocket,
  header: ProxyHeader | null = null,
  multiplexed = false,
): ClientConnection {
  let connection = connections.get(socket);
  if (connection === undefined) {
    connection = new ClientConnection(socket, header, multiplexed);
    connections.set(socket, connection);
  }
  return connection;
}
