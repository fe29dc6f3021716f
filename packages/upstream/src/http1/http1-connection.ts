/**
 * One HTTP/1.1 connection of a pool: one socket from before it is connected until it is closed, and the
 * exchange that it carries. What requests and responses are written and read with is a transport's
 * business; each is a subclass.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ErrorCode, type ReverseItError, timedOut } from '@reverseit/core/errors';
import { TurnShare, type TurnTaker } from '@reverseit/core/internal';
import type {
  PendingSocket,
  SocketDelegate,
  SocketPhase,
  SocketSource,
} from '../connect/connector.ts';
import { type ConnectPhase, connectError } from '../connect/error-map.ts';
import type { ConnectionOwner, PooledConnection } from '../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { ExchangeTransport } from '../exchange/exchange-transport.ts';
import { chunkSize } from '../exchange/message/collected-body.ts';
import { logsIn } from '../exchange/message/request-head.ts';
import type { ClientConnection } from '../exchange/message/upstream-request.ts';
import { hiddenReset } from '../node-internals/hidden-reset.ts';
import type { WriteObserver } from '../node-internals/write-guard.ts';

/**
 * connecting → busy ⇄ idle → closing → closed, or busy → switched → closed. Where the exchange leaves while it
 * is `connecting`, it goes on for the next, or becomes idle. `claimed` is an idle or
 * connected one with an exchange whose request has not been written; `flushing` is between busy and idle
 * while the socket has not reported the end of the request's last write.
 */
export type ConnectionState =
  | 'connecting'
  | 'claimed'
  | 'busy'
  | 'flushing'
  | 'idle'
  | 'closing'
  | 'switched'
  | 'closed';

/** A connection that has more than this left to send after its response is not waited for. */
const maxUnsentBytes = chunkSize;

const DEADLINE = { STATE: 0, LIFETIME: 1 } as const;

