/** What serves requests, whoever listens for them: the routes, their pools, and those who are told. */

import type { Exchange } from '@reverseit/core';
import { Deadlines } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import type { OriginPool, Pool, PoolStats } from '@reverseit/upstream';
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
import { RoutePools } from './runtime/route-pools.ts';
import { RouteRuntime } from './runtime/route-runtime.ts';
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

export type EngineOptions = Pick<
  ResolvedProxyOptions,
  'routes' | 'hooks' | 'outerHooks' | 'hookTimeout' | 'maxBufferedRequestBytes'
>;

/** What serves requests by one set of options. A request ends by the one that it began with. */
interface Generation {
  readonly runtime: ProxyRuntime;
  readonly pools: RoutePools;
  /** The ways to backends that its routes hold. */
  readonly origins: readonly OriginPool[];
  readonly upgrades: UpgradeRules;
  readonly maxBufferedRequestBytes: number;
}

/** Routes, pools and hooks that are ready to take the place of the present ones. */
export interface Replacement {
  /** Requests that begin from now on are served by them. */
  commit(): void;
  /** They will not be. */
  discard(): void;
}

/** The exchanges of the server that hands them in. */
export interface Exchanges {
  stats(): { readonly totalExchanges: number };
  /** Whether none of the first so many is under way. */
  areOver(count: number): boolean;
}

interface RetiredPool {
  readonly pool: Pool;
  /** Exchanges that had begun when it was replaced: of these, one may still ask it. */
  readonly totalExchanges: number;
}

export class ProxyEngine {
  readonly #deadlines = new Deadlines();
  readonly #webSockets = new OpenWebSockets();
  readonly #tunnels = new OpenSet();
  #current: Generation;
  /** Pools that no route has any more, but requests under way may have. */
  #retired: RetiredPool[] = [];

  constructor(options: EngineOptions) {
    this.#current = this.#build(options, null);
  }

  get observer(): Observer {
    return this.#current.runtime.shared.observer;
  }

  /** What any of the routes lets clients switch to. */
  get upgrades(): UpgradeRules {
    return this.#current.upgrades;
  }

  /**
   * Makes ready what other options mean. Nothing changes before `commit`. Of `exchanges`, those that have
   * begun by then end by the present ones.
   * @throws ConfigError `RIT_ERR_CONFIG` for options that cannot be used
   */
  prepare(options: EngineOptions, exchanges: Exchanges): Replacement {
    const former = this.#current;
    const next = this.#build(options, former);
    return {
      commit: () => {
        this.#current = next;
        // Connections to backends that are needed no more are closed as they become idle.
        for (const origin of former.origins) origin.release();
        const { totalExchanges } = exchanges.stats();
        for (const pool of next.pools.unused) this.#retired.push({ pool, totalExchanges });
        this.#endRetired(exchanges);
      },
      discard: () => discard(next),
    };
  }

  #build(options: EngineOptions, former: Generation | null): Generation {
    const { outerHooks, hookTimeout, maxBufferedRequestBytes } = options;
    const pools = new RoutePools(former?.pools ?? null);
    const origins: OriginPool[] = [];
    const named = new Map<string, RouteRuntime>();
    const shared: ProxyShared = {
      observer: new Observer(options.hooks),
      named,
      unrouted: new RouteHooks(outerHooks, null, null, this.#deadlines.queue(hookTimeout)),
      deadlines: this.#deadlines,
      buffers:
        former?.maxBufferedRequestBytes === maxBufferedRequestBytes
          ? former.runtime.shared.buffers
          : new BufferBudget(maxBufferedRequestBytes),
      webSockets: this.#webSockets,
      tunnels: this.#tunnels,
    };
    try {
      for (const route of options.routes) {
        const pool = pools.get(route.pool);
        const { backend } = route;
        const origin = backend === null ? null : originOf(pool.open(), route, backend.href);
        if (origin !== null) origins.push(origin);
        const runtime = new RouteRuntime(route, origin, outerHooks, shared, pool.streams);
        named.set(runtime.name, runtime);
      }
    } catch (error) {
      discard({ pools, origins });
      throw error;
    }
    return {
      runtime: { routes: new RouteTable([...named.values()].filter(isPlaced)), shared },
      pools,
      origins,
      upgrades: new UpgradeRules(options.routes.flatMap((route) => route.upgrades)),
      maxBufferedRequestBytes,
    };
  }

  /** Whether a route serves the request, were it only by refusing it. */
  serves(authority: string | null, target: string): boolean {
    try {
      return this.#current.runtime.routes.match(authority, target) !== null;
    } catch {
      return true;
    }
  }

  /** Serves a request, to its end. */
  handle(exchange: Exchange): void {
    handleRequest(this.#current.runtime, exchange);
  }

  /** Answers a request that is refused before it is looked at. */
  refuse(exchange: Exchange, error: ReverseItError): void {
    answerError(this.#current.runtime.shared, exchange, null, null, error);
  }

  /** Ends those pools that no request can ask any more. */
  #endRetired(exchanges: Exchanges): void {
    this.#retired = this.#retired.filter(({ pool, totalExchanges }) => {
      if (isInUse(pool) || !exchanges.areOver(totalExchanges)) return true;
      void pool.destroy();
      return false;
    });
  }

  stats(): EngineStats {
    const pools = this.#current.pools.pools.map((pool) => pool.stats());
    for (const { pool } of this.#retired) if (isInUse(pool)) pools.push(pool.stats());
    return { webSockets: this.#webSockets.count, tunnels: this.#tunnels.count, pools };
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
    const pools = [...this.#current.pools.pools, ...this.#retired.map(({ pool }) => pool)];
    await Promise.all(pools.map((pool) => pool.destroy()));
    this.#deadlines.dispose();
  }
}

const isPlaced = (route: RouteRuntime): route is PlacedRoute => route.path !== null;

/** Whether a pool has a connection, or a request that waits for one. */
function isInUse(pool: Pool): boolean {
  const { open, waiting, switched } = pool.stats();
  return open + waiting + switched > 0;
}

/** The way to the backend of a route. */
function originOf(pool: Pool, options: ResolvedRouteOptions, backend: string): OriginPool {
  return pool.origin(backend, {
    connection: options.upstreamConnection,
    unixSocket: options.unixSocket,
    // They come from core's parser and from options that were checked.
    checkRequests: false,
  });
}

function discard({ origins, pools }: Pick<Generation, 'origins' | 'pools'>): void {
  for (const origin of origins) origin.release();
  pools.discard();
}
