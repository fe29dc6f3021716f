/** `createServer`: options in, a proxy out. */
import { HttpServer, type ServerStats } from '@reverseit/core';
import { createPool, type OriginPool, type Pool, type PoolStats } from '@reverseit/upstream';
import { Observer } from './hooks/observer.ts';
import type { ListenAddress } from './options/listen-address.ts';
import type { ReverseItOptions } from './options/proxy-options.ts';
import { type ResolvedProxyOptions, resolveProxyOptions } from './options/resolve-proxy-options.ts';
import type { ResolvedRouteOptions } from './options/route-options.ts';
import { BufferBudget } from './proxy/buffer-budget.ts';
import { handleRequest, type ProxyRuntime } from './proxy/handle-request.ts';
import { OpenWebSockets } from './proxy/open-websockets.ts';
import { RouteRuntime } from './proxy/route-runtime.ts';
import { createRoute } from './routes/route.ts';
import { RouteTable } from './routes/route-table.ts';

/** Most bytes of request bodies that are held for backends that have not been asked yet, over all requests. */
const bufferBudgetBytes = 256 * 1024 * 1024;

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Figures of a proxy. */
export interface ReverseItStats extends ServerStats {
  /** WebSockets that are open. Their client connections are counted in `connections` as well. */
  readonly webSockets: number;
  /** Connections to the backends, one entry per pool. */
  readonly pools: readonly PoolStats[];
}

/** A reverse proxy. */
export interface ReverseItServer {
  /**
   * Starts to listen, at the given address or at the option `listen`.
   * @throws ConfigError `RIT_ERR_LISTEN` where the address cannot be had
   */
  listen(where?: ListenAddress): Promise<Address>;
  /**
   * Stops accepting, lets what is under way finish, and cuts what is left after `timeout` ms (default:
   * the option `closeTimeout`; 0: at once). Resolves when every socket and timer is gone.
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
  /** Where it listens; null before `listen` and after `close`. */
  address(): Address | null;
  stats(): ReverseItStats;
}

/**
 * Makes a reverse proxy. Nothing is opened before `listen`.
 * @throws ConfigError `RIT_ERR_CONFIG` that lists every invalid option
 */
export function createServer(options: ReverseItOptions): ReverseItServer {
  return new ProxyServer(resolveProxyOptions(options));
}

class ProxyServer implements ReverseItServer {
  readonly #options: ResolvedProxyOptions;
  readonly #server: HttpServer;
  readonly #webSockets = new OpenWebSockets();
  readonly #pools: Map<ResolvedRouteOptions['pool'], Pool> = new Map();

  constructor(options: ResolvedProxyOptions) {
    this.#options = options;
    const buffers = new BufferBudget(bufferBudgetBytes);
    const routes = options.routes.map((route) => this.#runtime(route, buffers));
    const runtime: ProxyRuntime = {
      routes: new RouteTable(routes),
      named: new Map(routes.map((route) => [route.name, route])),
      observer: new Observer(options.hooks),
    };
    this.#server = new HttpServer(
      options.server,
      (exchange) => handleRequest(runtime, exchange),
      (error) => runtime.observer.onRefusal(error),
    );
  }

  #runtime(options: ResolvedRouteOptions, buffers: BufferBudget): RouteRuntime {
    const origin = options.backend === null ? null : this.#origin(options, options.backend);
    return new RouteRuntime(createRoute(options), origin, buffers, this.#webSockets);
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

  async listen(where: ListenAddress = this.#options.listen): Promise<Address> {
    await this.#server.listen('path' in where ? where : { host: '::', ...where });
    return this.address() as Address;
  }

  async close({ timeout = this.#options.closeTimeout } = {}): Promise<void> {
    const end = performance.now() + timeout;
    this.#webSockets.closing = true;
    await this.#server.close(timeout);
    // A client may be gone while its backend has yet to answer.
    await this.#webSockets.close(end - performance.now());
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  address(): Address | null {
    const address = this.#server.address();
    if (address === null) return null;
    return typeof address === 'string'
      ? { path: address }
      : { host: address.address, port: address.port };
  }

  stats(): ReverseItStats {
    const pools = [...this.#pools.values()].map((pool) => pool.stats());
    return { ...this.#server.stats(), webSockets: this.#webSockets.count, pools };
  }
}