export abstract class Http1Connection
  implements
    PooledConnection,
    ExchangeTransport,
    DeadlineTarget,
    TurnTaker,
    SocketDelegate,
    WriteObserver
{
  readonly isHttp1 = true;
  state: ConnectionState = 'connecting';
  /** The exchange under way. */
  exchange: DispatchedExchange | null = null;
  /** Exchanges that were begun on this connection. */
  served = 0;
  bound = false;
  /** The client that it is bound to. */
  client: ClientConnection | null = null;
  // Links of the pool's list of open connections.
  previous: PooledConnection | null = null;
  next: PooledConnection | null = null;
  // Links of the pool's stack of idle connections.
  idlePrevious: PooledConnection | null = null;
  idleNext: PooledConnection | null = null;
  /** Whether the backend ended its side or the socket failed. */
  ended = false;
  /** The socket's own error. */
  failure: Error | null = null;
  /** When its socket began to connect (`now` of the owner); 0 before. */
  startedAt = 0;

  protected socket: Socket | null = null;
  protected readonly share = new TurnShare(this);
  #armedFrom: DeadlineQueue | null = null;
  #pending: PendingSocket | null = null;
  readonly #owner: ConnectionOwner;
  readonly #connector: SocketSource;
  readonly #deadline = new Deadline(this, DEADLINE.STATE);
  #phase: ConnectPhase = 'connect';
  #opening = false;
  #connected = false;
  /** Of the response that left the connection flushing. */
  #idleHint = -1;
  #lifetime: Deadline | null = null;
  /** Gets no exchange any more. */
  #expired = false;
  /** The socket is closed; bytes of it may still be here. */
  socketClosed = false;

  constructor(owner: ConnectionOwner, connector: SocketSource) {
    this.#owner = owner;
    this.#connector = connector;
  }

  // ————— What a transport is.

  /** Whether any byte of a response to the present request has come. */
  abstract get responseStarted(): boolean;
  /** Stops the flow of the response body. */
  abstract pause(): void;
  abstract resume(): void;
  /** Sends the request of the exchange, which may still have to be connected for. */
  protected abstract send(exchange: DispatchedExchange): void;
  /** The socket is there, still connecting. */
  protected abstract onOpened(socket: Socket): void;
  /** The socket may be written to. */
  protected abstract onReady(socket: Socket): void;
  /** The backend has ended its side while an exchange was under way. */
  protected abstract onEnd(): void;
  /** Whether bytes that came before the backend's end are yet to be handed on. */
  protected abstract readonly holdsBytes: boolean;
  /** The connection is over. `error` where it was never made. */
  protected abstract onClosed(error: ReverseItError | null): void;
  /** The exchange ended in order. */
  protected abstract onReleased(): void;
  /** Takes the transport out of the way of a socket that is handed over. */
  protected abstract onDetach(socket: Socket): void;
  /** Others have had their turn: what has come is worked on, and the socket read on. */
  abstract onTurn(): void;

  // ————— Towards pool and exchange.

  get active(): number {
    return this.exchange === null || this.state === 'closing' ? 0 : 1;
  }

  /** Open, with no exchange. */
  get #isUnused(): boolean {
    return this.state === 'idle' || this.state === 'flushing';
  }

  get fresh(): boolean {
    return this.served === 1;
  }

  destroy(code: ErrorCode): void {
    this.exchange?.fail(code);
    this.drop();
  }

  /** Gives the exchange its connection. */
  assign(exchange: DispatchedExchange): void {
    this.exchange = exchange;
    if (this.state === 'idle') {
      this.state = 'claimed';
      this.#deadline.clear();
    }
    this.served++;
    exchange.onAssigned(this);
    if (this.served === 1 && this.#owner.bindsClients) this.#bindTo(exchange.request.client);
    if ((!this.bound || this.client !== null) && logsIn(exchange.fields)) this.bind();
    this.send(exchange);
  }

  /** It may be logged in from here on, and serves nobody but the client of its exchange. */
  bind(): void {
    const client = this.exchange?.request.client;
    // The next request on the client's connection may be somebody else's.
    if (client?.multiplexed === true) this.#expired = true;
    if (!this.bound) this.#bindTo(client);
  }

  #bindTo(client: ClientConnection | null | undefined): void {
    this.bound = true;
    this.client = client ?? null;
  }

  /** Bytes of the request that the socket has not taken yet. */
  get pendingBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  /** Arms the connection's one deadline. What it means follows from state and exchange. */
  arm(queue: DeadlineQueue): void {
    this.#armedFrom = queue;
    queue.arm(this.#deadline);
  }

  disarm(): void {
    this.#deadline.clear();
  }

  onDeadline(kind: number): void {
    if (kind === DEADLINE.LIFETIME) {
      this.#expired = true;
      if (this.#isUnused) this.drop();
    } else if (this.share.waiting) {
      // It is not the backend that is late.
      this.#armedFrom?.arm(this.#deadline);
    } else if (this.state === 'connecting') {
      const { label } = this.#connector.origin;
      this.failure = timedOut('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', this.#owner.connectTimeout.ms, {
        origin: label,
      });
      this.close();
    } else if (this.exchange !== null) this.exchange.onConnectionDeadline();
    else this.drop();
  }

  /** The exchange ended in order. `persistent`: the connection may carry another. */
  release(persistent: boolean, idleHint: number): void {
    this.exchange = null;
    this.#deadline.clear();
    this.onReleased();
    if (!persistent || this.#isSpent || !this.#isHealthy()) this.drop();
    else if (this.pendingBytes === 0) this.#becomeIdle(idleHint);
    else {
      // A response may come before the write of its request is reported: always so over TLS, whose writes
      // are reported a turn of the event loop later.
      this.state = 'flushing';
      this.#idleHint = idleHint;
      this.#owner.flushTimeout.arm(this.#deadline);
      // What is truly left after that turn stays in memory until the backend takes it.
      if (this.pendingBytes > maxUnsentBytes) setImmediate(dropUnsent, this);
    }
  }

  /** Closes the connection if the backend has answered and leaves too much of the request unread. */
  dropUnsent(): void {
    if (this.state === 'flushing' && this.pendingBytes > maxUnsentBytes) this.drop();
  }

  /** Has been used for as long or as often as it may. */
  get #isSpent(): boolean {
    return this.#expired || this.served >= this.#owner.lifetimes.maxRequests;
  }

  /** Open both ways, and with nothing to be read that was not asked for (RFC 9112 §9.2). */
  #isHealthy(): boolean {
    const { socket } = this;
    if (socket === null || socket.destroyed || socket.readableLength > 0) return false;
    return !this.ended && this.failure === null;
  }

  #becomeIdle(idleHint: number): void {
    this.state = 'idle';
    this.#owner.onReusable(this, idleHint);
  }

  /** Closes the socket at once, whatever is under way. The exchange is not told. */
  drop(): void {
    this.exchange = null;
    if (this.state === 'closing' || this.state === 'closed') return;
    if (this.state === 'idle') this.#owner.onUnusable(this);
    this.close();
  }

  abandon(): void {
    if (this.state !== 'connecting' || this.bound || this.exchange?.oneShot === true) this.drop();
    else {
      this.exchange = null;
      this.#owner.onAbandoned(this);
    }
  }

  closeUnused(after: DeadlineQueue): void {
    if (this.#deadline.elapsed(this.#owner.now()) >= after.ms) this.drop();
    else this.arm(after);
  }

  /**
   * The socket cannot be trusted any more. An exchange that has not been written yet is told, and goes
   * elsewhere.
   */
  protected giveUp(): void {
    if (this.exchange === null) this.drop();
    else this.close();
  }

  /** Takes ourselves out of the way; the socket, which is paused, is the caller's. */
  detachSocket(): Duplex | null {
    const { socket } = this;
    if (socket === null) return null;
    this.exchange = null;
    this.#deadline.clear();
    this.#lifetime?.clear();
    this.state = 'switched';
    this.share.cancel();
    this.onDetach(socket);
    this.#owner.onSwitched(this);
    return socket;
  }

  // ————— The socket's life.

  /** Closes the socket; the exchange, if there still is one, is told when it is closed. */
  protected close(): void {
    this.#deadline.clear();
    this.#lifetime?.clear();
    this.state = 'closing';
    if (this.socket !== null && !this.socketClosed) {
      this.socket.destroy();
      return;
    }
    this.#pending?.cancel();
    this.#onClose();
  }

  /** Opens the socket, which reads in the given way, unless that is under way. */
  protected open(onread?: OnReadOpts): void {
    if (this.#opening) return;
    this.#opening = true;
    if (this.startedAt === 0) this.startedAt = this.#owner.now();
    try {
      this.#pending = this.#connector.open(this, onread, this.client);
      this.#owner.connectTimeout.arm(this.#deadline);
    } catch (error) {
      this.failure = error as Error;
      this.close();
    }
  }

  onNoSocket(error: Error): void {
    this.failure = error;
    this.close();
  }

  /** Before a transport's own listeners, so that ours hear of everything first. */
  onSocket(socket: Socket, phase: SocketPhase): void {
    this.#pending = null;
    this.socket = socket;
    if (phase === 'secure') this.#phase = 'secure';
    else if (this.#connector.origin.secure) {
      socket.once('connect', () => {
        this.#phase = 'secure';
      });
    }
    if (phase !== 'ready') socket.once(this.#connector.readyEvent, () => this.#onReady(socket));
    socket.on('error', (error) => {
      this.failure ??= error;
      this.ended = true;
      if (this.#isUnused) this.drop();
    });
    socket.on('end', () => {
      this.ended = true;
      this.failure ??= hiddenReset(socket);
      if (this.#isUnused) this.drop();
      else if (this.exchange !== null) this.onEnd();
    });
    socket.on('close', () => {
      this.socketClosed = true;
      if (this.state === 'closing' || !this.holdsBytes) this.#onClose();
    });
    this.onOpened(socket);
    if (phase === 'ready') this.#onReady(socket);
  }

  #onReady(socket: Socket): void {
    if (this.state !== 'connecting') return;
    this.#deadline.clear();
    if (socket.readableLength > 0) {
      // Whoever speaks before the handshake is done is not the one who proved its identity.
      this.failure = createError('RIT_ERR_UPSTREAM_PROTOCOL', 'backend sent data before a request');
      this.close();
      return;
    }
    this.#connected = true;
    this.state = 'claimed';
    this.#startLifetime();
    this.#owner.onConnected(this.startedAt);
    const isWanted = this.exchange !== null;
    this.onReady(socket);
    if (!isWanted) this.release(true, -1);
  }

  #startLifetime(): void {
    const queue = this.#owner.lifetimes.next();
    if (queue === null) return;
    this.#lifetime = new Deadline(this, DEADLINE.LIFETIME);
    queue.arm(this.#lifetime);
  }

  #onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.share.cancel();
    this.#deadline.clear();
    this.#lifetime?.clear();
    // The slot is free before anyone hears of the failure: who tries again finds it.
    this.#owner.onClosed(this);
    this.onClosed(this.#connected ? null : this.#connectError());
  }

  #connectError(): ReverseItError {
    const cause =
      this.failure ?? createError('RIT_ERR_UPSTREAM_CONNECT', 'connection closed while connecting');
    return connectError(cause, this.#phase, this.#connector.origin.label);
  }

  // ————— Towards the guard of its writes, where the transport has one.

  get holdsWrites(): boolean {
    return this.state === 'busy' && this.exchange !== null && this.exchange.hasBody;
  }

  onWriteFailed(error: Error): void {
    this.failure ??= error;
  }

  onWritten(): void {
    if (this.state !== 'flushing') this.exchange?.onWritten();
    else if (this.pendingBytes === 0) {
      this.#deadline.clear();
      this.#becomeIdle(this.#idleHint);
    }
  }
}

function dropUnsent(connection: Http1Connection): void {
  connection.dropUnsent();
}
