/**
 * A backend that behaves: what `npm start` proxies to, and what integration tests talk to when they
 * need a real HTTP server rather than exact bytes.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type FriendlyRoute, friendlyRoutes } from './friendly-routes.ts';
import { deferred, guarded } from './guard.ts';
import { createItemsApi } from './items-api.ts';
import { closed, opened } from './registry.ts';

export interface FriendlyOriginOptions {
  /** Default: a free port. */
  readonly port?: number;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Listens on a unix socket instead. */
  readonly socketPath?: string;
  /** Speaks TLS, with these options. */
  readonly tls?: TlsOptions;
  /** Milliseconds that an idle connection is kept. Default: 65 000. */
  readonly keepAliveTimeoutMs?: number;
  /** Options of the `ws` server at `/ws`, such as `perMessageDeflate`. */
  readonly webSocket?: Pick<ServerOptions, 'perMessageDeflate' | 'handleProtocols' | 'maxPayload'>;
}

export interface FriendlyOrigin {
  /** `http://host:port`, or `https:` with TLS. */
  readonly url: string;
  readonly port: number;
  /** Connections that are open now, WebSockets included. */
  connections(): number;
  /** Requests taken so far, WebSocket handshakes included. */
  requests(): number;
  /** Stops listening, destroys every connection and waits until all are gone. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Echoed bytes that may wait for the client. */
const maxWaitingBytes = 1024 * 1024;

/** Starts it and resolves once it listens. */
export async function startFriendlyOrigin(
  options: FriendlyOriginOptions = {},
): Promise<FriendlyOrigin> {
  const { port = 0, host = '127.0.0.1', socketPath, tls } = options;
  const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  server.keepAliveTimeout = options.keepAliveTimeoutMs ?? 65_000;
  server.requestTimeout = 0;
  const sockets = trackSockets(server);
  const webSockets = new WebSocketServer({
    ...options.webSocket,
    server,
    path: '/ws',
    clientTracking: false,
  });
  webSockets.on('connection', echoMessages);

  const itemsApi = createItemsApi();
  let requests = 0;
  server.on('upgrade', () => {
    requests += 1;
  });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    requests += 1;
    response.on('error', () => {});
    // By hand: the URL parser throws on targets that HTTP allows.
    const [path = '', ...queries] = (request.url ?? '/').split('?');
    const [, first = '', ...rest] = path.split('/');
    const query = new URLSearchParams(queries.join('?'));
    const route: FriendlyRoute | undefined = first === 'api' ? itemsApi : friendlyRoutes.get(first);
    if (route === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      return;
    }
    Promise.resolve(route({ request, response, rest, query })).catch(() =>
      // The client left, or sent what this route cannot read.
      response.destroy(),
    );
  };
  server.on('request', answer);
  // Without this, Node answers 417 or 100 by itself before the route is asked.
  server.on('checkContinue', (request, response) => {
    response.writeContinue();
    answer(request, response);
  });

  const listening = deferred();
  server.once('error', listening.reject);
  server.listen(
    socketPath === undefined ? { port, host } : { path: socketPath },
    listening.resolve,
  );
  await guarded(listening.promise, 'the friendly origin to listen');
  const address = server.address();
  const listensOn =
    typeof address === 'object' && address !== null ? (address as AddressInfo) : null;

  const origin: FriendlyOrigin = {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${listensOn?.port ?? 0}`,
    port: listensOn?.port ?? 0,
    connections: () => sockets.size,
    requests: () => requests,
    async close() {
      const gone = deferred();
      server.close(() => gone.resolve());
      for (const socket of sockets) socket.destroy();
      await guarded(gone.promise, 'the friendly origin to close');
      closed(origin);
    },
    [Symbol.asyncDispose]: () => origin.close(),
  };
  opened(origin, () => `friendly origin on ${socketPath ?? `port ${origin.port}`}`);
  return origin;
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Sends every message back as it came, and reads no further while the client does not. */
function echoMessages(socket: WebSocket): void {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary }, () => {
      if (socket.isPaused && socket.bufferedAmount < maxWaitingBytes) socket.resume();
    });
    if (socket.bufferedAmount >= maxWaitingBytes) socket.pause();
  });
}
