/** What serves requests, whoever listens for them: the routes, their pools, and those who are told. */

import type { Exchange } from '@reverseit/core';
import { Deadlines } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import type {
  BackendGroup,
  BackendInput,
  BackendStatus,
  OriginPool,
  Pool,
  PoolStats,
} from '@reverseit/upstream';
import type { OnFinish } from '../hooks/hooks.ts';
import { Observer } from '../hooks/observer.ts';
import { RouteHooks } from '../hooks/route-hooks.ts';
import { OpenSet } from '../lifecycle/open-set.ts';
import type { ProxyMeters } from '../metrics/proxy-meters.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';
import { RouteTable } from '../routes/route-table.ts';
import { Tracing } from '../tracing/open-telemetry.ts';
import { ClientTrust } from './forwarded/client-trust.ts';
import { handleRequest, type PlacedRoute, type ProxyRuntime } from './handle-request.ts';
import { ProxyStatus } from './headers/proxy-status.ts';
import { UpgradeRules } from './headers/upgrade-rules.ts';
import { answerError } from './runtime/answer-error.ts';
import { BufferBudget } from './runtime/buffer-budget.ts';
import type { ProxyShared } from './runtime/proxy-shared.ts';
import { RequestContext } from './runtime/request-context.ts';
import { RequestIds } from './runtime/request-ids.ts';
import {
  type RouteGroup,
  type RouteOrigins,
  routeBackends,
  routeOrigins,
} from './runtime/route-backends.ts';
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

/** A backend of a route that several serve. */
export interface RouteBackendStatus extends BackendStatus {
  /** Name of the route. */
  readonly route: string;
}

/** Backends at run time. */
export interface BackendControl {
  /**
   * The backends of a route, or of all routes: those that a list of `backend` names, or that have what one
   * backend alone has not, such as `healthCheck`.
   * @throws ConfigError `RIT_ERR_CONFIG` where the route has none of these
   */
  backends(route?: string): readonly RouteBackendStatus[];
  /**
   * Replaces the backends of a route. Who stays, by name and URL, keeps its connections, its health and its
   * share; what is in progress with who leaves goes on.
   * @throws ConfigError `RIT_ERR_CONFIG` for another route or an invalid list; nothing is changed then
   */
  setBackends(route: string, list: BackendInput | readonly BackendInput[]): void;
  /**
   * Gives a backend no new requests, on every route that has it. What is in progress there goes on.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  drain(backend: string): void;
  /**
   * Ends `drain`, and an ejection.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  enable(backend: string): void;
}

export type EngineOptions = Pick<
  ResolvedProxyOptions,
  | 'routes'
  | 'hooks'
  | 'outerHooks'
  | 'hookTimeout'
  | 'maxBufferedRequestBytes'
  | 'requestId'
  | 'proxyStatus'
  | 'trustedProxies'
  | 'trustedProxyHeaders'
  | 'accessLog'
  | 'tracing'
>;

/** What serves requests by one set of options. A request ends by the one that it began with. */
interface Generation {
  readonly runtime: ProxyRuntime;
  readonly pools: RoutePools;
  /** The ways to backends that its routes hold. */
  readonly origins: readonly OriginPool[];
  /** Of routes that several backends serve, by the name of the route. */
  readonly groups: ReadonlyMap<string, RouteGroup>;
  /** Of routes whose backends may be chosen by URL, by the name of the route. */
  readonly chosen: ReadonlyMap<string, RouteOrigins>;
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
  /** Whether none of the first so many is in progress. */
  areOver(count: number): boolean;
}

interface RetiredPool {
  readonly pool: Pool;
  /** Exchanges that had begun when it was replaced: of these, one may still ask it. */
  readonly totalExchanges: number;
}

export class ProxyEngine {
  readonly #meters: ProxyMeters | null;
  readonly #deadlines = new Deadlines();
  readonly #webSockets = new OpenWebSockets();
  readonly #tunnels = new OpenSet();
  #current: Generation;
  /** Pools that no route has any more, but requests in progress may have. */
  #retired: RetiredPool[] = [];

  readonly #accessLog: OnFinish | null;

