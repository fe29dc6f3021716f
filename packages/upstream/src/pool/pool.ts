/**
 * A pool: for each origin as many shards as asked for, each with its own connections. Exchanges go to
 * the shards in turn, past those that are full.
 */
import { type Clock, Deadlines } from '@reverseit/core/deadlines';
import { HeaderSection } from '@reverseit/core/http';
import { resolveOptions } from '@reverseit/core/options';
import {
  type ClientResponse,
  checkRequestOptions,
  type RequestOptions,
  sendRequest,
} from '../client/request.ts';
import { attemptDelay } from '../connect/connect-race.ts';
import { ConnectedSocket, Connector, type ConnectorContext } from '../connect/connector.ts';
import { Lifetimes } from '../connect/lifetimes.ts';
import { type Network, systemNetwork } from '../connect/network.ts';
import { type DispatchLimits, LimitsResolver } from '../exchange/dispatch-limits.ts';
import { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { checkHandler, checkProtocol } from '../exchange/message/handler-check.ts';
import { type CheckedRequest, checkRequest, sectionOf } from '../exchange/message/request-check.ts';
import { connectionLines } from '../exchange/message/request-head.ts';
import type { RequestInput, UpstreamRequest } from '../exchange/message/upstream-request.ts';
import type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
} from '../exchange/message/upstream-response.ts';
import { DirectConnection } from '../http1/direct/direct-connection.ts';
import { UndiciConnection } from '../http1/undici/undici-connection.ts';
import { Http2Connection } from '../http2/http2-connection.ts';
import { type Origin, parseOrigin } from '../options/origin.ts';
import { type OriginOptions, type OriginValues, originOptions } from '../options/origin-options.ts';
import { type ResolvedPoolOptions, resolvePoolOptions } from '../options/pool-options.ts';
import type { PoolOptions } from '../options/upstream-options.ts';
import { IdleTimeouts } from './idle-timeouts.ts';
import { type OriginMeter, OriginMeters } from './origin-meter.ts';
import { OriginShards, type OriginStats, sum } from './origin-shards.ts';
import { type ConnectionFactory, Shard, type ShardOwner, type ShardStats } from './shard.ts';

/** A backend, reached through a pool. Cheap; made once for each route. */
export interface OriginPool {
  /** Whether a request would get a connection without waiting for others. */
  readonly hasRoom: boolean;
  /**
   * Sends a request. Everything that comes of it is told to the handler, after this has returned: also that
   * the request is invalid (`RIT_ERR_INTERNAL`, with a message that says why), which takes no connection.
   * A handler that throws ends its exchange with that code; from `onEnd` or `onError` the error becomes a
   * warning of the process.
   * @throws ConfigError `RIT_ERR_CONFIG` for invalid limits; undefined stands for the defaults.
   * @throws StateError `RIT_ERR_INTERNAL` for a handler that lacks a method.
   */
  dispatch(
    request: RequestInput,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
  ): UpstreamExchange;
  /**
   * Sends a request that asks for a switch of protocols: `Connection` and `Upgrade` are added to its fields.
   * After a 101 the socket leaves the pool: it takes none of `poolSize`, and is told in the stats as
   * `switched` until it is closed. Any other answer comes as an ordinary response. A 101 that comes before
   * the whole request has been sent is refused (`RIT_ERR_UPSTREAM_PROTOCOL`). Checks and throws as
   * `dispatch` does; a WebSocket is asked for by GET and without a body.
   *
   * @param protocol what Upgrade offers (RFC 9110 §7.8): one protocol, or several with commas between
   *   them. Default: `websocket`. That the 101 chose one of them is for the handler to check.
   * @throws StateError `RIT_ERR_INTERNAL` where `protocol` names none
   */
  upgrade(
    request: RequestInput,
    limits: DispatchLimits | undefined,
    handler: UpgradeHandler,
    protocol?: string,
  ): UpstreamExchange;
  /**
   * It is not needed any more. When that holds for every way to the same backend, connections are closed as
   * they become idle. What is under way goes on. Once only.
   */
  release(): void;
}

/** Counts of a pool, over its origins. */
export interface PoolStats extends ShardStats {
  readonly origins: readonly OriginStats[];
}

export interface Pool {
  /**
   * The way to a backend. The same scheme, host, port and unix socket share their connections.
   * @throws ConfigError `RIT_ERR_CONFIG` for a backend that is no http, https, ws or wss URL, and for invalid
   * options.
   */
  origin(backend: string | URL, options?: OriginOptions): OriginPool;
  /**
   * Sends a request and resolves when the headers of the response have arrived. The connections of the last
   * hundred origins are kept for the requests that follow. Not for a proxy: headers are sent as they are.
   * @throws ReverseItError what `onError` of a handler gets; ConfigError `RIT_ERR_CONFIG` for an invalid URL,
   * invalid limits or an unknown option; AbortError `RIT_ERR_CLIENT_ABORTED` once `signal` is aborted
   */
  request(url: string | URL, options?: RequestOptions): Promise<ClientResponse>;
  stats(): PoolStats;
  /** Refuses what is new, lets what was accepted end, and resolves when every connection is closed. */
  close(): Promise<void>;
  /** Fails everything with `RIT_ERR_UPSTREAM_CLOSED`, and resolves when every connection is closed. */
  destroy(): Promise<void>;
}

