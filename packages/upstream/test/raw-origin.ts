import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';

/** Longest request head in these tests. */
const maxHeadLength = 4096;
const requestHead = /[A-Z]+ \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n/g;

/** One connection to a raw origin: what came, and the socket to answer on. */
export class OriginConnection {
  /** Everything that came, latin1. Bodies in these tests look like no request head. */
  received = '';
  requests = 0;
  ended = false;
  closed = false;
  readonly socket: Socket;
  #scanned = 0;
  #waits: { test: () => boolean; resolve: () => void }[] = [];

  constructor(socket: Socket, onRequest: (connection: OriginConnection) => void) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('end', () => {
      this.ended = true;
      this.#check();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#check();
    });
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      // Heads are small: only what may hold the end of one is looked at again.
      const from = this.#scanned;
      this.#scanned = Math.max(from, this.received.length - maxHeadLength);
      for (const head of this.received.slice(from).matchAll(requestHead)) {
        this.#scanned = Math.max(this.#scanned, from + head.index + head[0].length);
        this.requests++;
        onRequest(this);
      }
      this.#check();
    });
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  end(text: string): void {
    this.socket.end(Buffer.from(text, 'latin1'));
  }

  reset(): void {
    // A TLS socket cannot be reset from here.
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Resolves once the test holds; it is asked at every event of the socket. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waits.push({ test, resolve });
    });
  }

  untilReceived(text: string): Promise<void> {
    return this.until(() => this.received.includes(text));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed);
  }

  #check(): void {
    this.#waits = this.#waits.filter(({ test, resolve }) => {
      if (!test()) return true;
      resolve();
      return false;
    });
  }
}

/** A backend that answers with exactly what a test tells it to. */
export class RawOrigin {
  readonly connections: OriginConnection[] = [];
  readonly url: string;
  readonly server: Server;
  #accepted: { count: number; resolve: () => void }[] = [];
  mostOpen = 0;

  constructor(server: Server, url: string) {
    this.server = server;
    this.url = url;
  }

  get open(): number {
    return this.connections.filter((connection) => !connection.closed).length;
  }

  add(connection: OriginConnection): void {
    this.connections.push(connection);
    this.mostOpen = Math.max(this.mostOpen, this.open);
    this.#accepted = this.#accepted.filter(({ count, resolve }) => {
      if (this.connections.length < count) return true;
      resolve();
      return false;
    });
  }

  /** The connection with this number, from 0, once it is there. */
  async connection(index = 0): Promise<OriginConnection> {
    if (this.connections.length <= index) {
      await new Promise<void>((resolve) => this.#accepted.push({ count: index + 1, resolve }));
    }
    return this.connections[index]!;
  }

  async untilAllClosed(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.untilClosed()));
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const { socket } of this.connections) socket.destroy();
    await closed;
  }
}

export interface RawOriginOptions {
  tls?: TlsOptions;
  /** Path of a unix socket to listen on. */
  path?: string;
  host?: string;
}

export async function startRawOrigin(
  onRequest: (connection: OriginConnection) => void = () => {},
  options: RawOriginOptions = {},
): Promise<RawOrigin> {
  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  const host = options.host ?? '127.0.0.1';
  if (options.path !== undefined) server.listen(options.path);
  else server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 1;
  const scheme = options.tls === undefined ? 'http' : 'https';
  const authority = host.includes(':') ? `[${host}]` : host;
  const origin = new RawOrigin(server, `${scheme}://${authority}:${port}`);
  server.on('tlsClientError', () => {});
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    origin.add(new OriginConnection(socket, onRequest));
  });
  return origin;
}
