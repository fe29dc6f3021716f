/** The record of a request that was rejected before its headers were complete, for the access log. */
import type { RejectedRequest } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import { HeaderSection } from '@reverseit/core/http';
import type { AccessRecord, RequestInfo } from './hooks.ts';
import { RecordHeaders } from './recorder.ts';

/** A method and a target, as far as they came. */
const lineStart = /^([\w!#$%&'*+.^`|~-]{1,64}) ([^ ]*)/;

const atOnce = Object.freeze({ total: 0, request: null, backend: null, response: null });

/** Its times are 0, as for the metrics. */
export function rejectedRecord(request: RejectedRequest, error: ReverseItError): AccessRecord {
  const { requestLine, remoteAddress, encrypted, status, bytesSent } = request;
  const [, method = '', target = ''] = lineStart.exec(requestLine) ?? [];
  return Object.assign(new RecordHeaders(HeaderSection.empty(), null), {
    requestId: null,
    traceId: null,
    method,
    target,
    authority: null,
    httpVersion: '',
    requestLine,
    remoteAddress,
    peerAddress: remoteAddress,
    scheme: schemeOf(encrypted),
    route: null,
    backend: null,
    attempts: 0,
    failedAttempts: [],
    status,
    bytesReceived: 0,
    bytesSent,
    startedAt: Date.now(),
    durations: atOnce,
    errorCode: error.code,
    error,
  } as const);
}

/** What goes with the record: no hook has seen the request. */
export function rejectedInfo(request: RejectedRequest, error: ReverseItError): RequestInfo {
  const { remoteAddress, remotePort, encrypted, proxyHeader } = request;
  return {
    route: null,
    remoteAddress,
    remotePort,
    encrypted,
    proxyHeader,
    scheme: schemeOf(encrypted),
    authority: null,
    peerAddress: remoteAddress,
    nodeRequest: null,
    requestId: null,
    traceId: null,
    data: undefined,
    get signal() {
      return AbortSignal.abort(error);
    },
  };
}

const schemeOf = (encrypted: boolean): 'http' | 'https' => (encrypted ? 'https' : 'http');
