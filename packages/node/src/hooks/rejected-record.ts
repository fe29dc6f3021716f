/** The record of a request that was rejected before its headers were complete, for the access log. */
import type { ProxyHeader, RejectedRequest } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import { HeaderView } from './header-list.ts';
import type { AccessRecord, RequestInfo } from './hooks.ts';

/** A method and a target, as far as they came. */
const lineStart = /^([\w!#$%&'*+.^`|~-]{1,64}) ([^ ]*)/;

const atOnce = Object.freeze({ total: 0, request: null, backend: null, response: null });

/** Its times are 0, as for the metrics. */
export class RejectedRecord implements AccessRecord {
  readonly requestId = null;
  readonly traceId = null;
  readonly method: string;
  readonly target: string;
  readonly authority = null;
  readonly httpVersion = '';
  readonly requestLine: string;
  readonly remoteAddress: string;
  readonly peerAddress: string;
  readonly scheme: 'http' | 'https';
  readonly route = null;
  readonly backend = null;
  readonly attempts = 0;
  readonly failedAttempts = [];
  readonly status: number;
  readonly bytesReceived = 0;
  readonly bytesSent: number;
  readonly startedAt = Date.now();
  readonly durations = atOnce;
  readonly errorCode: string;
  readonly error: ReverseItError;

  constructor(request: RejectedRequest, error: ReverseItError) {
    const { requestLine, remoteAddress, encrypted, status, bytesSent } = request;
    const [, method = '', target = ''] = lineStart.exec(requestLine) ?? [];
    this.method = method;
    this.target = target;
    this.requestLine = requestLine;
    this.remoteAddress = remoteAddress;
    this.peerAddress = remoteAddress;
    this.scheme = encrypted ? 'https' : 'http';
    this.status = status;
    this.bytesSent = bytesSent;
    this.errorCode = error.code;
    this.error = error;
  }

  get requestHeaders(): HeaderView {
    return new HeaderView(HeaderSection.empty());
  }

  get responseHeaders(): HeaderView {
    return new HeaderView(HeaderSection.empty());
  }
}

/** What goes with the record: no hook has seen the request. */
export class RejectedInfo implements RequestInfo {
  readonly route = null;
  readonly authority = null;
  readonly nodeRequest = null;
  readonly requestId = null;
  readonly traceId = null;
  data: unknown = undefined;
  readonly #request: RejectedRequest;
  readonly #error: ReverseItError;

  constructor(request: RejectedRequest, error: ReverseItError) {
    this.#request = request;
    this.#error = error;
  }

  get remoteAddress(): string {
    return this.#request.remoteAddress;
  }

  get peerAddress(): string {
    return this.#request.remoteAddress;
  }

  get remotePort(): number {
    return this.#request.remotePort;
  }

  get encrypted(): boolean {
    return this.#request.encrypted;
  }

  get scheme(): 'http' | 'https' {
    return this.encrypted ? 'https' : 'http';
  }

  get proxyHeader(): ProxyHeader | null {
    return this.#request.proxyHeader;
  }

  get signal(): AbortSignal {
    return AbortSignal.abort(this.#error);
  }
}
