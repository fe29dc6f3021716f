/**
 * The connections of a pool that are a client's own. A request or response on each has named a scheme that
 * authenticates the connection (NTLM, Negotiate; RFC 4559): it serves the client's connection that it served
 * then and no other, and is closed with it. A client has one at most.
 *
 * They count as any other. While somebody waits, those that are idle are closed, the one unused longest
 * first, so that clients cannot keep a pool by logging in; but not within a moment of their last use, since a
 * login takes two or three requests.
 */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { PooledConnection } from '../connect/pooled-connection.ts';
import type {
  ClientCloseListener,
  ClientConnection,
} from '../exchange/message/upstream-request.ts';

export class BoundConnections implements ClientCloseListener {
  readonly #byClient = new Map<ClientConnection, PooledConnection>();
  /** Those that are idle and have not been told to close, the one unused longest first. */
  readonly #idle = new Set<PooledConnection>();
  /** How long an idle one is left alone while others wait. */
  readonly #grace: DeadlineQueue;

  constructor(grace: DeadlineQueue) {
    this.#grace = grace;
  }

  get isEmpty(): boolean {
    return this.#byClient.size === 0;
  }

  has(client: ClientConnection): boolean {
    return this.#byClient.has(client);
  }

  /** Takes the client's connection out for a request; null where it has none, or one that is in use. */
  take(client: ClientConnection): PooledConnection | null {
    const connection = this.#byClient.get(client);
    if (connection?.state !== 'idle') return null;
    this.#idle.delete(connection);
    return connection;
  }

  /** Keeps a connection that has become idle for its client. False: the client has left, or has another. */
  keep(connection: PooledConnection): boolean {
    const { client } = connection;
    if (client === null || client.closed) return false;
    const known = this.#byClient.get(client);
    if (known === undefined) {
      this.#byClient.set(client, connection);
      client.addCloseListener(this);
    } else if (known !== connection) return false;
    this.#idle.add(connection);
    return true;
  }

  /** Somebody waits: the connection that has been unused longest is closed, once it has been for a moment. */
  makeRoom(): void {
    for (const connection of this.#idle) {
      this.#idle.delete(connection);
      connection.closeUnused(this.#grace);
      return;
    }
  }

  /** It is about to be closed. */
  onUnusable(connection: PooledConnection): void {
    this.#idle.delete(connection);
  }

  /** It is no connection of the pool any more. */
  remove(connection: PooledConnection): void {
    this.#idle.delete(connection);
    const { client } = connection;
    if (client === null || this.#byClient.get(client) !== connection) return;
    this.#byClient.delete(client);
    client.removeCloseListener(this);
  }

  onClientClosed(client: ClientConnection): void {
    const connection = this.#byClient.get(client);
    // One that is in use ends with its exchange.
    if (connection?.state === 'idle') connection.drop();
  }

  /** Closes what is idle. */
  drain(): void {
    for (const connection of [...this.#byClient.values()]) {
      if (connection.state === 'idle') connection.drop();
    }
  }
}
