/**
 * The server: one or several listeners, which share deadlines and the count of exchanges, and close together.
 * Every request is handed to one function as an exchange.
 */
import type { AddressInfo } from 'node:net';
import { createError, type ReverseItError } from '../errors/reverseit-error.ts';
import { checkCloseTimeout } from '../options/close-timeout.ts';
import { Deadline, Deadlines, type DeadlineTarget } from '../time/deadlines.ts';
import type { RejectedRequest } from './exchange/rejected-request.ts';
import type { RequestListener } from './exchange/server-context.ts';
import { watchCallback } from './exchange/thenable.ts';
import { type ListenTarget, separateFamilies, targetText } from './listener/listen-target.ts';
import {
  Listener,
  type ListenerOwner,
  type ListenerRules,
  type ListenerStats,
} from './listener/listener.ts';
import type { ResolvedServerOptions } from './listener/server-options.ts';
import { type OnServerError, warnOfFailure } from './server-errors.ts';

/** How a server ends. */
export interface CloseOptions {
  /**
   * What is left after so many ms is cut (`Infinity`: waits as long as it takes; 0: at once).
   * Default: 30000.
   */
  readonly timeout?: number;
}

/** Figures of a server, at this moment unless named a total. */
export interface ServerStats extends Omit<ListenerStats, 'address'> {
  /** The same of each listener. */
  readonly listeners: readonly ListenerStats[];
}

/** An HTTP/1.1 server that hands each request to its listener as an exchange. Made by `createHttpServer`. */
export class HttpServer implements ListenerOwner, DeadlineTarget {
  /** @internal */
  readonly deadlines = new Deadlines();
  readonly #onRequest: RequestListener;
  readonly #onError: OnServerError;
  #listeners: readonly Listener[];
  readonly #closeDeadline = new Deadline(this, 0);
  /** From the call of `listen` until it is known whether all addresses can be had. */
  #starting = false;
  #closing: Promise<void> | null = null;
  /** No connection is left, and no timer. */
  #closed = false;
  #onIdle: (() => void) | null = null;
  #totalExchanges = 0;

  /**
   * `onError` is told of requests that were rejected before they became an exchange, and of what the
   * listener, handlers and callbacks of TLS throw. Without it the latter are warnings of the process.
   *
   * @param rules of one listener, whose requests `onRequest` gets, or of each of several
   */
  constructor(
    rules: ResolvedServerOptions | readonly ListenerRules[],
    onRequest: RequestListener,
    onError: OnServerError = warnOfFailure,
  ) {
    this.#onRequest = onRequest;
    this.#onError = onError;
    this.#listeners = this.#rulesOf(rules).map((one) => new Listener(one, this));
  }

  #rulesOf(rules: ResolvedServerOptions | readonly ListenerRules[]): readonly ListenerRules[] {
    return isList(rules) ? rules : [{ options: rules, listener: this.#onRequest }];
  }

  /**
   * Puts other rules in place of the present ones: at once for connections to come, and for timeouts of all.
   * Limits and TLS of a connection stay as they were when it was accepted. Of a server that listens there
   * are rules for each of its listeners.
   * @throws ConfigError `RIT_ERR_CONFIG` for TLS options that cannot be used; nothing is changed then
   */
  update(rules: ResolvedServerOptions | readonly ListenerRules[]): void {
    const list = this.#rulesOf(rules);
    // Before it listens, a listener is made again: in a cluster it matters whether TLS listens.
    const former = this.#listening ? this.#listeners : [];
    const listeners = list.map((one, nth) => former[nth] ?? new Listener(one, this));
    const tls = list.map(({ options }, nth) => listeners[nth]?.prepareTls(options) ?? null);
    for (const [nth, one] of list.entries()) listeners[nth]?.update(one, tls[nth] ?? null);
    this.#listeners = listeners;
  }

  get #listening(): boolean {
    return this.#starting || this.#listeners.some(({ begun }) => begun);
  }

  /** Whether `close` was called. */
  get closing(): boolean {
    return this.#closing !== null;
  }

