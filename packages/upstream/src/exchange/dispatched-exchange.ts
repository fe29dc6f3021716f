/**
 * One request and its response, whatever the connection speaks: the one object that a request costs. It waits
 * in the pool's queue, is told by its connection how the exchange goes, and keeps deadlines and retries; what
 * the handler is told is in ResponseDelivery. It knows no transport. Every way out passes `#finish`, once.
 */
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ErrorCode, type ReverseItError, timedOut } from '@reverseit/core/errors';
import {
  type FieldSection,
  type HeaderSection,
  hasField,
  type ReadonlyFieldSection,
} from '@reverseit/core/http';
import type { Linked } from '@reverseit/core/internal';
import type { ResolvedLimits } from './dispatch-limits.ts';
import type { ExchangeTransport } from './exchange-transport.ts';
import { isReplayable } from './message/collected-body.ts';
import { type CheckedHead, malformed } from './message/response-head.ts';
import type { BodySource, UpstreamRequest } from './message/upstream-request.ts';
import type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
} from './message/upstream-response.ts';
import { ResponseDelivery } from './response-delivery.ts';
import { decideRetry, isSafe, mayRetry } from './retry-policy.ts';
import { cancelSource, Upload, type UploadObserver, type UploadPort } from './upload.ts';

/** What an exchange needs of the pool that it was dispatched to. */
export interface ExchangeOwner {
  /** Asks for a connection again; a fresh one where there is room. */
  reacquire(exchange: DispatchedExchange): void;
  now(): number;
  /** It has left the queue, in which it was since then (`now`). */
  onWaited(since: number): void;
  /** Leaves the queue, if it is in it. */
  leave(exchange: DispatchedExchange): void;
}

/**
 * new → queued ⇄ assigned → sending → flushing → awaiting → receiving → done. `sending` lasts until
 * the last byte was handed to the socket, `flushing` until the socket took it; an early answer skips both.
 */
type Phase =
  | 'new'
  | 'queued'
  | 'assigned'
  | 'sending'
  | 'flushing'
  | 'awaiting'
  | 'receiving'
  | 'done';

/** Deadlines of an exchange's own, beside that of its connection. */
const DEADLINE = { QUEUE: 0, SILENCE: 1, INTERIMS: 2 } as const;

