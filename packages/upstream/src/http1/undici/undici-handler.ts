/**
 * What undici reports of the requests of one connection, told to the exchange under way. There is one request
 * at a time, and a connection whose exchange has failed is given up: whatever undici still reports then finds
 * no exchange. Responses it reports none but those that stand in for what has been read.
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, HeaderSection } from '@reverseit/core/http';
import type { Dispatcher } from 'undici';
import { exchangeError } from '../../connect/error-map.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { connectionLines, requestHead } from '../../exchange/message/request-head.ts';
import type { UndiciConnection } from './undici-connection.ts';

export class UndiciHandler implements Dispatcher.DispatchHandler {
  /** Of the response that has been read. */
  trailers: FieldSection = [];
  /** Fields of the 101 that has been read. */
  switched: HeaderSection | null = null;
  readonly #connection: UndiciConnection;

  constructor(connection: UndiciConnection) {
    this.#connection = connection;
  }

  /** undici is about to write the request. */
  onRequestStart(): void {
    const { exchange } = this.#connection;
    if (exchange !== null) this.#connection.begin(exchange);
  }

  onRequestSent(): void {
    this.#connection.exchange?.onSent();
  }

  onResponseStart(): void {
    // The exchange has been told.
  }

  onResponseData(): void {
    // There is no content in what undici reads.
  }

  onResponseEnd(): void {
    this.#connection.exchange?.onComplete(this.trailers);
  }

  onRequestUpgrade(): void {
    const { switched } = this;
    this.switched = null;
    if (switched !== null) this.#connection.exchange?.onSwitched(switched);
  }

  onResponseError(
    controller: Dispatcher.DispatchController | null | undefined,
    cause: Error,
  ): void {
    const { exchange, socketClosed } = this.#connection;
    // Of what has closed the connection knows more.
    if (exchange === null || socketClosed) return;
    // undici rejected the request itself; the connection was not touched.
    if (controller === null) exchange.onFailed(refusal(exchange, cause));
    else exchange.onLost(exchangeError(cause, exchange.headSeen));
  }
}

/** Why undici does not send a request that was not checked, in our words where we would not either. */
function refusal(exchange: DispatchedExchange, cause: Error): ReverseItError {
  const head = requestHead(exchange.request, exchange.fields, connectionLines(exchange));
  if (typeof head !== 'string') return head;
  return createError('RIT_ERR_INTERNAL', 'undici rejected the request', { cause });
}
