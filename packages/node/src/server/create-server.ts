/** `createServer`: options in, a proxy out. */
import { isDeepStrictEqual } from 'node:util';
import type { ProxyStats } from '@reverseit/admin';
import {
  HttpServer,
  type ListenerStats as ListenerFigures,
  type ListenerRules,
  type ListenTarget,
  type ServerStats,
} from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { targetText } from '@reverseit/core/internal/server';
import { checkCloseDelay, checkCloseTimeout, Faults } from '@reverseit/core/options';
import type { BackendInput } from '@reverseit/upstream';
import { Grace, type ShutdownOptions } from '../lifecycle/grace.ts';
import { ServerAccessLog } from '../logging/access/access-log.ts';
import { clientFigures } from '../metrics/client-figures.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { AdminValues } from '../options/admin-options.ts';
import type { ListenInput, ResolvedListener } from '../options/listeners/listener-options.ts';
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
import { type Address, addressOf } from './address.ts';
import { HttpsRedirect } from './https-redirect.ts';
import { listenersAt } from './listeners-at.ts';
import { type OpenAdmin, openAdmin } from './open-admin.ts';

/** Figures of one listener, at this moment unless named a total. */
export interface ListenerStats extends Omit<ListenerFigures, 'address'> {
  /** Where it listens; null before `listen` and after `close`. */
  readonly address: Address | null;
}

/** Figures of a proxy. */
export interface ReverseItStats extends Omit<ServerStats, 'listeners'>, EngineStats {
  /** Those of the server, of each listener. */
  readonly listeners: readonly ListenerStats[];
  /** Lines of the access log that were lost: the disk or reader was too slow, or failed. */
  readonly droppedAccessLines: number;
}

/** A proxy as those see it who only start and stop it. */
export interface ServedProxy
  extends Pick<
    ReverseItServer,
    | 'close'
    | 'addresses'
    | 'adminAddress'
    | 'stats'
    | 'metrics'
    | 'drain'
    | 'enable'
    | 'reload'
    | 'reopenLogs'
  > {
  /** Listens at one place for each listener of the options, which has its own rules. */
  listenAt(targets: readonly ListenTarget[]): Promise<readonly Address[]>;
}

/** A reverse proxy. */
export interface ReverseItServer extends BackendControl {
  /**
   * Starts to listen: at the option `listen`, or at what is given in its place, in any form that it takes; at all
   * addresses or at none. With `discovery` after the first look-up. Resolves to the first address.
   * A Unix socket that nobody listens on any more is replaced; `close` removes it.
   * @throws ConfigError `RIT_ERR_LISTEN` where an address cannot be had, or at the second call
   */
  listen(where?: ListenInput | readonly ListenInput[]): Promise<Address>;
  /**
   * Is not ready from now on, but serves for `delay` ms more (default: the option `shutdownDelay`). Then takes the
   * connections that wait to be accepted and no more, lets what is in progress finish, and cuts what is left after
   * `timeout` ms (default: the option `closeTimeout`; 0: at once, without a delay). Resolves when every socket and
   * timer is gone.
   * @throws ConfigError `RIT_ERR_CONFIG` where one of them is no duration; nothing is closed then
   */
  close(options?: ShutdownOptions): Promise<void>;
  /** Where it listens, first; null before `listen` and after `close`. */
  address(): Address | null;
  /** Where the admin listener is, of the option `admin`; null without, before `listen` and after `close`. */
  adminAddress(): Address | null;
  /** Where each listener listens, in the order of the option; empty before `listen` and after `close`. */
  addresses(): readonly Address[];
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
  return createProxy(options);
}

/** The same, for who starts and stops it on behalf of another process or of a command. */
export function createProxy(options: ReverseItOptions): ReverseItServer & ServedProxy {
  const resolved = resolveProxyOptions(options);
  refuseCommandOptions(resolved);
  return new ProxyServer(resolved, options.listen);
}

