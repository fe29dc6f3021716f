/** Other people's middleware before the proxy: newest, and from before `on-headers` knew flat lists. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createHandler, type HandlerOptions, type ReverseItHandler } from '@reverseit/node';

type Next = (error?: unknown) => void;
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;
interface Application {
  (request: IncomingMessage, response: ServerResponse): void;
  use(middleware: Middleware): unknown;
}

// Without their types, which several versions of one package would share.
const load = createRequire(import.meta.url);

/** The names under which two ages of the middleware are installed. */
export const ages = {
  newest: ['morgan', 'compression', 'express-session'],
  'on on-headers 1.0': ['morgan-1.10.0', 'compression-1.8.0', 'express-session-1.18.1'],
} as const satisfies Record<string, readonly [string, string, string]>;

const server1 = (app: Application): http.Server => http.createServer(app);
// Express does without HTTP/2; what it is made of does not.
const server2 = (app: Application): http2.Http2Server => http2.createServer(app as never);

/** Applications, and the servers for them. */
export const applications = {
  'Express 4': [() => load('express-4')(), server1],
  'Express 5': [() => load('express')(), server1],
  Connect: [() => load('connect')(), server1],
  'Connect, HTTP/2': [() => load('connect')(), server2],
} as const satisfies Record<
  string,
  readonly [() => Application, (app: Application) => http.Server | http2.Http2Server]
>;

export interface Stack {
  readonly port: number;
  readonly handler: ReverseItHandler;
  /** Lines of morgan. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** An application with all of the middleware before the proxy, as they are used to be mounted. */
export async function startStack(
  application: keyof typeof applications,
  age: keyof typeof ages,
  options: HandlerOptions,
): Promise<Stack> {
  const [make, serve] = applications[application];
  const [morgan, compression, session] = ages[age].map((name) => load(name));
  const log: string[] = [];
  const handler = createHandler({ logger: null, forwardedHeaders: false, ...options });
  const app: Application = make();
  app.use(morgan('tiny', { stream: { write: (line: string) => log.push(line) } }));
  app.use(load('cors')({ origin: /example/, exposedHeaders: ['x-a'] }));
  app.use(compression({ threshold: 0 }));
  app.use(session({ secret: 'a', resave: false, saveUninitialized: true }));
  app.use((_request, response, next) => {
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  app.use(handler as Middleware);
  const server = serve(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    handler,
    log,
    close: async () => {
      await handler.close({ timeout: 0 });
      (server as Partial<http.Server>).closeAllConnections?.();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
