/**
 * One pool of connections to one origin: at most `size` sockets at any moment, from before they are
 * connected until they are closed. An exchange takes the connection that was used last, or opens one
 * where there is room, or waits its turn. The used-last order lets a pool that is too large for the
 * load shrink by itself. An HTTP/2 connection is one of them, and the first that has room for a stream
 * gets the exchange.
 */
import type { Socket } from 'node:net';
import type { DeadlineQueue, Deadlines } from '@reverseit/core/deadlines';
import { IntrusiveList } from '@reverseit/core/internal';
import type { Lifetimes } from '../connect/lifetimes.ts';
import type { ConnectionOwner, PooledConnection } from '../connect/pooled-connection.ts';
import type { DispatchedExchange, ExchangeOwner } from '../exchange/dispatched-exchange.ts';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';
import type { Http1Connection } from '../http1/http1-connection.ts';
import type { Http2Connection, Http2Owner, LearnedLimits } from '../http2/http2-connection.ts';
import { maxStreams } from '../http2/http2-output.ts';
import { BoundConnections } from './bound-connections.ts';
import { canServe, IdleConnections, needsOwn } from './idle-connections.ts';
import type { IdleTimeouts } from './idle-timeouts.ts';
import type { OriginMeter } from './origin-meter.ts';
import { ShardConnections } from './shard-connections.ts';

/** How long a connection that a client logs in stays unused while others wait, in ms: for its next message. */
const boundGrace = 1000;

export interface ShardOptions {
  readonly size: number;
  readonly deadlines: Deadlines;
  readonly connectTimeout: DeadlineQueue;
  readonly flushTimeout: DeadlineQueue;
  readonly lifetimes: Lifetimes;
  readonly idleTimeouts: IdleTimeouts;
  /** Each connection is the one client's that it was opened for. */
  readonly bindsClients: boolean;
}

/** Makes the connections of a shard. The socket is opened for the first exchange. */
export interface ConnectionFactory {
  http1(owner: ConnectionOwner): Http1Connection;
  /** Speaks HTTP/1.1 over a socket that is connected. */
  http1Over(owner: ConnectionOwner, socket: Socket): Http1Connection;
  /** Null where only HTTP/1.1 is spoken. */
  readonly http2: ((owner: Http2Owner, oneShot: boolean) => Http2Connection) | null;
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

export class Shard implements Http2Owner, ExchangeOwner {
  readonly connectTimeout: DeadlineQueue;
  readonly flushTimeout: DeadlineQueue;
  readonly lifetimes: Lifetimes;
  readonly bindsClients: boolean;
  readonly #owner: ShardOwner;
  readonly #connect: ConnectionFactory;
  readonly #deadlines: Deadlines;
  readonly #idleTimeouts: IdleTimeouts;
  readonly #size: number;
  readonly #maxWaiting: number;
  readonly #waiting = new IntrusiveList<DispatchedExchange>();
  readonly #connections = new ShardConnections();
  readonly learned: LearnedLimits = { streams: maxStreams };
  readonly #idle = new IdleConnections();
  readonly #bound: BoundConnections;
  #serving = false;
  #retired = false;
  #destroyed = false;
  readonly #meter: OriginMeter;
  #opened = 0;
  #reused = 0;

  constructor(
    owner: ShardOwner,
    connect: ConnectionFactory,
    options: ShardOptions,
    meter: OriginMeter,
  ) {
    this.#owner = owner;
    this.#connect = connect;
    this.#meter = meter;
    this.#size = options.size;
    this.#deadlines = options.deadlines;
    this.bindsClients = options.bindsClients;
    this.#bound = new BoundConnections(
      options.bindsClients
        ? { maxPerClient: Number.POSITIVE_INFINITY, grace: null }
        : { maxPerClient: 1, grace: options.deadlines.queue(boundGrace) },
    );
    this.connectTimeout = options.connectTimeout;
    this.flushTimeout = options.flushTimeout;
    this.lifetimes = options.lifetimes;
    this.#idleTimeouts = options.idleTimeouts;
    this.#maxWaiting = Math.max(1024, 10 * options.size);
  }

