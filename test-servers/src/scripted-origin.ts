/**
 * A backend that does exactly as it is told: a script for each connection, exact bytes out, exact
 * bytes in. A script is a list of steps; a step is a function of the connection, so that a test may
 * also write one as ordinary code.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { deferred, eventually, guarded } from './guard.ts';
import type { BodyOptions } from './message-reader.ts';
import { closed, opened } from './registry.ts';
import {
  type RawRequest,
  type RequestHeadSeen,
  readRequest,
  readRequestBody,
  readRequestHead,
} from './request-reader.ts';
import { resetBelow } from './reset-socket.ts';
import { type CloseKind, PeerGoneError, SocketReader } from './socket-reader.ts';
import { type WritePieces, writeAll } from './socket-writer.ts';

/** One step of a script. */
export type Step = (connection: OriginConnection) => unknown;

/** What an origin does on a connection. */
export type Script = Step | readonly Step[];

export interface ScriptedOriginOptions {
  /** For every connection; or one for each in turn, the last one for all that follow. */
  readonly script?: Script;
  readonly scripts?: readonly Script[];
  /** Default: a free port. */
  readonly port?: number;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Listens on a unix socket instead. */
  readonly socketPath?: string;
  /** Speaks TLS, with these options. */
  readonly tls?: TlsOptions;
  /** How long one wait may last, in milliseconds. Default: 20 000. */
  readonly guardMs?: number;
  /** Unread bytes after which a connection is paused while its script does not read. Default: 1 MiB. */
  readonly maxUnreadBytes?: number;
  /** How many of a connection's first bytes are kept. Default: 4 MiB. */
  readonly maxRecordedBytes?: number;
  /** How many connections, requests and failures are kept in the lists. Default: 10 000. */
  readonly maxRecords?: number;
}

/** One accepted connection, seen from the backend. */
export class OriginConnection {
  readonly socket: Socket;
  readonly reader: SocketReader;
  /** Counts from 0 in the order of acceptance. */
  readonly index: number;
  /** Requests that `expectRequest()` has read whole. */
  readonly requests: RawRequest[] = [];
  /** Settles with the script: rejects with what went wrong in it. Never unhandled. */
  readonly done: Promise<void>;
  /** What went wrong in the script, or in a peer that left while more was expected of it. */
  failure: Error | undefined;
  readonly #origin: ScriptedOrigin;
  readonly #transport: Socket;
  readonly #finished = deferred();

  /** @internal */
  constructor(origin: ScriptedOrigin, socket: Socket, transport: Socket, index: number) {
    this.#origin = origin;
    this.socket = socket;
    this.#transport = transport;
    this.index = index;
    this.done = this.#finished.promise;
    socket.setNoDelay(true);
    this.reader = new SocketReader(socket, {
      ...origin.options,
      name: `origin connection ${index}`,
    });
  }

  /** The first bytes received, read or not. */
  get received(): Buffer {
    return this.reader.received;
  }

  get bytesReceived(): number {
    return this.reader.bytesReceived;
  }

  /** Reads a whole request, strictly, and notes it here and in the origin. */
  async expectRequest(options: BodyOptions = {}): Promise<RawRequest> {
    return this.#note(await readRequest(this.reader, options));
  }

  /** Reads a request's head and leaves its body. */
  expectHead(): Promise<RequestHeadSeen> {
    return readRequestHead(this.reader);
  }

  /** Reads the body that belongs to a head and notes the request. */
  async expectBody(head: RequestHeadSeen, options: BodyOptions = {}): Promise<RawRequest> {
    return this.#note(await readRequestBody(this.reader, head, options));
  }

  /** Writes, whole or in pieces; false when the peer left. Text is latin1. */
  send(data: string | Uint8Array, options: WritePieces = {}): Promise<boolean> {
    const { guardMs } = this.#origin.options;
    return writeAll(this.socket, data, guardMs === undefined ? options : { guardMs, ...options });
  }

  /** Sends a FIN; the peer may go on writing. */
  end(): void {
    this.socket.end();
  }

