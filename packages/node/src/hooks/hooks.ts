/** What a hook is, and what it is given. */
import type { ReverseItError } from '@reverseit/core/errors';
import type { HeaderList } from './header-list.ts';

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

/** What belongs to one request, for all of its hooks. */
export interface HookContext {
  /** Name of the route: its option `name`, else host and path. */
  readonly route: string;
  /** The client's address; empty on a Unix socket. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The client speaks TLS to us. */
  readonly encrypted: boolean;
  /** For the hooks' own use, from one to the next. */
  data: unknown;
  /** Aborted when the request is over, be it because the client left. */
  readonly signal: AbortSignal;
  /**
   * Serves the request by another route. In `onRequest` only; the other route's own `onRequest` is not run.
   * @throws ConfigError for a name that no route has
   */
  useRoute(name: string): void;
}

/** A whole response, made without a backend. */
export interface DirectResponse {
  /** From 200 to 599. Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Runs before the header rules. May change the request, answer it by returning a response, or throw (500). */
export type OnRequest = (
  request: HookRequest,
  context: HookContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only changes the request returns nothing
) => Awaitable<DirectResponse | void>;

/** Runs before a backend's response is sent. May change its status and fields, or throw (500). */
export type OnResponse = (response: HookResponse, context: HookContext) => Awaitable<void>;

/** Answers a request instead of a backend. */
export type Respond = (request: HookRequest, context: HookContext) => Awaitable<DirectResponse>;

/** Runs when a request is over, whatever became of it. Cannot change anything. */
export type OnFinish = (record: AccessRecord) => void;

/** Told of every error that ended a request or refused one. */
export type OnError = (error: ReverseItError, record: AccessRecord | null) => void;

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

/** Where log lines go: any pino-compatible logger. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
