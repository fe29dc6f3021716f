/**
 * The reading half of a client connection: requests and their bodies, one after the other, and how long they
 * are waited for. What it does next depends on the connection's state (`connection-state.ts`) alone.
 */
import type { Socket } from 'node:net';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import type { Exchange } from '../exchange/exchange.ts';
import {
  callBody,
  callBodyAnnounced,
  callBodyEnd,
  callListener,
} from '../exchange/handler-calls.ts';
import type { ExchangeHolder, ServerContext } from '../exchange/server-context.ts';
import { ConnectionState, EVENT, READING, WRITING } from './connection-state.ts';
import { ReadDeadline, type ReadDeadlineDelegate } from './read-deadline.ts';
import { type FeedDelegate, RequestFeed } from './request-feed.ts';

/** Bytes of a body that are dropped after an early response to keep the connection; beyond them it ends. */
const maxDiscarded = 65536;

export abstract class ConnectionInput
  implements ExchangeHolder, FeedDelegate, ReadDeadlineDelegate
{
  readonly socket: Socket;
  readonly feed: RequestFeed;
  exchangeNumber = Number.POSITIVE_INFINITY;
  protected readonly context: ServerContext;
  protected readonly state = new ConnectionState();
  protected readonly readDeadline: ReadDeadline;
  /** The one in progress; null while there is none. */
  protected exchange: Exchange | null = null;
  #bodyTimeout = 0;
  #served = 0;
  /** The client has said that it sends no other request (RFC 9112 §9.6). */
  #isLast = false;

  constructor(context: ServerContext, socket: Socket) {
    this.context = context;
    this.socket = socket;
    this.feed = new RequestFeed(socket, context.limits, this.state, this);
    this.readDeadline = new ReadDeadline(context, this.feed, this);
  }

  // What the other half does.

  protected abstract makeExchange(head: RequestHead): Exchange;
  /** Whether the client has yet to take what was written. */
  protected abstract readonly isBlocked: boolean;
  /** The client has sent FIN while it waits for its response. */
  protected abstract onHalfClose(): void;
  abstract refuse(error: ReverseItError): void;
  abstract finish(): void;
  abstract abort(cause: ReverseItError | undefined): void;

  get ending(): boolean {
    return (
      this.context.closing ||
      (this.state.peerEnded && !this.feed.hasUnparsed) ||
      this.#served >= this.context.maxRequestsPerConnection
    );
  }

  /** The exchange whose response is not complete; null where there is none. */
  protected get responding(): Exchange | null {
    return this.state.responding ? this.exchange : null;
  }

  /** Whether no request is in progress: the connection can be closed without loss. */
  protected get idle(): boolean {
    return this.state.writing === WRITING.NONE && !this.feed.hasBegun;
  }

  onRequest(head: RequestHead): void {
    this.readDeadline.clear();
    this.#served++;
    this.#isLast = !head.persistent;
    this.exchange = this.makeExchange(head);
    this.context.onExchangeStart(this);
    callListener(this.exchange, this.context.listener);
  }

  onBody(bytes: Buffer): void {
    if (this.exchange !== null) callBody(this.exchange, bytes);
  }

  onBodyAnnounced(length: number): void {
    const exchange = this.responding;
    if (exchange !== null) callBodyAnnounced(exchange, length);
  }

  onBodyEnd(trailers: FieldSection): void {
    this.readDeadline.clear();
    const exchange = this.responding;
    if (exchange !== null) callBodyEnd(exchange, trailers);
  }

  beginNext(): boolean {
    if (this.state.responding || this.isBlocked) {
      if (this.state.peerEnded) this.onHalfClose();
      return false;
    }
    this.exchange = null;
    this.state.on(EVENT.NEXT);
    return true;
  }

  onFed(): void {
    const { reading, peerEnded } = this.state;
    if (reading === READING.HEAD) {
      if (peerEnded || (this.context.closing && this.idle)) this.finish();
      else if (this.feed.insideHead) this.readDeadline.awaitHead();
      else if (this.#served > 0) this.readDeadline.awaitRequest();
    } else if (reading === READING.DISCARDING) {
      if (peerEnded || this.feed.discarded > maxDiscarded) this.finish();
    } else if (reading === READING.BODY || reading === READING.HELD) {
      if (peerEnded && !this.feed.holdsBytes) this.abort(createError('RIT_ERR_INCOMPLETE_BODY'));
      else if (reading === READING.BODY) this.readDeadline.awaitBody(this.#bodyTimeout);
    }
  }

  readBody(idleTimeout: number): void {
    if (!this.state.open || this.state.reading !== READING.HELD) return;
    this.state.on(EVENT.READ);
    this.#bodyTimeout = idleTimeout;
    this.feed.resume();
  }

  pauseBody(): void {
    if (this.state.reading !== READING.BODY) return;
    this.state.on(EVENT.PAUSE);
    this.readDeadline.clear();
  }

  /** Whether the client sends nothing more that would be answered with RST. */
  protected get isRead(): boolean {
    if (this.feed.hasUnparsed) return false;
    return this.state.peerEnded || (this.#isLast && this.state.reading === READING.DONE);
  }
}
