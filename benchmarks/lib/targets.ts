/** What is compared. */
import { credentialFiles } from './credentials.ts';
import { isInstalled, startExternal } from './external.ts';
import { type Subject, startNode } from './processes.ts';
import type { Http2Side, SecureSide } from './scenario.ts';

/** What a scenario asks of a target beyond forwarding. */
export type Need = 'websocket' | 'routes' | 'tls' | 'http2' | 'http2-backends';

export interface Setup {
  /** Port of the backend. */
  readonly backend: number;
  readonly core: number | null;
  /** Routes to set up, `/r/0`, `/r/1` and so on; 0: none, every path is served. */
  readonly routes: number;
  readonly secure: SecureSide;
  readonly http2: Http2Side;
}

export interface Target {
  readonly name: string;
  /** Why it cannot serve a scenario that needs this. */
  readonly lacks: Readonly<Partial<Record<Need, string>>>;
  start(setup: Setup): Promise<Subject>;
}

const noRoutes = { routes: 'has no routes' };
const noWebSocket = { websocket: 'has no WebSocket' };
const noHttp2 = {
  http2: 'speaks no HTTP/2',
  'http2-backends': 'speaks no HTTP/2 to backends',
};
const noTls = { tls: 'is not set up for TLS here' };

const node = (name: string, lacks: Target['lacks'] = {}): Target => ({
  name,
  lacks: { ...noHttp2, ...lacks },
  start: ({ backend, core, routes, secure }) =>
    startNode(name, [String(backend), String(routes), secure, ...filesFor(secure)], core),
});

/** Key and certificate where the proxy itself needs them. */
function filesFor(secure: SecureSide): readonly string[] {
  if (secure !== 'listener') return [];
  const { keyFile, certFile } = credentialFiles();
  return [keyFile, certFile];
}

/** What `targets/reverseit.ts` makes of its second argument. */
interface ReverseItArguments {
  readonly hooks?: boolean;
  readonly accessLog?: boolean;
  readonly routes?: number;
  /** Any other option. */
  readonly [option: string]: unknown;
}

const reverseit = (name: string, options: ReverseItArguments): Target => ({
  name,
  lacks: {},
  start: async ({ backend, core, routes, secure, http2 }) => {
    const [keyFile, certFile] = filesFor(secure);
    const all = {
      ...(routes > 0 ? { routes } : {}),
      ...options,
      ...(secure === 'listener' ? { tls: { keyFile, certFile } } : {}),
      ...(secure === 'backend' ? { secureBackend: true } : {}),
      ...(http2 === 'clients' ? { protocols: ['http2', 'http1'] } : {}),
      ...(http2 === 'backends' ? { http2Backend: true } : {}),
    };
    return {
      ...(await startNode('reverseit', [String(backend), JSON.stringify(all)], core)),
      name,
    };
  },
});

const lacksOf: Readonly<Record<'nginx' | 'haproxy', Target['lacks']>> = {
  nginx: { 'http2-backends': noHttp2['http2-backends'] },
  haproxy: {},
};

const external = (name: 'nginx' | 'haproxy'): readonly Target[] =>
  isInstalled(name)
    ? [{ name, lacks: lacksOf[name], start: (setup) => startExternal(name, setup) }]
    : [];

const undici = {};
const direct = { pool: { transport: 'direct' } };

const plain = reverseit('reverseit', undici);
const plainDirect = reverseit('reverseit-direct', direct);

/** In the order of the tables. */
export const targets: readonly Target[] = [
  node('relay'),
  plain,
  plainDirect,
  ...external('nginx'),
  ...external('haproxy'),
  node('fast-proxy', { ...noRoutes, ...noWebSocket, ...noTls }),
  node('fastify-http-proxy', noTls),
  node('http-proxy', { ...noRoutes, ...noTls }),
  node('http-proxy-3', { ...noRoutes, ...noTls }),
  node('httpxy', { ...noRoutes, ...noTls }),
];

/** Without the check of text, beside those with it: WebSockets only. */
export const withoutTextCheck: readonly Target[] = [
  reverseit('reverseit, no UTF-8 check', { ...undici, websocketValidateUtf8: false }),
  reverseit('reverseit-direct, no UTF-8 check', { ...direct, websocketValidateUtf8: false }),
];

/** Both transports, each with and without one feature. */
export interface Variants {
  readonly plain: Target;
  readonly features: readonly Target[];
}

const features: Readonly<Record<string, ReverseItArguments>> = {
  'no-op onRequest and onResponse': { hooks: true },
  '1,000 routes': { routes: 1000 },
  'trusted proxies': { trustedProxies: ['loopback'] },
  'trusted proxies, Forwarded written': { trustedProxies: ['loopback'], forwarded: true },
  addHeaders: { addHeaders: { 'x-added': 'yes' } },
  metrics: { metrics: true },
  'access log, buffered': { accessLog: true },
  'access log of the option accessLog': { accessLogFile: '/dev/null' },
  requestId: { requestId: { header: 'x-request-id' } },
  'tracing, without an SDK': { tracing: true },
  '3 backends': { backends: 3 },
  '1,000 backends': { backends: 1000 },
  '1,000 backends, hash on the path': {
    backends: 1000,
    loadBalancing: 'hash',
    hashOn: 'path',
  },
};

const variantsOf = (base: Target, options: ReverseItArguments): Variants => ({
  plain: base,
  features: Object.entries(features).map(([name, feature]) =>
    reverseit(name, { ...options, ...feature }),
  ),
});

export const variants: readonly Variants[] = [
  variantsOf(plain, undici),
  variantsOf(plainDirect, direct),
];
