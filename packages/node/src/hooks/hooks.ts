/** What a hook is, and what it is given. */

import type { ProxyHeader } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import type { BackendStateChange } from '@reverseit/upstream';
import type { NodeRequest } from '../middleware/messages/node-messages.ts';
import type { HeaderList, HeaderView } from './header-list.ts';

/** A request before it is sent to the backend. What a hook changes here is sent. */
export interface HookRequest {
  readonly method: string;
  /** Path and query. A new value must start with `/` and be visible ASCII; it does not change the route. */
  target: string;
  /** Requested host and port; null for HTTP/1.0 without Host. */
  readonly authority: string | null;
  readonly httpVersion: '1.0' | '1.1' | '2.0';
  /** Headers of the client, before the header rules of the route. */
  readonly headers: HeaderList;
  /** Whether the request is a WebSocket handshake (RFC 6455 §4.1); false for other upgrades. */
  readonly websocket: boolean;
}

/** A response before it is sent to the client. */
export interface HookResponse {
  /** From 200 to 599. */
  status: number;
  /** Headers of the backend, after the header rules. Those that frame the body cannot be changed. */
  readonly headers: HeaderList;
}

/** Context of one request, for hooks that also run if no route matches. */
export interface RequestInfo {
  /** Name of the route: its option `name`, or host and path. Null if no route matched. */
  readonly route: string | null;
  /** Address of the client, as `trustedProxies` report it; empty on a Unix socket. */
  readonly remoteAddress: string;
  /** Its port; 0 where a proxy did not report it. */
  readonly remotePort: number;
  /** Whether the client uses TLS, as `trustedProxies` report it. */
  readonly encrypted: boolean;
  /**
   * What the PROXY protocol header of the client's connection says, as `proxyProtocol` lets through; else null.
   * `remoteAddress`, `remotePort` and `encrypted` follow it already.
   */
  readonly proxyHeader: ProxyHeader | null;
  /** The same as a scheme: `https` with TLS. */
  readonly scheme: 'http' | 'https';
  /** Host and port that the client asked for, as `trustedProxies` report them; null for HTTP/1.0 without Host. */
  readonly authority: string | null;
  /** Address of whoever has connected: the client or a proxy; empty on a Unix socket. */
  readonly peerAddress: string;
  /**
   * The request object of your own server, with what its middleware added, such as `user` or `session`.
   * Null with `createServer`.
   */
  readonly nodeRequest: NodeRequest | null;
  /** Id of the request, if the option `requestId` is on; otherwise null. */
  readonly requestId: string | null;
  /** Id of its trace, if the option `tracing` is on and OpenTelemetry is set up; otherwise null. */
  readonly traceId: string | null;
  /** Yours: shared by the hooks of one request. */
  data: unknown;
  /**
   * Aborted when the request is over: it was answered, the client disconnected, or a hook exceeded
   * `hookTimeout`. Its reason is the error that ended the request, if any.
   */
  readonly signal: AbortSignal;
}

/** Context of one request, shared by all of its hooks. */
export interface HookContext extends RequestInfo {
  /** Name of the route: its option `name`, or host and path. */
  readonly route: string;
  /**
   * Serves the request with another route; only in `onRequest`. The remaining `onRequest` hooks run first,
   * then those of the other route.
   * @throws ConfigError if no route has this name
   * @throws StateError if the request was already forwarded or answered
   */
  useRoute(name: string): void;
}

