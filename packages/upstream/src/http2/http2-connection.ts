/**
 * An HTTP/2 connection of a pool (RFC 9113): one socket, one session of node:http2 over it, and the
 * exchanges that it carries, each on a stream. It takes exchanges before it is connected, so that a burst
 * opens one connection; how many the backend allows is known, and the first request is sent, once its
 * SETTINGS have come. Where ALPN decides for HTTP/1.1, the socket goes on to a connection that speaks it.
 *
 * Not undici's client: it takes a stream that was reset with NO_ERROR for a complete response, hands over
 * fields as an object that has lost repeats, sends again on connections of its own what a GOAWAY refuses,
 * and does not tell when a request has left.
 */
import type { ClientHttp2Session, Settings } from 'node:http2';
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
import {
  allowReading,
  COST,
  stopReading,
  TurnShare,
  type TurnTaker,
} from '@reverseit/core/internal';
import type {
  Connector,
  PendingSocket,
  SocketDelegate,
  SocketPhase,
} from '../connect/connector.ts';
import { type ConnectPhase, connectError, isTlsFailure } from '../connect/error-map.ts';
import type { ConnectionOwner, PooledConnection } from '../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { brokenSession, notHttp2 } from './http2-errors.ts';
import { openSession, type SessionListener } from './http2-session.ts';
import { Http2Stream, type StreamOwner } from './http2-stream.ts';

