/** Notes the moments of one request, for the record at its end. */
import type { Exchange } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import type { GroupedExchange, UpstreamExchange } from '@reverseit/upstream';
import { authorityOf, clientOf } from './client-of.ts';
import { HeaderView } from './header-list.ts';
import type { AccessRecord, FailedAttempt, RequestInfo } from './hooks.ts';

export class Recorder {
  bytesReceived = 0;
  /** What a WebSocket brought to the client, after its handshake. */
  bytesRelayed = 0;
  readonly #exchange: Exchange;
  /** As the client sent it: a hook may change the head's. */
  readonly #target: string;
  /** Asked for while the socket is open: one that is gone knows only what it was asked before. */
  readonly #peerAddress: string;
  readonly #startedAt = Date.now();
  readonly #start = performance.now();
  #backend: string | null = null;
  #upstream: UpstreamExchange | GroupedExchange | null = null;
  #asked = -1;
  #answered = -1;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#target = exchange.head.target;
    this.#peerAddress = exchange.remoteAddress;
  }

  /** The backend of that origin is about to be asked, or one of several if it is empty. */
  asking(backend: string): void {
    if (backend !== '') this.#backend = backend;
    this.#asked = performance.now();
  }

  /** One of several backends was chosen. */
  chose(backend: string): void {
    this.#backend = backend;
  }

  /** The backend is being asked. */
  asked(upstream: UpstreamExchange | GroupedExchange): void {
    this.#upstream = upstream;
  }

  /** Its response head has come. */
  answered(): void {
    this.#answered = performance.now();
  }

  /** The request is over. */
  record(info: RequestInfo, error: ReverseItError | null): AccessRecord {
    const { head } = this.#exchange;
    const client = clientOf(this.#exchange);
    const end = performance.now();
    const status = this.#exchange.status;
    const facts = {
      requestId: info.requestId,
      traceId: info.traceId,
      method: head.method,
      target: this.#target,
      authority: authorityOf(this.#exchange),
      httpVersion: head.httpVersion,
      remoteAddress: client.remoteAddress,
      peerAddress: this.#peerAddress,
      scheme: client.encrypted ? 'https' : 'http',
      route: info.route,
      backend: this.#backend,
      attempts: this.#upstream?.attempts ?? 0,
      failedAttempts: failedAttempts(this.#upstream),
      status: status === 0 && error?.blame === 'client' ? 499 : status,
      bytesReceived: this.bytesReceived,
      bytesSent: this.#exchange.bytesSent + this.bytesRelayed,
      startedAt: this.#startedAt,
      durations: {
        total: end - this.#start,
        request: this.#asked < 0 ? null : this.#asked - this.#start,
        backend: this.#answered < 0 ? null : this.#answered - this.#asked,
        response: this.#answered < 0 ? null : end - this.#answered,
      },
      errorCode: error?.code ?? null,
      error,
    } as const;
    return Object.assign(new RecordHeaders(head.headers, this.#exchange.sentHeaders), facts);
  }
}

const none: readonly FailedAttempt[] = Object.freeze([]);

function failedAttempts(
  upstream: UpstreamExchange | GroupedExchange | null,
): readonly FailedAttempt[] {
  if (upstream === null || !('failedAttempts' in upstream)) return none;
  return upstream.failedAttempts.map(({ backend, error, status }) => ({
    backend,
    errorCode: error?.code ?? null,
    status,
  }));
}

/**
 * The fields of a record, looked at when they are asked for. Getters of a class: who writes a record down as
 * JSON does not write down credentials.
 */
export class RecordHeaders {
  readonly #request: HeaderSection;
  readonly #response: HeaderSection | null;

  constructor(request: HeaderSection, response: HeaderSection | null) {
    this.#request = request;
    this.#response = response;
  }

  get requestHeaders(): HeaderView {
    return new HeaderView(this.#request);
  }

  get responseHeaders(): HeaderView {
    return new HeaderView(this.#response ?? HeaderSection.empty());
  }
}
