/**
 * One request and its response over HTTP/1.1: the one object that a request costs. It waits in the
 * pool's queue, is the handler that undici reports to, holds the limits against the response and tells
 * our own handler. Every way out passes `#finish`, once.
 */
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import {
  type ErrorCode,
  fail,
  isReverseItError,
  type ReverseItError,
} from '@reverseit/core/errors';
import { hasField } from '@reverseit/core/http';
import type { Dispatcher } from 'undici';
import type { ResolvedLimits } from './dispatch-limits.ts';
import { exchangeError, lost } from './error-map.ts';
import type { Http1Connection } from './http1-connection.ts';
import { bodyTooLarge, type CheckedHead, readHead, readSection } from './response-head.ts';
import { mayRepeat } from './retry-policy.ts';
import { Upload, type UploadObserver } from './upload.ts';
import type { BodySource, UpstreamRequest } from './upstream-request.ts';
import type { ResponseHandler, UpgradeHandler, UpstreamExchange } from './upstream-response.ts';
import type { Waiter } from './wait-queue.ts';

/** What an exchange needs of the pool that it was dispatched to. */
export interface ExchangeHome {
  /** Asks for a connection again; a fresh one where there is room. */
  reacquire(exchange: Http1Exchange): void;
  /** Leaves the queue. */
  leave(exchange: Http1Exchange): void;
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

type Controller = Dispatcher.DispatchController;

export class Http1Exchange
  implements UpstreamExchange, Waiter, DeadlineTarget, UploadObserver, Dispatcher.DispatchHandler
{
  // Links of the wait queue.
  queued = false;
  queuePrevious: Waiter | null = null;
  queueNext: Waiter | null = null;
  readonly oneShot: boolean;

  readonly #home: ExchangeHome;
  readonly #request: UpstreamRequest;
  readonly #limits: ResolvedLimits;
  readonly #handler: ResponseHandler;
  readonly #onSwitch: UpgradeHandler | null;
  #phase: Phase = 'new';
  /** `dispatch` has not returned yet: nobody may be called. */
  #dispatching = true;
  #aborted = false;
  #connection: Http1Connection | null = null;
  #upload: Upload | null = null;
  #queueDeadline: Deadline | null = null;
  #retries: number;
  #paused = false;
  #head: CheckedHead | null = null;
  #received = 0;

  constructor(
    home: ExchangeHome,
    request: UpstreamRequest,
    limits: ResolvedLimits,
    handler: ResponseHandler,
    onSwitch: UpgradeHandler | null,
    oneShot: boolean,
  ) {
    this.#home = home;
    this.#request = request;
    this.#limits = limits;
    this.#handler = handler;
    this.#onSwitch = onSwitch;
    this.oneShot = oneShot;
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
    if (this.#phase !== 'done') this.#finish()?.drop();
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
    this.#queueDeadline ??= new Deadline(this, 0);
    this.#limits.pool.arm(this.#queueDeadline);
  }

  /** The only deadline whose target we are is that of the queue. */
  onDeadline(): void {
    this.fail('RIT_ERR_UPSTREAM_QUEUE_TIMEOUT', this.#limits.pool.ms);
  }

  onAssigned(connection: Http1Connection): void {
    this.#queueDeadline?.clear();
    this.#phase = 'assigned';
    this.#connection = connection;
  }

  /** Ends it with an error of ours. */
  fail(code: ErrorCode, afterMs?: number): void {
    this.#fail(fail(code, undefined, afterMs === undefined ? undefined : { details: { afterMs } }));
  }

  // ————— Towards the connection.

  get hasBody(): boolean {
    return this.#request.body !== null;
  }

  /** What undici's dispatch takes. */
  get dispatchOptions(): Dispatcher.DispatchOptions {
    const { method, target, fields, body } = this.#request;
    let content: Buffer | Upload | null = null;
    if (body !== null) {
      if (isSource(body)) {
        this.#upload = new Upload(body, this);
        content = this.#upload;
      } else content = body;
    }
    return {
      method,
      path: target,
      headers: fields,
      // A duck-typed stream, see upload.ts.
      body: content as Buffer | null,
      // Else undici closes after every HEAD and after every body on a method that has none by custom.
      reset: this.oneShot,
      upgrade: this.#onSwitch === null ? null : 'websocket',
    };
  }

  onConnectionDeadline(): void {
    if (this.#phase === 'awaiting') {
      this.fail('RIT_ERR_UPSTREAM_HEAD_TIMEOUT', this.#limits.head.ms);
    } else this.fail('RIT_ERR_UPSTREAM_BODY_TIMEOUT', this.#limits.idle.ms);
  }

  /** The socket has taken something of the request. */
  onWritten(): void {
    const connection = this.#connection;
    if (this.#phase !== 'flushing' || connection === null) return;
    // What stands in our own buffer has not been sent: a slow backend has time for each piece of it.
    if (connection.unsent > 0) connection.arm(this.#limits.idle);
    else {
      this.#phase = 'awaiting';
      connection.arm(this.#limits.head);
    }
  }

  /** The response gate refused the response. */
  onMalformed(error: ReverseItError): void {
    this.#fail(error);
  }

  // ————— Towards undici. Nothing it calls after the end may have an effect.

  onRequestStart(): void {
    const connection = this.#connection;
    if (this.#phase === 'done' || connection === null) return;
    this.#phase = 'sending';
    connection.begin(this.#limits.maxResponseHeaderBytes, this.#onSwitch !== null);
  }

  onRequestSent(): void {
    if (this.#phase !== 'sending' || this.#connection === null) return;
    this.#phase = 'flushing';
    this.onWritten();
  }

  onResponseStart(controller: Controller, status: number, _: unknown, reason?: string): void {
    const connection = this.#connection;
    if (this.#phase === 'done' || connection === null) return;
    const raw = controller.rawHeaders as Buffer[];
    if (status < 200) this.#onInterim(connection, status, raw);
    else this.#onFinal(connection, status, reason ?? '', raw);
  }

  #onInterim(connection: Http1Connection, status: number, raw: Buffer[]): void {
    connection.gate.progress();
    if (status === 101) {
      this.#fail(
        fail('RIT_ERR_UPSTREAM_PROTOCOL', 'backend switched protocols without naming one'),
      );
      return;
    }
    const fields = readSection(raw, this.#limits.maxResponseHeaderBytes);
    if (isReverseItError(fields)) this.#fail(fields);
    else this.#handler.onInterim(status, fields);
  }

  #onFinal(connection: Http1Connection, status: number, reason: string, raw: Buffer[]): void {
    connection.gate.headComplete();
    const isHead = this.#request.method === 'HEAD';
    const head = readHead(status, reason, raw, isHead, connection.gate.isHttp10, this.#limits);
    if (isReverseItError(head)) {
      this.#fail(head);
      return;
    }
    this.#head = head;
    this.#phase = 'receiving';
    if (this.#paused) this.#hold();
    else this.#watch(connection);
    this.#handler.onHead(head);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    const connection = this.#connection;
    if (this.#phase !== 'receiving' || connection === null) return;
    connection.gate.progress();
    this.#received += chunk.length;
    if (this.#received > this.#limits.maxResponseBodySize) {
      this.#fail(bodyTooLarge(this.#limits.maxResponseBodySize, this.#received));
      return;
    }
    this.#watch(connection);
    this.#handler.onData(chunk);
  }

  onResponseEnd(controller: Controller): void {
    const connection = this.#connection;
    const head = this.#head;
    if (this.#phase !== 'receiving' || connection === null || head === null) return;
    if (head.untilClose && connection.failure !== null) {
      // undici takes a reset for the end of the connection that ends such a body.
      this.#fail(lost({ headSeen: true, connectionEnded: true }, connection.failure));
      return;
    }
    const raw = (controller.rawTrailers ?? []) as Buffer[];
    const trailers = readSection(raw, this.#limits.maxResponseHeaderBytes);
    if (isReverseItError(trailers)) {
      this.#fail(trailers);
      return;
    }
    const uploading = this.#upload?.active === true;
    // undici's parser heeds a Connection trailer, too, and would refuse the next response.
    const clean = !uploading && !hasField(trailers, 'connection');
    this.#finish();
    const persistent = head.persistent && clean && !this.oneShot && this.#onSwitch === null;
    connection.release(persistent, head.idleHint);
    this.#handler.onEnd(trailers);
  }

  onRequestUpgrade(controller: Controller, status: number): void {
    const connection = this.#connection;
    const handler = this.#onSwitch;
    if (this.#phase === 'done' || connection === null || handler === null) return;
    const raw = controller.rawHeaders as Buffer[];
    const fields = readSection(raw, this.#limits.maxResponseHeaderBytes);
    if (isReverseItError(fields)) {
      this.#fail(fields);
      return;
    }
    this.#finish();
    const socket = connection.surrender();
    if (socket === null) return;
    handler.onSwitch({ status, reason: '', fields, contentLength: 0 }, socket);
  }

  onResponseError(controller: Controller | null | undefined, cause: Error): void {
    const connection = this.#connection;
    if (this.#phase === 'done' || connection === null) return;
    // undici refused the request itself; the connection was not touched.
    if (controller === null) this.#fail(fail('RIT_ERR_INTERNAL', undefined, { cause }));
    else if (this.#mayTryAgain(connection)) this.#tryAgain();
    else {
      const context = {
        headSeen: this.#head !== null,
        connectionEnded: connection.ended,
      };
      this.#fail(exchangeError(cause, context));
    }
  }

  /** The keep-alive race: a used connection that ended before any byte of the response. */
  #mayTryAgain(connection: Http1Connection): boolean {
    if (connection.served === 1) return false;
    // undici had not yet written it, so nobody has seen it.
    if (this.#phase === 'assigned') return true;
    if (connection.heard || !mayRepeat(this.#request) || this.#retries === 0) return false;
    this.#retries--;
    return true;
  }

  #tryAgain(): void {
    this.#connection = null;
    this.#phase = 'new';
    this.#home.reacquire(this);
  }

  // ————— The upload's progress.

  onUploadBlocked(): void {
    this.#connection?.arm(this.#limits.idle);
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

  /** Silence counts from now, unless it is we who do not listen. */
  #watch(connection: Http1Connection): void {
    if (!this.#paused) connection.arm(this.#limits.idle);
    else if (this.#upload?.blocked !== true) connection.disarm();
  }

  // ————— The end.

  #fail(error: ReverseItError): void {
    if (this.#phase === 'done') return;
    this.#finish()?.drop();
    if (this.#dispatching) queueMicrotask(() => this.#report(error));
    else this.#report(error);
  }

  #report(error: ReverseItError): void {
    if (!this.#aborted) this.#handler.onError(error);
  }

  /** Leaves the queue and the connection, which is handed back to be released or dropped. */
  #finish(): Http1Connection | null {
    const connection = this.#connection;
    this.#phase = 'done';
    this.#connection = null;
    this.#queueDeadline?.clear();
    if (this.queued) this.#home.leave(this);
    if (this.#upload !== null) this.#upload.cancel();
    else if (isSource(this.#request.body)) this.#request.body.cancel();
    return connection;
  }
}

function isSource(body: UpstreamRequest['body']): body is BodySource {
  return body !== null && !Buffer.isBuffer(body);
}
