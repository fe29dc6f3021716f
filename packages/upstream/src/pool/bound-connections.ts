/**
 * The connections of a pool that are a client's own: each serves the client's connection that it has served
 * before and no other, and is closed with it. Either because a request or response on it has named a scheme that
 * authenticates the connection (NTLM, Negotiate; RFC 4559), or because it began with a PROXY header that says who
 * the client is.
 *
 * They count as any other. While somebody waits, those that are idle are closed, the one unused longest first, so
 * that clients cannot keep a pool by logging in.
 */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { PooledConnection } from '../connect/pooled-connection.ts';
import type {
  ClientCloseListener,
  ClientConnection,
} from '../exchange/message/upstream-request.ts';

export interface BoundRules {
  /** Connections that are kept for one client. */
  readonly maxPerClient: number;
  /** How long an idle one is left alone while others wait; null: not at all. */
  readonly grace: DeadlineQueue | null;
}

export class BoundConnections implements ClientCloseListener {
  /** Of each client those that have been idle, in use or not. */
  readonly #byClient = new Map<ClientConnection, PooledConnection[]>();
  /** Those that are idle and have not been told to close, the one unused longest first. */
  readonly #idle = new Set<PooledConnection>();
  readonly #rules: BoundRules;

  constructor(rules: BoundRules) {
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#byClient.size === 0;
  }

  /** Whether one can be closed at once for who needs its place. */
  get canMakeRoom(): boolean {
    return this.#rules.grace === null && this.#idle.size > 0;
  }

  /** Whether the client has a connection that it could use now. */
  has(client: ClientConnection): boolean {
    return this.#find(client) !== null;
  }

  /** Takes a connection of the client's out for a request; null where it has none that is idle. */
  take(client: ClientConnection): PooledConnection | null {
    const connection = this.#find(client);
    if (connection !== null) this.#idle.delete(connection);
    return connection;
  }

  #find(client: ClientConnection): PooledConnection | null {
    return this.#byClient.get(client)?.findLast(isIdle) ?? null;
  }

  /** Keeps a connection that has become idle for its client. False: the client has left, or has enough. */
  keep(connection: PooledConnection): boolean {
    const { client } = connection;
    if (client === null || client.closed) return false;
    const known = this.#byClient.get(client);
    if (known === undefined) {
      this.#byClient.set(client, [connection]);
      client.addCloseListener(this);
    } else if (!known.includes(connection)) {
      if (known.length >= this.#rules.maxPerClient) return false;
      known.push(connection);
    }
    this.#idle.add(connection);
    return true;
  }

  /** Somebody waits: the connection that has been unused longest is closed, once it has been for a moment. */
  makeRoom(): void {
    for (const connection of this.#idle) {
      const { grace } = this.#rules;
      this.#idle.delete(connection);
      if (grace === null) connection.drop();
      else connection.closeUnused(grace);
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
    if (client === null) return;
    const known = this.#byClient.get(client);
    const at = known?.indexOf(connection) ?? -1;
    if (known === undefined || at === -1) return;
    known.splice(at, 1);
    if (known.length > 0) return;
    this.#byClient.delete(client);
    client.removeCloseListener(this);
  }

  onClientClosed(client: ClientConnection): void {
    // One that is in use ends with its exchange.
    for (const connection of [...(this.#byClient.get(client) ?? [])]) {
      if (isIdle(connection)) connection.drop();
    }
  }

  /** Closes what is idle. */
  drain(): void {
    for (const known of [...this.#byClient.values()]) {
      for (const connection of [...known]) if (isIdle(connection)) connection.drop();
    }
  }
}

const isIdle = ({ state }: PooledConnection): boolean => state === 'idle';
