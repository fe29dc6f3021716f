/** A proxy before several backends, each of which says its number, and may hang, fail, die and come back. */
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach } from 'vitest';
import { createServer, type ReverseItOptions, type ReverseItServer } from '../src/index.ts';

export class Backend {
  readonly number: number;
  readonly server: Server;
  /** Of each request: method and target. */
  readonly requests: string[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly bodies: string[] = [];
  /** Null: it says its number. */
  handler: RequestListener | null = null;
  #port = 0;

  constructor(number: number) {
    this.number = number;
    this.server = createHttpServer((request, response) => this.#serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get authority(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.server.listen(this.#port, '127.0.0.1');
    await once(this.server, 'listening');
    this.#port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** Closes its port and every connection. */
  async die(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('error', () => {});
    request.on('end', () => this.bodies.push(body));
    if (this.handler !== null) this.handler(request, response);
    else request.on('end', () => response.end(`${this.number}`));
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export class BackendsRig {
  readonly proxy: ReverseItServer;
  readonly list: readonly Backend[];
  #port = 0;

  constructor(proxy: ReverseItServer, list: readonly Backend[]) {
    this.proxy = proxy;
    this.list = list;
  }

  async listen(): Promise<this> {
    const address = await this.proxy.listen({ host: '127.0.0.1', port: 0 });
    this.#port = 'port' in address ? address.port : 0;
    return this;
  }

  get port(): number {
    return this.#port;
  }

  async ask(path = '/', method = 'GET', headers = {}, body = ''): Promise<Answer> {
    const request = httpRequest({ port: this.#port, host: '127.0.0.1', path, method, headers });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, text, headers: response.headers };
  }

  /** Who answers so many requests, one after another. */
  async run(count: number, path = '/', headers = {}): Promise<string> {
    let all = '';
    for (let i = 0; i < count; i++) all += (await this.ask(path, 'GET', headers)).text;
    return all;
  }
}

export type RigOptions = ReverseItOptions | ((list: readonly Backend[]) => ReverseItOptions);

/** Starts rigs in a test, and stops them after it. */
export function useBackends(): (count: number, options?: RigOptions) => Promise<BackendsRig> {
  const open: BackendsRig[] = [];
  useCensus();
  afterEach(async () => {
    for (const { proxy, list } of open.splice(0)) {
      await proxy.close({ timeout: 0 });
      for (const backend of list) await backend.die();
    }
  });
  return async (count, options = {}) => {
    const list: Backend[] = [];
    for (let number = 0; number < count; number++) list.push(await new Backend(number).start());
    const given = typeof options === 'function' ? options(list) : options;
    const backend = list.map(({ url }) => url);
    const proxy = createServer({ logger: null, backend, ...given });
    const rig = new BackendsRig(proxy, list);
    open.push(rig);
    return rig.listen();
  };
}