  /**
   * @param meters null where nobody counts
   * @param accessLog is given what is over where the options ask for one
   */
  constructor(
    options: EngineOptions,
    meters: ProxyMeters | null = null,
    accessLog: OnFinish | null = null,
  ) {
    this.#meters = meters;
    this.#accessLog = accessLog;
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
        for (const origin of former.origins) if (!next.origins.includes(origin)) origin.release();
        // A group that is kept has had its former list until now.
        for (const { group, list } of next.groups.values()) group.replace(list);
        replaceChosen(former.chosen, next.chosen);
        const { totalExchanges } = exchanges.stats();
        for (const pool of next.pools.unused) this.#retired.push({ pool, totalExchanges });
        this.#endRetired(exchanges);
      },
      discard: () => discard(next, former),
    };
  }

  #build(options: EngineOptions, former: Generation | null): Generation {
    const { outerHooks, hookTimeout, maxBufferedRequestBytes, requestId } = options;
    const { proxyStatus, trustedProxies, trustedProxyHeaders } = options;
    const pools = new RoutePools(former?.pools ?? null, this.#meters?.origins ?? null);
    const origins: OriginPool[] = [];
    const groups = new Map<string, RouteGroup>();
    const chosen = new Map<string, RouteOrigins>();
    const named = new Map<string, RouteRuntime>();
    const shared: ProxyShared = {
      observer: new Observer(
        options.hooks,
        this.#meters?.errors,
        options.accessLog === null ? null : this.#accessLog,
      ),
      proxyStatus: proxyStatus === false ? null : new ProxyStatus(proxyStatus),
      trust: trustedProxies.empty ? null : new ClientTrust(trustedProxies, trustedProxyHeaders),
      named,
      unrouted: new RouteHooks(outerHooks, null, this.#deadlines.queue(hookTimeout)),
      requestIds: requestId === null ? null : new RequestIds(requestId),
      tracing: options.tracing ? new Tracing() : null,
      deadlines: this.#deadlines,
      buffers:
        former?.maxBufferedRequestBytes === maxBufferedRequestBytes
          ? former.runtime.shared.buffers
          : new BufferBudget(maxBufferedRequestBytes),
      webSockets: this.#webSockets,
      tunnels: this.#tunnels,
      meters: this.#meters,
    };
    try {
      for (const route of options.routes) {
        const pool = pools.get(route.pool);
        const name = RouteRuntime.nameOf(route);
        const backends = routeBackends(route, pool, former?.groups.get(name) ?? null, {
          onBackendState: (change) => this.observer.onBackendState({ ...change, route: name }),
          onDiscoveryError: (error) => this.observer.onDiscoveryError(error, name),
        });
        if (backends.origin !== null) origins.push(backends.origin);
        if (backends.group !== null) groups.set(name, backends.group);
        const unused = this.#deadlines.queue(route.pool.connMaxIdleTime);
        const ways = routeOrigins(route, pool, former?.chosen.get(name) ?? null, unused);
        if (ways !== null) chosen.set(name, ways);
        const runtime = new RouteRuntime(route, backends, ways, outerHooks, shared, pool.streams);
        named.set(runtime.name, runtime);
      }
    } catch (error) {
      discard({ pools, origins }, former);
      throw error;
    }
    return {
      runtime: { routes: new RouteTable([...named.values()].filter(isPlaced)), shared },
      pools,
      origins,
      groups,
      chosen,
      upgrades: new UpgradeRules(options.routes.flatMap((route) => route.upgrades)),
      maxBufferedRequestBytes,
    };
  }

  /** Resolves when every discovery has ended its first look-up, however it did. */
  async ready(): Promise<void> {
    await Promise.all([...this.#current.groups.values()].map(({ group }) => group.ready()));
  }

  /** The backends of a route, or of all, where several serve one. */
  backends(route: string | null): readonly RouteBackendStatus[] {
    const all = [...this.#current.groups].map(([name, { group }]) => [name, group] as const);
    const groups = route === null ? all : [[route, this.#group(route)] as const];
    return groups.flatMap(([name, group]) =>
      group.backends().map((status) => ({ route: name, ...status })),
    );
  }

  setBackends(route: string, list: BackendInput | readonly BackendInput[]): void {
    this.#group(route).setBackends(list);
  }

  drain(backend: string): void {
    this.#each(backend, (group) => group.drain(backend));
  }

  enable(backend: string): void {
    this.#each(backend, (group) => group.enable(backend));
  }

  #group(route: string): BackendGroup {
    const { groups } = this.#current;
    const found = groups.get(route);
    if (found !== undefined) return found.group;
    const names = [...groups.keys()].map((name) => JSON.stringify(name)).join(', ');
    const known = names === '' ? 'no route has a list of backends' : `expected one of ${names}`;
    throw createError(
      'RIT_ERR_CONFIG',
      `no route ${JSON.stringify(route)} with several backends; ${known}`,
    );
  }

  #each(backend: string, act: (group: BackendGroup) => boolean): void {
    let found = false;
    for (const { group } of this.#current.groups.values()) if (act(group)) found = true;
    if (!found)
      throw createError('RIT_ERR_CONFIG', `no backend has the name ${JSON.stringify(backend)}`);
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
    const { runtime } = this.#current;
    identify(runtime.shared, exchange);
    handleRequest(runtime, exchange);
  }

  /** Counts a request that somebody else answers. */
  count(exchange: Exchange): void {
    this.#meters?.unrouted.begin(exchange);
  }

  /** A request was rejected before it became an exchange (`rejected`), or something failed outside of any. */
  onServerError(error: ReverseItError, rejected: boolean): void {
    if (rejected && error.status !== 0) this.#meters?.unrouted.refused(error.status);
    this.observer.onRefusal(error);
  }

  /** Answers a request that no route is to serve. */
  answer(exchange: Exchange, status: number, fields: readonly string[]): void {
    const { shared } = this.#current.runtime;
    this.#meters?.unrouted.begin(exchange);
    let context: RequestContext | null = null;
    try {
      context = new RequestContext(exchange, shared, null);
      exchange.respond(status, fields, '');
      context.finish(null);
    } catch (cause) {
      answerError(shared, exchange, null, context, cause);
    }
  }

  /** Answers a request that is rejected before it is looked at. */
  refuse(exchange: Exchange, error: ReverseItError): void {
    const { shared } = this.#current.runtime;
    this.#meters?.unrouted.begin(exchange);
    identify(shared, exchange);
    answerError(shared, exchange, null, null, error);
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

  /** WebSockets that open from now on are to close at once; the closes of those that are open take `spread` ms. */
  beginClose(spread: number): void {
    this.#webSockets.beginClose(spread);
  }

  /**
   * Closes every backend connection, when no request is left and all WebSockets and tunnels are
   * closed; what is left of them after `timeout` ms is cut.
   */
  async close(timeout: number): Promise<void> {
    // A client may be gone while its backend has yet to answer.
    await Promise.all([this.#webSockets.close(timeout), this.#tunnels.close(timeout)]);
    for (const { group } of this.#current.groups.values()) group.release();
    const pools = [...this.#current.pools.pools, ...this.#retired.map(({ pool }) => pool)];
    await Promise.all(pools.map((pool) => pool.destroy()));
    this.#deadlines.dispose();
  }
}

/** Finds out who the client is, where that is not for the connection to say. */
function identify({ trust }: ProxyShared, exchange: Exchange): void {
  if (trust !== null) exchange.effectiveClient = trust.clientOf(exchange.head, exchange);
}

const isPlaced = (route: RouteRuntime): route is PlacedRoute => route.path !== null;

/** Whether a pool has a connection, or a request that waits for one. */
function isInUse(pool: Pool): boolean {
  const { open, waiting, switched } = pool.stats();
  return open + waiting + switched > 0;
}

/** Origins that were chosen stay where their routes do, and still allow them. */
function replaceChosen(
  former: ReadonlyMap<string, RouteOrigins>,
  next: ReadonlyMap<string, RouteOrigins>,
): void {
  const kept = new Set([...next.values()].map(({ origins }) => origins));
  for (const { origins } of former.values()) if (!kept.has(origins)) origins.close();
  for (const { origins, allowed, max } of next.values()) origins.adopt(allowed, max);
}

/** What the former options hold as well is theirs. */
function discard(
  { origins, pools }: Pick<Generation, 'origins' | 'pools'>,
  former: Generation | null,
): void {
  for (const origin of origins) if (former?.origins.includes(origin) !== true) origin.release();
  pools.discard();
}
