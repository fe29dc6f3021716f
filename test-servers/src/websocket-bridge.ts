/**
 * Turns WebSockets over HTTP/1.1 into WebSockets over HTTP/2 (RFC 8441), so that clients, and suites of others, that
 * know only the first test a server that speaks the second. WebSockets that are open at the same time share one
 * connection; it is closed with the last of them. A server that does not offer extended CONNECT, or is not there,
 * costs the client its connection.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { joinTunnel, readHandshake } from './bridged-tunnel.ts';
import { type Deferred, deferred, eventually, guarded } from './guard.ts';
import { closed, opened } from './registry.ts';

/** A handshake may have so many bytes. */
const maxHandshakeBytes = 1024 * 1024;

export interface WebSocketBridgeOptions {
  /** Where the server listens on 127.0.0.1. */
  readonly port?: number;
  /** Path of its unix socket, instead of a port. */
  readonly socketPath?: string;
  /** Speaks TLS to it, with these options; otherwise HTTP/2 by prior knowledge. */
  readonly tls?: ConnectionOptions;
}

/** One connection to the server, as long as it has a stream. */
class SharedSession {
  readonly #session: ClientHttp2Session;
  readonly #ready: Deferred<void> = deferred();
  #streams = 0;

  constructor({ port = 0, socketPath, tls }: WebSocketBridgeOptions, onClose: () => void) {
    const session = connectHttp2(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, {
      ...tls,
      ...(socketPath === undefined ? {} : { createConnection: () => connect(socketPath) }),
    });
    session.on('error', ignore);
    session.once('remoteSettings', ({ enableConnectProtocol }) => {
      // RFC 8441 §3.
      if (enableConnectProtocol === true) this.#ready.resolve();
      else session.destroy();
    });
    session.once('close', () => {
      this.#ready.reject(new Error('no server that offers extended CONNECT'));
      onClose();
    });
    this.#session = session;
  }

  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  async open(fields: string[]): Promise<ClientHttp2Stream> {
    this.#streams += 1;
    await this.#ready.promise;
    const stream = this.#session.request(fields, { endStream: false });
    stream.once('close', () => {
      this.#streams -= 1;
      if (this.#streams === 0) this.#session.close();
    });
    return stream;
  }

  destroy(): void {
    this.#session.destroy();
  }
}

export class WebSocketBridge {
  readonly #server: Server;
  readonly #options: WebSocketBridgeOptions;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<SharedSession>();
  /** Where the next stream goes. */
  #current: SharedSession | null = null;

  /** @internal */
  constructor(options: WebSocketBridgeOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Where it listens on 127.0.0.1. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections to the server that are open. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** @internal */
  async listen(): Promise<void> {
    const listening = deferred();
    this.#server.once('error', listening.reject);
    this.#server.listen(0, '127.0.0.1', listening.resolve);
    await guarded(listening.promise, 'the bridge to listen');
    opened(this, () => `WebSocket bridge on port ${this.port}`);
  }

  /** Stops listening, cuts every WebSocket and waits until all is closed. */
  async close(): Promise<void> {
    const gone = deferred();
    this.#server.close(() => gone.resolve());
    for (const socket of this.#sockets) socket.destroy();
    for (const session of this.#sessions) session.destroy();
    await guarded(gone.promise, 'the bridge to close');
    await eventually(() => this.#sessions.size === 0, 'the sessions of the bridge to close');
    closed(this);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => this.#sockets.delete(socket));
    let bytes: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const handshake = readHandshake(bytes, this.#options.tls === undefined ? 'http' : 'https');
      if (handshake !== null) {
        socket.off('data', onData).pause();
        this.#session()
          .open(handshake.fields)
          .then(
            (stream) => joinTunnel(socket, stream, handshake),
            () => socket.destroy(),
          );
      } else if (bytes.length > maxHandshakeBytes) socket.destroy();
    };
    socket.on('data', onData);
  }

  #session(): SharedSession {
    if (this.#current?.usable !== true) {
      const session = new SharedSession(this.#options, () => this.#sessions.delete(session));
      this.#sessions.add(session);
      this.#current = session;
    }
    return this.#current;
  }
}

/** Starts it, to a server that speaks HTTP/2, and resolves once it listens. */
export async function startWebSocketBridge(
  options: WebSocketBridgeOptions,
): Promise<WebSocketBridge> {
  const bridge = new WebSocketBridge(options);
  await bridge.listen();
  return bridge;
}

function ignore(): void {
  // `close` follows.
}
