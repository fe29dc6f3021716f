/** `createServer`: options in, a proxy out. */
import { isDeepStrictEqual } from 'node:util';
import type { ProxyStats } from '@reverseit/admin';
import { HttpServer, type ServerStats } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { checkCloseTimeout, Faults, show } from '@reverseit/core/options';
import type { BackendInput } from '@reverseit/upstream';
import { ServerAccessLog } from '../logging/access/access-log.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { AdminValues } from '../options/admin-options.ts';
import {
  type ListenAddress,
  listenAddressAccepted,
  readListenAddress,
} from '../options/listen-address.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import {
  type ResolvedProxyOptions,
  resolveProxyOptions,
} from '../options/resolve-proxy-options.ts';
import {
  type BackendControl,
  type EngineStats,
  ProxyEngine,
  type RouteBackendStatus,
} from '../proxy/proxy-engine.ts';
import { type OpenAdmin, openAdmin } from './open-admin.ts';

/** Where a server listens: a TCP address or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Figures of a proxy. */
export interface ReverseItStats extends ServerStats, EngineStats {
  /** Lines of the access log that were lost: the disk or reader was too slow, or failed. */
  readonly droppedAccessLines: number;
}

/** A proxy as those see it who only start and stop it. */
export type ServedProxy = Pick<
  ReverseItServer,
  | 'listen'
  | 'close'
  | 'address'
  | 'adminAddress'
  | 'stats'
  | 'metrics'
  | 'drain'
  | 'enable'
  | 'reload'
  | 'reopenLogs'
>;

/** A reverse proxy. */
export interface ReverseItServer extends BackendControl {
  /**
   * Starts to listen, at the given address, in any form that the option `listen` takes, or at that option;
   * with `discovery` after the first look-up. A Unix socket that nobody listens on any more is replaced;
   * `close` removes it.
   * @throws ConfigError `RIT_ERR_LISTEN` where the address cannot be had, or is not the first
   */
  listen(where?: string | number | ListenAddress): Promise<Address>;
  /**
   * Takes the connections that wait to be accepted and then no more, lets what is in progress finish, and
   * cuts what is left after `timeout` ms (default: the option `closeTimeout`; 0: at once). Resolves when
   * every socket and timer is gone.
   * @throws ConfigError `RIT_ERR_CONFIG` where `timeout` is no duration; nothing is closed then
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
  /** Where it listens; null before `listen` and after `close`. */
  address(): Address | null;
  /** Where the admin listener is, of the option `admin`; null without, before `listen` and after `close`. */
  adminAddress(): Address | null;
  stats(): ReverseItStats;
  /**
   * Everything that was counted since the start: `prometheusText` of `@reverseit/admin` makes a text of it.
   * @throws ConfigError `RIT_ERR_CONFIG` without the option `metrics` or `admin`
   */
  metrics(): ProxyStats;
  /**
   * Puts other options in place of the present ones, all of them or none: routes, backends, hooks, limits and
   * certificates, from the next request or connection on. What is in progress ends by the former ones. Pools
   * whose options stay keep their connections; open WebSockets are not touched. What is not given has its
   * default, except `listen`, `workers`, `metrics` and `admin.listen`, which cannot change.
   * @throws ConfigError `RIT_ERR_CONFIG` that lists every invalid option; nothing is changed then
   */
  reload(options: ReverseItOptions): void;
  /** Opens the file of `accessLog` again, as after `logrotate` has renamed it. Where that fails the open one stays. */
  reopenLogs(): Promise<void>;
}

/**
 * Makes a reverse proxy. Nothing is opened before `listen`.
 * @throws ConfigError `RIT_ERR_CONFIG` that lists every invalid option
 */
export function createServer(options: ReverseItOptions): ReverseItServer {
  const resolved = resolveProxyOptions(options);
  refuseWorkers(resolved);
  return new ProxyServer(resolved);
}

/** Here, where one would fork what called us. */
function refuseWorkers({ workers }: ResolvedProxyOptions): void {
  const faults = new Faults();
  if (workers !== 1) {
    faults.add(
      'workers',
      'createServer runs in one process; use createCluster of @reverseit/node/cluster, or the command',
    );
  }
  faults.throwIfAny();
}

/** What a server that runs cannot do. */
function refuseMoves(
  given: ReverseItOptions,
  { listen, workers, metrics, admin }: ResolvedProxyOptions,
  present: ResolvedProxyOptions,
): void {
  const faults = new Faults();
  const moves = given.listen !== undefined && !isDeepStrictEqual(listen, present.listen);
  if (moves) faults.add('listen', 'cannot change at a reload; start another server');
  if (workers !== 1) faults.add('workers', 'cannot change at a reload');
  if (metrics && !present.metrics) {
    faults.add(admin === null ? 'metrics' : 'admin', 'cannot be switched on at a reload');
  } else if (admin !== null && !isDeepStrictEqual(admin.listen, present.admin?.listen)) {
    faults.add('admin.listen', 'cannot change at a reload');
  }
  faults.throwIfAny();
}

