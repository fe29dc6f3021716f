/** `createHandler`: options in, middleware out. */
import { type IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProxyStats } from '@reverseit/admin';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { getField } from '@reverseit/core/http';
import type { RequestHead } from '@reverseit/core/http1';
import { ignoreError } from '@reverseit/core/internal';
import { checkCloseTimeout } from '@reverseit/core/options';
import { asksForWebSocket } from '@reverseit/core/websocket';
import { noClients } from '../metrics/client-figures.ts';
import { Metrics } from '../metrics/metrics.ts';
import { type HandlerOptions, resolveHandlerOptions } from '../options/handler-options.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';
import { webSocketProtocol } from '../proxy/headers/upgrade-rules.ts';
import { type BackendControl, type EngineStats, ProxyEngine } from '../proxy/proxy-engine.ts';
import { belowPath } from './below-path.ts';
import { readNodeHead, refuseHidden } from './fields/node-head.ts';
import { isOver, type NodeRequest, type NodeResponse } from './messages/node-messages.ts';
import { NodeExchange } from './node-exchange.ts';
import { NodeUpgrade } from './node-upgrade.ts';
import { OpenExchanges } from './open-exchanges.ts';
import { isQueued, PipelineQueue } from './pipeline-queue.ts';
import { serveWithoutOffer } from './without-offer.ts';

/** Figures of a handler, at this moment unless named a total. */
export interface HandlerStats extends EngineStats {
  /** Exchanges in progress. */
  readonly activeExchanges: number;
  readonly totalExchanges: number;
  /** Requests that were rejected before they became an exchange. */
  readonly totalRefusals: number;
}

/** Goes on to what comes next in the application, or to its handling of an error. */
export type Next = (error?: ReverseItError) => void;

/** What listens to `upgrade`. */
export type UpgradeListener = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  next?: Next,
) => void;

/**
 * A proxy for a server of `node:http`, `node:https` or `node:http2`, and for what is built on one.
 *
 * Routes are chosen by `request.url`: below a path that Express or Connect strips, paths count from
 * there. Where no route serves a request, `next()` is called, and without one the answer is 404.
 * Otherwise the request is answered, whatever becomes of it.
 *
 * It must get the request with its body unread. One that a body parser has read before cannot be passed
 * on: then `next` is called with an error of the code `RIT_ERR_BODY_CONSUMED`, and without a `next` the
 * answer is 500.
 */
export interface ReverseItHandler extends BackendControl {
  (request: NodeRequest, response: NodeResponse, next?: Next): void;
  /**
   * The same as a promise, for frameworks that wait for a middleware: resolves to true when the response is
   * over, be it because the client left, and to false where no route serves the request, which nothing has
   * been done to then. Rejects with what `next` would be called with.
   */
  readonly serve: (request: NodeRequest, response: NodeResponse) => Promise<boolean>;
  /** Whether a route serves the request, were it only by refusing it. */
  readonly matches: (request: NodeRequest) => boolean;
  /**
   * Serves a WebSocket: `server.on('upgrade', handler.upgrade)`. Where no route serves it, `next()` is
   * called, for servers where others listen to `upgrade` as well; without one the answer is 404.
   *
   * A request that offers another protocol, such as `h2c` or `TLS/1.2`, is served as if it did not, whoever
   * serves it (RFC 9110 §7.8): the server gets the connection back, with the request without its offer, and
   * tells of it by `request`. With `serverOptions` it need not.
   */
  readonly upgrade: UpgradeListener;
  /**
   * The same below a path at which the application mounts the handler: `app.use('/x', handler)` and
   * `server.on('upgrade', handler.upgradeBelow('/x'))`. Routes are chosen by what follows the path, as for
   * requests; what is not below it goes to `next`, or is answered 404.
   * @throws ConfigError `RIT_ERR_CONFIG` for a path that does not begin with `/`
   */
  readonly upgradeBelow: (path: string) => UpgradeListener;
  /**
   * Options for the server: `createServer({ ...handler.serverOptions }, app)`. They let it take nothing but
   * WebSockets, and what a route lists as `upgrades`, for an upgrade (`shouldUpgradeCallback`, Node.js 22.21,
   * 24.9 and newer; without effect before).
   */
  readonly serverOptions: ServerOptions;
  /** Whether a request offers one of these, for a `shouldUpgradeCallback` of the application's own. */
  readonly shouldUpgrade: (request: IncomingMessage) => boolean;
  /**
   * Rejects what is new with 503, lets what is in progress finish, and cuts what is left after `timeout`
   * ms (default: the option `closeTimeout`; 0: at once). Resolves when no exchange, WebSocket, backend
   * connection and timer is left. To be called beside the `close` of the server.
   */
  readonly close: (options?: { readonly timeout?: number }) => Promise<void>;
  readonly stats: () => HandlerStats;
  /**
   * Everything that was counted since the start, but for connections, which are the server's: `prometheusText` of
   * `@reverseit/admin` makes a text of it.
   * @throws ConfigError `RIT_ERR_CONFIG` without the option `metrics`
   */
  readonly metrics: () => ProxyStats;
}