/**
 * Makes a pool of connections to backends. It opens none before the first request.
 * @param clock time, for tests
 * @param network look-ups and connections, for tests and for a resolver of one's own
 * @throws ConfigError `RIT_ERR_CONFIG` that names the option.
 */
export function createPool(
  options?: PoolOptions,
  clock?: Clock,
  network: Network = systemNetwork,
): Pool {
  return createMeteredPool(options, new OriginMeters(), clock, network);
}

/** The same, with meters that outlive the pool. */
export function createMeteredPool(
  options: PoolOptions | undefined,
  meters: OriginMeters,
  clock?: Clock,
  network: Network = systemNetwork,
): Pool {
  return new ConnectionPool(resolvePoolOptions(options), new Deadlines(clock), network, meters);
}

/** In ms. A request leaves within a turn of the event loop, unless its backend stops reading. */
const flushTimeout = 1000;

/** Origins whose connections are kept for `request`. */
const maxRequestOrigins = 100;

const requestOrigin = resolveOptions(originOptions, {});

const transports = { undici: UndiciConnection, direct: DirectConnection } as const;

const alpnNames = { http1: 'http/1.1', http2: 'h2' } as const;

function connectionFactory(origin: Origin, context: ConnectorContext): ConnectionFactory {
  const { protocols, transport } = context.options;
  const Http1 = transports[transport];
  const http1 = new Connector(origin, context, ['http/1.1']);
  const alone = !protocols.includes('http1');
  const http2 =
    protocols.includes('http2') && (alone || origin.secure)
      ? new Connector(origin, context, alone ? ['h2'] : ['h2', 'http/1.1'])
      : null;
  return {
    http1: (owner) => new Http1(owner, http1),
    http1Over: (owner, socket) => new Http1(owner, new ConnectedSocket(origin, socket)),
    http2: http2 === null ? null : (owner, oneShot) => new Http2Connection(owner, http2, oneShot),
  };
}

/** @internal The pool that `createPool` makes; a group of backends asks it for more than others do. */
export class ConnectionPool implements Pool, ShardOwner {
  closing = false;
  readonly deadlines: Deadlines;
  readonly network: Network;
  readonly #meters: OriginMeters;
  readonly #options: ResolvedPoolOptions;
  readonly #limits: LimitsResolver;
  readonly #origins = new Map<string, OriginShards>();
  /** Of `request`, the one used last at the end. */
  readonly #requestOrigins = new Map<string, OriginPool>();
  #closed: Promise<void> | null = null;
  #resolveClosed: (() => void) | null = null;

  constructor(
    options: ResolvedPoolOptions,
    deadlines: Deadlines,
    network: Network,
    meters: OriginMeters,
  ) {
    this.#options = options;
    this.#meters = meters;
    this.deadlines = deadlines;
    this.network = network;
    this.#limits = new LimitsResolver(deadlines);
  }

  origin(backend: string | URL, given: OriginOptions = {}): OriginPool {
    const options = resolveOptions(originOptions, given);
    return this.originAt(parseOrigin(backend, options.unixSocket), options);
  }

  async request(url: string | URL, options: RequestOptions = {}): Promise<ClientResponse> {
    checkRequestOptions(options);
    const origin = parseOrigin(url, options.unixSocket);
    return sendRequest(this.#requestOrigin(origin), new URL(url), options);
  }

  #requestOrigin(origin: Origin): OriginPool {
    const ways = this.#requestOrigins;
    const way = ways.get(origin.key) ?? this.originAt(origin, requestOrigin);
    ways.delete(origin.key);
    ways.set(origin.key, way);
    for (const [key, oldest] of ways) {
      if (ways.size <= maxRequestOrigins) break;
      ways.delete(key);
      oldest.release();
    }
    return way;
  }