class ProxyServer implements ReverseItServer {
  #options: ResolvedProxyOptions;
  readonly #metrics: Metrics | null;
  readonly #engine: ProxyEngine;
  readonly #server: HttpServer;
  #admin: OpenAdmin | null = null;
  #closing = false;
  /** Whether its file has been opened, by `listen`. */
  #logs = false;
  readonly #accessLog = new ServerAccessLog(() => this.#options.hooks.logger);

  constructor(options: ResolvedProxyOptions) {
    this.#options = options;
    this.#metrics = options.metrics ? new Metrics() : null;
    const engine = new ProxyEngine(options, this.#metrics?.meters, this.#accessLog.onFinish);
    this.#engine = engine;
    this.#server = new HttpServer(
      options.server,
      (exchange) => engine.handle(exchange),
      (error, rejected) => engine.onServerError(error, rejected),
    );
  }

  reload(input: ReverseItOptions): void {
    const options = resolveProxyOptions(input);
    refuseMoves(input, options, this.#options);
    const replacement = this.#engine.prepare(options, this.#server);
    const discards = [() => replacement.discard()];
    try {
      const log = this.#logs ? this.#accessLog.prepare(options.accessLog) : null;
      if (log !== null) discards.push(() => log.discard());
      this.#server.update(options.server);
      log?.commit();
    } catch (error) {
      for (const discard of discards) discard();
      throw error;
    }
    replacement.commit();
    // What is not given stays.
    const { listen, metrics } = this.#options;
    const admin = options.admin ?? this.#options.admin;
    this.#options = { ...options, listen, metrics, admin };
    if (admin !== null) this.#admin?.update(admin);
  }

  async listen(where: string | number | ListenAddress = this.#options.listen): Promise<Address> {
    const address = addressOf(where);
    if (!this.#logs) {
      this.#accessLog.prepare(this.#options.accessLog).commit();
      this.#logs = true;
    }
    await this.#engine.ready();
    await this.#server.listen(address);
    this.#metrics?.start();
    await this.#openAdmin();
    return this.address() as Address;
  }

  async close({ timeout = this.#options.closeTimeout } = {}): Promise<void> {
    checkCloseTimeout(timeout);
    const end = performance.now() + timeout;
    this.#closing = true;
    this.#engine.beginClose();
    await this.#server.close({ timeout });
    await this.#engine.close(end - performance.now());
    this.#metrics?.stop();
    await this.#admin?.close();
    this.#admin = null;
    await this.#accessLog.close();
  }

  reopenLogs(): Promise<void> {
    return this.#accessLog.reopen();
  }

  address(): Address | null {
    const address = this.#server.address();
    if (address === null) return null;
    return typeof address === 'string'
      ? { path: address }
      : { host: address.address, port: address.port };
  }

  adminAddress(): Address | null {
    return this.#admin === null ? null : this.#admin.address();
  }

  /** @throws ConfigError `RIT_ERR_LISTEN` where its address cannot be had; then nothing listens any more */
  async #openAdmin(): Promise<void> {
    const { admin } = this.#options;
    if (admin === null) return;
    const onReload = (): AdminValues['onReload'] => this.#options.admin?.onReload ?? null;
    try {
      this.#admin = await openAdmin(admin, {
        stats: () => this.metrics(),
        drain: (backend) => this.drain(backend),
        enable: (backend) => this.enable(backend),
        get reload() {
          return onReload();
        },
      });
    } catch (error) {
      await this.close({ timeout: 0 });
      throw error;
    }
  }

  backends(route: string | null = null): readonly RouteBackendStatus[] {
    return this.#engine.backends(route);
  }

  setBackends(route: string, list: BackendInput | readonly BackendInput[]): void {
    this.#engine.setBackends(route, list);
  }

  drain(backend: string): void {
    this.#engine.drain(backend);
  }

  enable(backend: string): void {
    this.#engine.enable(backend);
  }

  stats(): ReverseItStats {
    const droppedAccessLines = this.#accessLog.dropped;
    return { ...this.#server.stats(), ...this.#engine.stats(), droppedAccessLines };
  }

  metrics(): ProxyStats {
    const { connections, totalConnections, totalDropped } = this.#server.stats();
    return Metrics.read(this.#metrics, {
      connections: { open: connections, accepted: totalConnections, dropped: totalDropped },
      engine: this.#engine.stats(),
      backends: this.#engine.backends(null),
      isDraining: this.#closing,
    });
  }
}

/** What is given as an object goes as it is: Node knows more hosts than can be written in one text. */
function addressOf(where: string | number | ListenAddress): ListenAddress {
  const address = typeof where === 'object' ? where : readListenAddress(where);
  if (address !== undefined) return address;
  throw createError(
    'RIT_ERR_LISTEN',
    `cannot listen on ${show(where)}; expected ${listenAddressAccepted}`,
  );
}
