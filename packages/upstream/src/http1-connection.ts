/**
 * One HTTP/1.1 connection: one socket, and one undici Client that will never have another. The Client
 * writes requests and parses responses; the socket is ours, so that we know when it is connected, what
 * was read from it and when it is gone, and can hold its bytes back.
 *
 * Reads are gated at the socket: undici asks for bytes with `socket.read()`, and gets none while the
 * response is paused, none while no request is under way, and otherwise what the response gate lets
 * through. Pausing its parser instead would report a response that ended while paused as broken.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { fail } from '@reverseit/core/errors';
import { Client } from 'undici';
import type { Connector } from './connector.ts';
import { type ConnectPhase, connectError, isParserObjection } from './error-map.ts';
import type { Http1Exchange } from './http1-exchange.ts';
import { ResponseGate } from './response-gate.ts';

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  readonly connectTimeout: DeadlineQueue;
  onConnected(): void;
  /** The exchange is over and the connection may carry another. `idleHint` as in CheckedHead. */
  onReusable(connection: Http1Connection, idleHint: number): void;
  /** An idle connection must not be used any more. */
  onUnusable(connection: Http1Connection): void;
  /** A protocol switch took the socket away: it is no connection of the pool any more. */
  onSwitched(connection: Http1Connection): void;
  /** The socket is closed. The last call. */
  onClosed(connection: Http1Connection): void;
}

/**
 * connecting → busy ⇄ idle → closing → closed, or busy → switched → closed. `claimed` is an idle or
 * connected one with an exchange whose request undici has not yet written.
 */
export type ConnectionState =
  | 'connecting'
  | 'claimed'
  | 'busy'
  | 'idle'
  | 'closing'
  | 'switched'
  | 'closed';

type ConnectCallback = (...result: [null, Socket] | [Error, null]) => void;
type WriteCallback = (error?: Error | null) => void;

/** undici's own timers are off: ours decide. A reuse that it would refuse for a short hint is ours to judge. */
const clientOptions = {
  allowH2: false,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 2 ** 31 - 1,
  keepAliveMaxTimeout: 2 ** 31 - 1,
  keepAliveTimeoutThreshold: -(2 ** 31),
  // Memory is bounded by the response gate, fields are counted exactly by the exchange.
  maxHeaderSize: Number.MAX_SAFE_INTEGER,
};
/** The Client never connects by itself nor names a host: TLS, SNI and Host are decided by us. */
const clientUrl = new URL('http://backend.invalid');

export class Http1Connection implements DeadlineTarget {
  state: ConnectionState = 'connecting';
  /** The exchange under way. */
  exchange: Http1Exchange | null = null;
  /** Exchanges that were begun on this connection. */
  served = 0;
  /** Links of the pool's stack of idle connections. */
  idlePrevious: Http1Connection | null = null;
  idleNext: Http1Connection | null = null;
  /** Whether the backend ended its side or the socket failed. */
  ended = false;
  /** The socket's own error, which undici does not always report. */
  failure: Error | null = null;

  readonly gate = new ResponseGate();
  readonly #owner: ConnectionOwner;
  readonly #connector: Connector;
  readonly #client: Client;
  readonly #deadline = new Deadline(this, 0);
  #phase: ConnectPhase = 'connect';
  #socket: Socket | null = null;
  #connected: ConnectCallback | null = null;
  #paused = false;
  /** undici is inside its parser with bytes of this connection, and will ask for more by itself. */
  #parsing = false;
  #readSocket: (() => Buffer | null) | null = null;