/** Here, where workers would fork what called us. */
function refuseCommandOptions({ workers, readyFile }: ResolvedProxyOptions): void {
  const faults = new Faults();
  if (readyFile !== null) {
    faults.add('readyFile', 'only the command writes it; createServer resolves listen()');
  }
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
  { listeners, workers, metrics, admin }: ResolvedProxyOptions,
  present: ResolvedProxyOptions,
): void {
  const faults = new Faults();
  const moves =
    given.listen !== undefined &&
    !isDeepStrictEqual(listeners.map(targetOf), present.listeners.map(targetOf));
  if (moves) faults.add('listen', 'cannot change at a reload; start another server');
  if (workers !== 1) faults.add('workers', 'cannot change at a reload');
  if (metrics && !present.metrics) {
    faults.add(admin === null ? 'metrics' : 'admin', 'cannot be switched on at a reload');
  } else if (admin !== null && !isDeepStrictEqual(admin.listen, present.admin?.listen)) {
    faults.add('admin.listen', 'cannot change at a reload');
  }
  faults.throwIfAny();
}

type Where = ListenInput | readonly ListenInput[] | undefined;

const targetOf = ({ target }: ResolvedListener): ListenTarget => target;

class ProxyServer implements ReverseItServer, ServedProxy {
  #options: ResolvedProxyOptions;
  /** The option `listen` as it was written. */
  #option: Where;
  /** What `listen` was given in its place. */
  #where: Where = undefined;
  /** What is listened on, or will be. */
  #listeners: readonly ResolvedListener[];
  readonly #metrics: Metrics | null;
  readonly #engine: ProxyEngine;
  readonly #server: HttpServer;
  /** `listen` was called, and has not failed. */
  #begun = false;
  #admin: OpenAdmin | null = null;
  #closing = false;
  /** From the first call of `close`, where there is a delay. */
  #grace: Grace | null = null;
  /** Whether its file has been opened, by `listen`. */
  #logs = false;
  readonly #accessLog = new ServerAccessLog(() => this.#options.hooks.logger);

  constructor(options: ResolvedProxyOptions, option: Where) {
    this.#options = options;
    this.#option = option;
    this.#listeners = options.listeners;
    this.#metrics = options.metrics ? new Metrics() : null;
    const engine = new ProxyEngine(options, this.#metrics?.meters, this.#accessLog.onFinish);
    this.#engine = engine;
    this.#server = new HttpServer(
      this.#rules(options.listeners),
      (exchange) => engine.handle(exchange),
      (error, _rejected, request) => engine.onServerError(error, request),
    );
  }

  #rules(listeners: readonly ResolvedListener[]): readonly ListenerRules[] {
    const engine = this.#engine;
    return listeners.map(({ server: options, redirect }) => ({
      options,
      refusalFields: (error) => engine.refusalFields(error),
      listener:
        redirect === null
          ? (exchange) => engine.handle(exchange)
          : new HttpsRedirect(redirect, engine, () => this.#httpsPort()).onRequest,
    }));
  }