  /**
   * Starts to listen: at one address, or at one for each listener, at all or none of them. Resolves to the
   * first. A Unix socket that nobody listens on any more is replaced; `close` removes it.
   * @throws ConfigError `RIT_ERR_LISTEN` where an address is in use or not to be had, or is not the first
   */
  async listen(given: ListenTarget | readonly ListenTarget[]): Promise<AddressInfo | string> {
    const targets: readonly ListenTarget[] = isList(given) ? given : [given];
    for (const target of targets) this.#checkTarget(target);
    // Node would take a second call for the same as the first while the name of a host is looked up.
    if (this.#listening) {
      const places = targets.map(targetText).join(', ');
      throw createError(
        'RIT_ERR_LISTEN',
        `cannot listen on ${places}: listen() was already called`,
      );
    }
    if (targets.length !== this.#listeners.length) {
      const text = `cannot listen: expected ${this.#listeners.length} addresses, one for each listener`;
      throw createError('RIT_ERR_LISTEN', text);
    }
    this.#starting = true;
    try {
      for (const [nth, target] of separateFamilies(targets).entries()) {
        await this.#listeners[nth]?.listen(target);
      }
    } catch (error) {
      await Promise.all(this.#listeners.map((listener) => listener.unlisten()));
      throw error;
    } finally {
      this.#starting = false;
    }
    return this.address() as AddressInfo | string;
  }

  #checkTarget(target: unknown): void {
    if (typeof target === 'object' && target !== null) return;
    throw createError('RIT_ERR_LISTEN', 'cannot listen: expected {host, port} or {path}');
  }

  /** The address that the first listener listens on; null before `listen` and after `close`. */
  address(): AddressInfo | string | null {
    return this.#listeners[0]?.address() ?? null;
  }

  /** The address of each listener; empty before `listen` and after `close`. */
  addresses(): readonly (AddressInfo | string)[] {
    return this.#listeners
      .map((listener) => listener.address())
      .filter((address) => address !== null);
  }

  /** Figures of this moment. */
  stats(): ServerStats {
    const listeners = this.#listeners.map((listener) => listener.stats());
    const sum = (name: keyof Omit<ListenerStats, 'address'>): number =>
      listeners.reduce((total, one) => total + one[name], 0);
    return {
      connections: sum('connections'),
      activeExchanges: sum('activeExchanges'),
      totalConnections: sum('totalConnections'),
      totalExchanges: this.#totalExchanges,
      totalRefusals: sum('totalRefusals'),
      totalDropped: sum('totalDropped'),
      http2Connections: sum('http2Connections'),
      http2Streams: sum('http2Streams'),
      totalHttp2Connections: sum('totalHttp2Connections'),
      totalHttp2Streams: sum('totalHttp2Streams'),
      listeners,
    };
  }

  /**
   * Whether none of the first `count` exchanges is in progress (`stats().totalExchanges` counts them), so
   * that what was replaced since then is not needed any more.
   */
  areOver(count: number): boolean {
    return this.#listeners.every((listener) => listener.areOver(count));
  }

  /**
   * Takes the connections that wait to be accepted, then no more; lets exchanges in progress finish, closes
   * idle connections, and cuts what is left after `timeout`. Resolves when no connection is left.
   * @throws ConfigError `RIT_ERR_CONFIG` where `timeout` is no duration; nothing is closed then
   */
  close({ timeout = 30_000 }: CloseOptions = {}): Promise<void> {
    try {
      checkCloseTimeout(timeout);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closing ??= new Promise((resolve) => {
      this.#onIdle = () => {
        if (!this.#listeners.every(({ isIdle }) => isIdle)) return;
        this.#closed = true;
        this.deadlines.dispose();
        resolve();
      };
      for (const listener of this.#listeners) listener.stopAccepting();
      queueMicrotask(() => this.onSocketClosed());
    });
    for (const listener of this.#listeners) listener.shutdown();
    if (timeout === 0) this.onDeadline();
    else if (!this.#closed) this.deadlines.queue(timeout).arm(this.#closeDeadline);
    return this.#closing;
  }

  /** @internal The deadline of `close`: cuts every connection that is left. */
  onDeadline(): void {
    for (const listener of this.#listeners) listener.cut();
  }

  /** @internal */
  countExchange(): number {
    return ++this.#totalExchanges;
  }

  /** @internal */
  onFailure(error: ReverseItError, rejected: boolean, request: RejectedRequest | null): void {
    try {
      watchCallback(this.#onError(error, rejected, request), ignore);
    } catch {
      // As below.
    }
  }

  /** @internal */
  onSocketClosed(): void {
    this.#onIdle?.();
  }
}

const isList = <T>(value: unknown): value is readonly T[] => Array.isArray(value);

function ignore(): void {
  // Who hears of errors has nowhere to tell of their own.
}
