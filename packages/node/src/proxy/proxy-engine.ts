/** What serves requests, whoever listens for them: the routes, their pools, and those who are told. */

import type { Exchange } from '@reverseit/core';
import { createPool, type OriginPool, type Pool, type PoolStats } from '@reverseit/upstream';
import { Observer } from '../hooks/observer.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';
import type { ResolvedRouteOptions } from '../options/route-options.ts';
import { RouteTable } from '../routes/route-table.ts';
import { BufferBudget } from './buffer-budget.ts';
import { handleRequest, type ProxyRuntime } from './handle-request.ts';
import { OpenWebSockets } from './open-websockets.ts';
import { RouteRuntime } from './route-runtime.ts';
import { StreamShare } from './stream-share.ts';

/** Figures of what serves the requests. */
export interface EngineStats {
  /** WebSockets that are open. A server counts their client connections in `connections` as well. */
  readonly webSockets: number;
  /** Connections to the backends, one entry per pool. */
  readonly pools: readonly PoolStats[];
}

type EngineOptions = Pick<ResolvedProxyOptions, 'routes' | 'hooks' | 'maxBufferedRequestBytes'>;

export class ProxyEngine {
  readonly observer: Observer;
  readonly #runtime: ProxyRuntime;
  readonly #buffers: BufferBudget;
  readonly #webSockets = new OpenWebSockets();
  readonly #pools: Map<ResolvedRouteOptions['pool'], Pool> = new Map();
  readonly #shares: Map<ResolvedRouteOptions['pool'], StreamShare> = new Map();

  constructor(options: EngineOptions) {
    this.observer = new Observer(options.hooks);
    this.#buffers = new BufferBudget(options.maxBufferedRequestBytes);
    const routes = options.routes.map((options) => this.#route(options));
    this.#runtime = {
      routes: new RouteTable(routes),
      named: new Map(routes.map((route) => [route.name, route])),
      observer: this.observer,
    };
  }

  #route(options: ResolvedRouteOptions): RouteRuntime {
    const origin = options.backend === null ? null : this.#origin(options, options.backend);
    return new RouteRuntime(options, origin, {
      buffers: this.#buffers,
      streams: this.#share(options.pool),
      webSockets: this.#webSockets,
    });
  }

  #share(pool: ResolvedRouteOptions['pool']): StreamShare {
    let share = this.#shares.get(pool);
    if (share === undefined) {
      share = new StreamShare(pool);
      this.#shares.set(pool, share);
    }
    return share;
  }

  #origin(options: ResolvedRouteOptions, backend: string): OriginPool {
    let pool = this.#pools.get(options.pool);
    if (pool === undefined) {
      pool = createPool(options.pool);
      this.#pools.set(options.pool, pool);
    }
    return pool.origin(backend, {
      connection: options.upstreamConnection,
      ...(options.unixSocket === null ? {} : { unixSocket: options.unixSocket }),
    });
  }

  /** Whether a route serves the request, were it only by refusing it. */
  serves(authority: string | null, target: string): boolean {
    try {
      return this.#runtime.routes.match(authority, target) !== null;
    } catch {
      return true;
    }
  }

  /** Serves a request, to its end. */
  handle(exchange: Exchange): void {
    handleRequest(this.#runtime, exchange);
  }

  stats(): EngineStats {
    return {
      webSockets: this.#webSockets.count,
      pools: [...this.#pools.values()].map((pool) => pool.stats()),
    };
  }

  /** WebSockets that open from now on are to close at once. */
  beginClose(): void {
    this.#webSockets.closing = true;
  }

  /**
   * Closes every backend connection, when no request is left and all WebSockets are closed; what is left
   * of them after `timeout` ms is cut.
   */
  async close(timeout: number): Promise<void> {
    // A client may be gone while its backend has yet to answer.
    await this.#webSockets.close(timeout);
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}