export class DispatchedExchange
  extends ResponseDelivery
  implements UpstreamExchange, Linked<DispatchedExchange>, DeadlineTarget, UploadObserver
{
  // Links of the wait queue.
  previous: DispatchedExchange | null = null;
  next: DispatchedExchange | null = null;
  readonly oneShot: boolean;
  attempts = 0;
  readonly request: UpstreamRequest;
  /** Those of the request. */
  readonly fields: HeaderSection;
  /** Of the request in HTTP/1.1; empty where it has not been written yet. */
  head = '';
  /** What Upgrade offers; empty where no switch of protocols is asked for. */
  readonly protocol: string;

  readonly #owner: ExchangeOwner;
  readonly #onSwitch: UpgradeHandler | null;
  #phase: Phase = 'new';
  /** `dispatch` has not returned yet: nobody may be called. */
  #dispatching = true;
  #aborted = false;
  #connection: ExchangeTransport | null = null;
  #upload: Upload | null = null;
  #queueDeadline: Deadline | null = null;
  /** When it was queued. */
  #queuedAt = 0;
  /** Of a head that arrives in parts; that of the connection bounds the whole wait for it. */
  #silenceDeadline: Deadline | null = null;
  /** Bounds what interim responses may add to the wait for the head; made for the first of them. */
  #interimDeadline: Deadline | null = null;
  #retries: number;
  #paused = false;

  constructor(
    owner: ExchangeOwner,
    request: UpstreamRequest,
    fields: HeaderSection,
    limits: ResolvedLimits,
    handler: ResponseHandler,
    onSwitch: UpgradeHandler | null,
    oneShot: boolean,
    protocol: string,
  ) {
    super(limits, handler);
    this.#owner = owner;
    this.request = request;
    this.fields = fields;
    this.#onSwitch = onSwitch;
    this.oneShot = oneShot;
    this.protocol = protocol;
    this.#retries = limits.retries;
  }

  // ————— Towards the caller.

  pause(): void {
    if (this.#paused || this.#phase === 'done') return;
    this.#paused = true;
    if (this.#phase === 'receiving') this.#hold();
  }

  resume(): void {
    if (!this.#paused || this.#phase === 'done') return;
    this.#paused = false;
    if (this.#phase !== 'receiving' || this.#connection === null) return;
    this.#connection.resume();
    this.#watch(this.#connection);
  }

  /** The body is held back; its head and what comes before it is not. */
  #hold(): void {
    this.#connection?.pause();
    if (this.#upload?.blocked !== true) this.#connection?.disarm();
  }

  abort(): void {
    this.#aborted = true;
    if (this.#phase !== 'done') this.#finish()?.abandon();
  }

  /** `dispatch` returns now: from here on the handler may be called. */
  dispatched(): this {
    this.#dispatching = false;
    return this;
  }

  // ————— Towards the pool.

  /** The pool has no connection for it yet. */
  onQueued(): void {
    this.#phase = 'queued';
    this.#queuedAt = this.#owner.now();
    this.#queueDeadline ??= new Deadline(this, DEADLINE.QUEUE);
    this.limits.pool.arm(this.#queueDeadline);
  }

  onDeadline(kind: number): void {
    if (kind === DEADLINE.QUEUE) {
      this.#fail(timedOut('RIT_ERR_UPSTREAM_QUEUE_TIMEOUT', this.limits.pool.ms));
    } else if (kind === DEADLINE.INTERIMS) this.#fail(this.#noHead());
    else this.#fail(timedOut('RIT_ERR_UPSTREAM_BODY_TIMEOUT', this.limits.idle.ms));
  }

  #noHead(): ReverseItError {
    return timedOut('RIT_ERR_UPSTREAM_HEAD_TIMEOUT', this.limits.head.ms);
  }

  onAssigned(connection: ExchangeTransport): void {
    this.#leaveQueue();
    this.attempts++;
    this.#phase = 'assigned';
    this.#connection = connection;
    this.request.observer?.onAttempt(!connection.fresh);
  }

  /** Ends it with an error of ours. */
  fail(code: ErrorCode): void {
    this.#fail(createError(code));
  }

  // ————— Towards the connection. Nothing it calls after the end may have an effect.

  get hasBody(): boolean {
    return this.request.body !== null;
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** Whether it asks for a switch of protocols. */
  get upgrading(): boolean {
    return this.#onSwitch !== null;
  }

  protected get isReceiving(): boolean {
    return this.#phase === 'receiving';
  }

  protected get isOver(): boolean {
    return this.#phase === 'done';
  }

  /** The upload of a streamed body, for a transport that puts its chunks on the wire. */
  openUpload(port: UploadPort, source: BodySource): Upload {
    this.#upload = new Upload(source, this, port);
    return this.#upload;
  }

  /** Whether it may be sent again over another connection, should this one turn out to be closed. */
  get repeatable(): boolean {
    return mayRetry(this.request, this.#retries);
  }

  onConnectionDeadline(): void {
    if (this.#phase === 'awaiting') this.#fail(this.#noHead());
    else this.#fail(timedOut('RIT_ERR_UPSTREAM_BODY_TIMEOUT', this.limits.idle.ms));
  }

  /** The request is about to be written. */
  onBegin(): void {
    if (this.#phase === 'assigned') this.#phase = 'sending';
  }

  /** All of the request was handed to the socket. */
  onSent(): void {
    if (this.#phase !== 'sending') return;
    this.#phase = 'flushing';
    this.onWritten();
  }

  /** The socket has taken something of the request. */
  onWritten(): void {
    const connection = this.#connection;
    if (this.#phase !== 'flushing' || connection === null) return;
    // What stands in our own buffer has not been sent: a slow backend has time for each chunk of it.
    if (connection.pendingBytes > 0) connection.arm(this.limits.idle);
    else {
      this.#phase = 'awaiting';
      connection.arm(this.limits.head);
    }
  }

  /**
   * An interim response other than 100 and 101. The backend is at work: the wait for the head begins anew.
   */
  onInterim(status: number, fields: ReadonlyFieldSection): void {
    if (this.#phase === 'done') return;
    if (this.#phase === 'awaiting') {
      this.#connection?.arm(this.limits.head);
      // Once, and not for each that comes: a drip would hold the request for ever.
      if (this.#interimDeadline === null) {
        this.#interimDeadline = new Deadline(this, DEADLINE.INTERIMS);
        this.limits.interims.arm(this.#interimDeadline);
      }
    }
    this.deliverInterim(status, fields);
  }

  /** A read has ended before the final head; `inside`: within a head, so that more of it is due. */
  onHeadPart(inside: boolean): void {
    if (!inside || this.#phase !== 'awaiting') this.#silenceDeadline?.clear();
    else {
      this.#silenceDeadline ??= new Deadline(this, DEADLINE.SILENCE);
      this.limits.idle.arm(this.#silenceDeadline);
    }
  }

  onFinal(head: CheckedHead): void {
    if (this.#phase === 'done') return;
    this.#silenceDeadline?.clear();
    this.#interimDeadline?.clear();
    this.request.observer?.onAttemptResponse(head.status);
    if (head.offersLogin) this.#connection?.bind();
    this.#phase = 'receiving';
    if (this.#paused) this.#hold();
    this.deliverHead(head);
  }

  /** A read has brought the head, or something of the body, and the response is not complete. */
  onProgress(): void {
    if (this.#phase === 'receiving' && this.#connection !== null) this.#watch(this.#connection);
  }

  /** The response is complete. */
  onComplete(trailers: FieldSection): void {
    this.onReadEnd();
    const connection = this.#connection;
    const head = this.responseHead;
    if (this.#phase !== 'receiving' || connection === null || head === null) return;
    const uploading = this.#upload?.active === true;
    // A Connection trailer is none (RFC 9110 §6.5.1), but parsers heed it.
    const clean = !uploading && !hasField(trailers, 'connection');
    this.#finish();
    const persistent = head.persistent && clean && !this.oneShot && this.#onSwitch === null;
    connection.release(persistent, head.idleHint);
    this.deliverEnd(trailers);
  }

  /** The backend has switched protocols, as it was asked. */
  onSwitched(headers: HeaderSection): void {
    const connection = this.#connection;
    const handler = this.#onSwitch;
    if (this.#phase === 'done' || connection === null || handler === null) return;
    if (this.#upload?.active === true) {
      // RFC 9110 §7.8: a client speaks the new protocol once it has sent its request, and not before.
      this.#fail(malformed('status 101 before the request was complete'));
      return;
    }
    this.request.observer?.onAttemptResponse(101);
    this.#finish();
    const socket = connection.detachSocket();
    if (socket === null) return;
    const { fields } = headers;
    const head = {
      ...{ status: 101, reason: '', httpVersion: '1.1' as const },
      ...{ headers, fields, contentLength: 0 },
    };
    this.deliverSwitch(handler, head, socket);
  }

  /** The attempt failed; `error` is what that means unless the request is sent again. */
  onLost(error: ReverseItError): void {
    const connection = this.#connection;
    if (this.#phase === 'done' || connection === null) return;
    const { method, body } = this.request;
    const decision = decideRetry({
      verdict: error.retry,
      fresh: connection.fresh,
      sent: this.#phase !== 'assigned',
      responseStarted: connection.responseStarted,
      replayable: isReplayable(body),
      safe: isSafe(method),
      budget: this.#retries,
    });
    if (decision === 'no') {
      this.#fail(error);
      return;
    }
    if (decision === 'spend') this.#retries--;
    this.request.observer?.onAttemptEnd(error);
    this.onReturned();
    this.#owner.reacquire(this);
  }

  /** The request was not sent, and the transport gives it back. Answers whether it is still wanted. */
  onReturned(): boolean {
    const connection = this.#connection;
    if (this.#phase === 'done' || connection === null) return false;
    this.#connection = null;
    connection.drop();
    this.#phase = 'new';
    return true;
  }

  /** The response is refused, or the request cannot be sent. */
  onFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  // ————— The upload's progress.

  onUploadBlocked(): void {
    this.#connection?.arm(this.limits.idle);
  }

  onUploadProgress(): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (this.#phase === 'receiving') this.#watch(connection);
    else connection.disarm();
  }

  onUploadFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  /** Restarts the idle timeout, unless we paused reading. */
  #watch(connection: ExchangeTransport): void {
    if (!this.#paused) connection.arm(this.limits.idle);
    else if (this.#upload?.blocked !== true) connection.disarm();
  }

  // ————— The end.

  #fail(error: ReverseItError): void {
    if (this.#phase === 'done') return;
    this.request.observer?.onAttemptEnd(error);
    this.#finish()?.drop();
    if (this.#dispatching) queueMicrotask(() => this.#report(error));
    else this.#report(error);
  }

  #report(error: ReverseItError): void {
    if (!this.#aborted) this.deliverError(error);
  }

  /** Leaves the queue and the connection, which is handed back to be released or dropped. */
  #finish(): ExchangeTransport | null {
    const connection = this.#connection;
    this.#leaveQueue();
    this.#phase = 'done';
    this.request.observer?.onAttemptEnd(null);
    this.#connection = null;
    this.#silenceDeadline?.clear();
    this.#interimDeadline?.clear();
    this.#owner.leave(this);
    if (this.#upload !== null) this.#upload.cancel();
    else if (!isReplayable(this.request.body)) cancelSource(this.request.body);
    return connection;
  }

  #leaveQueue(): void {
    if (this.#phase !== 'queued') return;
    this.#queueDeadline?.clear();
    this.#owner.onWaited(this.#queuedAt);
  }
}
