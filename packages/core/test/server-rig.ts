/**
 * A server with a handler that does as it is told, and clients that write exact bytes. After each test
 * everything must be gone: connections, exchanges, sockets, timers.
 */
import { connectRaw, deferred, guarded, type RawClient } from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import type { Deferred } from '@reverseit/test-servers/guard';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach, expect } from 'vitest';
import {
  createHttpServer,
  type Exchange,
  type ExchangeHandler,
  type FieldSection,
  type HttpServer,
  type HttpServerOptions,
  type ListenTarget,
  type RequestListener,
  type ReverseItError,
} from '../src/index.ts';
import { liveParsers } from '../src/internal.ts';

countInCensus('parsers', liveParsers);

/** Writes down what a handler is told, and lets a test wait for it. */
export class Recorder implements ExchangeHandler {
  readonly exchange: Exchange;
  readonly chunks: string[] = [];
  trailers: FieldSection | null = null;
  error: ReverseItError | null = null;
  drains = 0;
  #flooding: Buffer | null = null;
  readonly #waits: { met: () => boolean; done: Deferred<void> }[] = [];

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    exchange.handler = this;
  }

  get body(): string {
    return this.chunks.join('');
  }

  onBody(chunk: Buffer): void {
    this.chunks.push(chunk.toString('latin1'));
    this.#wake();
  }

  onBodyEnd(trailers: FieldSection): void {
    expect(this.trailers, 'the end is told once').toBe(null);
    this.trailers = trailers;
    this.#wake();
  }

  onDrain(): void {
    this.drains++;
    this.#wake();
    if (this.#flooding !== null) this.flood(this.#flooding);
  }

  onAbort(error: ReverseItError): void {
    expect(this.error, 'an abort is told once').toBe(null);
    this.error = error;
    this.#wake();
  }

  /** Writes until the client takes no more, and again whenever it does. */
  flood(chunk: Buffer): void {
    this.#flooding = chunk;
    while (this.error === null && this.exchange.write(chunk));
  }

  /** Waits until something that the handler is told makes `met` true. */
  until(met: () => boolean, what: string): Promise<void> {
    if (met()) return Promise.resolve();
    const done = deferred();
    this.#waits.push({ met, done });
    return guarded(done.promise, what);
  }

  ended(): Promise<void> {
    return this.until(() => this.trailers !== null, 'the end of the content');
  }

  async aborted(): Promise<ReverseItError> {
    await this.until(() => this.error !== null, 'the abort');
    return this.error as ReverseItError;
  }

  #wake(): void {
    for (const { met, done } of this.#waits) if (met()) done.resolve();
  }
}

/** Answers each request at once, with its target; content is read first. */
export const echoTarget: RequestListener = (exchange) => {
  if (exchange.requestComplete) {
    exchange.respond(200, [], exchange.head.target);
    return;
  }
  exchange.handler = new (class extends Recorder {
    override onBodyEnd(trailers: FieldSection): void {
      super.onBodyEnd(trailers);
      exchange.respond(200, [], `${exchange.head.target} ${this.body}`);
    }
  })(exchange);
  exchange.readBody(0);
};

export class Rig {
  readonly server: HttpServer;
  readonly address: { port: number } | { socketPath: string };
  readonly #clients: RawClient[] = [];

  constructor(server: HttpServer, address: { port: number } | { socketPath: string }) {
    this.server = server;
    this.address = address;
  }

  async client(): Promise<RawClient> {
    const client = await connectRaw(this.address);
    this.#clients.push(client);
    return client;
  }

  /** Closes the clients and the server, and checks that nothing is left. */
  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) await client.close();
    await guarded(this.server.close({ timeout: 0 }), 'the server to close');
    expect(this.server.stats()).toMatchObject({ connections: 0, activeExchanges: 0 });
  }
}

/** Requests that wait for the test to take them, each with a recorder. */
export class Requests {
  readonly #waiting: Recorder[] = [];
  #wanted: Deferred<Recorder>[] = [];
  #count = 0;

  /** How many requests have come. */
  get count(): number {
    return this.#count;
  }

  readonly listener: RequestListener = (exchange) => {
    this.#count++;
    const recorder = new Recorder(exchange);
    const wanted = this.#wanted.shift();
    if (wanted === undefined) this.#waiting.push(recorder);
    else wanted.resolve(recorder);
  };

  next(): Promise<Recorder> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    const wanted = deferred<Recorder>();
    this.#wanted.push(wanted);
    return guarded(wanted.promise, 'a request');
  }
}

export type StartRig = (
  listener: RequestListener,
  options?: HttpServerOptions,
  target?: ListenTarget,
) => Promise<Rig>;

/** Starts servers in a test, and judges and stops them after it. */
export function useRig(): StartRig {
  const open: Rig[] = [];
  useCensus();
  afterEach(async () => {
    for (const rig of open.splice(0)) await rig.close();
  });
  return async (listener, options = {}, target = { port: 0 }) => {
    const server = createHttpServer(options, listener);
    const address = await server.listen(target);
    const rig = new Rig(
      server,
      typeof address === 'string' ? { socketPath: address } : { port: address.port },
    );
    open.push(rig);
    return rig;
  };
}

/** A request as text. */
export function request(line: string, fields: readonly string[] = [], content = ''): string {
  return `${[`${line} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n${content}`;
}
