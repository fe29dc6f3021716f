/** What carries one exchange over HTTP/2: a place on a connection that may still be connecting, then a stream. */
import type { Duplex } from 'node:stream';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import type { Linked } from '@reverseit/core/internal';
import { lost } from '../connect/error-map.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { ExchangeTransport } from '../exchange/exchange-transport.ts';
import { isProtocolFault, refused } from './http2-errors.ts';
import { requestSection } from './http2-fields.ts';
import type { Http2Session } from './http2-session.ts';
import { Http2Stream } from './http2-stream.ts';

/** What an exchange's place needs of its connection. */
export interface TransportOwner {
  readonly scheme: 'http' | 'https';
  /** Why the session ended, where it did; null while it has not. */
  readonly endCause: unknown;
  /** Whether the connection waits for its turn, so that the backend is not late. */
  readonly waitsForTurn: boolean;
  /** The exchange has left, one way or another. */
  onTransportOver(transport: Http2Transport): void;
  /** Before it is connected, its exchange has left. Whether it goes on without. */
  keepsConnecting(transport: Http2Transport): boolean;
  /** The session cannot open streams any more. */
  retire(): void;
  /** A response did not come in time: is the backend still there? */
  probe(): void;
}

export class Http2Transport implements ExchangeTransport, DeadlineTarget, Linked<Http2Transport> {
  // Links of the connection's list.
  previous: Http2Transport | null = null;
  next: Http2Transport | null = null;
  readonly fresh: boolean;
  readonly exchange: DispatchedExchange;
  readonly #owner: TransportOwner;
  readonly #deadline = new Deadline(this, 0);
  #armedFrom: DeadlineQueue | null = null;
  #stream: Http2Stream | null = null;
  #over = false;

  constructor(owner: TransportOwner, exchange: DispatchedExchange, fresh: boolean) {
    this.#owner = owner;
    this.exchange = exchange;
    this.fresh = fresh;
  }

  // ————— Towards the exchange.

  get responseStarted(): boolean {
    return this.#stream?.responseStarted ?? false;
  }

  get pendingBytes(): number {
    return this.#stream?.output.queued ?? 0;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  arm(queue: DeadlineQueue): void {
    this.#armedFrom = queue;
    queue.arm(this.#deadline);
  }

  disarm(): void {
    this.#deadline.clear();
  }

  onDeadline(): void {
    if (this.#owner.waitsForTurn) {
      this.#armedFrom?.arm(this.#deadline);
      return;
    }
    this.#owner.probe();
    this.exchange.onConnectionDeadline();
  }

  bind(): void {
    // Streams are apart from each other: nobody is logged in by the connection (RFC 9113 §5).
  }

  release(): void {
    this.drop();
  }

  drop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.clear();
    this.#stream?.close();
    this.#owner.onTransportOver(this);
  }

  abandon(): void {
    if (this.#stream === null && this.#owner.keepsConnecting(this)) {
      this.#over = true;
      this.#deadline.clear();
    } else this.drop();
  }

  detachSocket(): Duplex | null {
    return null;
  }

  // ————— Towards the connection.

  /** Opens a stream with the request of the exchange. */
  send(session: Http2Session): void {
    if (this.#over) return;
    const { exchange } = this;
    const section = requestSection(exchange.request, exchange.fields, this.#owner.scheme);
    if (isReverseItError(section)) exchange.onFailed(section);
    else if (!session.hasIds) {
      this.#owner.retire();
      exchange.onLost(refused());
    } else {
      exchange.onBegin();
      this.#stream = new Http2Stream(session, exchange);
      this.#stream.send(section);
    }
  }

  /** The backend takes no streams after this one (RFC 9113 §6.8). */
  onLastStream(lastStreamId: number): void {
    if (this.#stream === null) this.exchange.onLost(refused());
    else if (this.#stream.id > lastStreamId) this.#stream.onNotProcessed();
  }

  /** The session is gone, with all its streams. `connectError` where there never was one. */
  onSessionEnd(connectError: ReverseItError | null): void {
    const { exchange } = this;
    if (this.#over || this.#stream?.remoteEnded === true) return;
    const { headSeen } = exchange;
    const { endCause } = this.#owner;
    if (connectError !== null) exchange.onLost(connectError);
    else if (this.#stream === null) exchange.onLost(refused(endCause));
    else if (isProtocolFault(endCause) && !headSeen) exchange.onFailed(endCause);
    else exchange.onLost(lost(headSeen, endCause));
  }
}
