/**
 * What the options of other proxies, and of Node's server, are called here. Who comes from there finds the
 * way in the message that rejects the word, and not only in docs/migration.md.
 */
import { plainName } from '@reverseit/core/options';

/** What to say of a word; `{option}` stands for the name of an option. */
type Hint = string;

const is = (option: string): Hint => `use {${option}}`;

const backend: Hint = 'use {backend}, the URL of a service';
const bodies: Hint = 'bodies are forwarded unchanged';
const byDefault: Hint = 'this is the default';
const logs: Hint = 'use {logger}, or {onFinish} for an access log';
const onRequest: Hint = 'use {onRequest}, which may change the request, answer it, or throw';
const onResponse: Hint = 'use {onResponse}, which may change the status and headers';
const oneByOne: Hint = 'a connection carries one request at a time';
const webSockets: Hint = 'WebSockets are on unless {upgrades} omits them';

/** By the word as it is written there. */
export const foreignWords: Readonly<Record<string, Hint>> = {
  // http-proxy, http-proxy-3, httpxy
  target: is('backend'),
  forward: 'traffic mirroring is not supported',
  agent: 'use {pool}; connections are reused by default',
  ssl: is('tls'),
  ws: webSockets,
  trustProxy: is('trustedProxies'),
  xfwd: 'use {forwardedHeaders}, which is on by default',
  secure: 'use {pool.verifyTls}',
  toProxy: 'requests go to the backend, never through another proxy',
  prependPath: 'the path of {backend} is prepended; omit it there',
  ignorePath: 'set request.target in {onRequest}',
  localAddress: 'the operating system chooses the address',
  changeOrigin: 'the Host of the backend is sent unless {preserveHostHeader} is true',
  preserveHeaderKeyCase: byDefault,
  auth: 'set authorization with {addHeaders}',
  hostRewrite: onResponse,
  autoRewrite: onResponse,
  protocolRewrite: 'use {trustedProxies}: redirects have the scheme that the client used',
  cookieDomainRewrite: 'use {rewriteCookies}, with domain',
  cookiePathRewrite: 'use {rewriteCookies}, with path',
  headers: is('addHeaders'),
  proxyTimeout: 'use {responseHeaderTimeout} and {upstreamIdleTimeout}',
  timeout:
    'each wait has its own: {requestHeaderTimeout}, {requestBodyReadTimeout}, {responseSendTimeout}, {keepAliveTimeout}, {responseHeaderTimeout}, {upstreamIdleTimeout}',
  followRedirects: 'redirects are passed to the client',
  selfHandleResponse: 'use {onRequest} or {respond} to answer without the backend',
  buffer: 'mount the proxy before body parsers',
  lookup: 'host names are resolved by the operating system',

  // http-proxy-middleware
  context: is('path'),
  pathFilter: 'use {path}, a prefix, or several {routes}',
  pathRewrite:
    'use {stripPath} and a path in {backend}; for more set request.target in {onRequest}',
  router: 'use {routes} with {host} and {path}, or {chooseBackend} with {allowBackends}',
  on: 'use {onRequest}, {onResponse}, {onError} and {onFinish}',
  onProxyReq: is('onRequest'),
  onProxyRes: is('onResponse'),
  onProxyReqWs: 'use {onRequest}, where request.websocket is true',
  onOpen: is('onRequest'),
  onClose: is('onFinish'),
  logProvider: is('logger'),
  plugins: 'hooks are plain functions; compose them',
  ejectPlugins: 'hooks are plain functions; compose them',

  // @fastify/http-proxy, @fastify/reply-from
  upstream: is('backend'),
  prefix: 'use {path}, and {stripPath} to remove it',
  rewritePrefix: 'use {stripPath} and a path in {backend}',
  http2: 'use {protocols} for clients, {pool.protocols} for backends',
  undici: is('pool'),
  preHandler: onRequest,
  preValidation: onRequest,
  proxyPayloads: bodies,
  httpMethods: onRequest,
  replyOptions: 'use {onRequest} and {onResponse}',
  rewriteRequestHeaders: onRequest,
  rewriteHeaders: onResponse,
  getUpstream: 'use {routes}, or context.useRoute in {onRequest}',
  queryString: 'set request.target in {onRequest}',
  retriesCount: is('responseHeaderRetries'),
  retryMethods: 'GET, HEAD and OPTIONS are retried up to {responseHeaderRetries} times',
  maxRetriesOn503: 'responses are forwarded whatever their status',
  retryDelay: 'responses are forwarded whatever their status',
  internalRewriteLocationHeader: onResponse,
  websocket: webSockets,
  wsUpstream: 'use a second route with another {backend}',
  wsServerOptions:
    'use {maxWebsocketFrameSize}, {websocketCompress} and the other WebSocket options',
  wsClientOptions:
    'use {maxWebsocketFrameSize}, {websocketCompress} and the other WebSocket options',
  wsReconnect: 'a WebSocket closes when its backend does',
  wsHooks: 'messages are forwarded unchanged',
  disableRequestLogging: 'requests are only logged by {onFinish}',
  constraints: is('host'),

  // express-http-proxy
  proxyReqPathResolver: 'set request.target in {onRequest}',
  proxyReqOptDecorator: onRequest,
  proxyReqBodyDecorator: bodies,
  userResDecorator: bodies,
  userResHeaderDecorator: onResponse,
  proxyErrorHandler: 'use {errorResponse} and {onError}',
  filter: 'use {path}, or {onRequest}',
  skipToNextHandlerFilter: 'next is called when no route matches',
  limit: is('maxRequestBodySize'),
  parseReqBody: bodies,
  preserveHostHdr: is('preserveHostHeader'),

  // nginx
  proxy_pass: is('backend'),
  proxy_set_header: is('addHeaders'),
  proxy_hide_header: onResponse,
  proxy_redirect: onResponse,
  proxy_cookie_domain: 'use {rewriteCookies}, with domain',
  proxy_cookie_path: 'use {rewriteCookies}, with path',
  set_real_ip_from: is('trustedProxies'),
  real_ip_header: is('trustedProxyHeaders'),
  proxy_protocol: 'use {proxyProtocol} for clients, {pool.sendProxyProtocol} for backends',
  proxy_connect_timeout: is('pool.connectTimeout'),
  proxy_read_timeout:
    'use {responseHeaderTimeout} and {upstreamIdleTimeout}, or {websocketIdleTimeout} for WebSockets',
  proxy_send_timeout: is('upstreamIdleTimeout'),
  proxy_buffering: 'responses are streamed',
  proxy_request_buffering: is('requestBodyBufferSize'),
  proxy_http_version: 'HTTP/1.1 unless {pool.protocols} says otherwise',
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
  large_client_header_buffers: 'use {maxRequestHeaderLineBytes} and {maxRequestHeaderBytes}',
  keepalive_requests: is('maxRequestsPerConnection'),
  proxy_ignore_client_abort: is('halfClose'),
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
  handle_path: 'use {path} with {stripPath}',
  strip_prefix: is('stripPath'),
  header_up: is('addHeaders'),
  header_down: onResponse,
  bind: is('listen'),
  maxconn: is('maxConnections'),
  acceptProxy: is('proxyProtocol'),
  sendProxy: is('pool.sendProxyProtocol'),
  sendProxyV2: 'use {pool.sendProxyProtocol}, with "v2"',

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
  https: 'use {tls} for the listener, and the scheme of {backend}',
  rejectUnauthorized: is('pool.verifyTls'),
  insecure: is('pool.verifyTls'),
  headersTimeout: 'use {requestHeaderTimeout} for clients, {responseHeaderTimeout} for backends',
  requestTimeout: 'use {requestHeaderTimeout} and {requestBodyReadTimeout}',
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
