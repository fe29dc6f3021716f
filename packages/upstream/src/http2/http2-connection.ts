/**
 * An HTTP/2 connection of a pool (RFC 9113): one socket, one session over it, and the exchanges that it carries, each
 * on a stream. It takes exchanges before it is connected, so that a burst opens one connection; how many the backend
 * allows is known, and the first request is sent, once its
 * SETTINGS have come. Where ALPN decides for HTTP/1.1, the socket goes on to a connection that speaks it.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import {
  createError,
  type ErrorCode,
  isReverseItError,
  type ReverseItError,
  timedOut,
} from '@reverseit/core/errors';
import { IntrusiveList } from '@reverseit/core/internal';
import type {
  Connector,
  PendingSocket,
  SocketDelegate,
  SocketPhase,
} from '../connect/connector.ts';
import { type ConnectPhase, connectError, isTlsFailure } from '../connect/error-map.ts';
import type { ConnectionOwner, PooledConnection } from '../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { WriteGuard, type WriteObserver } from '../node-internals/write-guard.ts';
import { isProtocolFault, notHttp2 } from './http2-errors.ts';
import { maxStreams } from './http2-output.ts';
import { Http2Session, type SessionDelegate } from './http2-session.ts';
import { Http2Transport, type TransportOwner } from './http2-transport.ts';

/** What the last connection taught of the backend. Shared by the connections of a pool. */
export interface LearnedLimits {
  /** Exchanges that a new connection will carry at a time. */
  streams: number;
}

/** What an HTTP/2 connection tells the pool beyond what every connection does. */
export interface Http2Owner extends ConnectionOwner {
  readonly learned: LearnedLimits;
  /** It can take more exchanges. */
  onRoom(): void;
  /** Their requests were never sent, and it has no place for them. */
  onReturned(exchanges: readonly DispatchedExchange[]): void;
  /** ALPN decided for HTTP/1.1. The connection is over; socket and exchanges are the pool's. */
  onHttp1(
    connection: Http2Connection,
    socket: Socket,
    exchanges: readonly DispatchedExchange[],
  ): void;
}

const idleOrConnectDeadline = 0;
const probeDeadline = 1;
const lifetimeDeadline = 2;

/** connecting → open ⇄ idle → draining → closing → closed; `handed-over` is closed for the pool. */
type State = 'connecting' | 'open' | 'idle' | 'draining' | 'closing' | 'handed-over' | 'closed';

