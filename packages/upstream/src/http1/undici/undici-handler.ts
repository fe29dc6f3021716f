/**
 * What undici reports of the requests of one connection, checked and told to the exchange under way.
 * There is one request at a time, and a connection whose exchange has failed is given up: whatever
 * undici still reports then finds no exchange.
 */
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import {
  type FieldSection,
  getFieldValues,
  HeaderSection,
  hasField,
  readTokenList,
} from '@reverseit/core/http';
import { ChunkJoiner } from '@reverseit/core/internal';
import type { Dispatcher } from 'undici';
import { exchangeError, isTlsFailure, isUnexpectedLength, lost } from '../../connect/error-map.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { connectionLines, requestHead } from '../../exchange/message/request-head.ts';
import { readHead, switchedInHttp10 } from '../../exchange/message/response-head.ts';
import { unmask } from './length-mask.ts';
import { readRawSection } from './raw-section.ts';
import type { UndiciConnection } from './undici-connection.ts';

type Controller = Dispatcher.DispatchController;

export class UndiciHandler implements Dispatcher.DispatchHandler {
  readonly #connection: UndiciConnection;
  /** Whether the end of the connection ends the body. */
  #untilClose = false;
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

  onResponseStart(controller: Controller, status: number, _: unknown, reason?: string): void {
    const { exchange, gate } = this.#connection;
    if (exchange === null) return;
    const fields = readRawSection(
      controller.rawHeaders as Buffer[],
      exchange.limits.maxResponseHeaderBytes,
    );
    if (status >= 200) gate.headComplete();
    else gate.progress();
    if (isReverseItError(fields)) exchange.onFailed(fields);
    else if (status >= 200) this.#onFinal(exchange, status, reason ?? '', fields);
    else if (status !== 101) exchange.onInterim(status, fields);
    else {
      exchange.onFailed(
        createError('RIT_ERR_UPSTREAM_PROTOCOL', 'backend status 101 without an Upgrade header'),
      );
    }
  }

  #onFinal(
    exchange: DispatchedExchange,
    status: number,
    reason: string,
    fields: FieldSection,
  ): void {
    const { isHead, limits } = exchange;
    const version = this.#connection.gate.isHttp10 ? '1.0' : '1.1';
    if (status === 304) unmask(fields);
    const headers = HeaderSection.parsed(fields);
    const head = readHead(status, reason, headers, isHead, version, limits.maxResponseBodySize);
    if (isReverseItError(head)) {
      exchange.onFailed(head);
      return;
    }
    this.#untilClose = head.untilClose;
    // undici's parser waits for the end of the connection after such a head.
    const endless = isHead && head.persistent && !isFramed(fields);
    exchange.onFinal(endless ? { ...head, persistent: false } : head);
    exchange.onProgress();
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    const { exchange, gate } = this.#connection;
    if (exchange === null) return;
    gate.progress();
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
    const { exchange, failure } = this.#connection;
    if (exchange === null) return;
    if (this.#untilClose && failure !== null) {
      // undici takes a reset for the end of the connection that ends such a body.
      exchange.onFailed(lost({ headSeen: true, connectionEnded: true }, failure));
      return;
    }
    const raw = (controller.rawTrailers ?? []) as Buffer[];
    const trailers = readRawSection(raw, exchange.limits.maxResponseHeaderBytes);
    if (isReverseItError(trailers)) exchange.onFailed(trailers);
    else exchange.onComplete(trailers);
  }

  onRequestUpgrade(controller: Controller): void {
    const { exchange, gate } = this.#connection;
    if (exchange === null) return;
    const fields = readRawSection(
      controller.rawHeaders as Buffer[],
      exchange.limits.maxResponseHeaderBytes,
    );
    if (isReverseItError(fields)) exchange.onFailed(fields);
    else if (gate.isHttp10) exchange.onFailed(switchedInHttp10());
    else exchange.onSwitched(HeaderSection.parsed(fields));
  }

  onResponseError(controller: Controller | null | undefined, cause: Error): void {
    this.#joiner.flush();
    const { exchange, ended, failure, gate } = this.#connection;
    if (exchange === null) return;
    if (gate.inBody && isUnexpectedLength(cause)) {
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

/** Whether undici's parser knows that nothing follows the head of a response to HEAD. */
function isFramed(fields: FieldSection): boolean {
  if (hasField(fields, 'content-length') || hasField(fields, 'transfer-encoding')) return true;
  return getFieldValues(fields, 'connection').some((value) => {
    const tokens: string[] = [];
    readTokenList(value, tokens);
    return tokens.includes('keep-alive');
  });
}
