/**
 * A proxy before a backend that the test drives by hand, and the count of what is left when both peers
 * of a broken exchange are gone.
 */
import { liveParsers } from '@reverseit/core/internal';
import {
  answerEach,
  connectRaw,
  eventually,
  type OriginConnection,
  type RawClient,
  type RawResponse,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startScriptedOrigin,
  turn,
} from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import type { RawClientOptions } from '@reverseit/test-servers/raw-client';
import { afterEach, expect } from 'vitest';
import { createServer, type ReverseItOptions, type ReverseItServer } from '../src/index.ts';

countInCensus('parsers', liveParsers);

export interface RigOptions {
  readonly proxy?: Partial<ReverseItOptions>;
  readonly origin?: ScriptedOriginOptions;
  /**
   * So many connections of the backend are driven by the test; those after them answer everything. Default:
   * 1.
   */
  readonly manual?: number;
  /** Scheme under which the proxy is told of the backend. Default: the origin's own. */
  readonly scheme?: 'http' | 'https';
}

/** How long after a peer has left the other one may hold out, in ms. No timeout of the proxy is as short. */
export const quickMs = 4000;

export const fine = response(200, 'fine');

export class Rig {
  readonly proxy: ReverseItServer;
  readonly origin: ScriptedOrigin;
  readonly port: number;
  readonly #clients: RawClient[] = [];

  constructor(proxy: ReverseItServer, origin: ScriptedOrigin, port: number) {
    this.proxy = proxy;
    this.origin = origin;
    this.port = port;
  }

  async client(options: RawClientOptions = {}): Promise<RawClient> {
    const client = await connectRaw({ port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  backend(index = 0): Promise<OriginConnection> {
    return this.origin.connection(index);
  }

  /** Waits until no exchange is under way, nobody waits for the pool, and so many clients are connected. */
  async expectQuiet(connections = 0): Promise<void> {
    await eventually(
      () => {
        const stats = this.proxy.stats();
        return (
          stats.activeExchanges === 0 &&
          stats.connections === connections &&
          // One that is being closed is open still, and not idle.
          stats.pools.every(
            ({ active, waiting, open, idle }) => active === 0 && waiting === 0 && open === idle,
          )
        );
      },
      () => `the proxy to be quiet: ${JSON.stringify(this.proxy.stats())}`,
      quickMs,
    );
  }

  /** Lets everything that is ready run, some times over. */
  async turns(): Promise<void> {
    for (let i = 0; i < 10; i += 1) await turn();
  }

  /** Waits until the pool has no connection at all. */
  expectEmptyPool(): Promise<unknown> {
    return eventually(
      () => this.proxy.stats().pools.every(({ open }) => open === 0),
      () => `the pool to be empty: ${JSON.stringify(this.proxy.stats().pools)}`,
      quickMs,
    );
  }

  /** The next exchange is served as if nothing had been, over a fresh backend connection. */
  async expectFresh(): Promise<void> {
    const before = this.origin.connectionCount;
    await this.#serve();
    expect(this.origin.connectionCount, 'backend connections').toBe(before + 1);
  }

  /** The next exchange is served over the backend connection that is there already. */
  async expectReuse(backend: OriginConnection): Promise<void> {
    const before = this.origin.connectionCount;
    void Promise.resolve(answerEach(fine)(backend)).catch(() => {});
    await this.#serve();
    expect(this.origin.connectionCount, 'backend connections').toBe(before);
  }

  async #serve(): Promise<void> {
    const client = await this.client();
    const answer = await client.request(get('/afterwards'));
    expect([answer.status, answer.text]).toEqual([200, 'fine']);
    await client.close();
    await this.expectQuiet();
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) await client.close();
    await this.proxy.close({ timeout: 0 });
    await this.origin.close();
    this.origin.assertScripts();
  }
}

/** Starts a rig for each call and closes it after the test. */
export function useRig(): (options?: RigOptions) => Promise<Rig> {
  const rigs: Rig[] = [];
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close();
  });
  return async (options = {}) => {
    const rig = await startRig(options);
    rigs.push(rig);
    return rig;
  };
}

async function startRig({ proxy, origin, manual = 1, scheme }: RigOptions): Promise<Rig> {
  const backend = await startScriptedOrigin({
    script: (connection) => (connection.index < manual ? undefined : answerEach(fine)(connection)),
    ...origin,
  });
  const url = scheme === undefined ? backend.url : backend.url.replace(/^\w+/, scheme);
  const server = createServer({ logger: null, backend: url, ...proxy });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return new Rig(server, backend, 'port' in address ? address.port : 0);
}

/** A GET, with further field lines. */
export function get(target = '/', ...lines: string[]): string {
  return message(`GET ${target} HTTP/1.1`, 'host: proxy.test', ...lines);
}

/** The head of a POST, with further field lines. */
export function post(target: string, ...lines: string[]): string {
  return message(`POST ${target} HTTP/1.1`, 'host: proxy.test', ...lines);
}

/** The head of a response of a backend. */
export function head(...lines: string[]): string {
  return message('HTTP/1.1 200 OK', ...lines);
}

function message(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The response says that it is the connection's last. */
export function saysClose(answer: RawResponse): boolean {
  return answer.header('connection') === 'close';
}

/** Waits for the peer of a backend's connection to leave, quickly. */
export async function expectPrompt(gone: Promise<unknown>, what: string): Promise<void> {
  const from = performance.now();
  await gone;
  expect(performance.now() - from, `${what}, in ms`).toBeLessThan(quickMs);
}
