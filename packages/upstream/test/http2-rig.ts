/** HTTP/2 backends: node:http2, and one that writes any frames; a pool before them, and a census behind. */

import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import {
  type Frame,
  FrameConnection,
  frame,
  HEADERS,
  PING,
  SETTINGS,
} from '@reverseit/test-servers/http2-frames';
import { afterEach, expect } from 'vitest';
import type { Network } from '../src/connect/network.ts';
import {
  createPool,
  type DispatchLimits,
  type OriginOptions,
  type PoolOptions,
} from '../src/index.ts';
import { Sent, turn } from './harness.ts';
import { get, limits, violations } from './recorder.ts';

const { ca, server: serverPair } = testCertificates();

/** A backend that is over once every connection to it is. */
abstract class Backend {
  readonly sockets = new Set<Socket>();
  /** Connections since the start. */
  connections = 0;
  readonly server: Server;
  /** node:http2 reads from a socket below it. */
  readonly readsItself: boolean = false;
  readonly #scheme: string;

  constructor(server: Server, scheme: string) {
    this.server = server;
    this.#scheme = scheme;
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export class NodeBackend extends Backend {
  override readonly readsItself = true;
  readonly sessions: ServerHttp2Session[] = [];

  constructor(server: Http2Server, scheme: string) {
    super(server as unknown as Server, scheme);
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => {});
    });
  }
}

export type OnStream = (
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, string | string[] | undefined>>,
) => void;

export {
  block,
  DATA,
  END_HEADERS,
  END_STREAM,
  FrameConnection,
  frame,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32,
} from '@reverseit/test-servers/http2-frames';

export class FrameBackend extends Backend {
  readonly peers: FrameConnection[] = [];
}

/** Answers what a session needs; `onRequest` hears of each HEADERS frame of a request. */
export interface FrameScript {
  onRequest?: (peer: FrameConnection, id: number, frame: Frame) => void;
  onFrame?: (peer: FrameConnection, frame: Frame) => void;
  /** Payload of the first SETTINGS; null: none is sent. */
  settings?: Buffer | null;
  answersPing?: boolean;
}

export class Http2Bench<B extends Backend> {
  readonly clock = new FakeClock();
  readonly backend: B;
  readonly pool;
  readonly to;
  readonly limits: DispatchLimits;

  constructor(backend: B, setup: Http2Setup) {
    this.backend = backend;
    const options = { protocols: ['http2' as const], tls: { ca }, ...setup.pool };
    this.pool = createPool(options, this.clock, setup.network);
    this.to = this.pool.origin(backend.url, setup.via);
    this.limits = { ...limits, ...setup.limits };
  }

  send(request = get(), more: Partial<DispatchLimits> = {}, to = this.to): Sent {
    const sent = new Sent();
    sent.exchange = to.dispatch(request, { ...this.limits, ...more }, sent);
    sent.dispatched = true;
    return sent;
  }

  upgrade(request = get()): Sent {
    const sent = new Sent();
    sent.exchange = this.to.upgrade(request, this.limits, sent);
    sent.dispatched = true;
    return sent;
  }

  get counts(): Record<'open' | 'idle' | 'active' | 'waiting' | 'switched', number> {
    const { open, idle, active, waiting, switched } = this.pool.stats();
    return { open, idle, active, waiting, switched };
  }

  /** Resolves once the test holds; fails by the test's own timeout. */
  async until(test: () => boolean): Promise<void> {
    while (!test()) await turn();
  }

  async settle(expected: Partial<Http2Bench<B>['counts']>): Promise<void> {
    const names = Object.keys(expected) as (keyof Http2Bench<B>['counts'])[];
    for (let i = 0; i < 2000; i++) {
      const { counts } = this;
      if (names.every((name) => counts[name] === expected[name])) return;
      await turn();
    }
    expect(this.counts).toMatchObject(expected);
  }
}

export interface Http2Setup {
  readonly pool?: PoolOptions;
  readonly via?: OriginOptions;
  readonly limits?: Partial<DispatchLimits>;
  /** TLS with ALPN instead of plain TCP. */
  readonly tls?: boolean;
  readonly server?: SecureServerOptions;
  readonly network?: Network;
}

const benches: Http2Bench<Backend>[] = [];

async function start<B extends Backend>(backend: B, setup: Http2Setup): Promise<Http2Bench<B>> {
  backend.server.listen(0, '127.0.0.1');
  await once(backend.server, 'listening');
  const made = new Http2Bench(backend, setup);
  benches.push(made);
  return made;
}

/** A backend of node:http2. */
export function http2Bench(
  onStream: OnStream,
  setup: Http2Setup = {},
): Promise<Http2Bench<NodeBackend>> {
  const { server: options = {} } = setup;
  const server =
    setup.tls === true ? createSecureServer({ ...serverPair, ...options }) : createServer(options);
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  const backend = new NodeBackend(server as Http2Server, setup.tls === true ? 'https' : 'http');
  return start(backend, setup);
}

export class Http1Backend extends Backend {}

/** A backend that speaks only HTTP/1.1; over TLS it says so by ALPN. */
export function http1Bench(
  onRequest: RequestListener,
  setup: Http2Setup = {},
): Promise<Http2Bench<Http1Backend>> {
  const server =
    setup.tls === true
      ? createHttpsServer({ ...serverPair, ALPNProtocols: ['http/1.1'] }, onRequest)
      : createHttpServer(onRequest);
  return start(new Http1Backend(server, setup.tls === true ? 'https' : 'http'), setup);
}

/** A backend that writes its own frames, over plain TCP. */
export function frameBench(
  script: FrameScript,
  setup: Http2Setup = {},
): Promise<Http2Bench<FrameBackend>> {
  const { settings = Buffer.alloc(0), answersPing = true } = script;
  const onFrame = (got: Frame, peer: FrameConnection) => {
    if (got.type === SETTINGS && got.flags === 0) peer.write(frame(SETTINGS, 1, 0));
    if (got.type === PING && got.flags === 0 && answersPing) {
      peer.write(frame(PING, 1, 0, got.payload));
    }
    script.onFrame?.(peer, got);
    if (got.type === HEADERS) script.onRequest?.(peer, got.id, got);
  };
  const server = createTcpServer((socket) => {
    const peer = new FrameConnection(socket, onFrame);
    backend.peers.push(peer);
    if (settings !== null) peer.write(frame(SETTINGS, 0, 0, settings));
  });
  const backend = new FrameBackend(server, 'http');
  return start(backend, setup);
}

/** Whatever a test did, nothing may be left: no exchange, socket, slot or timer. */
afterEach(async () => {
  expect(violations.splice(0)).toEqual([]);
  for (const made of benches.splice(0)) {
    await made.pool.destroy();
    expect(made.counts).toEqual({ open: 0, idle: 0, active: 0, waiting: 0, switched: 0 });
    expect(made.clock.timers.size).toBe(0);
    // A backend that does not read does not see the end.
    for (const socket of made.backend.sockets) if (!made.backend.readsItself) socket.resume();
    await made.until(() => made.backend.sockets.size === 0);
    await made.backend.close();
  }
});
