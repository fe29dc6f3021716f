/**
 * Whether a request goes out again after its attempt failed. Everything that decides is here; who asks only
 * says what it knows of the attempt. A row holds if each of its cells does, and the first that holds decides:
 *
 * | error's verdict | fresh | sent | started | replayable | safe | budget | decision |
 * | --------------- | ----- | ---- | ------- | ---------- | ---- | ------ | -------- |
 * | not-processed   |       |      | no      | yes        |      | > 0    | spend    | RFC 9113 §8.7
 * | nothing-sent or if-reused | no | no |   |            |      |        | free     | it had died while idle
 * | if-reused       | no    | yes  | no      | yes        | yes  | > 0    | spend    | RFC 9112 §9.3.1
 * | any             |       |      |         |            |      |        | no       |
 */
import type { RetryVerdict } from '@reverseit/core/errors';
import { isReplayable } from './message/collected-body.ts';
import type { UpstreamRequest } from './message/upstream-request.ts';

/** What is known of an attempt that failed. */
export interface FailedAttempt {
  /** What the error says (error catalog, column `retry`). */
  readonly verdict: RetryVerdict;
  /** The connection was opened for this request: its end is no race with the backend's idle timeout. */
  readonly fresh: boolean;
  /** Something of the request was written. */
  readonly sent: boolean;
  /** A byte of the response has come. */
  readonly responseStarted: boolean;
  /** The whole body is still there. */
  readonly replayable: boolean;
  /** The method is safe (RFC 9110 §9.2.1). */
  readonly safe: boolean;
  /** Retries that are left. */
  readonly budget: number;
}

/** `free`: nobody has seen the request, so it costs no retry. `spend`: it costs one. */
export type RetryDecision = 'no' | 'free' | 'spend';

export function decideRetry(attempt: FailedAttempt): RetryDecision {
  const { verdict, fresh, sent, responseStarted, replayable, safe, budget } = attempt;
  const affordable = !responseStarted && replayable && budget > 0;
  if (verdict === 'never') return 'no';
  if (verdict === 'not-processed') return affordable ? 'spend' : 'no';
  if (fresh) return 'no';
  if (!sent) return 'free';
  return verdict === 'if-reused' && affordable && safe ? 'spend' : 'no';
}

/** Whether the keep-alive race may be answered by a retry: until then the body has to be kept. */
export function mayRetry({ method, body }: UpstreamRequest, budget: number): boolean {
  return budget > 0 && isSafe(method) && isReplayable(body);
}

/** Safe, not merely idempotent: a PUT may have been followed by another (RFC 9110 §9.2.1, §9.2.2). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
