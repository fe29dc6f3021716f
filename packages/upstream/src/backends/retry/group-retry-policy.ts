/**
 * Whether a request goes to another backend after an attempt failed. `exchange/retry-policy.ts` decides about one
 * connection and the race of its idle timeout; this is what follows when that has given up. All that decides
 * is here; the first row that applies does:
 *
 * | kind of failure | listed in `on` | response began | attempts left | body    | method listed | decision |
 * | --------------- | -------------- | -------------- | ------------- | ------- | ------------- | -------- |
 * | other           |                |                |               |         |               | no       |
 * |                 | no             |                |               |         |               | no       |
 * |                 |                | yes            |               |         |               | no       |
 * |                 |                |                | no            |         |               | no       |
 * |                 |                |                |               | is gone |               | no       |
 * | connect         |                |                |               |         |               | yes      |
 * | reset, timeout, status |         |                |               |         | yes           | yes      |
 * |                 |                |                |               |         |               | no       |
 *
 * A body is gone once a part of it has been streamed. "Response began": a byte of it went to the client.
 */
import type { StatusSet } from '../health/status-set.ts';
import type { FailureKind } from './failure-kind.ts';

export interface RetryRules {
  /** Attempts beside the first. */
  readonly attempts: number;
  readonly onConnect: boolean;
  readonly onReset: boolean;
  readonly onTimeout: boolean;
  /** Statuses of responses that are dropped for another attempt; null for none. */
  readonly onStatus: StatusSet | null;
  /** Of failures after which the backend may have processed the request. */
  readonly methods: ReadonlySet<string>;
}

/** What is known of the attempt that failed. */
export interface GroupAttempt {
  readonly method: string;
  /** Attempts made, with this one. */
  readonly made: number;
  readonly responseBegan: boolean;
  /** The body, if any, can be sent from its start. */
  readonly bodyIsWhole: boolean;
}

export function mayRetryFailure(
  rules: RetryRules,
  kind: FailureKind,
  attempt: GroupAttempt,
): boolean {
  switch (kind) {
    case 'other':
      return false;
    case 'connect':
      return rules.onConnect && isPossible(rules, attempt);
    case 'reset':
      return rules.onReset && isPossible(rules, attempt) && rules.methods.has(attempt.method);
    case 'timeout':
      return rules.onTimeout && isPossible(rules, attempt) && rules.methods.has(attempt.method);
  }
}

export function mayRetryStatus(rules: RetryRules, status: number, attempt: GroupAttempt): boolean {
  return (
    rules.onStatus?.has(status) === true &&
    isPossible(rules, attempt) &&
    rules.methods.has(attempt.method)
  );
}

function isPossible({ attempts }: RetryRules, attempt: GroupAttempt): boolean {
  return !attempt.responseBegan && attempt.made <= attempts && attempt.bodyIsWhole;
}
