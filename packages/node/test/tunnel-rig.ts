/**
 * A proxy between a client and a backend that switch to another protocol than WebSocket, in front of
 * either: a server of our own, or a handler in a server of Node's. After a test nothing may be left.
 */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { liveParsers } from '@reverseit/core/internal';
import {
  connectRaw,
  guarded,
  type OriginConnection,
  type RawClient,
  type RawRequest,
  type RawResponse,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import { testCertificates } from '@reverseit/test-servers/certificates';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach } from 'vitest';
import { createHandler, createServer, type HandlerOptions } from '../src/index.ts';
import type { EngineStats } from '../src/proxy/proxy-engine.ts';
import { whenIdle } from './when-idle.ts';

countInCensus('parsers', liveParsers);

export interface TunnelSetup {
  readonly front: Front;
  readonly options?: Partial<HandlerOptions>;
  /** What the backend answers once it has read the request whole. Default: `switched('tcp')`. */
  readonly answer?: string;
  /** What the backend does instead of reading the request and answering. */
  readonly script?: Script;
  /** TLS on both sides of the proxy. */
  readonly tls?: boolean;
}

interface Listening {
  readonly port: number;
  stats(): EngineStats & { readonly activeExchanges: number };
  close(options?: { readonly timeout?: number }): Promise<void>;
}

type Front = (options: HandlerOptions, tls: boolean) => Promise<Listening>;

const createServerFront: Front = async (options, tls) => {
  const proxy = createServer({
    logger: null,
    ...options,
    ...(tls ? { tls: testCertificates().server } : {}),
  });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return {
    port: 'port' in address ? address.port : 0,
    stats: () => proxy.stats(),
    close: (how) => proxy.close(how),
  };
};

const createHandlerFront: Front = async (options, tls) => {
  const handler = createHandler(options);
  const server = tls ? https.createServer(testCertificates().server) : http.createServer();
  server.on('request', handler).on('upgrade', handler.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stats: handler.stats,
    async close(how) {
      if (server.listening) server.close();
      await handler.close(how);
      server.closeAllConnections();
    },
  };
};

export const fronts: readonly (readonly [name: string, front: Front])[] = [
  ['createServer', createServerFront],
  ['createHandler', createHandlerFront],
];

/** The head of a backend's 101. */
export const switched = (protocol: string, fields: readonly string[] = []): string =>
  ['HTTP/1.1 101 UPGRADED', 'Connection: Upgrade', `Upgrade: ${protocol}`, ...fields, '', ''].join(
    '\r\n',
  );

export class TunnelRig {
  readonly origin: ScriptedOrigin;
  readonly proxy: Listening;
  readonly #tls: boolean;
  readonly #clients: RawClient[] = [];

  constructor(origin: ScriptedOrigin, proxy: Listening, tls: boolean) {
    this.origin = origin;
    this.proxy = proxy;
    this.#tls = tls;
  }

  async connect(): Promise<RawClient> {
    const { ca } = testCertificates();
    const client = await connectRaw({
      port: this.proxy.port,
      ...(this.#tls ? { tls: { ca, servername: 'localhost' } } : {}),
    });
    this.#clients.push(client);
    return client;
  }

  /** Sends a request, in such pieces, and waits for the switch. */
  async open(...pieces: readonly string[]): Promise<Ends> {
    const nth = this.origin.connectionCount;
    const client = await this.connect();
    for (const piece of pieces) await client.write(piece);
    const { head } = await client.readHead();
    if (head.status !== 101) throw new Error(`${head.status} instead of 101`);
    const backend = await this.origin.connection(nth);
    return { client, backend, request: await this.origin.request(nth), head };
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.proxy);
  }

  async close(): Promise<void> {
    try {
      for (const client of this.#clients) await client.close();
      // A tunnel may be half-closed for as long as its peers like.
      for (const connection of this.origin.connections) connection.destroy();
      await this.whenIdle();
      await guarded(this.proxy.close({ timeout: 0 }), 'a quiet proxy to close');
      this.origin.assertScripts();
    } finally {
      await this.proxy.close({ timeout: 0 });
      await this.origin.close();
    }
  }
}

/** Both ends of a tunnel. */
export interface Ends {
  readonly client: RawClient;
  readonly backend: OriginConnection;
  /** As the backend has seen it. */
  readonly request: RawRequest;
  /** The 101 as the client has seen it. */
  readonly head: Pick<RawResponse, 'status' | 'fields'>;
}

/** Starts rigs in a test, and judges and stops them after it. */
export function useTunnels(): (setup: TunnelSetup) => Promise<TunnelRig> {
  const rigs: TunnelRig[] = [];
  useCensus();
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close();
  });
  return async ({ front, options = {}, answer = switched('tcp'), tls = false, ...rest }) => {
    const origin = await startScriptedOrigin({
      script: rest.script ?? [
        (connection) => connection.expectRequest(),
        (connection) => connection.send(answer),
        // What follows is the test's business, the end of the connection included.
        (connection) => new Promise((resolve) => connection.socket.on('close', resolve)),
      ],
      ...(tls ? { tls: { ...testCertificates().server, allowHalfOpen: true } } : {}),
    });
    const { ca } = testCertificates();
    const proxy = await front(
      {
        backend: origin.url,
        logger: null,
        forwardedHeaders: false,
        upgrades: ['websocket', 'tcp', 'SPDY/3.1'],
        ...(tls ? { pool: { tls: { ca, servername: 'localhost' } } } : {}),
        ...options,
      },
      tls,
    );
    const rig = new TunnelRig(origin, proxy, tls);
    rigs.push(rig);
    return rig;
  };
}
