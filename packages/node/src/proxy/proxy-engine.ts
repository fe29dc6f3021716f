/** What serves requests, whoever listens for them: the routes, their pools, and those who are told. */

import type { Exchange } from '@reverseit/core';
import { Deadlines } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { createPool, type OriginPool, type Pool, type PoolStats } from '@reverseit/upstream';
import { Observer } from '../hooks/observer.ts';
import { RouteHooks } from '../hooks/route-hooks.ts';
import { OpenSet } from '../lifecycle/open-set.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';
import type { ResolvedRouteOptions } from '../options/route-options.ts';
import { RouteTable } from '../routes/route-table.ts';
import { handleRequest, type PlacedRoute, type ProxyRuntime } from './handle-request.ts';
import { UpgradeRules } from './headers/upgrade-rules.ts';
import { answerError } from './runtime/answer-error.ts';
import { BufferBudget } from './runtime/buffer-budget.ts';
import type { ProxyShared } from './runtime/proxy-shared.ts';
import { RouteRuntime } from './runtime/route-runtime.ts';
import { StreamShare } from './runtime/stream-share.ts';
import { OpenWebSockets } from './websocket/open-websockets.ts';

/** Figures of what serves the requests. */
export interface EngineStats {
  /** WebSockets that are open. A server counts their client connections in `connections` as well. */
  readonly webSockets: number;
  /** Tunnels that are open, after a switch to another protocol. Their client connections count as well. */
  readonly tunnels: number;
  /** Connections to the backends, one entry per pool. */
  readonly pools: readonly PoolStats[];
}

type EngineOptions = Pick<
  ResolvedProxyOptions,
  'routes' | 'hooks' | 'outerHooks' | 'hookTimeout' | 'maxBufferedRequestBytes'
>;

export class ProxyEngine {
  readonly observer: Observer;
  /** What any of the routes lets clients switch to. */
  readonly upgrades: UpgradeRules;
  readonly #runtime: ProxyRuntime;
  readonly #deadlines = new Deadlines();
  readonly #webSockets = new OpenWebSockets();
  readonly #tunnels = new OpenSet();
  readonly #pools: Map<ResolvedRouteOptions['pool'], Pool> = new Map();
  readonly #shares: Map<ResolvedRouteOptions['pool'], StreamShare> = new Map();

  constructor(options: EngineOptions) {
    this.observer = new Observer(options.hooks);
    this.upgrades = new UpgradeRules(options.routes.flatMap((route) => route.upgrades));
    const { outerHooks, hookTimeout } = options;
    const named = new Map<string, RouteRuntime>();
    const shared: ProxyShared = {
      observer: this.observer,
      named,
      unrouted: new RouteHooks(outerHooks, null, null, this.#deadlines.queue(hookTimeout)),
      deadlines: this.#deadlines,
      buffers: new BufferBudget(options.maxBufferedRequestBytes),
      webSockets: this.#webSockets,
      tunnels: this.#tunnels,
    };
    const routes = options.routes.map((route) => {
      const origin = route.backend === null ? null : this.#origin(route, route.backend.href);
      return new RouteRuntime(route, origin, outerHooks, shared, this.#share(route.pool));
    });
    for (const route of routes) named.set(route.name, route);
    this.#runtime = { routes: new RouteTable(routes.filter(isPlaced)), shared };
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
      unixSocket: options.unixSocket,
      // They come from core's parser and from options that were checked.
      checkRequests: false,
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

  /** Answers a request that is refused before it is looked at. */
  refuse(exchange: Exchange, error: ReverseItError): void {
    answerError(this.#runtime.shared, exchange, null, null, error);
  }

  stats(): EngineStats {
    return {
      webSockets: this.#webSockets.count,
      tunnels: this.#tunnels.count,
      pools: [...this.#pools.values()].map((pool) => pool.stats()),
    };
  }

  /** WebSockets that open from now on are to close at once. */
  beginClose(): void {
    this.#webSockets.closing = true;
  }

  /**
   * Closes every backend connection, when no request is left and all WebSockets and tunnels are
   * closed; what is left of them after `timeout` ms is cut.
   */
  async close(timeout: number): Promise<void> {
    // A client may be gone while its backend has yet to answer.
    await Promise.all([this.#webSockets.close(timeout), this.#tunnels.close(timeout)]);
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#deadlines.dispose();
  }
}

const isPlaced = (route: RouteRuntime): route is PlacedRoute => route.path !== null;
