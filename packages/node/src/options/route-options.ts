/** The options of a route. At the top level of a configuration they are defaults for all routes. */
import { fieldsWhere, isToken } from '@reverseit/core/http';
import {
  backendUrl,
  boolean,
  bytes,
  choice,
  count,
  custom,
  defineOptions,
  type Faults,
  fieldNames,
  fields,
  group,
  milliseconds,
  type Option,
  type OptionInput,
  type OptionValues,
  pathPrefix,
  string,
  upgradeProtocols,
} from '@reverseit/core/options';
import { type PoolOptions, type PoolValues, poolOptions } from '@reverseit/upstream';
import { routeHookOptions } from './hook-options.ts';
import { prefixOfUrlPattern, refusingPatterns } from './path-pattern.ts';

const where = 'Route';
const backend = 'Backend request';
const body = 'Request body';
const response = 'Backend response';
const upgrade = 'Upgrades';
const websocket = 'WebSocket';

/** What is held in memory is not unlimited. */
const mostHeldBytes = 1024 * 1024 * 1024;

/** Fields that frame a message or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6). */
const connectionFields = fieldsWhere(({ settableByUser }) => !settableByUser);

/** The same row, where null is a value of its own. */
function orNull<In, Out>(row: Option<In, Out>): Option<In | null, Out | null> {
  return Object.freeze({
    ...row,
    read: (value: unknown, key: string, faults: Faults, base: Out | null): Out | null =>
      value === null ? null : row.read(value, key, faults, base ?? row.default),
  });
}