export class Http2Connection
  implements
    PooledConnection,
    TransportOwner,
    SessionDelegate,
    SocketDelegate,
    WriteObserver,
    DeadlineTarget
{
  readonly isHttp1 = false;
  readonly bound = false;
  readonly client = null;
  state: State = 'connecting';
  served = 0;
  // Links of the pool's list of open connections.
  previous: PooledConnection | null = null;
  next: PooledConnection | null = null;
  idlePrevious: PooledConnection | null = null;
  idleNext: PooledConnection | null = null;
  readonly scheme: 'http' | 'https';
  endCause: unknown = null;
  /** When its socket began to connect (`now` of the owner). */
  startedAt = 0;

  readonly #owner: Http2Owner;
  readonly #connector: Connector;
  readonly #oneShot: boolean;
  readonly #maxRequests: number;
  readonly #deadline = new Deadline(this, idleOrConnectDeadline);
  readonly #probeDeadline = new Deadline(this, probeDeadline);
  #lifetime: Deadline | null = null;
  readonly #transports = new IntrusiveList<Http2Transport>();
  /** Those that were given to the session within the present read, which may yet end it. */
  #unsent: Http2Transport[] = [];
  #limit: number;
  #phase: ConnectPhase = 'connect';
  #connected = false;
  #opening = false;
  #pending: PendingSocket | null = null;
  #socket: Socket | null = null;
  #session: Http2Session | null = null;
  #writeFailure: Error | null = null;

  constructor(owner: Http2Owner, connector: Connector, oneShot: boolean) {
    this.#owner = owner;
    this.#connector = connector;
    this.#oneShot = oneShot;
    this.#maxRequests = oneShot ? 1 : owner.lifetimes.maxRequests;
    this.scheme = connector.origin.secure ? 'https' : 'http';
    this.#limit = oneShot ? 1 : owner.learned.streams;
  }

  // ————— Towards the pool.

  get active(): number {
    return this.#transports.size;
  }

  /** Whether it can take another exchange now. */
  get hasRoom(): boolean {
    const { state } = this;
    if (state !== 'connecting' && state !== 'open' && state !== 'idle') return false;
    if (this.#probeDeadline.armed || this.served >= this.#maxRequests) return false;
    return this.#transports.size < this.#limit && (state === 'connecting' || this.#isOpen());
  }

  #isOpen(): boolean {
    return this.#session?.open === true;
  }

  assign(exchange: DispatchedExchange): void {
    const transport = new Http2Transport(this, exchange, this.state === 'connecting');
    this.#transports.push(transport);
    this.served++;
    exchange.onAssigned(transport);
    if (this.state === 'connecting') {
      if (!this.#opening) this.#open();
      return;
    }
    this.#deadline.clear();
    this.state = 'open';
    const session = this.#session;
    if (session === null) return;
    if (session.feed.feeding) this.#unsent.push(transport);
    else transport.send(session);
  }

  arm(queue: DeadlineQueue): void {
    queue.arm(this.#deadline);
  }

  drop(): void {
    this.#close();
  }

  closeUnused(): void {
    // It is never bound.
  }

  destroy(code: ErrorCode): void {
    for (const { exchange } of this.#transports.members()) exchange.fail(code);
    this.#close();
  }

  onDeadline(kind: number): void {
    const afterMs = this.#owner.connectTimeout.ms;
    const { label } = this.#connector.origin;
    if (kind === lifetimeDeadline) this.retire();
    else if (kind === probeDeadline)
      this.#end(createError('RIT_ERR_UPSTREAM_RESET', 'backend is gone'));
    else if (this.state === 'connecting') {
      this.#end(timedOut('RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', afterMs, { origin: label }));
    } else this.#close();
  }

  // ————— Towards its streams.

  get waitsForTurn(): boolean {
    return this.#session?.feed.waitsForTurn === true;
  }

  now(): number {
    return this.#owner.now();
  }

  onTransportOver(transport: Http2Transport): void {
    if (!this.#transports.has(transport)) return;
    this.#transports.remove(transport);
    if (this.#transports.size === 0) this.#onUnused();
    else if (this.state === 'open') this.#owner.onRoom();
  }

  keepsConnecting(transport: Http2Transport): boolean {
    if (this.state !== 'connecting' || this.#oneShot) return false;
    this.#transports.remove(transport);
    if (this.#transports.size === 0) this.#owner.onAbandoned(this);
    return true;
  }

  #onUnused(): void {
    const isSpent = this.served >= this.#maxRequests;
    if (this.state !== 'open' || isSpent || !this.#isOpen()) this.#close();
    else {
      this.state = 'idle';
      this.#owner.onReusable(this, -1);
    }
  }

  /** Takes no more exchanges, and closes when those that it has are over. */
  retire(): void {
    if (this.state === 'idle') this.#close();
    else if (this.state === 'open') {
      this.state = 'draining';
      if (this.#transports.size === 0) this.#close();
    }
  }

  /**
   * A silent response may mean a dead connection, which would fail every exchange that is given to it. It
   * gets no more of them until the backend answers a PING (RFC 9113 §6.7).
   */
  probe(): void {
    const session = this.#session;
    if (session === null || !session.open || this.#probeDeadline.armed) return;
    session.sendProbe();
    this.#owner.connectTimeout.arm(this.#probeDeadline);
  }

  onPong(): void {
    if (!this.#probeDeadline.armed) return;
    this.#probeDeadline.clear();
    this.#owner.onRoom();
  }

  // ————— Connecting.

  #open(): void {
    this.#opening = true;
    this.startedAt = this.#owner.now();
    try {
      this.#pending = this.#connector.open(this);
      this.#owner.connectTimeout.arm(this.#deadline);
    } catch (error) {
      this.#end(error);
    }
  }

  onNoSocket(error: Error): void {
    this.#end(error);
  }

  onSocket(socket: Socket, phase: SocketPhase): void {
    this.#pending = null;
    this.#socket = socket;
    if (phase === 'secure') this.#phase = 'secure';
    else if (this.#connector.origin.secure) {
      socket.once('connect', () => {
        this.#phase = 'secure';
      });
    }
    socket.on('error', this.#onSocketError);
    socket.on('close', this.#onSocketClose);
    if (phase === 'ready') this.#onSocketReady(socket);
    else socket.once(this.#connector.readyEvent, () => this.#onSocketReady(socket));
  }

  readonly #onSocketError = (error: Error): void => {
    this.#session?.finish();
    this.#end(error);
  };

  readonly #onSocketClose = (): void => this.#onClose();

  #onSocketReady(socket: Socket): void {
    if (this.state !== 'connecting') return;
    if (!(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2') this.#startSession(socket);
    else if (this.#connector.speaksHttp1) this.#handOver(socket);
    else this.#end(notHttp2());
  }

  #handOver(socket: Socket): void {
    this.#deadline.clear();
    this.#owner.learned.streams = 1;
    this.state = 'handed-over';
    socket.off('error', this.#onSocketError);
    socket.off('close', this.#onSocketClose);
    const transports = this.#transports.members();
    for (const transport of transports) this.#transports.remove(transport);
    const exchanges = transports.map(({ exchange }) => exchange);
    this.#owner.onHttp1(this, socket, exchanges);
  }

  #startSession(socket: Socket): void {
    const session = new Http2Session(socket, this);
    new WriteGuard(socket, this);
    this.#session = session;
    socket.on('end', () => {
      session.finish();
      this.#end(null);
    });
    session.begin();
  }

  onStreamLimit(streams: number): void {
    const { learned } = this.#owner;
    this.#limit = this.#oneShot ? 1 : Math.min(streams, maxStreams);
    if (!this.#oneShot) learned.streams = Math.max(1, this.#limit);
    if (this.state === 'connecting') this.#onReady();
    else if (this.state === 'open' || this.state === 'idle') this.#owner.onRoom();
  }

  #onReady(): void {
    this.#deadline.clear();
    this.#connected = true;
    this.state = 'open';
    this.#startLifetime();
    this.#owner.onConnected(this.startedAt);
    const waiting = this.#transports.members();
    const excess = waiting.splice(this.#limit);
    for (const transport of excess) this.#transports.remove(transport);
    this.served -= excess.length;
    this.#unsent.unshift(...waiting);
    if (this.#transports.size === 0) this.#onUnused();
    if (excess.length > 0) this.#owner.onReturned(excess.map(({ exchange }) => exchange));
  }

  onFramesRead(): void {
    if (this.#unsent.length === 0) return;
    const transports = this.#unsent;
    this.#unsent = [];
    for (const transport of transports) {
      if (this.#session?.open === true) transport.send(this.#session);
    }
  }

  #startLifetime(): void {
    const queue = this.#owner.lifetimes.next();
    if (queue === null) return;
    this.#lifetime = new Deadline(this, lifetimeDeadline);
    queue.arm(this.#lifetime);
  }

  // ————— Towards the guard of its writes: what the backend has sent comes before a write that failed.

  get holdsWrites(): boolean {
    return this.#transports.size > 0;
  }

  onWriteFailed(error: Error): void {
    this.#writeFailure ??= error;
  }

  onWritten(): void {
    // The output is told by the socket's `drain`.
  }

  // ————— The session's end.

  onPeerGoaway(code: number, lastStreamId: number): void {
    this.retire();
    for (const transport of this.#transports.members()) transport.onLastStream(lastStreamId);
    if (code !== 0) this.#end(createError('RIT_ERR_UPSTREAM_RESET', `backend sent GOAWAY ${code}`));
  }

  onFailed(error: ReverseItError): void {
    this.#end(error);
  }

  #end(cause: unknown): void {
    this.endCause ??= cause;
    this.#close();
  }

  #close(): void {
    if (this.state === 'closing' || this.state === 'closed' || this.state === 'handed-over') return;
    if (this.state === 'idle') this.#owner.onUnusable(this);
    this.state = 'closing';
    this.#deadline.clear();
    this.#probeDeadline.clear();
    this.#lifetime?.clear();
    this.#session?.close();
    if (this.#socket !== null) {
      this.#socket.destroy();
      return;
    }
    this.#pending?.cancel();
    this.#onClose();
  }

  #onClose(): void {
    if (this.state === 'closed' || this.state === 'handed-over') return;
    if (this.state === 'idle') this.#owner.onUnusable(this);
    this.state = 'closed';
    this.#session?.close();
    this.endCause ??= this.#writeFailure ?? createError('RIT_ERR_UPSTREAM_RESET');
    this.#deadline.clear();
    this.#probeDeadline.clear();
    this.#lifetime?.clear();
    // The slot is free before anyone hears of the failure: who tries again finds it.
    this.#owner.onClosed(this);
    const error = this.#connected ? null : this.#connectError();
    for (const transport of this.#transports.members()) transport.onSessionEnd(error);
  }

  #connectError(): ReverseItError {
    const { endCause } = this;
    const isOther =
      isTlsFailure(endCause) || (isReverseItError(endCause) && !isProtocolFault(endCause));
    if (this.#session !== null && !isOther) return notHttp2(endCause);
    return connectError(endCause, this.#phase, this.#connector.origin.label);
  }
}
