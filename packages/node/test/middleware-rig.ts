/** A proxy as middleware: of Node's own servers and of the frameworks on them, before a scripted backend. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';
import {
  answerEach,
  connectRaw,
  eventually,
  guarded,
  type RawClient,
  type RawResponse,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import type { RawClientOptions } from '@reverseit/test-servers/raw-client';
import { useCensus } from '@reverseit/test-servers/use-server';
import connect from 'connect';
import express, { type NextFunction, type Request, type Response } from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { afterEach } from 'vitest';
import {
  createHandler,
  type HandlerOptions,
  isReverseItError,
  type ReverseItHandler,
} from '../src/index.ts';
import { whenIdle } from './when-idle.ts';

/** What the application answers by itself: the text of its 404, and the code of an error it was given. */
export const appNotFound = 'the application knows no such page';
const errorText = (error: unknown): string =>
  isReverseItError(error) ? error.code : 'no error of ours';

/** A server with the handler in it, which does not listen yet. */
export type Host = (handler: ReverseItHandler) => http.Server | Promise<http.Server>;

const plain =
  (make: (listener: http.RequestListener) => http.Server): Host =>
  (handler) =>
    make((request, answer) =>
      handler(request, answer, (error) => {
        answer.statusCode = error === undefined ? 404 : 500;
        answer.end(error === undefined ? appNotFound : errorText(error));
      }),
    );

const expressHost: Host = (handler) => {
  const app = express().disable('x-powered-by');
  app.use(handler);
  app.use((_request: Request, answer: Response) => {
    answer.status(404).type('text').send(appNotFound);
  });
  app.use((error: unknown, _request: Request, answer: Response, _next: NextFunction) => {
    answer.status(500).type('text').send(errorText(error));
  });
  return http.createServer(app);
};

const connectHost: Host = (handler) => {
  const app = connect();
  app.use(handler);
  app.use((_request, answer) => {
    answer.statusCode = 404;
    answer.end(appNotFound);
  });
  app.use((error: unknown, _request: unknown, answer: http.ServerResponse, _next: unknown) => {
    answer.statusCode = 500;
    answer.end(errorText(error));
  });
  return http.createServer(app);
};

const koaHost: Host = (handler) => {
  const app = new Koa();
  app.use(async (context, next) => {
    context.respond = false;
    const passed = await new Promise<boolean>((resolve, reject) => {
      context.res.on('close', () => resolve(false));
      handler(context.req, context.res, (error) => {
        if (error === undefined) resolve(true);
        else reject(error);
      });
    }).catch((error: unknown) => {
      context.res.statusCode = 500;
      context.res.end(errorText(error));
      return false;
    });
    if (!passed) return;
    context.respond = true;
    await next();
  });
  app.use((context) => {
    context.status = 404;
    context.body = appNotFound;
  });
  return http.createServer(app.callback());
};

const fastifyHookHost: Host = async (handler) => {
  const app = fastify();
  app.addHook('onRequest', (request, reply, done) => handler(request.raw, reply.raw, done));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(appNotFound));
  app.setErrorHandler((error, _request, reply) => reply.code(500).send(errorText(error)));
  await app.ready();
  return app.server;
};

const fastifyRouteHost: Host = async (handler) => {
  const app = fastify();
  // The body is left for the proxy to read.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('/*', (request, reply) => {
    reply.hijack();
    handler(request.raw, reply.raw, (error) => {
      reply.raw.statusCode = error === undefined ? 404 : 500;
      reply.raw.end(error === undefined ? appNotFound : errorText(error));
    });
  });
  await app.ready();
  return app.server;
};

/** Servers of Node and frameworks on them. */
export const hosts = {
  'node:http': plain((listener) => http.createServer(listener)),
  'node:https': plain((listener) => https.createServer(testCertificates().server, listener)),
  'Express 5': expressHost,
  Connect: connectHost,
  Koa: koaHost,
  'Fastify, by a hook': fastifyHookHost,
  'Fastify, by a route': fastifyRouteHost,
} satisfies Record<string, Host>;

export interface RigSetup {
  readonly host?: Host;
  readonly options?: Partial<HandlerOptions>;
  readonly origin?: ScriptedOriginOptions;
}

export class MiddlewareRig {
  readonly origin: ScriptedOrigin;
  readonly handler: ReverseItHandler;
  readonly server: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients: RawClient[] = [];

  constructor(origin: ScriptedOrigin, handler: ReverseItHandler, server: http.Server) {
    this.origin = origin;
    this.handler = handler;
    this.server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get secure(): boolean {
    return this.server instanceof tls.Server;
  }

  /** Host and port of the backend, as Host names it. */
  get authority(): string {
    return `127.0.0.1:${this.origin.port}`;
  }

  async connect(options: RawClientOptions = {}): Promise<RawClient> {
    const secure = this.secure
      ? { tls: { ca: testCertificates().ca, servername: 'localhost' } }
      : {};
    const client = await connectRaw({ port: this.port, ...secure, ...options });
    this.#clients.push(client);
    return client;
  }

  /** One request on a connection of its own. */
  async request(data: string | Uint8Array): Promise<RawResponse> {
    const client = await this.connect();
    const method = /^[A-Z]+/.exec(data.toString())?.[0] ?? 'GET';
    const answer = await client.request(data, { method });
    await client.close();
    return answer;
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.handler);
  }

  /** Ends it: no request may be under way, and nothing may hold the server's connections. */
  async close(): Promise<void> {
    try {
      for (const client of this.#clients) await client.close();
      await this.whenIdle();
      this.origin.assertScripts();
      await guarded(this.handler.close(), 'an idle handler to close');
      await eventually(
        () => this.#sockets.size === 0,
        () => `${this.#sockets.size} connections of the server to close`,
      );
    } finally {
      await this.handler.close({ timeout: 0 });
      await this.origin.close();
      // A server of HTTP/2 has none.
      this.server.closeAllConnections?.();
      this.server.close();
      await once(this.server, 'close');
    }
  }
}

/** Starts rigs in a test, and judges and stops them after it. */
export function useMiddleware(): (setup?: RigSetup) => Promise<MiddlewareRig> {
  const open: MiddlewareRig[] = [];
  useCensus();
  afterEach(async () => {
    for (const rig of open.splice(0)) await rig.close();
  });
  return async ({ host = hosts['node:http'], options = {}, origin } = {}) => {
    const backend = await startScriptedOrigin(
      origin ?? { script: answerEach(response(200, 'ok')) },
    );
    const handler = createHandler({
      logger: null,
      backend: backend.url,
      forwardedHeaders: false,
      // Whether content is held must not depend on how busy the machine is.
      requestBodyBufferDelay: 0,
      ...options,
    });
    const server = await host(handler);
    const rig = new MiddlewareRig(backend, handler, server);
    open.push(rig);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return rig;
  };
}

/** A request: the first line, Host, the other fields, the content. */
export function request(line: string, fields: readonly string[] = [], content = ''): string {
  return [`${line} HTTP/1.1`, 'Host: a', ...fields, '', content].join('\r\n');
}

/** The field lines of a response without those that Node says about its connection. */
export function endToEnd(answer: RawResponse): string[] {
  return answer.fields
    .map(([name, value]) => `${name}: ${value}`)
    .filter((line) => !/^(?:connection: keep-alive|keep-alive:|date:)/i.test(line));
}
