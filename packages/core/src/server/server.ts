/**
 * The listener: accepts connections, keeps their register, and closes gracefully. Every request is
 * handed to one listener function as an exchange.
 */
import cluster from 'node:cluster';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { createError, type ReverseItError } from '../errors/reverseit-error.ts';
import { checkCloseTimeout } from '../options/close-timeout.ts';
import { Deadline, type DeadlineQueue, Deadlines, type DeadlineTarget } from '../time/deadlines.ts';
import { AcceptDrain } from './accept-drain.ts';
import { Connection } from './connection/connection.ts';
import type { OpenConnection, RequestListener, ServerContext } from './exchange/server-context.ts';
import { watchCallback } from './exchange/thenable.ts';
import { isPlainHttp, PlainHttpRefusal } from './plain-http.ts';
import { type OnServerError, reasonText, warnOfFailure } from './server-errors.ts';
import type { ResolvedServerOptions } from './server-options.ts';
import { removeStaleSocket } from './stale-socket.ts';
import { TlsAcceptor, type TlsDelegate } from './tls-acceptor.ts';

/**
 * Where to listen: a TCP port (0: a free one) or the path of a Unix socket. Without a host on every address
 * of the machine, as Node does: `::`, or `0.0.0.0` where there is no IPv6.
 */
export type ListenTarget =
  | { readonly port: number; readonly host?: string }
  | { readonly path: string };

/** How a server ends. */
export interface CloseOptions {
  /**
   * What is left after so many ms is cut (`Infinity`: waits as long as it takes; 0: at once).
   * Default: 30000.
   */
  readonly timeout?: number;
}

/** Idle time in ms after which the kernel asks whether a peer is still there that left without a word. */
const tcpKeepAliveDelay = 60_000;

const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: tcpKeepAliveDelay,
} as const;

/** Figures of a server, at this moment unless named a total. */
export interface ServerStats {
  /** Client connections, those that linger included. */
  readonly connections: number;
  /** Exchanges under way. */
  readonly activeExchanges: number;
  readonly totalConnections: number;
  readonly totalExchanges: number;
  /** Requests that were refused before they became an exchange. */
  readonly totalRefusals: number;
  /** Connections closed at accept because of `maxConnections`. */
  readonly totalDropped: number;
}

