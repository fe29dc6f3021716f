/** What a failed attempt says about its backend, and about trying another one. */
import type { ErrorCode, ReverseItError } from '@reverseit/core/errors';

/**
 * - `connect`: no connection was had, or the backend says that it did not process the request.
 * - `reset`: the connection ended before the response; the request may have been processed.
 * - `timeout`: the backend was too slow; the same holds.
 * - `other`: another backend would do no better, or it is not the backend's fault.
 */
export type FailureKind = 'connect' | 'reset' | 'timeout' | 'other';

interface Verdict {
  readonly kind: FailureKind;
  /** Whether the backend failed, rather than us or the client. */
  readonly countsAgainst: boolean;
  /** Whether no backend had any work from it, so that the budget does not bound its retries. */
  readonly isFree?: true;
}

const other: Verdict = { kind: 'other', countsAgainst: false };

const verdicts: ReadonlyMap<ErrorCode, Verdict> = new Map([
  ['RIT_ERR_UPSTREAM_DNS', { kind: 'connect', countsAgainst: true, isFree: true }],
  ['RIT_ERR_UPSTREAM_CONNECT', { kind: 'connect', countsAgainst: true, isFree: true }],
  // A handshake is work, and a backend that is overloaded does not get to it.
  ['RIT_ERR_UPSTREAM_TLS', { kind: 'connect', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_CONNECT_TIMEOUT', { kind: 'connect', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_REFUSED_STREAM', { kind: 'connect', countsAgainst: true }],
  // Our own limits: the backend may be well.
  ['RIT_ERR_UPSTREAM_QUEUE_FULL', { kind: 'connect', countsAgainst: false }],
  ['RIT_ERR_UPSTREAM_QUEUE_TIMEOUT', { kind: 'connect', countsAgainst: false }],
  ['RIT_ERR_UPSTREAM_RESET', { kind: 'reset', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_TRUNCATED', { kind: 'reset', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_HEAD_TIMEOUT', { kind: 'timeout', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_BODY_TIMEOUT', { kind: 'timeout', countsAgainst: true }],
  ['RIT_ERR_UPSTREAM_PROTOCOL', { kind: 'other', countsAgainst: true }],
  ['RIT_ERR_WS_ACCEPT', { kind: 'other', countsAgainst: true }],
] satisfies [ErrorCode, Verdict][]);

export function failureKind(error: ReverseItError): FailureKind {
  // TLS may also fail on a connection that carries the request: only a handshake names its origin.
  if (error.code === 'RIT_ERR_UPSTREAM_TLS' && error.details?.origin === undefined) return 'reset';
  return (verdicts.get(error.code) ?? other).kind;
}

export function countsAgainst(error: ReverseItError): boolean {
  return (verdicts.get(error.code) ?? other).countsAgainst;
}

/** Whether a retry costs nothing of the budget: nobody was reached, such as where a connection is refused. */
export function isFreeOfBudget(error: ReverseItError): boolean {
  return verdicts.get(error.code)?.isFree === true;
}
