/**
 * A client that writes exactly the bytes it is given and knows exactly what came back. Every wait is
 * for an event, under a guard.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { deferred, guarded } from './guard.ts';
import { closed, opened } from './registry.ts';
import { resetBelow } from './reset-socket.ts';
import {
  type RawResponse,
  type ReadResponseOptions,
  type ResponseHead,
  readResponse,
  readResponseHead,
} from './response-reader.ts';
import { type CloseKind, quote, SocketReader } from './socket-reader.ts';
import { type WritePieces, writeAll } from './socket-writer.ts';

export interface RawClientOptions {
  readonly port?: number;
  /** Default: `127.0.0.1`. */
  readonly host?: string;
  /** Path of a unix socket, instead of host and port. */
  readonly socketPath?: string;
  /** Speaks TLS, with these options. */
  readonly tls?: ConnectionOptions;
  /** How long one wait may last, in milliseconds. Default: 20 000. */
  readonly guardMs?: number;
  /** Unread bytes after which the socket is paused while nobody waits. Default: 1 MiB. */
  readonly maxUnreadBytes?: number;
  /** How many of the first bytes received are kept for `received`. Default: 4 MiB. */
  readonly maxRecordedBytes?: number;
  /** Name in messages. Default: `client`. */
  readonly name?: string;
}

/** Connects and resolves once bytes can be written (for TLS: after the handshake). */
export async function connectRaw(options: RawClientOptions): Promise<RawClient> {
  const where =
    options.socketPath === undefined
      ? { port: options.port ?? 0, host: options.host ?? '127.0.0.1' }
      : { path: options.socketPath };
  // Half-open, so that the server's FIN is seen as such and answered when the test says so.
  const transport = connectTcp({ ...where, allowHalfOpen: true });
  const socket: Socket =
    options.tls === undefined
      ? transport
      : connectTls({
          ...options.tls,
          socket: transport,
          allowHalfOpen: true,
        } as ConnectionOptions);
  const ready = deferred();
  const onError = (error: Error): void => ready.reject(error);
  const onClose = (): void => ready.reject(new Error('closed while connecting'));
  const event = options.tls === undefined ? 'connect' : 'secureConnect';
  transport.on('error', onError);
  socket.once(event, ready.resolve).once('error', onError).once('close', onClose);
  try {
    await guarded(ready.promise, 'the connection', options.guardMs);
  } catch (error) {
    transport.destroy();
    throw error;
  }
  return new RawClient(socket, options, transport);
}

export class RawClient {
  readonly socket: Socket;
  /** Everything that can be waited for and taken. */
  readonly reader: SocketReader;
  readonly #transport: Socket;
  readonly #guardMs: number | undefined;
  readonly #name: string;

  /** `transport` is the TCP socket below a TLS one. */
  constructor(socket: Socket, options: RawClientOptions = {}, transport: Socket = socket) {
    this.socket = socket;
    this.#transport = transport;
    this.#name = options.name ?? 'client';
    this.#guardMs = options.guardMs;
    socket.setNoDelay(true);
    this.reader = new SocketReader(socket, { ...options, name: this.#name });
    opened(this, () => `${this.#name} connected to port ${socket.remotePort ?? '?'}`);
    socket.once('close', () => closed(this));
  }

  /** The first bytes received, read or not. */
  get received(): Buffer {
    return this.reader.received;
  }

  get bytesReceived(): number {
    return this.reader.bytesReceived;
  }

  /** Writes and forgets; text is latin1. */
  send(data: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(typeof data === 'string' ? latin1(data) : data);
  }

  /** Writes, whole or in pieces, and waits until all is taken; false when the connection broke. */
  write(data: string | Uint8Array, options: WritePieces = {}): Promise<boolean> {
    return writeAll(
      this.socket,
      data,
      this.#guardMs === undefined ? options : { guardMs: this.#guardMs, ...options },
    );
  }

  /** Writes byte by byte. */
  writeByBytes(data: string | Uint8Array): Promise<boolean> {
    return this.write(data, { pieceBytes: 1 });
  }

  /** Reads one response. */
  readResponse(options: ReadResponseOptions = {}): Promise<RawResponse> {
    return readResponse(this.reader, options);
  }

  /** Reads up to and with the final head; the body stays to be read. */
  readHead(): Promise<{ head: ResponseHead; interim: ResponseHead[] }> {
    return readResponseHead(this.reader);
  }

  /** Writes a request, whole, and reads its response. */
  async request(
    data: string | Uint8Array,
    options: ReadResponseOptions = {},
  ): Promise<RawResponse> {
    this.send(data);
    return this.readResponse(options);
  }

  /** Reads everything up to the server's FIN. */
  readUntilEnd(): Promise<Buffer> {
    return this.reader.takeAll();
  }

  /**
   * Waits for the server to leave, by FIN or reset, and closes this side too. Fails when it sent
   * anything that was not read.
   */
  async expectClosed(): Promise<CloseKind> {
    const how = await this.reader.whenGone();
    const rest = this.reader.unread;
    if (rest.length > 0)
      throw new Error(`${this.#name}: more bytes before the end: ${quote(rest)}`);
    await this.close();
    return how;
  }

  /** Waits for an orderly end: a FIN, and no byte that was not read. */
  async expectFin(): Promise<void> {
    const how = await this.expectClosed();
    if (how !== 'fin') throw new Error(`${this.#name}: the server reset the connection`);
  }

  /** Waits for a reset: the response, if any, must not look complete. Unread bytes are allowed. */
  async expectReset(): Promise<void> {
    const reset = (await this.reader.whenGone()) === 'reset' || (await this.#isBroken());
    await this.close();
    if (!reset) throw new Error(`${this.#name}: the server ended the connection orderly`);
  }

  /**
   * Over TLS, Node 22 tells a reset that arrives together with the last bytes as an orderly end. A write
   * asks the socket again.
   */
  #isBroken(): Promise<boolean> {
    if (!this.socket.writable) return Promise.resolve(false);
    return new Promise((resolve) => this.socket.write('x', (error) => resolve(error != null)));
  }

  /** Ends the writing half; reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Ends the connection with an RST. */
  reset(): void {
    resetBelow(this.socket, this.#transport);
  }

  /** Stops reading, so that the server has to hold back. */
  pauseReading(): void {
    this.reader.hold();
  }

  resumeReading(): void {
    this.reader.resume();
  }

  /** Destroys the socket and waits until it is gone. */
  async close(): Promise<void> {
    this.socket.destroy();
    await this.reader.whenClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