/** An HTTP/1.1 server that hands each request to its listener as an exchange. Made by `createHttpServer`. */
export class HttpServer implements ServerContext, DeadlineTarget {
  /** @internal */
  limits: ResolvedServerOptions;
  /** @internal */
  maxRequestsPerConnection: number;
  /** @internal */
  readonly listener: RequestListener;
  /** @internal */
  readonly deadlines = new Deadlines();
  /** @internal */
  headDeadlines: DeadlineQueue;
  /** @internal */
  keepAliveDeadlines: DeadlineQueue;
  /** @internal */
  sendDeadlines: DeadlineQueue;
  readonly #onError: OnServerError;
  readonly #server: Server;
  /** Null where clients speak plain HTTP. */
  #tls: TlsAcceptor | null;
  readonly #handshakes: TlsDelegate = {
    onSecure: (socket) => {
      socket.allowHalfOpen = true;
      this.#accept(socket);
    },
    onHandshakeFailed: (error, socket) => {
      if (isPlainHttp(error)) {
        new PlainHttpRefusal(socket, this.deadlines);
        this.onRefusal(createError('RIT_ERR_PLAIN_HTTP'));
      } else socket.destroy();
    },
    onCallbackThrew: (name, cause) => {
      this.onFailure(createError('RIT_ERR_INTERNAL', `${name} threw`, { cause }));
    },
  };
  readonly #connections = new Set<OpenConnection>();
  /** Sockets under TLS until they are closed. Before its handshake is done, one is no connection yet. */
  readonly #tlsSockets = new Set<Socket>();
  readonly #closeDeadline = new Deadline(this, 0);
  /** From the call of `listen` until it is known whether the address can be had. */
  #starting = false;
  #closing: Promise<void> | null = null;
  /** From `close` until the listening socket is closed. */
  #drain: AcceptDrain | null = null;
  #onEmpty: (() => void) | null = null;
  #activeExchanges = 0;
  #totalConnections = 0;
  #totalExchanges = 0;
  #totalRefusals = 0;
  #totalDropped = 0;

  /**
   * `onError` is told of requests that were refused before they became an exchange, and of what the
   * listener, handlers and callbacks of TLS throw. Without it the latter are warnings of the process.
   */
  constructor(
    options: ResolvedServerOptions,
    listener: RequestListener,
    onError: OnServerError = warnOfFailure,
  ) {
    this.#onError = onError;
    this.limits = options;
    this.maxRequestsPerConnection = options.maxRequestsPerConnection;
    this.listener = listener;
    this.headDeadlines = this.deadlines.queue(options.requestHeaderTimeout);
    this.keepAliveDeadlines = this.deadlines.queue(options.keepAliveTimeout);
    this.sendDeadlines = this.deadlines.queue(options.responseSendTimeout);
    this.#tls = this.#acceptor(options);
    this.#server = this.#tls?.server ?? createServer({ ...socketOptions, allowHalfOpen: true });
    this.#server.on('connection', (socket) => this.#onSocket(socket));
    this.#limitConnections();
    this.#server.on('drop', () => this.#totalDropped++);
  }

  /**
   * Puts other options in place of the present ones: at once for connections to come, and for timeouts of all.
   * Limits and TLS of a connection stay as they were when it was accepted.
   * @throws ConfigError `RIT_ERR_CONFIG` for TLS options that cannot be used; nothing is changed then
   */
  update(options: ResolvedServerOptions): void {
    const { tls, requestHeaderTimeout } = this.limits;
    // Sessions are resumed across an update that changes nothing of them.
    const same = isDeepStrictEqual(
      [tls, requestHeaderTimeout],
      [options.tls, options.requestHeaderTimeout],
    );
    if (!same) this.#tls = this.#acceptor(options);
    this.limits = options;
    this.maxRequestsPerConnection = options.maxRequestsPerConnection;
    this.headDeadlines = this.deadlines.queue(options.requestHeaderTimeout);
    this.keepAliveDeadlines = this.deadlines.queue(options.keepAliveTimeout);
    this.sendDeadlines = this.deadlines.queue(options.responseSendTimeout);
    this.#limitConnections();
  }

  #acceptor({ tls, requestHeaderTimeout }: ResolvedServerOptions): TlsAcceptor | null {
    return tls === null
      ? null
      : new TlsAcceptor(tls, requestHeaderTimeout, socketOptions, this.#handshakes);
  }

  #limitConnections(): void {
    const { maxConnections } = this.limits;
    // In a cluster one too many would otherwise be offered again and again to workers that are all full.
    Object.assign(this.#server, {
      maxConnections: Number.isFinite(maxConnections) ? maxConnections : undefined,
      dropMaxConnection: true,
    });
  }

  #onSocket(socket: Socket): void {
    const tls = this.#tls;
    // Plain, on a server that has spoken TLS before, or the other way round.
    socket.allowHalfOpen = tls === null;
    if (tls === null) {
      this.#accept(socket);
      return;
    }
    this.#tlsSockets.add(socket);
    socket.on('close', () => {
      this.#tlsSockets.delete(socket);
      this.#onEmpty?.();
    });
    tls.take(socket);
  }

  #accept(socket: Socket): void {
    this.#totalConnections++;
    const connection = new Connection(this, socket);
    this.#connections.add(connection);
    // Its TLS handshake was under way when the server began to close.
    if (this.closing) connection.shutdown();
  }

  /** Whether `close` was called. */
  get closing(): boolean {
    return this.#closing !== null;
  }

  /**
   * Starts to listen. A Unix socket that nobody listens on any more is replaced; `close` removes it.
   * @throws ConfigError `RIT_ERR_LISTEN` where the address is in use or not to be had, or is not the first
   */
  async listen(target: ListenTarget): Promise<AddressInfo | string> {
    if (typeof target !== 'object' || target === null) {
      throw createError('RIT_ERR_LISTEN', 'cannot listen: expected {host, port} or {path}');
    }
    // Node would take a second call for the same as the first while the name of a host is looked up.
    if (this.#starting || this.#server.listening) {
      throw createError(
        'RIT_ERR_LISTEN',
        `cannot listen on ${placeText(target)}: listen() was already called`,
      );
    }
    this.#starting = true;
    try {
      // In a cluster the primary listens, and its failure is everybody's: nobody asks it before the path is free.
      if ('path' in target && cluster.isWorker) await removeStaleSocket(target.path);
      return await this.#listen(target);
    } catch (error) {
      // What a process that was killed has left behind would keep it from starting again.
      if ('path' in target && isTaken(error) && (await removeStaleSocket(target.path))) {
        return await this.#listen(target);
      }
      throw error;
    } finally {
      this.#starting = false;
    }
  }

  #listen(target: ListenTarget): Promise<AddressInfo | string> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      const onError = (cause: unknown): void => {
        server.off('error', onError);
        const text = `cannot listen on ${placeText(target)}: ${reasonText(cause)}`;
        reject(createError('RIT_ERR_LISTEN', text, { cause }));
      };
      const onListening = (): void => {
        server.off('error', onError);
        // A later error (out of descriptors at accept) must not end the process.
        server.on('error', () => this.#totalDropped++);
        if (!this.closing) resolve(server.address() as AddressInfo | string);
        else server.close(() => onError('the server was closed before it was listening'));
      };
      server.on('error', onError);
      try {
        server.listen({ ...target }, onListening);
      } catch (cause) {
        // A port out of range, or a server that listens already.
        onError(cause);
      }
    });
  }

  /** The address that is listened on; null before `listen` and after `close`. */
  address(): AddressInfo | string | null {
    // Of a Unix socket Node goes on telling the path.
    return this.#server.listening && !this.closing ? this.#server.address() : null;
  }

  /** Figures of this moment. */
  stats(): ServerStats {
    return {
      connections: this.#connections.size,
      activeExchanges: this.#activeExchanges,
      totalConnections: this.#totalConnections,
      totalExchanges: this.#totalExchanges,
      totalRefusals: this.#totalRefusals,
      totalDropped: this.#totalDropped,
    };
  }

  /**
   * Whether none of the first `count` exchanges is under way (`stats().totalExchanges` counts them), so that
   * what was replaced since then is not needed any more.
   */
  areOver(count: number): boolean {
    for (const { exchangeNumber } of this.#connections) if (exchangeNumber <= count) return false;
    return true;
  }

  /**
   * Takes the connections that wait to be accepted, then no more; lets exchanges under way finish, closes
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
      let listening = this.#server.listening;
      this.#onEmpty = () => {
        if (listening || this.#connections.size > 0 || this.#tlsSockets.size > 0) return;
        this.deadlines.dispose();
        resolve();
      };
      if (listening) {
        this.#stopAccepting(() => {
          listening = false;
          this.#onEmpty?.();
        });
      } else queueMicrotask(() => this.#onEmpty?.());
    });
    for (const connection of [...this.#connections]) connection.shutdown();
    if (timeout === 0) this.onDeadline();
    else this.deadlines.queue(timeout).arm(this.#closeDeadline);
    return this.#closing;
  }

  /** Takes those who have connected already, and nobody after them. */
  #stopAccepting(onStopped: () => void): void {
    const drain = new AcceptDrain({ quietMs: isHandedOver() ? handOverMs : 0 }, () => {
      this.#drain = null;
      this.#server.close(onStopped);
    });
    this.#drain = drain;
    this.#server.on('connection', () => drain.onAccept());
  }

  /** @internal The deadline of `close`: cuts every connection that is left. */
  onDeadline(): void {
    this.#drain?.finish();
    for (const connection of [...this.#connections])
      connection.destroy(createError('RIT_ERR_SHUTDOWN'));
    for (const socket of this.#tlsSockets) socket.destroy();
  }

  /** @internal */
  onExchangeStart(connection: OpenConnection): void {
    this.#activeExchanges++;
    this.#totalExchanges++;
    connection.exchangeNumber = this.#totalExchanges;
  }

  /** @internal */
  onExchangeEnd(connection: OpenConnection): void {
    this.#activeExchanges--;
    connection.exchangeNumber = Number.POSITIVE_INFINITY;
  }

  /** @internal */
  onRefusal(error: ReverseItError): void {
    this.#totalRefusals++;
    this.onFailure(error);
  }

  /** @internal */
  onFailure(error: ReverseItError): void {
    try {
      watchCallback(this.#onError(error), ignore);
    } catch {
      // As below.
    }
  }

  /** @internal */
  onConnectionClosed(connection: OpenConnection): void {
    this.#connections.delete(connection);
    this.#onEmpty?.();
  }
}

function ignore(): void {
  // Who hears of errors has nowhere to tell of their own.
}
/** Without a connection for so long, a worker takes it that none is on its way from the primary, in ms. */
const handOverMs = 50;

/** Whether another process accepts, and hands the connections over. */
const isHandedOver = (): boolean =>
  cluster.isWorker && cluster.schedulingPolicy !== cluster.SCHED_NONE;

const isTaken = (error: unknown): boolean =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE';

function placeText(target: ListenTarget): string {
  if ('path' in target) return `unix:${target.path}`;
  const { host = '*', port } = target;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
