/**
 * A proxy between a client that writes exact bytes and a backend that records exact bytes, fresh for
 * each test. After it, everything must be gone: requests under way, pool slots, sockets, timers.
 */
import { liveParsers } from '@reverseit/core/internal';
import {
  answerEach,
  connectRaw,
  eventually,
  guarded,
  type RawClient,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach } from 'vitest';
import {
  createServer,
  type ListenAddress,
  type ReverseItOptions,
  type ReverseItServer,
} from '../src/index.ts';
import { SayingClient } from './http2-said.ts';
import { whenIdle } from './when-idle.ts';

countInCensus('parsers', liveParsers);

/** Options of a proxy; `{origin}` in a text stands for host and port of the backend. */
export type Options = ReverseItOptions | ((origin: ScriptedOrigin) => ReverseItOptions);

export interface ProxySetup {
  readonly options?: Options;
  readonly origin?: ScriptedOriginOptions;
  /** Default: a free port on 127.0.0.1. */
  readonly listen?: ListenAddress;
}

/** What `ask` speaks. */
export type Spoken = 'HTTP/1.1' | 'HTTP/2';
export const bothSpoken: readonly Spoken[] = ['HTTP/1.1', 'HTTP/2'];

/** Who asks. */
export type Asking = Pick<RawClient, 'request' | 'close'>;

export type StartProxy = (setup?: ProxySetup) => Promise<TestProxy>;

/** Starts benches in a test, and judges and stops them behind it. */
export function useProxy(spoken: Spoken = 'HTTP/1.1'): StartProxy {
  const open: TestProxy[] = [];
  useCensus();
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.close();
  });
  return async (setup = {}) => {
    const origin = await startScriptedOrigin(
      setup.origin ?? { script: answerEach(response(200, 'ok')) },
    );
    const { options = {} } = setup;
    const given = typeof options === 'function' ? options(origin) : options;
    // Most cases are not about these fields; http-forwarded.test.ts is.
    const proxy = createServer({
      logger: null,
      backend: origin.url,
      forwardedHeaders: false,
      // Whether content is held must not depend on how busy the machine is.
      requestBodyBufferDelay: 0,
      ...(spoken === 'HTTP/2' ? { protocols: ['http2'] as const } : {}),
      ...given,
    });
    await proxy.listen(setup.listen ?? { host: '127.0.0.1', port: 0 });
    const bench = new TestProxy(origin, proxy, spoken);
    open.push(bench);
    return bench;
  };
}

export class TestProxy {
  readonly origin: ScriptedOrigin;
  readonly proxy: ReverseItServer;
  readonly port: number;
  readonly #spoken: Spoken;
  readonly #clients: Asking[] = [];

  constructor(origin: ScriptedOrigin, proxy: ReverseItServer, spoken: Spoken) {
    this.#spoken = spoken;
    this.origin = origin;
    this.proxy = proxy;
    const address = proxy.address();
    this.port = address !== null && 'port' in address ? address.port : 0;
  }

  /** Host and port of the backend, as Host names it. */
  get authority(): string {
    return `127.0.0.1:${this.origin.port}`;
  }

  /** A client of the version that the test is about. */
  async client(): Promise<Asking> {
    if (this.#spoken === 'HTTP/1.1') return this.connect();
    const client = await SayingClient.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  async connect(guardMs?: number): Promise<RawClient> {
    const client = await connectRaw({
      port: this.port,
      ...(guardMs === undefined ? {} : { guardMs }),
    });
    this.#clients.push(client);
    return client;
  }

  /** The figures of the one pool. */
  get pool() {
    const [pool] = this.proxy.stats().pools;
    if (pool === undefined) throw new Error('a proxy without a pool');
    return pool;
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.proxy);
  }

  /** Waits until the pool has seen that every backend connection is closed. */
  async whenPoolEmpty(): Promise<void> {
    await eventually(() => this.pool.open === 0, 'the pool to be empty');
  }

  /** What the backend has seen on all connections, in their order, byte for byte. */
  get seenBytes(): string {
    return this.origin.connections.map(({ received }) => received.toString('latin1')).join('');
  }

  /** Ends it: nothing may be left but idle connections, and then not even they. */
  async close(): Promise<void> {
    try {
      for (const client of this.#clients) await client.close();
      await this.whenIdle();
      this.origin.assertScripts();
      await guarded(this.proxy.close({ timeout: 0 }), 'an idle proxy to close');
    } finally {
      await this.proxy.close({ timeout: 0 });
      await this.origin.close();
    }
  }
}
