/** Notes the moments of one request, for the record at its end. */
import type { Exchange } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import type { AccessRecord, RequestInfo } from './hooks.ts';

export class Recorder {
  bytesReceived = 0;
  /** What a WebSocket brought to the client, behind its handshake. */
  bytesRelayed = 0;
  readonly #exchange: Exchange;
  /** As the client sent it: a hook may change the head's. */
  readonly #target: string;
  readonly #startedAt = Date.now();
  readonly #start = performance.now();
  #asked = -1;
  #answered = -1;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#target = exchange.head.target;
  }

  /** The backend is asked. */
  asked(): void {
    this.#asked = performance.now();
  }

  /** Its response head has come. */
  answered(): void {
    this.#answered = performance.now();
  }

  /** The request is over. */
  record(info: RequestInfo, error: ReverseItError | null): AccessRecord {
    const { head } = this.#exchange;
    const end = performance.now();
    const status = this.#exchange.status;
    return {
      method: head.method,
      target: this.#target,
      authority: head.authority,
      httpVersion: head.minorVersion === 1 ? '1.1' : '1.0',
      remoteAddress: this.#exchange.remoteAddress,
      route: info.route,
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
    };
  }
}
