/**
 * One pool of connections to one origin: at most `size` sockets at any moment, from before they are
 * connected until they are closed. An exchange takes the connection that was used last, or opens one
 * where there is room, or waits its turn. The used-last order lets a pool that is too large for the
 * load shrink by itself.
 */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ConnectionFactory, ConnectionOwner, Http1Connection } from './http1-connection.ts';
import type { ExchangeHome, Http1Exchange } from './http1-exchange.ts';
import type { IdleTimeouts } from './idle-timeouts.ts';
import { WaitQueue } from './wait-queue.ts';

export interface ShardOptions {
  readonly size: number;
  readonly connectTimeout: DeadlineQueue;
  readonly idleTimeouts: IdleTimeouts;
}

/** Counts of one pool of connections. */
export interface ShardStats {
  /** Sockets that are connecting, in use, idle or not yet closed; at most `poolSize`. */
  open: number;
  idle: number;
  /** Exchanges with a connection, or with one that is being opened. */
  active: number;
  /** Exchanges that wait for a connection. */
  waiting: number;
  /** Sockets that were handed over after a protocol switch and are still open. Not part of `open`. */
  switched: number;
  /** Connections made since the start. */
  opened: number;
  /** Exchanges since the start that began on a used connection. */
  reused: number;
}

/** What a shard tells the pool that owns it. */
export interface ShardOwner {
  readonly closing: boolean;
  /** Nothing is open or waiting any more. */
  onEmpty(): void;
}

export class Shard implements ConnectionOwner, ExchangeHome {
  readonly connectTimeout: DeadlineQueue;
  readonly #owner: ShardOwner;
  readonly #connect: ConnectionFactory;
  readonly #idleTimeouts: IdleTimeouts;
  readonly #size: number;
  readonly #mostWaiting: number;
  readonly #waiting = new WaitQueue<Http1Exchange>();
  /** Every connection whose socket is not closed, but for the switched ones. */
  readonly #connections = new Set<Http1Connection>();
  readonly #switched = new Set<Http1Connection>();
  /** The idle connection that was used last; the others follow by their links. */
  #idleTop: Http1Connection | null = null;
  #serving = false;
  #destroyed = false;
  #opened = 0;
  #reused = 0;

  constructor(owner: ShardOwner, connect: ConnectionFactory, options: ShardOptions) {
    this.#owner = owner;
    this.#connect = connect;
    this.#size = options.size;
    this.connectTimeout = options.connectTimeout;
    this.#idleTimeouts = options.idleTimeouts;
    this.#mostWaiting = Math.max(1024, 10 * options.size);
  }