  /** Ends the connection with an RST. */
  reset(): void {
    resetBelow(this.socket, this.#transport);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Stops reading, so that the peer has to hold back. */
  pauseReading(): void {
    this.reader.hold();
  }

  resumeReading(): void {
    this.reader.resume();
  }

  /** Waits until the peer has left, by FIN or reset. */
  whenPeerGone(): Promise<CloseKind> {
    return this.reader.whenGone();
  }

  /** Waits until the socket is closed. */
  whenClosed(): Promise<void> {
    return this.reader.whenClosed();
  }

  /** @internal Runs the script, then answers the peer's FIN with ours. */
  async run(script: Script): Promise<void> {
    try {
      const steps = typeof script === 'function' ? [script] : script;
      for (const step of steps) {
        if (this.socket.destroyed) break;
        await step(this);
      }
      this.#finished.resolve();
    } catch (thrown) {
      this.failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#finished.reject(this.failure);
      if (!(thrown instanceof PeerGoneError)) this.#origin.noteFailure(this.failure);
      this.socket.destroy();
    }
    if (this.reader.ended) this.socket.end();
    else this.socket.once('end', () => this.socket.end());
  }

  #note(request: RawRequest): RawRequest {
    if (this.requests.length < this.#origin.maxRecords) this.requests.push(request);
    this.#origin.note(request);
    return request;
  }
}

/** Starts an origin and resolves once it listens. Without a script it accepts and waits. */
export async function startScriptedOrigin(
  options: ScriptedOriginOptions = {},
): Promise<ScriptedOrigin> {
  const origin = new ScriptedOrigin(options);
  await origin.listen();
  return origin;
}

export class ScriptedOrigin {
  readonly options: ScriptedOriginOptions;
  /** Accepted connections in order, also those that are closed. */
  readonly connections: OriginConnection[] = [];
  /** Requests read by `expectRequest()` on any connection, in the order they were complete. */
  readonly requests: RawRequest[] = [];
  /** Errors of scripts: failed assertions, malformed requests, waits that ended. */
  readonly failures: Error[] = [];
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #accepted = 0;
  #requestCount = 0;

  constructor(options: ScriptedOriginOptions) {
    this.options = options;
    this.#server =
      options.tls === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ ...options.tls, allowHalfOpen: true } as TlsOptions);
    // Sockets below TLS, which break in a handshake without becoming a connection.
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    if (options.tls === undefined) {
      this.#server.on('connection', (socket: Socket) => this.#accept(socket, socket));
    } else {
      this.#server.on('secureConnection', (socket: Socket & { _parent?: Socket }) =>
        this.#accept(socket, socket._parent ?? socket),
      );
      this.#server.on('tlsClientError', () => {});
    }
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** `http://host:port`, or `https:` with TLS. */
  get url(): string {
    const scheme = this.options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${this.options.host ?? '127.0.0.1'}:${this.port}`;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** Connections accepted so far. */
  get connectionCount(): number {
    return this.#accepted;
  }

  /** Whole requests read so far. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** The connection of that index, waited for. */
  connection(index = 0): Promise<OriginConnection> {
    return eventually(
      () => this.connections[index],
      () => `connection ${index} to the origin, which has accepted ${this.#accepted}`,
      this.options.guardMs,
    );
  }

  /** The request of that index, waited for. */
  request(index = 0): Promise<RawRequest> {
    return eventually(
      () => this.requests[index],
      () => `request ${index} at the origin, which has read ${this.#requestCount}`,
      this.options.guardMs,
    );
  }

  /** Waits until no connection is open. */
  async whenIdle(): Promise<void> {
    await eventually(
      () => this.#open.size === 0,
      () => `the origin's connections to close; ${this.#open.size} are open`,
      this.options.guardMs,
    );
  }

  /** Throws the first error of a script, if there was one. */
  assertScripts(): void {
    const [first] = this.failures;
    if (first !== undefined) throw first;
  }

  /** @internal */
  async listen(): Promise<void> {
    const { port = 0, host = '127.0.0.1', socketPath } = this.options;
    const listening = deferred();
    this.#server.once('error', listening.reject);
    const where = socketPath === undefined ? { port, host } : { path: socketPath };
    this.#server.listen({ ...where, backlog: 4096 }, listening.resolve);
    await guarded(listening.promise, 'the origin to listen', this.options.guardMs);
    opened(this, () => `scripted origin on port ${this.port}`);
  }

  /** @internal */
  note(request: RawRequest): void {
    this.#requestCount += 1;
    if (this.requests.length < this.maxRecords) this.requests.push(request);
  }

  /** @internal */
  noteFailure(failure: Error): void {
    if (this.failures.length < this.maxRecords) this.failures.push(failure);
  }

  /** @internal */
  get maxRecords(): number {
    return this.options.maxRecords ?? 10_000;
  }

  /** Stops listening, destroys every connection and waits until all are gone. */
  async close(): Promise<void> {
    const gone = deferred();
    this.#server.close(() => gone.resolve());
    for (const socket of this.#open) socket.destroy();
    await guarded(gone.promise, 'the origin to close', this.options.guardMs);
    closed(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #track(socket: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
  }

  #accept(socket: Socket, transport: Socket): void {
    const index = this.#accepted;
    this.#accepted += 1;
    const connection = new OriginConnection(this, socket, transport, index);
    if (this.connections.length < this.maxRecords) this.connections.push(connection);
    void connection.run(this.#scriptFor(index));
  }

  #scriptFor(index: number): Script {
    const { script, scripts } = this.options;
    return scripts?.[index] ?? scripts?.at(-1) ?? script ?? [];
  }
}
