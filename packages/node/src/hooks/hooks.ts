/** What a hook is, and what it is given. */
import type { ReverseItError } from '@reverseit/core/errors';
import type { NodeRequest } from '../middleware/messages/node-messages.ts';
import type { HeaderList, HeaderView } from './header-list.ts';

/** A request on its way to the backend. What a hook changes here is what is sent on. */
export interface HookRequest {
  readonly method: string;
  /** Path and query. A new one must begin with `/` and hold visible ASCII only; it does not change the route. */
  target: string;
  /** Host and port that the request is for; null for HTTP/1.0 without Host. */
  readonly authority: string | null;
  readonly httpVersion: '1.0' | '1.1';
  /** The client's fields, before the header rules of the route apply. */
  readonly headers: HeaderList;
  /** The request offers to switch to WebSocket (RFC 6455 §4.1); false for an offer of other protocols. */
  readonly websocket: boolean;
}

/** A response on its way to the client, before it is sent. */
export interface HookResponse {
  /** From 200 to 599. */
  status: number;
  /** The backend's fields after the header rules. Framing stays ours: `content-length` cannot be changed. */
  readonly headers: HeaderList;
}

/** What belongs to one request, for hooks that also see requests that no route serves. */
export interface RequestInfo {
  /** Name of the route: its option `name`, else host and path. Null where no route applied. */
  readonly route: string | null;
  /** The client's address; empty on a Unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The client speaks TLS to us. */
  readonly encrypted: boolean;
  /**
   * The request as the application's own server made it, with all that its middleware has put there, such as
   * `user` or `session`. Null where the server is ours (`createServer`).
   */
  readonly nodeRequest: NodeRequest | null;
  /** For the hooks' own use, from one to the next. */
  data: unknown;
  /**
   * Aborted when the request is over: it was answered, the client left, or a hook took longer than
   * `hookTimeout`. Its reason is the error that ended the request, where there is one.
   */
  readonly signal: AbortSignal;
}

/** What belongs to one request, for all of its hooks. */
export interface HookContext extends RequestInfo {
  /** Name of the route: its option `name`, else host and path. */
  readonly route: string;
  /**
   * Serves the request by another route, in `onRequest` only. What hooks of `onRequest` are left run first,
   * then the other route's own.
   * @throws ConfigError for a name that no route has
   * @throws StateError where the request has been sent on or answered
   */
  useRoute(name: string): void;
}

/** A whole response, made without a backend. */
export interface DirectResponse {
  /** From 200 to 599. Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A text is sent as UTF-8, with `content-type: text/plain; charset=utf-8` unless `headers` say otherwise. */
  readonly body?: string | Uint8Array;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Runs before the header rules. May change the request, answer it by returning a response, or throw (500). */
export type OnRequest = (
  request: HookRequest,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only changes the request returns nothing
) => Awaitable<DirectResponse | void>;

/**
 * Runs before a backend's response is sent. May change its status and fields, replace it by returning
 * another response, or throw (500). Hooks that follow see the response that replaced it.
 */
export type OnResponse = (
  response: HookResponse,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Awaitable<DirectResponse | void>;

/**
 * Runs when a request failed or was refused, before it is answered: no route, a limit, a hook that threw, a
 * backend that failed. Returns the response to send, whose status is that of the error unless it names
 * one; where it returns nothing or throws, the standard response is sent. Changes of the request have no effect.
 */
export type OnErrorResponse = (
  error: ReverseItError,
  request: HookRequest,
  context: RequestInfo,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Awaitable<DirectResponse | void>;

/** Answers a request instead of a backend. */
export type Respond = (request: HookRequest, context: HookContext) => Awaitable<DirectResponse>;

/**
 * Runs when a request is over, whatever became of it. Cannot change anything; `context` is that of the
 * request's other hooks.
 */
export type OnFinish = (record: AccessRecord, context: RequestInfo) => void;

/**
 * Told of every error that ended a request or refused one. `record` and `context` are null where there was
 * no request yet.
 */
export type OnError = (
  error: ReverseItError,
  record: AccessRecord | null,
  context: RequestInfo | null,
) => void;

/** What an access log needs to know of a request. */
export interface AccessRecord {
  readonly method: string;
  /** As the client sent it. */
  readonly target: string;
  readonly authority: string | null;
  readonly httpVersion: '1.0' | '1.1';
  readonly remoteAddress: string;
  /** Name of the route; null where none applied. */
  readonly route: string | null;
  /** Origin of the backend that was asked, such as `http://127.0.0.1:8080`; null where none was. */
  readonly backend: string | null;
  /** Connections to the backend that the request was given: more than one where it was sent again. */
  readonly attempts: number;
  /** The client's fields, as hooks left them. Not among the keys of the record. */
  readonly requestHeaders: HeaderView;
  /** Fields of the response that was sent, without those that frame it; empty where none was. Not among the keys. */
  readonly responseHeaders: HeaderView;
  /** Status that was sent; 499 where the client left before one, 0 where the connection was cut before one. */
  readonly status: number;
  /** Content of the request that was received, in bytes; of a WebSocket the payload of the client's data frames, of a tunnel all that the client sent. */
  readonly bytesReceived: number;
  /** Content of the response that was sent, in bytes; of a WebSocket the payload of the backend's data frames, of a tunnel all that the backend sent. */
  readonly bytesSent: number;
  /** Milliseconds since the epoch at which the head was complete. */
  readonly startedAt: number;
  /** Durations in ms. */
  readonly durations: {
    /** From the head to the end. */
    readonly total: number;
    /** From the head to the backend being asked: hooks and body collection. Null where it was not. */
    readonly request: number | null;
    /** From the backend being asked to its response head: pool, connection, backend. */
    readonly backend: number | null;
    /** From the response head to the end. */
    readonly response: number | null;
  };
  /** `RIT_ERR_…`, or null. */
  readonly errorCode: string | null;
  /** The error itself, or null. */
  readonly error: ReverseItError | null;
}
