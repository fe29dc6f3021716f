import type { ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, HeaderSection, ReadonlyFieldSection } from '@reverseit/core/http';
import type { ProxiedConnection } from '@reverseit/core/internal';

/** One request to a backend. Fields are final: what stands here goes on the wire. */
export interface UpstreamRequest {
  /** Method token, as it goes on the wire. */
  readonly method: string;
  /** Request target in origin form (`/path?query`). undici cannot send `*`. */
  readonly target: string;
  /**
   * End-to-end fields in wire order, exactly one `host` among them, as a list or, where a parser has read
   * them, a section. The transport frames the body and sets the fields of the connection (RFC 9110 §7.6.1):
   * there is never a `transfer-encoding`, `connection` or `expect`, and a `content-length` is that of the
   * body.
   */
  readonly fields: ReadonlyFieldSection | HeaderSection;
  /** No body, a complete one, or one that arrives while it is sent. */
  readonly body: Buffer | CollectedBody | BodySource | null;
  /**
   * Names of trailers to come, as in a Trailer field (RFC 9110 §6.6.2). Sent where the body goes out without
   * a length and its trailers can be sent, by `direct` and over HTTP/2. Default: null.
   */
  readonly trailer?: string | null;
  /**
   * The client's connection that the request came on. A connection to the backend that the request logs in
   * (NTLM, Negotiate; RFC 4559) is kept for the requests that follow on it, and closed with it. Without
   * one it is closed after the response. So is every connection with `sendProxyProtocol`. Default: null.
   */
  readonly client?: ClientConnection | null;
  /** Told of each attempt. Must not throw. Default: null. */
  readonly observer?: AttemptObserver | null;
}

/** Who follows the attempts of a request, each over a connection. */
export interface AttemptObserver {
  /** A connection was chosen, or is being opened. The fields of the request may still be changed. */
  onAttempt(reused: boolean): void;
  /** The head of the final response has come, or a 101. */
  onAttemptResponse(status: number): void;
  /** The attempt is over; with an error where it failed, whether or not another one follows. */
  onAttemptEnd(error: ReverseItError | null): void;
}

/** A client's connection, by which its requests are told from those of others. */
export interface ClientConnection {
  readonly closed: boolean;
  /** Whether it may carry several requests at the same time: no login is kept for it. Default: false. */
  readonly multiplexed?: boolean;
  /** What a PROXY header tells of it; null where its ends have no addresses. Default: null. */
  readonly proxied?: ProxiedConnection | null;
  /** Has the listener told, once, when the connection closes. */
  addCloseListener(listener: ClientCloseListener): void;
  removeCloseListener(listener: ClientCloseListener): void;
}

/** Who is told of the end of a client's connection. */
export interface ClientCloseListener {
  onClientClosed(client: ClientConnection): void;
}

/**
 * A request as it may be given: a body may also be text, which is sent as UTF-8, other bytes, or left out.
 */
export interface RequestInput extends Omit<UpstreamRequest, 'body'> {
  readonly body?: UpstreamRequest['body'] | Uint8Array | string | undefined;
}

/** A long body that is complete, in the chunks in which it came. */
export interface CollectedBody {
  /** Their length together, in bytes. */
  readonly contentLength: number;
  readonly chunks: readonly Buffer[];
  /**
   * Fields to follow the body. Where there are some, HTTP/1.1 sends it in chunks. undici cannot send them,
   * and leaves them out. Default: none.
   */
  readonly trailers?: FieldSection;
  /** A chunk is not needed any more: it has been sent, and the request will not be retried. */
  releaseChunk(chunk: Buffer): void;
}

/** Where the transport puts the chunks of a streamed request body. */
export interface BodySink {
  /** Sends a chunk, text as UTF-8. False: stop until `resume` is called on the source. */
  write(chunk: Uint8Array | string): boolean;
  /** Whether every write has been flushed, so that chunks may be released. */
  readonly isFlushed: boolean;
  /**
   * The body is complete. Trailers, well formed and fit for one (RFC 9110 §6.5.1), follow it over HTTP/2, and
   * where it has no `contentLength` by `direct`; else they are left out. Default: none.
   */
  end(trailers?: FieldSection): void;
  /** The body will never be complete; the request is aborted with this error. */
  fail(error: ReverseItError): void;
}

/** A request body that arrives while it is sent. One use only. */
export interface BodySource {
  /** Length in bytes from `content-length`, or null where the body is chunked. */
  readonly contentLength: number | null;
  /**
   * Called once, when the connection is ready. The source may write from within. The backend sees the
   * request's head together with the first chunk, not before.
   */
  start(sink: BodySink): void;
  /** Called after `write` answered false, once the transport takes more. */
  resume(): void;
  /** No chunk is wanted any more: the response came early, or the request failed. */
  cancel(): void;
}