  constructor(owner: ConnectionOwner, connector: Connector) {
    this.#owner = owner;
    this.#connector = connector;
    this.#client = new Client(clientUrl, {
      ...clientOptions,
      connect: (_, callback) => this.#connect(callback as ConnectCallback),
    });
  }

  /** Gives the exchange to undici, which opens the socket first when there is none. */
  assign(exchange: Http1Exchange): void {
    this.exchange = exchange;
    if (this.state === 'idle') {
      this.state = 'claimed';
      this.#deadline.clear();
    }
    this.served++;
    exchange.onAssigned(this);
    this.#client.dispatch(exchange.dispatchOptions, exchange);
  }

  /** undici is about to write the request. */
  begin(maxFieldBytes: number, upgrade: boolean): void {
    this.state = 'busy';
    this.gate.begin(maxFieldBytes, upgrade);
  }

  /** Bytes of the request that the socket has not taken yet. */
  get unsent(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Whether any byte of a response to the present request has come. */
  get heard(): boolean {
    return this.gate.seen || (this.#socket?.readableLength ?? 0) > 0;
  }

  /** Arms the connection's one deadline. What it means follows from state and exchange. */
  arm(queue: DeadlineQueue): void {
    queue.arm(this.#deadline);
  }

  disarm(): void {
    this.#deadline.clear();
  }

  onDeadline(): void {
    if (this.state === 'connecting') {
      this.failure = fail('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', undefined, {
        details: { origin: this.#connector.origin.label, afterMs: this.#owner.connectTimeout.ms },
      });
      this.drop();
    } else if (this.exchange !== null) this.exchange.onConnectionDeadline();
    else this.drop();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Not at once: undici's parser is one for all connections and must not be entered from within.
    if (!this.#parsing) process.nextTick(pump, this);
  }

  /** Makes undici read, unless it is held back again. */
  pump(): void {
    if (!this.#paused && !this.#parsing && this.state === 'busy') this.#socket?.emit('readable');
  }

  /** The exchange ended in order. `persistent`: the connection may carry another. */
  release(persistent: boolean, idleHint: number): void {
    this.exchange = null;
    this.#paused = false;
    this.#deadline.clear();
    if (persistent && this.#isClean()) {
      this.state = 'idle';
      this.#owner.onReusable(this, idleHint);
    } else this.drop();
  }

  /** Open, with nothing of the last request left to be sent. */
  #isClean(): boolean {
    const socket = this.#socket;
    return socket !== null && !socket.destroyed && socket.writableLength === 0;
  }

  /** Closes the socket at once, whatever is under way. The exchange is not told. */
  drop(): void {
    this.exchange = null;
    if (this.state === 'closing' || this.state === 'closed') return;
    if (this.state === 'idle') this.#owner.onUnusable(this);
    this.#deadline.clear();
    if (this.#socket === null) {
      this.state = 'closing';
      this.#onClose();
      return;
    }
    this.state = 'closing';
    this.#socket.destroy();
  }

  #connect(callback: ConnectCallback): void {
    if (this.#socket !== null || this.state !== 'connecting') {
      // undici would connect anew, for a request that it had not yet written.
      callback(fail('RIT_ERR_UPSTREAM_RESET'), null);
      return;
    }
    this.#connected = callback;
    try {
      this.#attach(this.#connector.open());
      this.#owner.connectTimeout.arm(this.#deadline);
    } catch (error) {
      this.failure = error as Error;
      this.state = 'closing';
      this.#onClose();
    }
  }

  /** Before undici's, so that ours hear of everything first. */
  #attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#connector.origin.secure) {
      socket.once('connect', () => {
        this.#phase = 'secure';
      });
    }
    socket.once(this.#connector.readyEvent, () => this.#onReady(socket));
    socket.on('error', (error) => {
      this.failure ??= error;
      // undici destroys the socket with what its parser objects to: that is no end of the connection.
      if (!isParserObjection(error)) this.ended = true;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => this.#onClose());
    this.#interpose(socket);
  }

  #onReady(socket: Socket): void {
    const callback = this.#connected;
    if (this.state !== 'connecting' || callback === null) return;
    this.#deadline.clear();
    this.#connected = null;
    this.state = 'claimed';
    this.#owner.onConnected();
    callback(null, socket);
  }

  #onClose(): void {
    if (this.state === 'closed') return;
    const callback = this.#connected;
    this.#connected = null;
    this.state = 'closed';
    this.#deadline.clear();
    // The slot is free before anyone hears of the failure: who tries again finds it.
    this.#owner.onClosed(this);
    callback?.(
      connectError(
        this.failure ?? fail('RIT_ERR_UPSTREAM_CONNECT', 'connection ended while connecting'),
        this.#phase,
        this.#connector.origin.label,
      ),
      null,
    );
  }

  // ————— Between undici and the socket.

  #interpose(socket: Socket): void {
    const read = socket.read.bind(socket);
    this.#readSocket = read;
    // Streams read nothing of themselves to start reading: that is no one's asking for bytes.
    socket.read = (size) => (size === 0 ? read(0) : this.#read());
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, callback) =>
      write(chunk, encoding, this.#guardsWrites ? this.#guarded(callback) : callback);
    const writev = socket._writev?.bind(socket);
    if (writev !== undefined) {
      socket._writev = (chunks, callback) =>
        writev(chunks, this.#guardsWrites ? this.#guarded(callback) : callback);
    }
  }

  #read(): Buffer | null {
    this.#parsing = false;
    const read = this.#readSocket;
    if (this.#paused || read === null) return null;
    if (this.state !== 'busy') {
      // RFC 9112 §9.2: a response without a request; whatever follows could not be told apart.
      if (read() !== null) this.drop();
      return null;
    }
    for (;;) {
      const chunk = read();
      const bytes = this.gate.push(chunk);
      if (this.gate.failure !== null) {
        this.exchange?.onMalformed(this.gate.failure);
        return null;
      }
      if (bytes !== null) {
        this.#parsing = true;
        return bytes;
      }
      if (chunk === null) return null;
    }
  }

  /**
   * A backend may answer and reset before it has read all of the request (RFC 9112 §9.6). The failed
   * write must then not take the answer with it that stands in the socket's buffer: it is held back,
   * and the read side, which ends as well, tells of the end.
   */
  get #guardsWrites(): boolean {
    return this.state === 'busy' && this.exchange !== null && this.exchange.hasBody;
  }

  #guarded(callback: WriteCallback): WriteCallback {
    return (error) => {
      const failed = error !== undefined && error !== null;
      if (failed && this.state === 'busy') this.failure ??= error;
      else {
        callback(error);
        this.exchange?.onWritten();
      }
    };
  }

  /** Takes ourselves out of the way; the socket is the caller's. */
  surrender(): Duplex | null {
    const socket = this.#socket;
    if (socket === null) return null;
    this.exchange = null;
    this.#deadline.clear();
    this.state = 'switched';
    Reflect.deleteProperty(socket, 'read');
    Reflect.deleteProperty(socket, '_write');
    Reflect.deleteProperty(socket, '_writev');
    this.#owner.onSwitched(this);
    return socket;
  }
}

function pump(connection: Http1Connection): void {
  connection.pump();
}