/**
 * Makes middleware: a proxy that does not listen by itself.
 * @throws ConfigError `RIT_ERR_CONFIG` that lists every invalid option
 */
export function createHandler(options: HandlerOptions): ReverseItHandler {
  const front = new HandlerFront(resolveHandlerOptions(options));
  return Object.assign(front.serve, {
    serve: front.serveAll,
    matches: front.matches,
    upgrade: front.upgrade,
    upgradeBelow: front.upgradeBelow,
    serverOptions: front.serverOptions,
    shouldUpgrade: front.shouldUpgrade,
    close: front.close,
    stats: front.stats,
    metrics: front.metrics,
    ...front.control,
  });
}

/** Its functions are bound: frameworks take them off their object. */
class HandlerFront {
  readonly #options: ResolvedProxyOptions;
  readonly #metrics: Metrics | null;
  readonly #engine: ProxyEngine;
  readonly #exchanges: OpenExchanges;
  readonly #pipelines = new PipelineQueue();
  #totalExchanges = 0;
  #totalRefusals = 0;

  constructor(options: ResolvedProxyOptions) {
    this.#options = options;
    this.#metrics = options.metrics ? new Metrics() : null;
    this.#engine = new ProxyEngine(options, this.#metrics?.meters);
    this.#metrics?.start();
    this.#exchanges = new OpenExchanges(options.server.responseSendTimeout, (error) =>
      this.#engine.observer.onRefusal(error, null),
    );
  }

  readonly shouldUpgrade = (request: IncomingMessage): boolean => {
    const { method = '', httpVersionMinor: minorVersion, rawHeaders: fields } = request;
    const protocol = this.#engine.upgrades.choose(fields);
    if (protocol !== null && protocol !== webSocketProtocol) return true;
    return asksForWebSocket({ method, minorVersion, fields });
  };

  /** The types of Node 22 do not have it yet. */
  readonly serverOptions: ServerOptions & {
    readonly shouldUpgradeCallback: (request: IncomingMessage) => boolean;
  } = { shouldUpgradeCallback: this.shouldUpgrade };

  readonly serve = (request: NodeRequest, response: NodeResponse, next?: Next): void => {
    if (response instanceof ServerResponse && isQueued(response)) {
      this.#pipelines.wait(response, () => this.#serve(request, response, next));
    } else this.#serve(request, response, next);
  };

  #serve(request: NodeRequest, response: NodeResponse, next: Next | undefined): void {
    // It ended while the application had it.
    if (isOver(response)) return;
    const { head, error } = readNodeHead(request, this.#options.server);
    if (next !== undefined && !this.#serves(head)) {
      next();
      return;
    }
    const misuse = misuseOf(request, response, head.contentLength !== 0);
    if (misuse !== null && (next !== undefined || response.headersSent)) {
      this.#reportRefusal(misuse);
      next?.(misuse);
      return;
    }
    // Its socket is not ours to give away.
    head.upgrade = false;
    const exchange = new NodeExchange(this.#exchanges, head, request, response);
    this.#handle(exchange, error, misuse);
  }

  readonly serveAll = (request: NodeRequest, response: NodeResponse): Promise<boolean> =>
    new Promise((resolve, reject) => {
      if (isOver(response)) {
        resolve(true);
        return;
      }
      response.once('close', () => resolve(true));
      this.serve(request, response, (error) => {
        if (error === undefined) resolve(false);
        else reject(error);
      });
    });

  readonly matches = (request: NodeRequest): boolean =>
    this.#serves(readNodeHead(request, this.#options.server).head);

  readonly upgrade: UpgradeListener = (request, stream, early, next) =>
    this.#upgrade(request, request.url ?? '', stream, early, next);

  readonly upgradeBelow = (path: string): UpgradeListener => {
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw createError('RIT_ERR_CONFIG', 'upgradeBelow: expected a path that starts with /');
    }
    return (request, stream, early, next) =>
      this.#upgrade(request, belowPath(request.url ?? '', path), stream, early, next);
  };

  /** `url` is null where the request is for somebody else. */
  #upgrade(
    request: IncomingMessage,
    url: string | null,
    stream: Duplex,
    early: Buffer,
    next: Next | undefined,
  ): void {
    if (stream.destroyed) return;
    const isTaken = taken.has(request);
    if (!isTaken && !this.shouldUpgrade(request) && refuseHidden(request) === null) {
      if (serveWithoutOffer(request, stream, early)) return;
    }
    const { head, error } = readNodeHead(request, this.#options.server, url ?? request.url);
    if (next !== undefined && (url === null || !this.#serves(head))) {
      next();
      return;
    }
    if (isTaken) {
      const text = 'upgrade: another listener has taken the request already';
      this.#reportRefusal(createError('RIT_ERR_INTERNAL', text));
      return;
    }
    taken.add(request);
    // From Node 26 it may be a stream that nobody else listens to, and an error would end the process.
    stream.on('error', ignoreError);
    // RFC 6455 §4.1: what follows a handshake are frames, to everybody on the way.
    const framing =
      head.contentLength !== 0 && asksForWebSocket(head)
        ? createError('RIT_ERR_FRAMING_CONFLICT')
        : null;
    // A rejection goes around the body, and around the stream that Node puts before what follows it.
    const refusal = error ?? framing;
    const refused = refusal !== null || this.#exchanges.closing;
    if (refused) head.contentLength = 0;
    const isWrapped = !(stream instanceof Socket) && (refused || head.contentLength !== 0);
    const socket = isWrapped ? request.socket : stream;
    if (!(socket instanceof Socket)) {
      this.#reportRefusal(createError('RIT_ERR_INTERNAL', 'upgrade: socket is not a net.Socket'));
      stream.destroy();
      return;
    }
    const { server } = this.#options;
    const exchange = new NodeUpgrade(
      this.#exchanges,
      head,
      request,
      refused ? socket : stream,
      early,
      server,
    );
    const stranger = url === null ? createError('RIT_ERR_NO_ROUTE') : null;
    this.#handle(exchange, stranger ?? refusal, null);
  }

  /** What no route serves is the application's, be it a request that we would reject. */
  #serves({ authority, fields, target }: RequestHead): boolean {
    return this.#engine.serves(authority ?? getField(fields, 'host') ?? null, target);
  }

  /** `fault` is one of the head, which no hook sees then; `misuse` is the application's own. */
  #handle(
    exchange: NodeExchange,
    fault: ReverseItError | null,
    misuse: ReverseItError | null,
  ): void {
    const refusal = this.#exchanges.closing ? createError('RIT_ERR_SHUTDOWN') : (fault ?? misuse);
    if (refusal === null) {
      this.#totalExchanges++;
      this.#engine.handle(exchange);
    } else if (fault === null) {
      this.#totalRefusals++;
      this.#engine.refuse(exchange, refusal);
    } else {
      this.#reportRefusal(refusal);
      this.#engine.count(exchange);
      exchange.fail(refusal, this.#engine.refusalFields(refusal));
    }
  }

  #reportRefusal(error: ReverseItError): void {
    this.#totalRefusals++;
    this.#engine.observer.onRefusal(error, null);
  }

  readonly close = async ({ timeout = this.#options.closeTimeout } = {}): Promise<void> => {
    checkCloseTimeout(timeout);
    const end = performance.now() + timeout;
    this.#engine.beginClose(Math.min(this.#options.websocketCloseDelay, timeout));
    await this.#exchanges.close(timeout);
    await this.#engine.close(end - performance.now());
    this.#metrics?.stop();
  };

  readonly control: BackendControl = {
    backends: (route) => this.#engine.backends(route ?? null),
    setBackends: (route, list) => this.#engine.setBackends(route, list),
    drain: (backend) => this.#engine.drain(backend),
    enable: (backend) => this.#engine.enable(backend),
  };

  readonly stats = (): HandlerStats => ({
    activeExchanges: this.#exchanges.count,
    totalExchanges: this.#totalExchanges,
    totalRefusals: this.#totalRefusals,
    ...this.#engine.stats(),
  });

  readonly metrics = (): ProxyStats =>
    Metrics.read(this.#metrics, {
      clients: noClients,
      engine: this.#engine.stats(),
      backends: this.#engine.backends(null),
      isDraining: this.#exchanges.closing,
    });
}

/** Requests with an `upgrade` event that a handler answers, whichever: several may listen to one server. */
const taken = new WeakSet<IncomingMessage>();

/** Why a request cannot be served that other code has read or answered already. */
function misuseOf(
  request: NodeRequest,
  response: NodeResponse,
  hasBody: boolean,
): ReverseItError | null {
  if (response.headersSent || response.writableEnded) {
    return createError(
      'RIT_ERR_INTERNAL',
      'the response was started before the request reached the proxy',
    );
  }
  if (!hasBody) return null;
  const { readableDidRead, readableEnded, readableEncoding } = request;
  return readableDidRead || readableEnded || readableEncoding !== null
    ? createError('RIT_ERR_BODY_CONSUMED')
    : null;
}