  /** Nothing is open, and nobody waits. Switched sockets are others' concern, until they are destroyed. */
  get isEmpty(): boolean {
    if (this.#destroyed && this.#switched.size > 0) return false;
    return this.#connections.size === 0 && this.#waiting.length === 0;
  }

  /** Whether an exchange would get a connection without waiting for others. */
  get hasRoom(): boolean {
    return (
      this.#waiting.length === 0 && (this.#idleTop !== null || this.#connections.size < this.#size)
    );
  }

  stats(): ShardStats {
    let idle = 0;
    let active = 0;
    for (const { state } of this.#connections) {
      if (state === 'idle') idle++;
      else if (state !== 'closing') active++;
    }
    return {
      open: this.#connections.size,
      idle,
      active,
      waiting: this.#waiting.length,
      switched: this.#switched.size,
      opened: this.#opened,
      reused: this.#reused,
    };
  }

  /** Finds a connection for an exchange, now or later. */
  acquire(exchange: Http1Exchange): void {
    if (this.#owner.closing) exchange.fail('RIT_ERR_UPSTREAM_CLOSED');
    else if (this.#waiting.length === 0 && this.#serve(exchange, false)) return;
    else if (this.#waiting.length >= this.#mostWaiting)
      exchange.fail('RIT_ERR_UPSTREAM_QUEUE_FULL');
    else {
      this.#waiting.push(exchange);
      exchange.onQueued();
    }
  }

  /** It had a connection, which was gone when it was used: it is served first, and afresh if possible. */
  reacquire(exchange: Http1Exchange): void {
    if (this.#serve(exchange, true)) return;
    this.#waiting.pushFirst(exchange);
    exchange.onQueued();
  }

  leave(exchange: Http1Exchange): void {
    this.#waiting.remove(exchange);
    this.#announceEmpty();
  }

  /** Closes what is idle; the rest closes as it ends. */
  drain(): void {
    for (let top = this.#idleTop; top !== null; top = this.#idleTop) top.drop();
    this.#announceEmpty();
  }

  /** Fails every exchange and closes every socket, switched ones included. */
  destroy(): void {
    this.#destroyed = true;
    for (let first = this.#waiting.first; first !== null; first = this.#waiting.first) {
      first.fail('RIT_ERR_UPSTREAM_CLOSED');
    }
    for (const connection of [...this.#connections, ...this.#switched]) {
      connection.exchange?.fail('RIT_ERR_UPSTREAM_CLOSED');
      connection.drop();
    }
  }

  // ————— What connections tell.

  onConnected(): void {
    this.#opened++;
  }

  onReusable(connection: Http1Connection, idleHint: number): void {
    const next = this.#waiting.first;
    if (next !== null && !next.oneShot) {
      this.#waiting.remove(next);
      this.#assign(connection, next);
    } else if (next !== null || this.#owner.closing) connection.drop();
    else {
      connection.idleNext = this.#idleTop;
      if (this.#idleTop !== null) this.#idleTop.idlePrevious = connection;
      this.#idleTop = connection;
      connection.arm(this.#idleTimeouts.queue(idleHint));
    }
  }

  onUnusable(connection: Http1Connection): void {
    const { idlePrevious, idleNext } = connection;
    if (idlePrevious !== null) idlePrevious.idleNext = idleNext;
    else if (this.#idleTop === connection) this.#idleTop = idleNext;
    else return;
    if (idleNext !== null) idleNext.idlePrevious = idlePrevious;
    connection.idlePrevious = null;
    connection.idleNext = null;
  }

  onSwitched(connection: Http1Connection): void {
    this.#connections.delete(connection);
    this.#switched.add(connection);
    this.useSlot();
  }

  onClosed(connection: Http1Connection): void {
    this.#switched.delete(connection);
    this.#connections.delete(connection);
    this.onUnusable(connection);
    // The exchange that loses its connection by this has not heard of it yet, and goes first if it may.
    process.nextTick(useSlot, this);
  }

  /** A slot has become free. */
  useSlot(): void {
    this.#serveWaiting();
    this.#announceEmpty();
  }

  // ————— Serving.

  #serve(exchange: Http1Exchange, fresh: boolean): boolean {
    const top = this.#idleTop;
    const room = this.#connections.size < this.#size;
    if (exchange.oneShot && !room) {
      // Its connection is never a used one; an idle one makes room for it.
      top?.drop();
      return false;
    }
    if (top !== null && !exchange.oneShot && !(fresh && room)) {
      this.onUnusable(top);
      this.#assign(top, exchange);
      return true;
    }
    if (!room) return false;
    const connection = this.#connect(this);
    this.#connections.add(connection);
    this.#assign(connection, exchange);
    return true;
  }

  #serveWaiting(): void {
    // A connection that fails at once comes back here from within.
    if (this.#serving) return;
    this.#serving = true;
    for (let first = this.#waiting.first; first !== null; first = this.#waiting.first) {
      // Out of the queue while it is served, so that it is served once.
      this.#waiting.remove(first);
      if (this.#serve(first, false)) continue;
      this.#waiting.pushFirst(first);
      break;
    }
    this.#serving = false;
  }

  #assign(connection: Http1Connection, exchange: Http1Exchange): void {
    if (connection.served > 0) this.#reused++;
    connection.assign(exchange);
  }

  #announceEmpty(): void {
    if (this.#owner.closing && this.isEmpty) this.#owner.onEmpty();
  }
}

function useSlot(shard: Shard): void {
  shard.useSlot();
}
