/** What serves requests, whoever listens for them: the present generation of routes, and those that it replaced. */

import type { Exchange, RejectedRequest } from '@reverseit/core';
import { Deadlines } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import type { ReadonlyFieldSection } from '@reverseit/core/http';
import type {
  BackendGroup,
  BackendInput,
  BackendStatus,
  Pool,
  PoolStats,
} from '@reverseit/upstream';
import type { OnFinish } from '../hooks/hooks.ts';
import type { Observer } from '../hooks/observer.ts';
import { OpenSet } from '../lifecycle/open-set.ts';
import type { ProxyMeters } from '../metrics/proxy-meters.ts';
import {
  buildGeneration,
  discard,
  type EngineOptions,
  type Generation,
  type GenerationOwner,
  replaceGeneration,
} from './generation.ts';
import { handleRequest } from './handle-request.ts';
import { failureFields } from './headers/proxy-status.ts';
import type { UpgradeRules } from './headers/upgrade-rules.ts';
import { answerError } from './runtime/answer-error.ts';
import { RequestContext } from './runtime/request-context.ts';
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

export class ProxyEngine implements GenerationOwner {
  readonly meters: ProxyMeters | null;
  readonly accessLog: OnFinish | null;
  readonly deadlines = new Deadlines();
  readonly webSockets = new OpenWebSockets();
  readonly tunnels = new OpenSet();
  #current: Generation;
  /** Pools that no route has any more, but requests in progress may have. */
  #retired: RetiredPool[] = [];

  /**
   * @param meters null where nobody counts
   * @param accessLog is given what is over where the options ask for one
   */
  constructor(
    options: EngineOptions,
    meters: ProxyMeters | null = null,
    accessLog: OnFinish | null = null,
  ) {
    this.meters = meters;
    this.accessLog = accessLog;
    this.#current = buildGeneration(options, null, this);
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
    const next = buildGeneration(options, former, this);
    return {
      commit: () => {
        this.#current = next;
        replaceGeneration(next, former);
        const { totalExchanges } = exchanges.stats();
        for (const pool of next.pools.unused) this.#retired.push({ pool, totalExchanges });
        this.#endRetired(exchanges);
      },
      discard: () => discard(next, former),
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
    this.identify(exchange);
    handleRequest(this.#current.runtime, exchange);
  }

  /** Finds out who the client is, where that is not for the connection to say. */
  identify(exchange: Exchange): void {
    const { trust } = this.#current.runtime.shared;
    if (trust !== null) exchange.effectiveClient = trust.clientOf(exchange.head, exchange);
  }

  /** Counts a request that somebody else answers. */
  count(exchange: Exchange): void {
    this.meters?.unrouted.begin(exchange);
  }

  /** What the server's answer to a request that never becomes an exchange carries besides. */
  refusalFields({ code }: ReverseItError): ReadonlyFieldSection {
    return failureFields(this.#current.runtime.shared.proxyStatus, code);
  }

  /** Something failed outside of any exchange; `request` was rejected before it became one, or is null. */
  onServerError(error: ReverseItError, request: RejectedRequest | null): void {
    if (request !== null) this.meters?.unrouted.refused(request.status, request.bytesSent);
    this.observer.onRefusal(error, request);
  }

  /** Answers a request that no route is to serve. */
  answer(exchange: Exchange, status: number, fields: readonly string[]): void {
    const { shared } = this.#current.runtime;
    this.meters?.unrouted.begin(exchange);
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
    this.meters?.unrouted.begin(exchange);
    this.identify(exchange);
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
    return { webSockets: this.webSockets.count, tunnels: this.tunnels.count, pools };
  }

  /** WebSockets that open from now on are to close at once; the closes of those that are open take `spread` ms. */
  beginClose(spread: number): void {
    this.webSockets.beginClose(spread);
  }

  /**
   * Closes every backend connection, when no request is left and all WebSockets and tunnels are
   * closed; what is left of them after `timeout` ms is cut.
   */
  async close(timeout: number): Promise<void> {
    // A client may be gone while its backend has yet to answer.
    await Promise.all([this.webSockets.close(timeout), this.tunnels.close(timeout)]);
    for (const { group } of this.#current.groups.values()) group.release();
    const pools = [...this.#current.pools.pools, ...this.#retired.map(({ pool }) => pool)];
    await Promise.all(pools.map((pool) => pool.destroy()));
    this.deadlines.dispose();
  }
}

/** Whether a pool has a connection, or a request that waits for one. */
function isInUse(pool: Pool): boolean {
  const { open, waiting, switched } = pool.stats();
  return open + waiting + switched > 0;
}
