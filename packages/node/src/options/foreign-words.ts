/**
 * What the options of other proxies, and of Node's server, are called here. Who comes from there finds the
 * way in the message that refuses the word, and not only in docs/migration.md.
 */
import { plainName } from '@reverseit/core/options';

/** What to say of a word; `{option}` stands for the name of an option. */
type Hint = string;

const is = (option: string): Hint => `here it is {${option}}`;

const backend: Hint = 'here it is {backend}, the URL of a service';
const bodies: Hint = 'bodies are passed on unread';
const byDefault: Hint = 'it is so here by default';
const logs: Hint = 'here it is {logger}, or {onFinish} for an access log';
const onRequest: Hint =
  'here it is for {onRequest}, which may change the request, answer it, or throw';
const onResponse: Hint = 'here it is for {onResponse}, which may change status and fields';
const oneByOne: Hint = 'one request at a time goes over a connection';
const webSockets: Hint = 'WebSockets are served unless {upgrades} leaves them out';

/** By the word as it is written there. */
export const foreignWords: Readonly<Record<string, Hint>> = {
  // http-proxy, http-proxy-3, httpxy
  target: is('backend'),
  forward: 'copies of traffic are not made',
  agent: 'here it is {pool}: connections are kept and reused from the start',
  ssl: is('tls'),
  ws: webSockets,
  xfwd: 'here it is {forwardedHeaders}, which is on from the start',
  secure: 'here it is {pool.verifyTls}',
  toProxy: 'requests go to the backend, not to another proxy',
  prependPath: 'the path of {backend} stands before that of the request; leave it out there',
  ignorePath: 'here {onRequest} sets request.target',
  localAddress: 'the system chooses the address',
  changeOrigin: 'Host is that of the backend here, unless {preserveHostHeader} is true',
  preserveHeaderKeyCase: byDefault,
  auth: 'here {addHeaders} sets authorization',
  hostRewrite: onResponse,
  autoRewrite: onResponse,
  protocolRewrite: onResponse,
  cookieDomainRewrite: onResponse,
  cookiePathRewrite: onResponse,
  headers: is('addHeaders'),
  proxyTimeout: 'here it is {responseHeaderTimeout} and {upstreamIdleTimeout}',
  timeout:
    'here there is one for each wait: {requestHeaderTimeout}, {requestBodyReadTimeout}, {responseSendTimeout}, {keepAliveTimeout}, {responseHeaderTimeout}, {upstreamIdleTimeout}',
  followRedirects: 'a redirect is the client’s to follow',
  selfHandleResponse: 'to answer without the backend there are {onRequest} and {respond}',
  buffer: 'mount the proxy before body parsers',
  lookup: 'names are looked up by the system',

  // http-proxy-middleware
  context: is('path'),
  pathFilter: 'here it is {path}, a prefix, or several {routes}',
  pathRewrite:
    'here it is {stripPath}, with a path in {backend}; for more {onRequest} sets request.target',
  router: 'here it is {routes} with {host} and {path}, or context.useRoute in {onRequest}',
  on: 'here it is {onRequest}, {onResponse}, {onError} and {onFinish}',
  onProxyReq: is('onRequest'),
  onProxyRes: is('onResponse'),
  onProxyReqWs: 'here it is {onRequest}, where request.websocket is true',
  onOpen: is('onRequest'),
  onClose: is('onFinish'),
  logLevel: logs,
  logProvider: is('logger'),
  plugins: 'hooks are functions: compose them',
  ejectPlugins: 'hooks are functions: compose them',

  // @fastify/http-proxy, @fastify/reply-from
  upstream: is('backend'),
  prefix: 'here it is {path}, with {stripPath} where it is to be removed',
  rewritePrefix: 'here it is {stripPath}, with a path in {backend}',
  http2: 'here it is {pool.protocols}',
  undici: is('pool'),
  preHandler: onRequest,
  preValidation: onRequest,
  proxyPayloads: bodies,
  httpMethods: onRequest,
  replyOptions: 'here it is {onRequest} and {onResponse}',
  rewriteRequestHeaders: onRequest,
  rewriteHeaders: onResponse,
  getUpstream: 'here it is {routes}, or context.useRoute in {onRequest}',
  queryString: 'here {onRequest} sets request.target',
  retriesCount: is('responseHeaderRetries'),
  retryMethods: 'here GET, HEAD and OPTIONS are retried, {responseHeaderRetries} times',
  maxRetriesOn503: 'a response is an answer, whatever its status',
  retryDelay: 'a response is an answer, whatever its status',
  internalRewriteLocationHeader: onResponse,
  websocket: webSockets,
  wsUpstream: 'here a route of its own has another {backend}',
  wsServerOptions: 'here it is {maxWebsocketFrameSize}, {websocketCompress} and their like',
  wsClientOptions: 'here it is {maxWebsocketFrameSize}, {websocketCompress} and their like',
  wsReconnect: 'a WebSocket ends with its backend',
  wsHooks: 'messages are passed on unread',
  disableRequestLogging: 'there is no log of requests without {onFinish}',
  constraints: is('host'),

  // express-http-proxy
  proxyReqPathResolver: 'here {onRequest} sets request.target',
  proxyReqOptDecorator: onRequest,
  proxyReqBodyDecorator: bodies,
  userResDecorator: bodies,
  userResHeaderDecorator: onResponse,
  proxyErrorHandler: 'here it is {errorResponse} and {onError}',
  filter: 'here it is {path}, or {onRequest}',
  skipToNextHandlerFilter: 'here next is called where no route applies',
  limit: is('maxRequestBodySize'),
  parseReqBody: bodies,
  preserveHostHdr: is('preserveHostHeader'),

  // nginx
  proxy_pass: is('backend'),
  proxy_set_header: is('addHeaders'),
  proxy_hide_header: onResponse,
  proxy_redirect: onResponse,
  proxy_cookie_domain: onResponse,
  proxy_cookie_path: onResponse,
  proxy_connect_timeout: is('pool.connectTimeout'),
  proxy_read_timeout:
    'here it is {responseHeaderTimeout} and {upstreamIdleTimeout}; {websocketIdleTimeout} of WebSockets',
  proxy_send_timeout: is('upstreamIdleTimeout'),
  proxy_buffering: 'responses are streamed',
  proxy_request_buffering: is('requestBodyBufferSize'),
  proxy_http_version: 'backends are spoken to in HTTP/1.1, or as {pool.protocols} says',
  proxy_next_upstream: is('responseHeaderRetries'),
  proxy_ssl_verify: is('pool.verifyTls'),
  proxy_ssl_name: is('pool.tls.servername'),
  proxy_ssl_trusted_certificate: is('pool.tls.caFile'),
  proxy_ssl_certificate: is('pool.tls.certFile'),
  proxy_ssl_certificate_key: is('pool.tls.keyFile'),
  client_max_body_size: is('maxRequestBodySize'),
  client_body_buffer_size: is('requestBodyBufferSize'),
  client_body_timeout: is('requestBodyReadTimeout'),
  client_header_timeout: is('requestHeaderTimeout'),
  large_client_header_buffers: 'here it is {maxRequestHeaderLineBytes} and {maxRequestHeaderBytes}',
  keepalive_requests: is('maxRequestsPerConnection'),
  send_timeout: is('responseSendTimeout'),
  worker_processes: is('workers'),
  worker_connections: is('maxConnections'),
  server_name: is('host'),
  location: is('path'),
  ssl_certificate: is('tls.certFile'),
  ssl_certificate_key: is('tls.keyFile'),
  add_header: onResponse,
  access_log: logs,
  error_log: logs,

  // Caddy, HAProxy, Traefik
  reverse_proxy: backend,
  handle_path: 'here it is {path} with {stripPath}',
  strip_prefix: is('stripPath'),
  header_up: is('addHeaders'),
  header_down: onResponse,
  bind: is('listen'),
  maxconn: is('maxConnections'),

  // Node's own servers and agents, undici
  port: is('listen'),
  hostname: is('listen'),
  socketPath: is('unixSocket'),
  url: backend,
  origin: backend,
  server: backend,
  key: is('tls.key'),
  cert: is('tls.cert'),
  ca: is('pool.tls.ca'),
  https: 'here it is {tls} of the listener, and the scheme of {backend}',
  rejectUnauthorized: is('pool.verifyTls'),
  insecure: is('pool.verifyTls'),
  headersTimeout:
    'here it is {requestHeaderTimeout} of a client, {responseHeaderTimeout} of a backend',
  requestTimeout: 'here it is {requestHeaderTimeout} and {requestBodyReadTimeout}',
  bodyTimeout: is('upstreamIdleTimeout'),
  maxHeaderSize: is('maxRequestHeaderBytes'),
  maxHeadersCount: is('maxRequestHeaders'),
  maxRequestsPerSocket: is('maxRequestsPerConnection'),
  maxSockets: is('pool.poolSize'),
  connections: is('pool.poolSize'),
  pipelining: oneByOne,
  keepAlive: byDefault,
};

const byPlainName: ReadonlyMap<string, Hint> = new Map(
  Object.entries(foreignWords).map(([word, hint]) => [plainName(word), hint]),
);

const asItIs = (option: string): string => option;

/**
 * What a word of another proxy is called here; undefined where it is none. `nameOf` says how an option is
 * written where it is asked from.
 */
export function foreignHint(word: string, nameOf = asItIs): string | undefined {
  return byPlainName
    .get(plainName(word))
    ?.replaceAll(/\{([\w.]+)\}/g, (_, option: string) => nameOf(option));
}
