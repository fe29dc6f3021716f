/**
 * What undici reports of the requests of one connection, checked and told to the exchange under way.
 * There is one request at a time, and a connection whose exchange has failed is given up: whatever
 * undici still reports then finds no exchange.
 */
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import { ChunkJoiner } from '@reverseit/core/internal';
import type { Dispatcher } from 'undici';
import { exchangeError, isTlsFailure, isUnexpectedLength, lost } from '../../connect/error-map.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { connectionLines, requestHead } from '../../exchange/message/request-head.ts';
import { readTrailers } from './trailer-section.ts';
import type { UndiciConnection } from './undici-connection.ts';

type Controller = Dispatcher.DispatchController;

export class UndiciHandler implements Dispatcher.DispatchHandler {
  readonly #connection: UndiciConnection;
  /** undici reports each chunk by itself, and a read may hold ten thousand. */
  readonly #joiner = new ChunkJoiner((chunk) => this.#deliver(chunk));

  constructor(connection: UndiciConnection) {
    this.#connection = connection;
  }

  onRequestStart(): void {
    const { exchange } = this.#connection;
    if (exchange !== null) this.#connection.begin(exchange);
  }

  onRequestSent(): void {
    this.#connection.exchange?.onSent();
  }

  onResponseStart(): void {
    // The connection has read the head, and undici one that frames the content.
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#connection.exchange === null) return;
    this.#connection.onChunk(chunk);
    this.#joiner.add(chunk);
  }

  /** Hands on what has been reported so far. */
  flush(): void {
    this.#joiner.flush();
  }

  #deliver(chunk: Buffer): void {
    const { exchange } = this.#connection;
    if (exchange === null) return;
    this.#connection.onChunkDone(chunk, exchange.onChunk(chunk));
    exchange.onProgress();
  }

  onResponseEnd(controller: Controller): void {
    this.#joiner.flush();
    const { exchange, failure, heads } = this.#connection;
    if (exchange === null) return;
    if (heads.final?.untilClose === true && failure !== null) {
      // undici takes a reset for the end of the connection that ends such a body.
      exchange.onFailed(lost({ headSeen: true, connectionEnded: true }, failure));
      return;
    }
    const raw = (controller.rawTrailers ?? []) as Buffer[];
    const trailers = readTrailers(raw, exchange.limits.maxResponseHeaderBytes);
    if (isReverseItError(trailers)) exchange.onFailed(trailers);
    else exchange.onComplete(trailers);
  }

  onRequestUpgrade(): void {
    const { exchange, heads } = this.#connection;
    if (heads.switched !== null) exchange?.onSwitched(heads.switched);
  }

  onResponseError(controller: Controller | null | undefined, cause: Error): void {
    this.#joiner.flush();
    const { exchange, ended, failure } = this.#connection;
    if (exchange === null) return;
    if (exchange.headSeen && isUnexpectedLength(cause)) {
      // Among the trailers: it means nothing there (RFC 9110 §6.5.1), and the body is complete (RFC 9112 §8).
      this.#connection.ended = true;
      exchange.onComplete([]);
      return;
    }
    // undici rejected the request itself; the connection was not touched.
    if (controller === null) {
      exchange.onFailed(refusal(exchange, cause));
      return;
    }
    // After an alert undici sees the end of the connection, and reports only that.
    const isHidden = !isReverseItError(cause) && isTlsFailure(failure);
    const context = { headSeen: exchange.headSeen, connectionEnded: ended };
    exchange.onLost(exchangeError(isHidden ? failure : cause, context));
  }
}

/** Why undici does not send a request that was not checked, in our words where we would not either. */
function refusal(exchange: DispatchedExchange, cause: Error): ReverseItError {
  const head = requestHead(exchange.request, exchange.fields, connectionLines(exchange));
  if (typeof head !== 'string') return head;
  return createError('RIT_ERR_INTERNAL', 'undici rejected the request', { cause });
}