/** A complete response, without a backend. */
export interface DirectResponse {
  /** From 200 to 599. Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A string is sent as UTF-8, with `content-type: text/plain; charset=utf-8` unless `headers` set one. */
  readonly body?: string | Uint8Array;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Runs before the header rules. May change the request, return a response to answer it, or throw (500). */
export type OnRequest = (
  request: HookRequest,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only changes the request returns nothing
) => Awaitable<DirectResponse | void>;

/**
 * Runs before a backend response is sent. May change its status and headers, return another response to
 * replace it, or throw (500). The following hooks see the replacement.
 */
export type OnResponse = (
  response: HookResponse,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Awaitable<DirectResponse | void>;

/**
 * Runs before a failed or rejected request is answered: no route, a limit, a hook that threw, a backend that
 * failed. Returns the response to send; its status is that of the error unless it sets one. If it returns
 * nothing or throws, the standard response is sent. Changes to the request have no effect.
 */
export type OnErrorResponse = (
  error: ReverseItError,
  request: HookRequest,
  context: RequestInfo,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Awaitable<DirectResponse | void>;

/** Answers requests in place of a backend. */
export type Respond = (request: HookRequest, context: HookContext) => Awaitable<DirectResponse>;

/**
 * Selects the backend of a request, after `onRequest`. Returns nothing for load balancing as usual, the name
 * of a backend of the route, or a URL that the option `allowBackends` allows; anything else is answered with
 * 500 (`RIT_ERR_BACKEND_NOT_ALLOWED`). The path of a URL is prepended to that of the request.
 *
 * Only the named backend gets the request: while it is unhealthy, ejected, drained or full the answer is 503.
 */
export type ChooseBackend = (
  request: HookRequest,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Awaitable<string | URL | null | undefined | void>;

/**
 * Runs when a request is over, however it ended. Cannot change anything; `context` is shared with the other
 * hooks of the request. Not for a request that was rejected before its headers were complete: that one is a line
 * of `accessLog`, and `onError` is told of it.
 */
export type OnFinish = (record: AccessRecord, context: RequestInfo) => void;

/**
 * Called for every error that rejected or aborted a request. `record` and `context` are null if there was no
 * request yet.
 */
export type OnError = (
  error: ReverseItError,
  record: AccessRecord | null,
  context: RequestInfo | null,
) => void;

/** A backend of a route has become healthy, unhealthy or warming, or is ejected or drained. */
export interface RouteBackendChange extends BackendStateChange {
  /** Name of the route. */
  readonly route: string;
}

/** Told of each change of the state of a backend. */
export type OnBackendState = (change: RouteBackendChange) => void;

/** An attempt that failed, or whose status was tried again. */
export interface FailedAttempt {
  /** Name of the backend. */
  readonly backend: string;
  /** `RIT_ERR_…`; null where a status was tried again. */
  readonly errorCode: string | null;
  /** The status that was tried again; 0 where there was none. */
  readonly status: number;
}

/**
 * What an access log needs to know about a request. Of one that was rejected before its headers were complete, all
 * that is known is in `requestLine`, `remoteAddress`, `status` and `error`; `method` and `target` may be empty.
 */
export interface AccessRecord {
  /** Id of the request, if the option `requestId` is on; otherwise null. */
  readonly requestId: string | null;
  /** Id of its trace, if the option `tracing` is on and OpenTelemetry is set up; otherwise null. */
  readonly traceId: string | null;
  readonly method: string;
  /** As the client sent it. */
  readonly target: string;
  /** Host and port that the client asked for, as `trustedProxies` report them. */
  readonly authority: string | null;
  /** Empty for a request that was rejected before its headers were complete. */
  readonly httpVersion: '1.0' | '1.1' | '2.0' | '';
  /**
   * Of a request that was rejected before its headers were complete: its first line, as far as it came. Unchecked:
   * a string of bytes (latin1), control characters too. Absent for every other request.
   */
  readonly requestLine?: string;
  /** Address of the client, as `trustedProxies` report it; empty on a Unix socket. */
  readonly remoteAddress: string;
  /** Address of whoever has connected: the client or a proxy; empty on a Unix socket. */
  readonly peerAddress: string;
  /** `https` if the client uses TLS, as `trustedProxies` report it. */
  readonly scheme: 'http' | 'https';
  /** Name of the route; null if none matched. */
  readonly route: string | null;
  /** Origin of the backend, such as `http://127.0.0.1:8080`; null if none was contacted. */
  readonly backend: string | null;
  /** Attempts at the backend: more than one if the request was retried. */
  readonly attempts: number;
  /** Attempts that failed, in order, where several backends serve the route. */
  readonly failedAttempts: readonly FailedAttempt[];
  /** Headers of the client, as hooks left them. Not enumerable. */
  readonly requestHeaders: HeaderView;
  /** Headers of the response that was sent, without framing; empty if none was. Not enumerable. */
  readonly responseHeaders: HeaderView;
  /** Status that was sent; 499 if the client disconnected before, 0 if the connection was aborted before. */
  readonly status: number;
  /** Bytes of the request body; for a WebSocket of the data frames' payload, for a tunnel of everything. */
  readonly bytesReceived: number;
  /** Bytes of the response body; for a WebSocket of the data frames' payload, for a tunnel of everything. */
  readonly bytesSent: number;
  /** When the request headers were complete, in ms since the epoch. */
  readonly startedAt: number;
  /** Durations in ms. */
  readonly durations: {
    /** From the request headers to the end. */
    readonly total: number;
    /** From the request headers to contacting the backend: hooks, body buffering. Null if it was not. */
    readonly request: number | null;
    /** From contacting the backend to its response headers: pool, connection, backend. */
    readonly backend: number | null;
    /** From the response headers to the end. */
    readonly response: number | null;
  };
  /** `RIT_ERR_…`, or null. */
  readonly errorCode: string | null;
  /** The error itself, or null. */
  readonly error: ReverseItError | null;
}
