/**
 * The one table of errors: what each code means, who is to blame, what it answers, what becomes of
 * the connection, whether the request may be sent again, and whether `errorResponse` replaces the answer.
 * Everything that turns an error into a status, a close code or a reset reads this table and nothing else.
 */

export type Blame = 'client' | 'upstream' | 'us' | 'config';

/**
 * What becomes of the client's connection after the error was answered. An error without a status, and every
 * error after the response has begun, resets it: the response must not look complete.
 */
export type ConnectionFate = 'keep' | 'close';

/**
 * What the error alone says about a retry on another connection to the backend: never; nothing of the request
 * was sent; the backend did not process it (RFC 9113 §8.7); or only where a reused connection closed before
 * any byte of the response (the keep-alive race, RFC 9112 §9.3.1).
 */
export type RetryVerdict = 'never' | 'nothing-sent' | 'not-processed' | 'if-reused';

/** Name of the class that the error of a code has. */
export type ErrorClassName =
  | 'ConfigError'
  | 'StateError'
  | 'ProtocolError'
  | 'LimitError'
  | 'DeadlineError'
  | 'UpstreamError'
  | 'WebSocketError'
  | 'AbortError';

/** What a code stands for. */
export interface CatalogEntry {
  readonly class: ErrorClassName;
  /** Who is to blame. */
  readonly blame: Blame;
  /** HTTP status to answer with; 0 where nothing can or should be sent. */
  readonly status: number;
  /** WebSocket close code for the offending side; 0 where the error is none of WebSocket's. */
  readonly closeCode: number;
  readonly connection: ConnectionFate;
  readonly retry: RetryVerdict;
  /** Whether a route's `errorResponse` replaces the answer: the backend gave no complete response. */
  readonly errorResponse: boolean;
  /** Default message, a sentence for a log. */
  readonly text: string;
  /** The deciding section, where there is one. */
  readonly rfc: string;
}

const http = (
  cls: ErrorClassName,
  blame: Blame,
  status: number,
  connection: ConnectionFate,
  text: string,
  rfc = '',
  more: Partial<Pick<CatalogEntry, 'retry' | 'errorResponse'>> = {},
): CatalogEntry => ({
  class: cls,
  blame,
  status,
  closeCode: 0,
  connection,
  retry: more.retry ?? 'never',
  errorResponse: more.errorResponse ?? false,
  text,
  rfc,
});

const ws = (closeCode: number, text: string, rfc: string): CatalogEntry => ({
  class: 'WebSocketError',
  blame: 'client',
  status: 0,
  closeCode,
  connection: 'close',
  retry: 'never',
  errorResponse: false,
  text,
  rfc,
});

const unreachable = { retry: 'nothing-sent', errorResponse: true } as const;

