/** What every connection of a server shares. */
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { RequestHeadLimits } from '../../http1/grammar/head-limits.ts';
import type { DeadlineQueue, Deadlines } from '../../time/deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { RejectedRequest } from './rejected-request.ts';

/**
 * Called with each request. Must set `exchange.handler` or answer before it returns. One that throws, or
 * whose promise is rejected, answers 500 (`RIT_ERR_INTERNAL`).
 */
export type RequestListener = (exchange: Exchange) => void;

/** Fields of an answer that the server gives by itself. */
export type RefusalFields = (error: ReverseItError) => ReadonlyFieldSection;

/** What an exchange is in progress on: a connection, or a stream of one. */
export interface ExchangeHolder {
  /** Which of the server's exchanges is in progress, counted from 1; `Infinity` where there is none. */
  exchangeNumber: number;
}

/** A connection as its server sees it. */
export interface OpenConnection {
  // Links of the list that the server keeps it in.
  previous: OpenConnection | null;
  next: OpenConnection | null;
  /** The same; the oldest where there are several. */
  readonly exchangeNumber: number;
  /** Ends in good order: with the response in progress, or now where there is none. */
  shutdown(): void;
  /** Is cut. */
  destroy(error: ReverseItError): void;
}

/** What is done about a client that has closed its sending side and waits for a response. */
export type HalfClose = 'probe' | 'abort' | 'allow';

export interface ServerContext {
  readonly limits: RequestHeadLimits;
  readonly maxRequestsPerConnection: number;
  readonly halfClose: HalfClose;
  readonly listener: RequestListener;
  /** What the answer to a request that never becomes an exchange carries besides. */
  readonly refusalFields: RefusalFields;
  readonly deadlines: Deadlines;
  readonly headDeadlines: DeadlineQueue;
  readonly keepAliveDeadlines: DeadlineQueue;
  readonly sendDeadlines: DeadlineQueue;
  /** The server has been told to close. */
  readonly closing: boolean;
  onExchangeStart(holder: ExchangeHolder): void;
  onExchangeEnd(holder: ExchangeHolder): void;
  /** What is not served; `request` is null where no request had begun. */
  onRefusal(error: ReverseItError, request: RejectedRequest | null): void;
  /** A listener, a handler or a tunnel threw. */
  onFailure(error: ReverseItError): void;
  onConnectionClosed(connection: OpenConnection): void;
}