/** Most exchanges at a time on one connection, whatever more the backend allows. */
export const maxStreams = 100;

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
    StreamOwner,
    SessionListener,
    TurnTaker,
    SocketDelegate,
    DeadlineTarget
{
  readonly isHttp1 = false;
  readonly bound = false;
  readonly client = null;
  state: State = 'connecting';
  served = 0;
  idlePrevious: PooledConnection | null = null;
  idleNext: PooledConnection | null = null;
  readonly scheme: 'http' | 'https';
  lastStreamId = Number.POSITIVE_INFINITY;
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
  readonly #streams = new Set<Http2Stream>();
  readonly #share = new TurnShare(this);
  #limit: number;
  #phase: ConnectPhase = 'connect';
  #connected = false;
  #opening = false;
  #pending: PendingSocket | null = null;
  #socket: Socket | null = null;
  #session: ClientHttp2Session | null = null;

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
    return this.#streams.size;
  }

  /** Whether it can take another exchange now. */
  get hasRoom(): boolean {
    const { state } = this;
    if (state !== 'connecting' && state !== 'open' && state !== 'idle') return false;
    if (this.#probeDeadline.armed || this.served >= this.#maxRequests) return false;
    return this.#streams.size < this.#limit && (state === 'connecting' || this.#isOpen());
  }

  /** node:http2 may know of the end before it tells. */
  #isOpen(): boolean {
    const session = this.#session;
    return session !== null && !session.closed && !session.destroyed;
  }

  assign(exchange: DispatchedExchange): void {
    const stream = new Http2Stream(this, exchange, this.state === 'connecting');
    this.#streams.add(stream);
    this.served++;
    exchange.onAssigned(stream);
    if (this.state === 'connecting') {
      if (!this.#opening) this.#open();
      return;
    }
    this.#deadline.clear();
    this.state = 'open';
    if (this.#session !== null) stream.send(this.#session);
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
    for (const { exchange } of [...this.#streams]) exchange.fail(code);
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

  spend(cost: number): boolean {
    const share = this.#share;
    share.spend(cost);
    if (share.spent && !share.waiting) {
      if (this.#socket !== null) stopReading(this.#socket);
      share.yield();
    }
    return share.waiting;
  }

  /** Others have had their turn. */
  onTurn(): void {
    // The session has taken the socket over, and knows no pause but that of each stream's window.
    if (this.#socket !== null) allowReading(this.#socket);
    for (const stream of [...this.#streams]) stream.onTurn();
  }

  onStreamOver(stream: Http2Stream): void {
    if (!this.#streams.delete(stream)) return;
    if (this.#streams.size === 0) this.#onUnused();
    else if (this.state === 'open') this.#owner.onRoom();
  }

  keepsConnecting(stream: Http2Stream): boolean {
    if (this.state !== 'connecting' || this.#oneShot) return false;
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#owner.onAbandoned(this);
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
      if (this.#streams.size === 0) this.#close();
    }
  }

  /**
   * A silent response may mean a dead connection, which would fail every exchange that is given to it. It
   * gets no more of them until the backend answers a PING (RFC 9113 §6.7).
   */
  probe(): void {
    const session = this.#session;
    if (session === null || session.destroyed || this.#probeDeadline.armed) return;
    if (!session.ping(this.#onPong)) return;
    this.#owner.connectTimeout.arm(this.#probeDeadline);
  }

  readonly #onPong = (error: Error | null): void => {
    if (error !== null || !this.#probeDeadline.armed) return;
    this.#probeDeadline.clear();
    this.#owner.onRoom();
  };

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

  readonly #onSocketError = (error: Error): void => this.#end(error);

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
    const exchanges = [...this.#streams].map(({ exchange }) => exchange);
    this.#streams.clear();
    this.#owner.onHttp1(this, socket, exchanges);
  }

  #startSession(socket: Socket): void {
    this.#session = openSession(this.scheme, socket, this);
  }

  onSettings({ maxConcurrentStreams = maxStreams }: Settings): void {
    const { learned } = this.#owner;
    this.spend(COST.MESSAGE);
    this.#limit = this.#oneShot ? 1 : Math.min(maxConcurrentStreams, maxStreams);
    if (!this.#oneShot) learned.streams = Math.max(1, this.#limit);
    if (this.state === 'connecting') this.#onReady();
    else if (this.state === 'open' || this.state === 'idle') this.#owner.onRoom();
  }

  #onReady(): void {
    const session = this.#session;
    if (session === null) return;
    this.#deadline.clear();
    this.#connected = true;
    this.state = 'open';
    this.#startLifetime();
    this.#owner.onConnected(this.startedAt);
    const waiting = [...this.#streams];
    const excess = waiting.splice(this.#limit);
    for (const stream of excess) this.#streams.delete(stream);
    this.served -= excess.length;
    for (const stream of waiting) stream.send(session);
    if (this.#streams.size === 0 && this.state === 'open') this.#onUnused();
    if (excess.length > 0) this.#owner.onReturned(excess.map(({ exchange }) => exchange));
  }

  #startLifetime(): void {
    const queue = this.#owner.lifetimes.next();
    if (queue === null) return;
    this.#lifetime = new Deadline(this, lifetimeDeadline);
    queue.arm(this.#lifetime);
  }

  // ————— The session's end.

  onGoaway(code: number, lastStreamId: number): void {
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
    if (code !== 0)
      this.endCause ??= createError('RIT_ERR_UPSTREAM_RESET', `backend sent GOAWAY ${code}`);
    if (this.state !== 'connecting') this.retire();
    else this.#end(createError('RIT_ERR_UPSTREAM_RESET', 'backend sent GOAWAY'));
  }

  onSessionClose(): void {
    this.#close();
  }

  onBroken(cause: unknown): void {
    this.#end(this.#connected ? brokenSession(cause) : cause);
  }

  #end(cause: unknown): void {
    this.endCause ??= cause;
    this.#close();
  }

  #close(): void {
    if (this.state === 'closing' || this.state === 'closed' || this.state === 'handed-over') return;
    if (this.state === 'idle') this.#owner.onUnusable(this);
    this.state = 'closing';
    this.#share.cancel();
    this.#deadline.clear();
    this.#probeDeadline.clear();
    this.#lifetime?.clear();
    this.#session?.destroy();
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
    this.#share.cancel();
    this.endCause ??= createError('RIT_ERR_UPSTREAM_RESET');
    this.#deadline.clear();
    this.#probeDeadline.clear();
    this.#lifetime?.clear();
    // The slot is free before anyone hears of the failure: who tries again finds it.
    this.#owner.onClosed(this);
    const error = this.#connected ? undefined : this.#connectError();
    for (const stream of [...this.#streams]) stream.onSessionEnd(error);
  }

  #connectError(): ReverseItError {
    const { endCause } = this;
    if (this.#session !== null && !isReverseItError(endCause) && !isTlsFailure(endCause)) {
      return notHttp2(endCause);
    }
    return connectError(endCause, this.#phase, this.#connector.origin.label);
  }
}