/** Every code, and what follows from it. */
// One row a line, so that the table can be read as a table.
// biome-ignore format: a table
export const catalog = {
  RIT_ERR_CONFIG: http('ConfigError', 'config', 0, 'keep', 'invalid option'),
  RIT_ERR_LISTEN: http('ConfigError', 'config', 0, 'keep', 'cannot listen'),
  RIT_ERR_INTERNAL: http('StateError', 'us', 500, 'close', 'internal error'),
  RIT_ERR_BODY_CONSUMED: http('StateError', 'us', 500, 'close', 'the request body was read before the proxy got it: mount the proxy before body parsers'),
  RIT_ERR_BACKEND_NOT_ALLOWED: http('StateError', 'us', 500, 'keep', 'chooseBackend returned a backend that the route does not allow'),
  RIT_ERR_HOOK_TIMEOUT: http('DeadlineError', 'us', 504, 'keep', 'a hook took longer than hookTimeout', 'RFC 9110 §15.6.5'),

  RIT_ERR_REQUEST_LINE: http('ProtocolError', 'client', 400, 'close', 'malformed request line', 'RFC 9112 §3'),
  RIT_ERR_FIELD_SYNTAX: http('ProtocolError', 'client', 400, 'close', 'malformed header field', 'RFC 9112 §5'),
  RIT_ERR_TARGET: http('ProtocolError', 'client', 400, 'close', 'malformed request target', 'RFC 9112 §3.2'),
  RIT_ERR_HOST: http('ProtocolError', 'client', 400, 'close', 'missing, repeated or malformed Host', 'RFC 9112 §3.2'),
  RIT_ERR_HOST_CONFLICT: http('ProtocolError', 'client', 400, 'close', 'absolute request target and Host name different hosts', 'RFC 9112 §3.2.2'),
  RIT_ERR_MISDIRECTED: http('ProtocolError', 'client', 421, 'close', 'request for the host of another certificate than that of its connection', 'RFC 9110 §15.5.20'),
  RIT_ERR_METHOD_UNKNOWN: http('ProtocolError', 'client', 501, 'close', 'method not implemented', 'RFC 9110 §9.1'),
  RIT_ERR_HTTP_VERSION: http('ProtocolError', 'client', 505, 'close', 'HTTP version not supported', 'RFC 9110 §15.6.6'),
  RIT_ERR_CONTENT_LENGTH: http('ProtocolError', 'client', 400, 'close', 'malformed or repeated Content-Length', 'RFC 9112 §6.3'),
  RIT_ERR_FRAMING_CONFLICT: http('ProtocolError', 'client', 400, 'close', 'ambiguous message framing', 'RFC 9112 §6.1'),
  RIT_ERR_CHUNK_SYNTAX: http('ProtocolError', 'client', 400, 'close', 'malformed chunked body', 'RFC 9112 §7.1'),
  RIT_ERR_TRANSFER_CODING: http('ProtocolError', 'client', 501, 'close', 'transfer coding not implemented', 'RFC 9112 §6.1'),
  RIT_ERR_EXPECTATION: http('ProtocolError', 'client', 417, 'close', 'expectation cannot be met', 'RFC 9110 §10.1.1'),
  RIT_ERR_LOOP_DETECTED: http('ProtocolError', 'client', 508, 'close', 'request loop: Via already names this proxy', 'RFC 9110 §7.6.3'),
  RIT_ERR_PROXY_PROTOCOL: http('ProtocolError', 'client', 0, 'close', 'no PROXY protocol header'),
  RIT_ERR_PLAIN_HTTP: http('ProtocolError', 'client', 400, 'close', 'plain HTTP request on a TLS port: use https'),
  RIT_ERR_HTTP2_PROTOCOL: http('ProtocolError', 'client', 0, 'close', 'client violated HTTP/2', 'RFC 9113 §5.4'),
  RIT_ERR_NO_ROUTE: http('ProtocolError', 'client', 404, 'keep', 'no route matches the request'),

  RIT_ERR_TARGET_TOO_LONG: http('LimitError', 'client', 414, 'close', 'request target exceeds maxRequestTargetBytes', 'RFC 9110 §15.5.15'),
  RIT_ERR_HEAD_TOO_LARGE: http('LimitError', 'client', 431, 'close', 'request header section exceeds its limits', 'RFC 6585 §5'),
  RIT_ERR_TOO_MANY_FIELDS: http('LimitError', 'client', 431, 'close', 'request has more fields than maxRequestHeaders', 'RFC 6585 §5'),
  RIT_ERR_TRAILERS_TOO_LARGE: http('LimitError', 'client', 431, 'close', 'request trailer section exceeds the header limits', 'RFC 6585 §5'),
  RIT_ERR_CHUNK_OVERHEAD: http('LimitError', 'client', 400, 'close', 'chunked framing outweighs the body', 'RFC 9112 §7.1.1'),
  RIT_ERR_HTTP2_FLOOD: http('LimitError', 'client', 0, 'close', 'client exceeded a limit on HTTP/2 frames', 'RFC 9113 §10.5'),
  RIT_ERR_BODY_TOO_LARGE: http('LimitError', 'client', 413, 'close', 'request body exceeds maxRequestBodySize', 'RFC 9110 §15.5.14'),

  RIT_ERR_HEAD_TIMEOUT: http('DeadlineError', 'client', 408, 'close', 'request headers took longer than requestHeaderTimeout', 'RFC 9110 §15.5.9'),
  RIT_ERR_BODY_TIMEOUT: http('DeadlineError', 'client', 408, 'close', 'request body stalled for longer than requestBodyReadTimeout', 'RFC 9110 §15.5.9'),
  RIT_ERR_SEND_TIMEOUT: http('DeadlineError', 'client', 0, 'close', 'client read nothing of the response for longer than responseSendTimeout'),
  RIT_ERR_TUNNEL_IDLE: http('DeadlineError', 'client', 0, 'close', 'tunnel was idle for longer than tunnelIdleTimeout'),

  RIT_ERR_INCOMPLETE_BODY: http('AbortError', 'client', 0, 'close', 'client closed the connection before the request body was complete', 'RFC 9112 §8'),
  RIT_ERR_CLIENT_ABORTED: http('AbortError', 'client', 0, 'close', 'client disconnected before the response was complete'),
  RIT_ERR_SHUTDOWN: http('AbortError', 'us', 503, 'close', 'server is shutting down'),

  RIT_ERR_NO_BACKEND: http('UpstreamError', 'upstream', 503, 'keep', 'no backend is available', 'RFC 9110 §15.6.4'),
  RIT_ERR_TOO_MANY_BACKENDS: http('LimitError', 'upstream', 503, 'keep', 'all maxOrigins backends chosen by URL are in use'),
  RIT_ERR_DISCOVERY: http('UpstreamError', 'upstream', 503, 'keep', 'backends cannot be discovered'),
  RIT_ERR_UPSTREAM_DNS: http('UpstreamError', 'upstream', 502, 'keep', 'host name of the backend cannot be resolved', '', unreachable),
  RIT_ERR_UPSTREAM_CONNECT: http('UpstreamError', 'upstream', 502, 'keep', 'backend cannot be reached', '', unreachable),
  RIT_ERR_UPSTREAM_TLS: http('UpstreamError', 'upstream', 502, 'keep', 'TLS to the backend failed', '', unreachable),
  RIT_ERR_UPSTREAM_CONNECT_TIMEOUT: http('UpstreamError', 'upstream', 504, 'keep', 'connecting to the backend took longer than connectTimeout', '', { retry: 'nothing-sent' }),
  RIT_ERR_UPSTREAM_QUEUE_FULL: http('LimitError', 'upstream', 503, 'keep', 'too many requests are waiting for a backend connection'),
  RIT_ERR_UPSTREAM_QUEUE_TIMEOUT: http('DeadlineError', 'upstream', 503, 'keep', 'no backend connection became available within poolTimeout'),
  RIT_ERR_UPSTREAM_HEAD_TIMEOUT: http('UpstreamError', 'upstream', 504, 'keep', 'backend sent no response headers within responseHeaderTimeout'),
  RIT_ERR_UPSTREAM_BODY_TIMEOUT: http('UpstreamError', 'upstream', 504, 'close', 'backend was idle for longer than upstreamIdleTimeout'),
  RIT_ERR_UPSTREAM_TRUNCATED: http('UpstreamError', 'upstream', 502, 'keep', 'backend closed the connection before the response body was complete', 'RFC 9112 §8', { errorResponse: true }),
  RIT_ERR_UPSTREAM_RESET: http('UpstreamError', 'upstream', 502, 'keep', 'backend closed the connection before responding', 'RFC 9112 §9.3.1', { retry: 'if-reused', errorResponse: true }),
  RIT_ERR_UPSTREAM_REFUSED_STREAM: http('UpstreamError', 'upstream', 503, 'keep', 'backend refused the stream', 'RFC 9113 §8.7', { retry: 'not-processed' }),
  RIT_ERR_UPSTREAM_PROTOCOL: http('UpstreamError', 'upstream', 502, 'keep', 'backend sent a malformed response', 'RFC 9112 §4'),
  RIT_ERR_UPSTREAM_HEAD_TOO_LARGE: http('UpstreamError', 'upstream', 502, 'keep', 'response header section exceeds maxResponseHeaderBytes'),
  RIT_ERR_UPSTREAM_BODY_TOO_LARGE: http('UpstreamError', 'upstream', 502, 'keep', 'response body exceeds maxResponseBodySize'),
  RIT_ERR_UPSTREAM_CLOSED: http('UpstreamError', 'us', 503, 'close', 'the pool is closed'),

  RIT_ERR_WS_HANDSHAKE: http('WebSocketError', 'client', 400, 'close', 'malformed WebSocket handshake', 'RFC 6455 §4.2.1'),
  RIT_ERR_WS_VERSION: http('WebSocketError', 'client', 426, 'close', 'WebSocket version not supported, use 13', 'RFC 6455 §4.4'),
  RIT_ERR_WS_ACCEPT: http('WebSocketError', 'upstream', 502, 'keep', 'invalid WebSocket handshake response from the backend', 'RFC 6455 §4.1'),
  RIT_ERR_WS_SUBPROTOCOL: http('WebSocketError', 'upstream', 502, 'keep', 'backend chose a subprotocol that was not offered', 'RFC 6455 §4.1'),
  RIT_ERR_WS_EXTENSION: http('WebSocketError', 'upstream', 502, 'keep', 'backend chose an extension that was not offered', 'RFC 6455 §9.1'),
  RIT_ERR_WS_UPGRADE_TIMEOUT: http('DeadlineError', 'upstream', 504, 'keep', 'backend did not answer the handshake within websocketBackendUpgradeTimeout'),

  RIT_ERR_WS_RESERVED_BITS: ws(1002, 'reserved bit set without an extension', 'RFC 6455 §5.2'),
  RIT_ERR_WS_OPCODE: ws(1002, 'reserved opcode', 'RFC 6455 §5.2'),
  RIT_ERR_WS_MASK: ws(1002, 'frame masked or unmasked against its direction', 'RFC 6455 §5.1'),
  RIT_ERR_WS_LENGTH_FORM: ws(1002, 'payload length not in its minimal form', 'RFC 6455 §5.2'),
  RIT_ERR_WS_CONTROL_FRAME: ws(1002, 'control frame fragmented or longer than 125 bytes', 'RFC 6455 §5.5'),
  RIT_ERR_WS_FRAGMENTATION: ws(1002, 'frames of a fragmented message out of order', 'RFC 6455 §5.4'),
  RIT_ERR_WS_CLOSE_CODE: ws(1002, 'invalid close frame', 'RFC 6455 §7.4'),
  RIT_ERR_WS_UTF8: ws(1007, 'text is not valid UTF-8', 'RFC 6455 §8.1'),
  RIT_ERR_WS_DEFLATE: ws(1007, 'compressed message cannot be inflated', 'RFC 7692 §7.2.2'),
  RIT_ERR_WS_FRAME_TOO_LARGE: ws(1009, 'frame exceeds maxWebsocketFrameSize', 'RFC 6455 §10.4'),
  RIT_ERR_WS_MESSAGE_TOO_LARGE: ws(1009, 'message exceeds maxWebsocketFrameSize', 'RFC 6455 §10.4'),
  RIT_ERR_WS_PENDING: ws(1009, 'too much data before the backend accepted the WebSocket', 'RFC 6455 §10.4'),
  RIT_ERR_WS_TOO_MANY_FRAGMENTS: ws(1008, 'message has too many fragments', 'RFC 6455 §10.4'),
  RIT_ERR_WS_CONTROL_FLOOD: ws(1008, 'too many control frames', 'RFC 6455 §10.4'),
  RIT_ERR_WS_IDLE: ws(1001, 'WebSocket was idle for longer than websocketIdleTimeout', 'RFC 6455 §7.4.1'),
  RIT_ERR_WS_UPSTREAM_LOST: ws(1014, 'backend disconnected or violated the WebSocket protocol', 'RFC 6455 §7.4.1'),
  RIT_ERR_WS_CLIENT_LOST: ws(1001, 'client disconnected or violated the WebSocket protocol', 'RFC 6455 §7.4.1'),
} as const satisfies Record<string, CatalogEntry>;

/** Every stable error code. Public: match on `error.code`, never on the message. */
export type ErrorCode = keyof typeof catalog;
