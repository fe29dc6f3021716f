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
const backend = 'Request to the backend';
const body = 'Request body';
const response = 'Response of the backend';
const upgrade = 'Upgrade';
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
   * The backend, with a path prefix if need be; every scheme serves HTTP and WebSocket.
   * Required.
   */
  backend: refusingPatterns(
    backendUrl({
      group: where,
      prose: 'The backend, with a path prefix if need be; every scheme serves HTTP and WebSocket.',
      schemes: ['http:', 'https:', 'ws:', 'wss:'],
    }),
    prefixOfUrlPattern,
  ),
  /**
   * Serves targets under this path; the longest of all routes applies. Null: only hooks choose the route.
   * Default: "/". If exceeded: 404.
   */
  path: orNull(
    refusingPatterns(
      pathPrefix({
        group: where,
        prose:
          'Serves targets under this path; the longest of all routes applies. Null: only hooks choose the route.',
        default: '/',
        answers: '404',
      }),
    ),
  ),
  /**
   * Serves requests for this host, whatever the port; "*.name" stands for all names below it.
   * Default: any. If exceeded: 404.
   */
  host: custom<string | null, string | null>({
    group: where,
    kind: 'host',
    prose:
      'Serves requests for this host, whatever the port; "*.name" stands for all names below it.',
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
   * Removed from the start of the path before the path prefix of the backend is put there.
   * Default: none.
   */
  stripPath: refusingPatterns(
    pathPrefix({
      group: where,
      prose:
        'Removed from the start of the path before the path prefix of the backend is put there.',
      default: null,
    }),
  ),
  /**
   * Unix socket to connect to, pooled like any other way; the backend option stays the authority.
   * Default: none.
   */
  unixSocket: string({
    group: backend,
    prose:
      'Unix socket to connect to, pooled like any other way; the backend option stays the authority.',
    default: null,
    accepts: 'a path of at most 107 bytes',
    placeholder: 'PATH',
    check: (path) => path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= 107,
  }),
  /** Takes connections from the pool, or makes a fresh one for each request. Default: "pooled". */
  upstreamConnection: choice({
    group: backend,
    prose: 'Takes connections from the pool, or makes a fresh one for each request.',
    values: ['pooled', 'one-shot'],
    default: 'pooled',
  }),
  /** The connection pool. Routes that inherit it, or are given the same object, share it. */
  pool: group<typeof poolOptions, PoolOptions, PoolValues>({
    group: backend,
    prose: 'The connection pool. Routes that inherit it, or are given the same object, share it.',
    rows: poolOptions,
    flagPrefix: '',
  }),
  /** Longest wait for a free connection. Default: 5000 ms. If exceeded: 503. */
  poolTimeout: milliseconds({
    group: backend,
    prose: 'Longest wait for a free connection.',
    default: 5000,
    answers: '503',
  }),
  /**
   * Longest wait for the response head once the request was sent; 1xx responses restart it, for ten times its length in all.
   * Default: 30000 ms. If exceeded: 504.
   */
  responseHeaderTimeout: milliseconds({
    group: response,
    prose:
      'Longest wait for the response head once the request was sent; 1xx responses restart it, for ten times its length in all.',
    default: 30000,
    answers: '504',
  }),
  /**
   * Times that GET, HEAD and OPTIONS are sent again when a reused connection closed before any byte of the response.
   * Default: 1.
   */
  responseHeaderRetries: count({
    group: response,
    prose:
      'Times that GET, HEAD and OPTIONS are sent again when a reused connection closed before any byte of the response.',
    default: 1,
    min: 0,
    max: 10,
  }),
  /**
   * Longest silence of the backend while a response is received.
   * Default: 55000 ms. If exceeded: 504, or the connection is aborted after the head.
   */
  upstreamIdleTimeout: milliseconds({
    group: response,
    prose: 'Longest silence of the backend while a response is received.',
    default: 55000,
    answers: '504, or the connection is aborted after the head',
  }),
  /** Longest silence of the client while its body is read. Default: 55000 ms. If exceeded: 408. */
  requestBodyReadTimeout: milliseconds({
    group: body,
    prose: 'Longest silence of the client while its body is read.',
    default: 55000,
    answers: '408',
  }),
  /**
   * Largest request body, 0 for none at all; a content-length above it is refused before any body is read.
   * Default: 104857600 bytes. If exceeded: 413.
   */
  maxRequestBodySize: bytes({
    group: body,
    prose:
      'Largest request body, 0 for none at all; a content-length above it is refused before any body is read.',
    default: 104857600,
    min: 0,
    lift: true,
    answers: '413',
  }),
  /**
   * Held before the request to the backend starts; a longer body is streamed.
   * Default: 1048576 bytes.
   */
  requestBodyBufferSize: bytes({
    group: body,
    prose: 'Held before the request to the backend starts; a longer body is streamed.',
    default: 1048576,
    min: 0,
    max: mostHeldBytes,
  }),
  /**
   * Silence of the client after which a body without a length is streamed and not held; 0: it is held. gRPC is never held.
   * Default: 100 ms.
   */
  requestBodyBufferDelay: milliseconds({
    group: body,
    prose:
      'Silence of the client after which a body without a length is streamed and not held; 0: it is held. gRPC is never held.',
    default: 100,
  }),
  /**
   * Largest response body, 0 for none at all.
   * Default: Infinity. If exceeded: 502, or the connection is aborted after the head.
   */
  maxResponseBodySize: bytes({
    group: response,
    prose: 'Largest response body, 0 for none at all.',
    default: Number.POSITIVE_INFINITY,
    min: 0,
    lift: true,
    answers: '502, or the connection is aborted after the head',
  }),
  /**
   * Largest sum of header lines of a response, counted as name + 2 + value each.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxResponseHeaderBytes: bytes({
    group: response,
    prose: 'Largest sum of header lines of a response, counted as name + 2 + value each.',
    default: 65536,
    max: mostHeldBytes,
    answers: '502',
  }),
  /**
   * Largest sum of the interim responses (1xx) to one request, which pass to clients of HTTP/1.1 and HTTP/2.
   * Default: 65536 bytes. If exceeded: 502.
   */
  maxInterimResponseBytes: bytes({
    group: response,
    prose:
      'Largest sum of the interim responses (1xx) to one request, which pass to clients of HTTP/1.1 and HTTP/2.',
    default: 65536,
    max: mostHeldBytes,
    answers: '502',
  }),
  /**
   * X-Forwarded-For, -Proto and -Host: "append" adds to the -For of the client, "replace" drops all such claims, false passes them.
   * Default: "append".
   */
  forwardedHeaders: choice({
    group: backend,
    prose:
      'X-Forwarded-For, -Proto and -Host: "append" adds to the -For of the client, "replace" drops all such claims, false passes them.',
    values: ['append', 'replace', false],
    default: 'append',
  }),
  /**
   * Pseudonym for Via, added both ways; a request that names it already is a loop (RFC 9110 §7.6.3).
   * Default: false. If exceeded: 508.
   */
  via: custom<string | false, string | false>({
    group: backend,
    kind: 'pseudonym',
    prose:
      'Pseudonym for Via, added both ways; a request that names it already is a loop (RFC 9110 §7.6.3).',
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
   * Fields to set on the request, in place of those of the same name; the last word.
   * Default: none.
   */
  addHeaders: fields({
    group: backend,
    prose: 'Fields to set on the request, in place of those of the same name; the last word.',
    never: connectionFields,
    // RFC 9112 §3.2.
    once: ['host'],
  }),
  /** Fields to remove from the request; _ in a name counts as -. Default: none. */
  removeHeaders: fieldNames({
    group: backend,
    prose: 'Fields to remove from the request; _ in a name counts as -.',
    never: fieldsWhere(({ removableByUser }) => !removableByUser),
  }),
  /** Sends the Host of the client instead of the authority of the backend. Default: false. */
  preserveHostHeader: boolean({
    group: backend,
    prose: 'Sends the Host of the client instead of the authority of the backend.',
    default: false,
  }),
  /**
   * Makes Location and Content-Location that begin with the backend’s URL public ones; with preserveHostHeader only if given.
   * Default: true.
   */
  rewriteLocation: boolean({
    group: response,
    prose:
      'Makes Location and Content-Location that begin with the backend’s URL public ones; with preserveHostHeader only if given.',
    default: true,
  }),
  /**
   * Answer when the backend cannot be reached, or the connection to it ends before the response.
   */
  errorResponse: group({
    group: response,
    prose:
      'Answer when the backend cannot be reached, or the connection to it ends before the response.',
    flagPrefix: 'error-response',
    rows: defineOptions({
      /** Status of the answer when the backend cannot be reached or breaks off. Default: 502. */
      status: count({
        group: response,
        prose: 'Status of the answer when the backend cannot be reached or breaks off.',
        default: 502,
        min: 400,
        max: 599,
      }),
      /**
       * Fields of the answer when the backend cannot be reached or breaks off; text/plain unless they say otherwise.
       * Default: none.
       */
      headers: fields({
        group: response,
        prose:
          'Fields of the answer when the backend cannot be reached or breaks off; text/plain unless they say otherwise.',
        never: connectionFields,
        once: ['content-type'],
      }),
      /**
       * Body of the answer when the backend cannot be reached or breaks off.
       * Default: "Bad Gateway".
       */
      body: string({
        group: response,
        prose: 'Body of the answer when the backend cannot be reached or breaks off.',
        default: 'Bad Gateway',
      }),
    }),
  }),
  /**
   * Protocols that clients may switch to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).
   * Default: ["websocket"].
   */
  upgrades: upgradeProtocols({
    group: upgrade,
    prose:
      'Protocols that clients may switch to; all but "websocket" are tunnelled as bytes. Other offers are ignored (RFC 9110 §7.8).',
    default: ['websocket'],
  }),
  /**
   * Longest silence of both directions of a tunnel, in ms.
   * Default: websocketIdleTimeout. If exceeded: reset.
   */
  tunnelIdleTimeout: milliseconds({
    group: upgrade,
    prose: 'Longest silence of both directions of a tunnel, in ms.',
    default: null,
    defaultText: 'websocketIdleTimeout',
    answers: 'reset',
  }),
  /**
   * Longest silence of both directions; closed a tenth later, 5 s at most, so that a ping in time is one.
   * Default: 55000 ms. If exceeded: close 1001.
   */
  websocketIdleTimeout: milliseconds({
    group: websocket,
    prose:
      'Longest silence of both directions; closed a tenth later, 5 s at most, so that a ping in time is one.',
    default: 55000,
    answers: 'close 1001',
  }),
  /**
   * Longest time to the answer of the backend to the handshake.
   * Default: 5000 ms. If exceeded: 504.
   */
  websocketBackendUpgradeTimeout: milliseconds({
    group: websocket,
    prose: 'Longest time to the answer of the backend to the handshake.',
    default: 5000,
    answers: '504',
  }),
  /**
   * Largest frame and largest reassembled message, after inflation.
   * Default: 16777216 bytes. If exceeded: close 1009.
   */
  maxWebsocketFrameSize: bytes({
    group: websocket,
    prose: 'Largest frame and largest reassembled message, after inflation.',
    default: 16777216,
    lift: true,
    answers: 'close 1009',
  }),
  /**
   * Bytes of client frames held before the backend accepted the WebSocket.
   * Default: 1048576 bytes. If exceeded: close 1009.
   */
  maxWebsocketPendingBytes: bytes({
    group: websocket,
    prose: 'Bytes of client frames held before the backend accepted the WebSocket.',
    default: 1048576,
    min: 0,
    max: mostHeldBytes,
    answers: 'close 1009',
  }),
  /**
   * Client frames held before the backend accepted the WebSocket.
   * Default: 16. If exceeded: close 1009.
   */
  maxWebsocketPendingFrames: count({
    group: websocket,
    prose: 'Client frames held before the backend accepted the WebSocket.',
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
   * Checks that text messages are UTF-8 (RFC 6455 §8.1).
   * Default: true. If exceeded: close 1007.
   */
  websocketValidateUtf8: boolean({
    group: websocket,
    prose: 'Checks that text messages are UTF-8 (RFC 6455 §8.1).',
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
export interface ResolvedRouteOptions extends RouteValues {
  /** In one spelling: scheme and host in lower case, no default port, no slash at the end. */
  readonly backend: string | null;
}