  /** The port of the first listener that speaks TLS over TCP, or else the default one. */
  #httpsPort(): number {
    const addresses = this.addresses();
    const nth = this.#listeners.findIndex(
      ({ server, target }) => server.tls !== null && 'port' in target,
    );
    const address = addresses[nth];
    return address !== undefined && 'port' in address ? address.port : 443;
  }

  reload(input: ReverseItOptions): void {
    const options = resolveProxyOptions(input);
    refuseMoves(input, options, this.#options);
    const option = input.listen ?? this.#option;
    const listeners = listenersAt(this.#where ?? option, options);
    const replacement = this.#engine.prepare(options, this.#server);
    const discards = [() => replacement.discard()];
    try {
      const log = this.#logs ? this.#accessLog.prepare(options.accessLog) : null;
      if (log !== null) discards.push(() => log.discard());
      this.#server.update(this.#rules(listeners));
      log?.commit();
    } catch (error) {
      for (const discard of discards) discard();
      throw error;
    }
    replacement.commit();
    this.#listeners = listeners;
    this.#option = option;
    // What is not given stays.
    const { metrics } = this.#options;
    const isSame = input.listen === undefined;
    const asked = isSame ? this.#options.listeners : options.listeners;
    const admin = options.admin ?? this.#options.admin;
    this.#options = { ...options, listeners: asked, metrics, admin };
    if (admin !== null) this.#admin?.update(admin);
  }

  async listen(where?: ListenInput | readonly ListenInput[]): Promise<Address> {
    const listeners = listenersAt(where === undefined ? this.#option : where, this.#options);
    // Otherwise it is refused below.
    if (!this.#begun) {
      if (where !== undefined || this.#where !== undefined) {
        this.#server.update(this.#rules(listeners));
        this.#listeners = listeners;
      }
      this.#where = where;
    }
    await this.listenAt(listeners.map(targetOf));
    return this.address() as Address;
  }

  async listenAt(targets: readonly ListenTarget[]): Promise<readonly Address[]> {
    if (this.#begun) {
      const places = targets.map(targetText).join(', ');
      throw createError(
        'RIT_ERR_LISTEN',
        `cannot listen on ${places}: listen() was already called`,
      );
    }
    this.#begun = true;
    try {
      if (!this.#logs) {
        this.#accessLog.prepare(this.#options.accessLog).commit();
        this.#logs = true;
      }
      await this.#engine.ready();
      await this.#server.listen(targets);
      this.#metrics?.start();
      await this.#openAdmin();
    } catch (error) {
      this.#begun = false;
      throw error;
    }
    return this.addresses();
  }

  async close({
    timeout = this.#options.closeTimeout,
    delay = this.#options.shutdownDelay,
  }: ShutdownOptions = {}): Promise<void> {
    checkCloseTimeout(timeout);
    checkCloseDelay(delay);
    if (timeout === 0 || delay === 0) this.#grace?.end();
    else if (!this.#closing && this.address() !== null) this.#beginGrace(delay);
    this.#closing = true;
    if (this.#grace !== null) await this.#grace.over;
    const end = performance.now() + timeout;
    this.#engine.beginClose(Math.min(this.#options.websocketCloseDelay, timeout));
    await this.#server.close({ timeout });
    await this.#engine.close(end - performance.now());
    this.#metrics?.stop();
    await this.#admin?.close();
    this.#admin = null;
    await this.#accessLog.close();
  }

  /** Serves on, but each connection for one more request only: who sends them is to find another proxy. */
  #beginGrace(delay: number): void {
    const last = ({ server, ...listener }: ResolvedListener): ResolvedListener => ({
      ...listener,
      server: { ...server, maxRequestsPerConnection: 1 },
    });
    this.#server.update(this.#rules(this.#listeners.map(last)));
    this.#grace = new Grace(delay);
  }

  reopenLogs(): Promise<void> {
    return this.#accessLog.reopen();
  }

  address(): Address | null {
    return addressOf(this.#server.address());
  }

  addresses(): readonly Address[] {
    return this.#server
      .addresses()
      .map(addressOf)
      .filter((address) => address !== null);
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
        isDraining: () => this.#closing,
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
    const { listeners, ...totals } = this.#server.stats();
    return {
      ...totals,
      ...this.#engine.stats(),
      listeners: listeners.map((one) => ({ ...one, address: addressOf(one.address) })),
      droppedAccessLines: this.#accessLog.dropped,
    };
  }

  metrics(): ProxyStats {
    return Metrics.read(this.#metrics, {
      clients: clientFigures(this.#server.stats()),
      engine: this.#engine.stats(),
      backends: this.#engine.backends(null),
      isDraining: this.#closing,
    });
  }
}