  /** The way to an origin that may be served by another place than its name says. */
  originAt(origin: Origin, options: OriginValues): OriginPool {
    const shards = this.#shardsOf(origin);
    shards.acquire();
    return new PooledOrigin(this, shards, this.#limits, options);
  }

  /** @internal For a way that was released, and to which nobody else has one: used once more all the same. */
  reviveShards(origin: Origin): OriginShards {
    const shards = this.#shardsOf(origin);
    if (shards.isReleased) for (const shard of shards.shards) shard.retired = true;
    return shards;
  }

  #shardsOf(origin: Origin): OriginShards {
    let shards = this.#origins.get(origin.key);
    if (shards === undefined) {
      const meter = this.#meters.acquire(origin.label);
      shards = new OriginShards(origin, this.#makeShards(origin, meter), meter);
      this.#origins.set(origin.key, shards);
    }
    return shards;
  }

  #makeShards(origin: Origin, meter: OriginMeter): Shard[] {
    const { poolCount, poolSize, connectTimeout, connMaxIdleTime } = this.#options;
    const { connMaxLifetime, connMaxRequests, sendProxyProtocol } = this.#options;
    const connect = connectionFactory(origin, this.#connectorContext());
    const options = {
      size: poolSize,
      deadlines: this.deadlines,
      connectTimeout: this.deadlines.queue(connectTimeout),
      flushTimeout: this.deadlines.queue(flushTimeout),
      lifetimes: new Lifetimes(this.deadlines, connMaxLifetime, connMaxRequests),
      idleTimeouts: new IdleTimeouts(this.deadlines, connMaxIdleTime),
      bindsClients: sendProxyProtocol !== false && !origin.headerless,
    };
    return Array.from({ length: poolCount }, () => new Shard(this, connect, options, meter));
  }

  /** What opens sockets as requests do, for who wants to know no more than whether that works. */
  connector(origin: Origin): Connector {
    const { protocols } = this.#options;
    const offered = [...protocols].reverse().map((name) => alpnNames[name]);
    return new Connector(origin, this.#connectorContext(), offered);
  }

  #connectorContext(): ConnectorContext {
    return {
      options: this.#options,
      network: this.network,
      attemptDelay: this.deadlines.queue(attemptDelay),
    };
  }

  stats(): PoolStats {
    const origins = [...this.#origins.values()].map((shards) => shards.stats());
    return { ...sum(origins), origins };
  }

  close(): Promise<void> {
    return this.#shutDown((shard) => shard.drain());
  }

  destroy(): Promise<void> {
    return this.#shutDown((shard) => shard.destroy());
  }

  #shutDown(end: (shard: Shard) => void): Promise<void> {
    this.closing = true;
    this.#closed ??= new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    for (const { shards } of this.#origins.values()) for (const shard of shards) end(shard);
    this.onEmpty();
    return this.#closed;
  }

  onEmpty(): void {
    for (const origin of this.#origins.values()) this.onReleased(origin);
    if (!this.closing) return;
    for (const { shards } of this.#origins.values()) {
      for (const shard of shards) if (!shard.isEmpty) return;
    }
    this.deadlines.dispose();
    if (this.#resolveClosed === null) return;
    for (const { meter } of this.#origins.values()) this.#meters.release(meter);
    this.#resolveClosed();
    this.#resolveClosed = null;
  }

  /** @internal Forgets an origin to which there is neither a way nor a connection any more. */
  onReleased(origin: OriginShards): void {
    if (origin.forgotten || !origin.isReleased || !origin.isUnused) return;
    origin.forgotten = true;
    this.#origins.delete(origin.origin.key);
    this.#meters.release(origin.meter);
  }
}

class PooledOrigin implements OriginPool {
  readonly #pool: ConnectionPool;
  #shards: OriginShards;
  readonly #limits: LimitsResolver;
  readonly #options: OriginValues;

  constructor(
    pool: ConnectionPool,
    shards: OriginShards,
    limits: LimitsResolver,
    options: OriginValues,
  ) {
    this.#pool = pool;
    this.#shards = shards;
    this.#limits = limits;
    this.#options = options;
  }

  get hasRoom(): boolean {
    return this.#shards.hasRoom;
  }

  release(): void {
    this.#shards.release();
    this.#pool.onReleased(this.#shards);
  }

  dispatch(
    request: RequestInput,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
  ): UpstreamExchange {
    return this.#send(request, limits, handler, null, '');
  }

  upgrade(
    request: RequestInput,
    limits: DispatchLimits | undefined,
    handler: UpgradeHandler,
    protocol = 'websocket',
  ): UpstreamExchange {
    checkProtocol(protocol);
    return this.#send(request, limits, handler, handler, protocol);
  }

  #send(
    input: RequestInput,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
    onSwitch: UpgradeHandler | null,
    protocol: string,
  ): UpstreamExchange {
    const resolved = this.#limits.resolve(limits);
    const oneShot = this.#options.connection === 'one-shot';
    const checked = this.#options.checkRequests
      ? this.#check(input, handler, protocol, oneShot)
      : null;
    // Who vouches for a request gives it in the form in which it is sent.
    const request = checked === null ? (input as UpstreamRequest) : checked.request;
    const fields = checked === null ? sectionOf(request) : (checked.error ?? checked.fields);
    // A request that began before its route was replaced may come after the last connection has gone.
    if (this.#shards.forgotten) this.#shards = this.#pool.reviveShards(this.#shards.origin);
    const shard = this.#shards.pick(request);
    const exchange = new DispatchedExchange(
      shard,
      request,
      fields instanceof HeaderSection ? fields : HeaderSection.empty(),
      resolved,
      handler,
      onSwitch,
      oneShot,
      protocol,
    );
    if (checked !== null) exchange.head = checked.head;
    if (fields instanceof HeaderSection) shard.acquire(exchange);
    else exchange.onFailed(fields);
    return exchange.dispatched();
  }

  #check(
    input: RequestInput,
    handler: ResponseHandler,
    protocol: string,
    oneShot: boolean,
  ): CheckedRequest {
    checkHandler(handler, protocol !== '');
    const connection = connectionLines({ protocol, oneShot });
    const isWebSocket = protocol === 'websocket';
    return checkRequest(input, { connection, isWebSocket });
  }
}
