/** Which connections a shard has, in which of their lives: open, or switched to another protocol. */
import { IntrusiveList } from '@reverseit/core/internal';
import type { PooledConnection } from '../connect/pooled-connection.ts';
import type { Http2Connection } from '../http2/http2-connection.ts';

export class ShardConnections {
  /** Every connection whose socket is not closed, except for the switched ones. */
  readonly #open = new IntrusiveList<PooledConnection>();
  /** Those that may carry several exchanges, in the order in which they were opened. */
  readonly #multiplexed = new Set<Http2Connection>();
  readonly #switched = new Set<PooledConnection>();
  /** Those whose exchange left while they were connecting; some are connected by now. */
  readonly #abandoned = new Set<PooledConnection>();

  /** How many are open, switched ones not included. */
  get size(): number {
    return this.#open.size;
  }

  get switched(): number {
    return this.#switched.size;
  }

  add(connection: PooledConnection): void {
    this.#open.push(connection);
    if (!connection.isHttp1) this.#multiplexed.add(connection as Http2Connection);
  }

  /** Its socket is closed, or somebody else's. */
  remove(connection: PooledConnection): void {
    if (!this.#switched.delete(connection) && this.#open.has(connection)) {
      this.#open.remove(connection);
    }
    this.#abandoned.delete(connection);
    if (!connection.isHttp1) this.#multiplexed.delete(connection as Http2Connection);
  }

  /** It speaks another protocol from now on. */
  switch(connection: PooledConnection): void {
    this.#open.remove(connection);
    this.#switched.add(connection);
  }

  /** It goes on to connect, for whoever comes. */
  abandon(connection: PooledConnection): void {
    this.#abandoned.add(connection);
  }

  /** One that is connecting for nobody. */
  unclaimed(): PooledConnection | null {
    for (const connection of this.#abandoned) {
      if (connection.state === 'connecting' && connection.active === 0) return connection;
      this.#abandoned.delete(connection);
    }
    return null;
  }

  /** The first HTTP/2 connection that has room. */
  shared(): Http2Connection | null {
    if (this.#multiplexed.size === 0) return null;
    for (const connection of this.#multiplexed) if (connection.hasRoom) return connection;
    return null;
  }

  count(): { open: number; idle: number; active: number; switched: number } {
    let idle = 0;
    let active = 0;
    for (const connection of this.#open.members()) {
      if (connection.state === 'idle') idle++;
      active += connection.active;
    }
    return { open: this.#open.size, idle, active, switched: this.#switched.size };
  }

  /** All of them, switched ones included. */
  all(): readonly PooledConnection[] {
    return [...this.#open.members(), ...this.#switched];
  }
}
