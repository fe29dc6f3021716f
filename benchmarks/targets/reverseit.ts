/** ReverseIt; the second argument is a JSON object of options, and of the words below. */
import { createWriteStream } from 'node:fs';
import { type AccessRecord, createServer, type ReverseItOptions } from '@reverseit/node';
import { serveParent } from './protocol.ts';

interface Words {
  /** Hooks that look at nothing. */
  readonly hooks?: boolean;
  /** A line for each request, to /dev/null. */
  readonly accessLog?: boolean;
  /** The access log of the proxy, to this file. */
  readonly accessLogFile?: string;
  /** The routes, or how many that differ in their paths alone. */
  readonly routes?: ReverseItOptions['routes'] | number;
  /** So many backends: all of them the one that there is, each under another name. */
  readonly backends?: number;
  /** The backend speaks TLS, with a certificate that nobody has signed. */
  readonly secureBackend?: boolean;
  /** The backend speaks HTTP/2. */
  readonly http2Backend?: boolean;
}

const {
  hooks,
  accessLog,
  accessLogFile,
  routes,
  backends,
  secureBackend,
  http2Backend,
  ...options
} = JSON.parse(process.argv[3] ?? '{}') as Words & Omit<ReverseItOptions, 'routes'>;

/** Lines are written together once there are this many characters of them. */
const longestLog = 64 * 1024;

function logger(): (record: AccessRecord) => void {
  const file = createWriteStream('/dev/null');
  let lines = '';
  return ({ remoteAddress, startedAt, method, target, status, bytesSent, durations }) => {
    lines += `${remoteAddress} ${startedAt} ${method} ${target} ${status} ${bytesSent} ${durations.total.toFixed(1)}\n`;
    if (lines.length < longestLog) return;
    file.write(lines);
    lines = '';
  };
}

const manyRoutes = (count: number): { path: string }[] =>
  Array.from({ length: count }, (_, nth) => ({ path: `/r/${nth}` }));

const url = `${secureBackend ? 'https' : 'http'}://127.0.0.1:${process.argv[2]}`;

const manyBackends = (count: number): { url: string; name: string }[] =>
  Array.from({ length: count }, (_, nth) => ({ url, name: `backend-${nth}` }));

const server = createServer({
  backend: backends === undefined ? url : manyBackends(backends),
  ...options,
  ...(secureBackend ? { pool: { ...options.pool, verifyTls: false } } : {}),
  ...(http2Backend ? { pool: { ...options.pool, protocols: ['http2'] } } : {}),
  ...(hooks ? { onRequest: () => undefined, onResponse: () => undefined } : {}),
  ...(accessLogFile === undefined ? {} : { accessLog: accessLogFile }),
  ...(accessLog ? { onFinish: logger() } : {}),
  ...(routes === undefined
    ? {}
    : { routes: typeof routes === 'number' ? manyRoutes(routes) : routes }),
});
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if ('port' in address) serveParent(address.port);
