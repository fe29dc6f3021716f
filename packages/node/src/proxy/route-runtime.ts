/** A route ready to serve: what its options mean, worked out once. */

import type { Exchange } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ErrorCode, ReverseItError } from '@reverseit/core/errors';
import { pickOptions } from '@reverseit/core/options';
import { type DispatchLimits, dispatchLimits, type OriginPool } from '@reverseit/upstream';
import type { OnRequest, OnResponse, Respond } from '../hooks/hooks.ts';
import type { ResolvedRouteOptions } from '../options/route-options.ts';
import type { RoutePlace } from '../routes/route-table.ts';
import type { BufferBudget } from './buffer-budget.ts';
import type { OpenWebSockets } from './open-websockets.ts';
import { RelaySettings } from './relay-settings.ts';
import { RequestRewrite } from './request-rewrite.ts';
import type { StreamShare } from './stream-share.ts';
import { TargetRewrite } from './target-rewrite.ts';

const plainText = ['content-type', 'text/plain; charset=utf-8'];

/** What `errorResponse` is for: there is no connection to the backend, or it ended before its response. */
const connectionFailures: ReadonlySet<ErrorCode> = new Set([
  'RIT_ERR_UPSTREAM_DNS',
  'RIT_ERR_UPSTREAM_CONNECT',
  'RIT_ERR_UPSTREAM_TLS',
  'RIT_ERR_UPSTREAM_RESET',
  'RIT_ERR_UPSTREAM_TRUNCATED',
]);
/** The answer to a response of the backend that is malformed or beyond a limit. */
const badGateway = { status: 502, body: 'Bad Gateway' };

/** What a route shares with others. */
export interface SharedMeans {
  readonly buffers: BufferBudget;
  readonly streams: StreamShare;
  readonly webSockets: OpenWebSockets;
}

export class RouteRuntime implements RoutePlace {
  readonly host: string | null;
  readonly path: string;
  /** For logs: the option `name`, else host and path as configured, such as `example.org/api`. */
  readonly name: string;
  readonly options: ResolvedRouteOptions;
  readonly target: TargetRewrite;
  readonly request: RequestRewrite;
  readonly limits: DispatchLimits;
  /** The same, for handshakes of WebSockets. */
  readonly upgradeLimits: DispatchLimits;
  readonly relays: RelaySettings;
  readonly webSockets: OpenWebSockets;
  /** Null where the application answers by itself. */
  readonly origin: OriginPool | null;
  readonly buffers: BufferBudget;
  /** Of the pool, for requests whose client waits. */
  readonly streams: StreamShare;
  /** How long a client may be silent before its body, if it has no length, is streamed. */
  readonly bufferDelay: DeadlineQueue;
  readonly onRequest: OnRequest | null;
  readonly onResponse: OnResponse | null;
  readonly respond: Respond | null;

  constructor(
    options: ResolvedRouteOptions,
    origin: OriginPool | null,
    { buffers, streams, webSockets }: SharedMeans,
  ) {
    const { host, path } = options;
    this.host = host;
    this.path = path;
    this.name = options.name ?? `${host ?? ''}${path}`;
    this.options = options;
    this.target = new TargetRewrite(options);
    this.request = new RequestRewrite(options);
    this.limits = pickOptions(dispatchLimits, options);
    this.upgradeLimits = {
      ...this.limits,
      responseHeaderTimeout: options.websocketBackendUpgradeTimeout,
    };
    this.relays = new RelaySettings(options, webSockets.deadlines);
    this.webSockets = webSockets;
    this.origin = origin;
    this.buffers = buffers;
    this.streams = streams;
    this.bufferDelay = webSockets.deadlines.queue(options.requestBodyBufferDelay);
    this.onRequest = options.onRequest;
    this.onResponse = options.onResponse;
    this.respond = options.respond;
  }

  /** Answers a failed exchange: as `errorResponse` says where the connection failed, else with the error's own status. */
  answer(exchange: Exchange, error: ReverseItError): void {
    if (exchange.headSent || error.status !== 502) {
      exchange.fail(error);
      return;
    }
    const { status, body } = connectionFailures.has(error.code)
      ? this.options.errorResponse
      : badGateway;
    exchange.respond(status, plainText, body);
  }
}