const ownOptions = defineOptions({
  /**
   * URL of the backend, optionally with a path prefix; every scheme serves HTTP and WebSocket.
   * Required.
   */
  backend: refusingPatterns(
    backendUrl({
      group: where,
      prose:
        'URL of the backend, optionally with a path prefix; every scheme serves HTTP and WebSocket.',
      schemes: ['http:', 'https:', 'ws:', 'wss:'],
    }),
    prefixOfUrlPattern,
  ),
  /**
   * Path prefix to serve: "/api" serves /api/x, not /apis; the longest match wins. null: only a hook selects the route.
   * Default: "/". Error: 404.
   */
  path: orNull(
    refusingPatterns(
      pathPrefix({
        group: where,
        prose:
          'Path prefix to serve: "/api" serves /api/x, not /apis; the longest match wins. null: only a hook selects the route.',
        default: '/',
        answers: '404',
      }),
    ),
  ),
  /**
   * Host name to serve, on any port; "*.name" matches all subdomains of name.
   * Default: any. Error: 404.
   */
  host: custom<string | null, string | null>({
    group: where,
    kind: 'host',
    prose: 'Host name to serve, on any port; "*.name" matches all subdomains of name.',
    default: null,
    defaultText: 'any',
    accepts:
      'a host name in ASCII or an IP address without port, such as "example.org", "*.example.org" or "[::1]"',
    answers: '404',
    text: { placeholder: 'NAME' },
    json: { type: 'string' },
    check: (value) =>
      typeof value === 'string' && hostText.test(value)
        ? value.toLowerCase().replace(/\.$/, '')
        : undefined,
  }),
  /**
   * Prefix to remove from the request path before the path of the backend is prepended.
   * Default: none.
   */
  stripPath: refusingPatterns(
    pathPrefix({
      group: where,
      prose: 'Prefix to remove from the request path before the path of the backend is prepended.',
      default: null,
    }),
  ),
  /**
   * Unix socket to connect to, pooled as usual; the host of the backend URL is still sent as Host.
   * Default: none.
   */
  unixSocket: string({
    group: backend,
    prose:
      'Unix socket to connect to, pooled as usual; the host of the backend URL is still sent as Host.',
    default: null,
    accepts: 'a path of at most 107 bytes',
    placeholder: 'PATH',
    check: (path) => path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= 107,
  }),
  /**
   * "pooled" reuses backend connections, "one-shot" opens a new one for each request.
   * Default: "pooled".
   */
  upstreamConnection: choice({
    group: backend,
    prose: '"pooled" reuses backend connections, "one-shot" opens a new one for each request.',
    values: ['pooled', 'one-shot'],
    default: 'pooled',
  }),
  /** Connection pool. Routes that inherit it, or are given the same object, share it. */
  pool: group<typeof poolOptions, PoolOptions, PoolValues>({
    group: backend,
    prose: 'Connection pool. Routes that inherit it, or are given the same object, share it.',
    rows: poolOptions,
    flagPrefix: '',
  }),
  /** Maximum time to wait for a free backend connection. Default: 5000 ms. If exceeded: 503. */
  poolTimeout: milliseconds({
    group: backend,
    prose: 'Maximum time to wait for a free backend connection.',
    default: 5000,
    answers: '503',
  }),
  /**
   * Maximum wait for the response headers after the request was sent; each 1xx response restarts it, up to ten times in total.
   * Default: 30000 ms. If exceeded: 504.
   */
  responseHeaderTimeout: milliseconds({
    group: response,
    prose:
      'Maximum wait for the response headers after the request was sent; each 1xx response restarts it, up to ten times in total.',
    default: 30000,
    answers: '504',
  }),
  /**
   * Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first response byte.
   * Default: 1.
   */
  responseHeaderRetries: count({
    group: response,
    prose:
      'Retries of GET, HEAD and OPTIONS on a fresh connection when a kept-alive one closes before the first response byte.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /**
   * Maximum time without data from the backend while a response is received.
   * Default: 55000 ms. If exceeded: 504; aborted if response headers were already sent.
   */
  upstreamIdleTimeout: milliseconds({
    group: response,
    prose: 'Maximum time without data from the backend while a response is received.',
    default: 55000,
    answers: '504; aborted if response headers were already sent',
  }),
  /**
   * Maximum time without data from the client while its request body is read.
   * Default: 55000 ms. If exceeded: 408.
   */
  requestBodyReadTimeout: milliseconds({
    group: body,
    prose: 'Maximum time without data from the client while its request body is read.',
    default: 55000,
    answers: '408',
  }),
  /**
   * Maximum size of a request body; 0 allows none. A larger Content-Length is rejected before the body is read.
   * Default: 104857600 bytes. If exceeded: 413.
   */
  maxRequestBodySize: bytes({
    group: body,
    prose:
      'Maximum size of a request body; 0 allows none. A larger Content-Length is rejected before the body is read.',
    default: 104857600,
    min: 0,
    lift: true,
    answers: '413',
  }),
  /**
   * Request bodies up to this size are read whole before the backend is contacted; larger ones are streamed.
   * Default: 1048576 bytes.
   */
  requestBodyBufferSize: bytes({
    group: body,
    prose:
      'Request bodies up to this size are read whole before the backend is contacted; larger ones are streamed.',
    default: 1048576,
    min: 0,
    max: mostHeldBytes,
  }),
  /**
   * Streams a body of unknown length once the client pauses this long; 0 waits for the whole body. gRPC is never buffered.
   * Default: 100 ms.
   */
  requestBodyBufferDelay: milliseconds({
    group: body,
    prose:
      'Streams a body of unknown length once the client pauses this long; 0 waits for the whole body. gRPC is never buffered.',
    default: 100,
  }),
  /**
   * Maximum size of a response body; 0 allows none.
   * Default: Infinity. If exceeded: 502; aborted if response headers were already sent.
   */
  maxResponseBodySize: bytes({
    group: response,
    prose: 'Maximum size of a response body; 0 allows none.',
    default: Number.POSITIVE_INFINITY,
    min: 0,
    lift: true,
    answers: '502; aborted if response headers were already sent',
  }),
  /**
   * Maximum size of all response headers: name, colon, space and value of each line.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxResponseHeaderBytes: bytes({
    group: response,
    prose: 'Maximum size of all response headers: name, colon, space and value of each line.',
    default: 65536,
    max: mostHeldBytes,
    answers: '502',
  }),
  /**
   * Maximum size of all interim responses (1xx) to one request; they are forwarded to HTTP/1.1 and HTTP/2 clients.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxInterimResponseBytes: bytes({
    group: response,
    prose:
      'Maximum size of all interim responses (1xx) to one request; they are forwarded to HTTP/1.1 and HTTP/2 clients.',
    default: 65536,
    max: mostHeldBytes,
    answers: '502',
  }),
  /**
   * X-Forwarded-For, -Proto, -Host: "append" adds to -For, "replace" drops what the client sent first, false leaves all unchanged.
   * Default: "append".
   */
  forwardedHeaders: choice({
    group: backend,
    prose:
      'X-Forwarded-For, -Proto, -Host: "append" adds to -For, "replace" drops what the client sent first, false leaves all unchanged.',
    values: ['append', 'replace', false],
    default: 'append',
  }),
  /**
   * Name to add to Via in both directions; a request that already carries it is a loop (RFC 9110 §7.6.3).
   * Default: false. Error: 508.
   */
  via: custom<string | false, string | false>({
    group: backend,
    kind: 'pseudonym',
    prose:
      'Name to add to Via in both directions; a request that already carries it is a loop (RFC 9110 §7.6.3).',
    default: false,
    accepts: 'a pseudonym (a token) or false',
    answers: '508',
    text: {
      placeholder: 'NAME',
      negatable: true,
      parse: (text) => (text === 'false' ? false : text),
    },
    json: { anyOf: [{ type: 'string' }, { const: false }] },
    check: (value) =>
      value === false || (typeof value === 'string' && isToken(value)) ? value : undefined,
  }),
  /**
   * Headers to set on the request, replacing those of the same name; applied last.
   * Default: none.
   */
  addHeaders: fields({
    group: backend,
    prose: 'Headers to set on the request, replacing those of the same name; applied last.',
    never: connectionFields,
    // RFC 9112 §3.2.
    once: ['host'],
  }),
  /** Headers to remove from the request; "_" in a name counts as "-". Default: none. */
  removeHeaders: fieldNames({
    group: backend,
    prose: 'Headers to remove from the request; "_" in a name counts as "-".',
    never: fieldsWhere(({ removableByUser }) => !removableByUser),
  }),
  /**
   * Forwards the Host header of the client instead of sending the host of the backend.
   * Default: false.
   */
  preserveHostHeader: boolean({
    group: backend,
    prose: 'Forwards the Host header of the client instead of sending the host of the backend.',
    default: false,
  }),
  /**
   * Rewrites Location and Content-Location from the backend URL to the public one; with preserveHostHeader only if set explicitly.
   * Default: true.
   */
  rewriteLocation: boolean({
    group: response,
    prose:
      'Rewrites Location and Content-Location from the backend URL to the public one; with preserveHostHeader only if set explicitly.',
    default: true,
  }),
  /** Response when the backend cannot be reached or closes the connection before its response. */
  errorResponse: group({
    group: response,
    prose:
      'Response when the backend cannot be reached or closes the connection before its response.',
    flagPrefix: 'error-response',
    rows: defineOptions({
      /** Status code of the error response. Default: 502. */
      status: count({
        group: response,
        prose: 'Status code of the error response.',
        default: 502,
        min: 400,
        max: 599,
      }),
      /**
       * Headers of the error response; Content-Type is text/plain unless set here.
       * Default: none.
       */
      headers: fields({
        group: response,
        prose: 'Headers of the error response; Content-Type is text/plain unless set here.',
        never: connectionFields,
        once: ['content-type'],
      }),
      /** Body of the error response. Default: "Bad Gateway". */
      body: string({
        group: response,
        prose: 'Body of the error response.',
        default: 'Bad Gateway',
      }),
    }),
  }),
  /**
   * Protocols clients may upgrade to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).
   * Default: ["websocket"].
   */
  upgrades: upgradeProtocols({
    group: upgrade,
    prose:
      'Protocols clients may upgrade to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).',
    default: ['websocket'],
  }),
  /**
   * Closes a tunnel after this long without data from either side.
   * Default: websocketIdleTimeout. If exceeded: reset.
   */
  tunnelIdleTimeout: milliseconds({
    group: upgrade,
    prose: 'Closes a tunnel after this long without data from either side.',
    default: null,
    defaultText: 'websocketIdleTimeout',
    answers: 'reset',
  }),
  /**
   * Closes a WebSocket after this long without data from either side, plus a tenth (at most 5 s), so that a ping just in time counts.
   * Default: 55000 ms. If exceeded: close 1001.
   */
  websocketIdleTimeout: milliseconds({
    group: websocket,
    prose:
      'Closes a WebSocket after this long without data from either side, plus a tenth (at most 5 s), so that a ping just in time counts.',
    default: 55000,
    answers: 'close 1001',
  }),
  /**
   * Maximum time to wait for the backend to answer the WebSocket handshake.
   * Default: 5000 ms. If exceeded: 504.
   */
  websocketBackendUpgradeTimeout: milliseconds({
    group: websocket,
    prose: 'Maximum time to wait for the backend to answer the WebSocket handshake.',
    default: 5000,
    answers: '504',
  }),
  /**
   * Maximum size of a frame and of a reassembled message, after decompression.
   * Default: 16777216 bytes. If exceeded: close 1009.
   */
  maxWebsocketFrameSize: bytes({
    group: websocket,
    prose: 'Maximum size of a frame and of a reassembled message, after decompression.',
    default: 16777216,
    lift: true,
    answers: 'close 1009',
  }),
  /**
   * Maximum bytes of client frames buffered until the backend accepts the WebSocket.
   * Default: 1048576 bytes. If exceeded: close 1009.
   */
  maxWebsocketPendingBytes: bytes({
    group: websocket,
    prose: 'Maximum bytes of client frames buffered until the backend accepts the WebSocket.',
    default: 1048576,
    min: 0,
    max: mostHeldBytes,
    answers: 'close 1009',
  }),
  /**
   * Maximum number of client frames buffered until the backend accepts the WebSocket.
   * Default: 16. If exceeded: close 1009.
   */
  maxWebsocketPendingFrames: count({
    group: websocket,
    prose: 'Maximum number of client frames buffered until the backend accepts the WebSocket.',
    default: 16,
    min: 0,
    max: 65535,
    answers: 'close 1009',
  }),
  /** Negotiates permessage-deflate with the client (RFC 7692). Default: false. */
  websocketCompress: boolean({
    group: websocket,
    prose: 'Negotiates permessage-deflate with the client (RFC 7692).',
    default: false,
  }),
  /**
   * Checks that text messages are valid UTF-8 (RFC 6455 §8.1).
   * Default: true. Error: close 1007.
   */
  websocketValidateUtf8: boolean({
    group: websocket,
    prose: 'Checks that text messages are valid UTF-8 (RFC 6455 §8.1).',
    default: true,
    answers: 'close 1007',
  }),
});

const hostText = /^(?:(?:\*\.)?[\w](?:[\w.-]{0,251}\w)?\.?|\[[\dA-Fa-f:.]+\])$/;

/** Every option of a route, in the order of the reference. */
export const routeOptions = defineOptions({ ...ownOptions, ...routeHookOptions });

// Named table by table: declaration files keep the comments of a table's own file only.
type OwnInput = OptionInput<typeof ownOptions>;
type HookInput = OptionInput<typeof routeHookOptions>;

/** Options of a route, as a user writes them. */
export interface RouteOptions extends OwnInput, HookInput {}

type RouteValues = OptionValues<typeof routeOptions>;

/** Options of a route, checked, complete and frozen. In a timeout 0 means none. */
export interface ResolvedRouteOptions extends RouteValues {}