  /** Nothing is open, and nobody waits. Switched sockets are others' concern, until they are destroyed. */
  get isEmpty(): boolean {
    if (this.#destroyed && this.#connections.switched > 0) return false;
    return this.#connections.size === 0 && this.#waiting.size === 0;
  }

  /** The same, and no switched socket is left. */
  get isUnused(): boolean {
    return this.isEmpty && this.#connections.switched === 0;
  }

  /** Whether an exchange would get a connection without waiting for others. */
  get hasRoom(): boolean {
    return (
      this.#waiting.size === 0 &&
      (this.#idle.top !== null ||
        this.#connections.size < this.#size ||
        this.#connections.shared() !== null ||
        this.#connections.unclaimed() !== null ||
        this.#bound.canMakeRoom)
    );
  }

  /** Whether the client has a connection of its own here that it could use now. */
  isHomeOf(client: ClientConnection): boolean {
    return this.#bound.has(client);
  }

  /** Whether any client has. */
  get hasBound(): boolean {
    return !this.#bound.isEmpty;
  }

  now(): number {
    return this.#deadlines.now();
  }

  stats(): ShardStats {
    return {
      ...this.#connections.count(),
      waiting: this.#waiting.size,
      opened: this.#opened,
      reused: this.#reused,
    };
  }

  /** Finds a connection for an exchange, now or later. */
  acquire(exchange: DispatchedExchange): void {
    if (this.#owner.closing) exchange.fail('RIT_ERR_UPSTREAM_CLOSED');
    else if (!this.#bound.isEmpty && this.#serveBound(exchange)) return;
    else if (this.#waiting.size === 0 && this.#serve(exchange, false)) return;
    else if (this.#waiting.size >= this.#maxWaiting) exchange.fail('RIT_ERR_UPSTREAM_QUEUE_FULL');
    else {
      this.#waiting.push(exchange);
      exchange.onQueued();
    }
  }

  /** It had a connection, which was gone when it was used: it is served first, and afresh if possible. */
  reacquire(exchange: DispatchedExchange): void {
    this.#meter.retried++;
    if (this.#serve(exchange, true)) return;
    this.#waiting.pushFirst(exchange);
    exchange.onQueued();
  }

  onWaited(since: number): void {
    this.#meter.wait.observe(this.now() - since);
  }

  leave(exchange: DispatchedExchange): void {
    if (!this.#waiting.has(exchange)) return;
    this.#waiting.remove(exchange);
    this.#announceEmpty();
  }

  /** Whether connections are closed as they become idle: nobody will ask for them any more. */
  get retired(): boolean {
    return this.#retired;
  }

  set retired(retired: boolean) {
    this.#retired = retired;
    if (retired) this.drain();
  }

  /** Closes what nobody uses; the rest closes as it ends. */
  drain(): void {
    let unclaimed = this.#connections.unclaimed();
    for (; unclaimed !== null; unclaimed = this.#connections.unclaimed()) unclaimed.drop();
    for (let { top } = this.#idle; top !== null; { top } = this.#idle) top.drop();
    this.#bound.drain();
    this.#announceEmpty();
  }

  /** Fails every exchange and closes every socket, switched ones included. */
  destroy(): void {
    this.#destroyed = true;
    for (let first = this.#waiting.first; first !== null; first = this.#waiting.first) {
      first.fail('RIT_ERR_UPSTREAM_CLOSED');
    }
    for (const connection of this.#connections.all()) {
      connection.destroy('RIT_ERR_UPSTREAM_CLOSED');
    }
  }

  // ————— What connections tell.

  onConnected(startedAt: number): void {
    this.#opened++;
    this.#meter.opened++;
    this.#meter.connect.observe(this.now() - startedAt);
  }

  onReusable(connection: PooledConnection, idleHint: number): void {
    if (connection.bound) {
      this.#keepBound(connection, idleHint);
      return;
    }
    if (this.#passOn(connection)) return;
    this.#idle.push(connection);
    connection.arm(this.#idleTimeouts.queue(idleHint));
  }

  onAbandoned(connection: PooledConnection): void {
    // Without a limit it might try for ever, for nobody.
    if (!this.connectTimeout.isLimited) connection.drop();
    else if (!this.#passOn(connection)) this.#connections.abandon(connection);
  }

  /** Gives a connection to the exchange that waits first, or drops it. False: it is kept. */
  #passOn(connection: PooledConnection): boolean {
    const next = this.#waiting.first;
    if (next !== null && canServe(connection, next)) {
      this.#waiting.remove(next);
      this.#assign(connection, next);
      // It may have room for more.
      if (!connection.isHttp1) this.#serveWaiting();
      return true;
    }
    const isKept =
      !this.#owner.closing && !this.#retired && (next === null || !needsOwn(connection, next));
    if (!isKept) connection.drop();
    return !isKept;
  }

  onUnusable(connection: PooledConnection): void {
    if (connection.bound) this.#bound.onUnusable(connection);
    this.#idle.remove(connection);
  }

  onSwitched(connection: PooledConnection): void {
    this.#connections.switch(connection);
    this.#bound.remove(connection);
    this.useSlot();
  }

  onClosed(connection: PooledConnection): void {
    this.#connections.remove(connection);
    this.onUnusable(connection);
    if (connection.bound) this.#bound.remove(connection);
    // The exchange that loses its connection by this has not heard of it yet, and goes first if it may.
    process.nextTick(useSlot, this);
  }

  onRoom(): void {
    this.#serveWaiting();
  }

  onReturned(exchanges: readonly DispatchedExchange[]): void {
    for (const exchange of exchanges.toReversed()) {
      if (!exchange.onReturned()) continue;
      this.#waiting.pushFirst(exchange);
      exchange.onQueued();
    }
    this.useSlot();
  }

  onHttp1(from: Http2Connection, socket: Socket, exchanges: readonly DispatchedExchange[]): void {
    this.#connections.remove(from);
    const rest = [...exchanges];
    const first = rest.shift();
    if (first?.onReturned() !== true) socket.destroy();
    else {
      const connection = this.#connect.http1Over(this, socket);
      connection.startedAt = from.startedAt;
      this.#connections.add(connection);
      connection.assign(first);
    }
    this.onReturned(rest);
  }

  /** A slot has become free. */
  useSlot(): void {
    this.#serveWaiting();
    this.#announceEmpty();
  }

  // ————— Serving.

  #serve(exchange: DispatchedExchange, fresh: boolean): boolean {
    const shared = exchange.oneShot || exchange.upgrading ? null : this.#connections.shared();
    const room = this.#connections.size < this.#size;
    const idle = exchange.oneShot ? null : this.#idle.find(exchange);
    const unclaimed = room || exchange.oneShot ? null : this.#connections.unclaimed();
    if (shared !== null) this.#use(shared, exchange);
    else if (idle !== null && !(fresh && room)) this.#use(idle, exchange);
    else if (room) this.#open(exchange);
    else if (unclaimed !== null) this.#assign(unclaimed, exchange);
    else {
      // Its connection is none of those that are idle: one of them makes room for it.
      if (exchange.oneShot || exchange.upgrading) this.#idle.top?.drop();
      this.#bound.makeRoom();
      return false;
    }
    return true;
  }

  /** By the connection that is its client's own, past whoever waits. */
  #serveBound(exchange: DispatchedExchange): boolean {
    const { client } = exchange.request;
    if (client === undefined || client === null || exchange.oneShot) return false;
    const connection = this.#bound.take(client);
    if (connection !== null) this.#assign(connection, exchange);
    return connection !== null;
  }

  #keepBound(connection: PooledConnection, idleHint: number): void {
    const next = this.#waiting.first;
    if (next !== null && isFor(connection, next)) {
      this.#waiting.remove(next);
      this.#assign(connection, next);
    } else if (this.#owner.closing || this.#retired || !this.#bound.keep(connection)) {
      connection.drop();
    } else {
      connection.arm(this.#idleTimeouts.queue(idleHint));
      if (next !== null) this.#bound.makeRoom();
    }
  }

  #use(connection: PooledConnection, exchange: DispatchedExchange): void {
    this.onUnusable(connection);
    this.#assign(connection, exchange);
  }

  #open(exchange: DispatchedExchange): void {
    const { http1, http2 } = this.#connect;
    const connection =
      http2 === null || exchange.upgrading ? http1(this) : http2(this, exchange.oneShot);
    this.#connections.add(connection);
    this.#assign(connection, exchange);
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

  #assign(connection: PooledConnection, exchange: DispatchedExchange): void {
    if (connection.served > 0) {
      this.#reused++;
      this.#meter.reused++;
    }
    connection.assign(exchange);
  }

  #announceEmpty(): void {
    if ((this.#retired || this.#owner.closing) && this.isEmpty) this.#owner.onEmpty();
  }
}

/** Whether the exchange is one of the client that has the connection. */
function isFor({ client }: PooledConnection, exchange: DispatchedExchange): boolean {
  return client !== null && !exchange.oneShot && exchange.request.client === client;
}

function useSlot(shard: Shard): void {
  shard.useSlot();
}
