/**
 * One request to a group and its response: the one object that it costs more than a request to one backend.
 * It passes on what the attempt at hand says, keeps count of it, and makes another where the rules allow.
 *
 * An attempt ends by `onEnd`, `onSwitch` or `onError`, by a status that is tried again, or by `perTryTimeout`;
 * the first byte for the client settles that it is the last one.
 */
import type { Duplex } from 'node:stream';
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, type ReverseItError, timedOut } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import { asReverseItError } from '@reverseit/core/internal';
import { emitWarning } from '../exchange/callback-warning.ts';
import type { DispatchLimits } from '../exchange/dispatch-limits.ts';
import { callError } from '../exchange/handler-calls.ts';
import type { RequestInput } from '../exchange/message/upstream-request.ts';
import type {
  ResponseHandler,
  UpgradeHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from '../exchange/message/upstream-response.ts';
import { type GroupRequest, isWhole, RetainedRequest } from './group-request.ts';
import type { Member } from './member.ts';
import { backOff } from './retry/back-off.ts';
import { type FailureKind, failureKind, isFreeOfBudget } from './retry/failure-kind.ts';
import {
  type GroupAttempt,
  mayRetryFailure,
  mayRetryStatus,
  type RetryRules,
} from './retry/group-retry-policy.ts';

/** An attempt that another one followed, or that was the last. */
export interface FailedBackendAttempt {
  /** Name of the backend. */
  readonly backend: string;
  /** What failed; null where a status was tried again. */
  readonly error: ReverseItError | null;
  /** The status that was tried again; 0 where there was none. */
  readonly status: number;
}

/** A request to a group under way. */
export interface GroupedExchange extends UpstreamExchange {
  /** Name of the backend of the present or last attempt; null where there was none. */
  readonly backend: string | null;
  /** Attempts that failed so far, in order. */
  readonly failedAttempts: readonly FailedBackendAttempt[];
}

/** What an exchange needs of its group. */
export interface ExchangeGroup {
  readonly retryRules: RetryRules;
  /** In ms; 0 for none. */
  readonly perTryTimeout: number;
  readonly backOff: number;
  now(): number;
  random(): number;
  /** Arms a deadline of so many whole ms. */
  arm(deadline: Deadline, ms: number): void;
  /** Who gets it; null where nobody can. `tried` are passed over unless there is nobody else. */
  pick(request: GroupRequest, tried: readonly Member[] | null): Member | null;
  /** A request begins. */
  onRequest(): void;
  /** No attempt follows. */
  onSettled(): void;
  onBegin(member: Member, isRetry: boolean): void;
  onEnd(member: Member): void;
  onResponse(member: Member, status: number, elapsed: number): void;
  onFailure(member: Member, error: ReverseItError, elapsed: number): void;
  takeRetry(): boolean;
  releaseRetry(): void;
  /** A login that is bound to a connection goes on where it began. */
  keepClient(request: RequestInput, member: Member): void;
}

const none: readonly FailedBackendAttempt[] = Object.freeze([]);

const DEADLINE = { TRY: 0, PAUSE: 1 } as const;

export class GroupExchange implements GroupedExchange, UpgradeHandler, DeadlineTarget {
  readonly #group: ExchangeGroup;
  readonly #request: GroupRequest;
  readonly #limits: DispatchLimits | undefined;
  readonly #handler: ResponseHandler;
  readonly #onSwitch: UpgradeHandler | null;
  readonly #protocol: string;
  /** In ms: no attempt begins after so long. */
  readonly #patience: number;
  #retained: RetainedRequest | null = null;
  #member: Member | null = null;
  /** The attempt under way; null between two, and when all is over. */
  #attempt: UpstreamExchange | null = null;
  /** Connections of the attempts before it. */
  #connections = 0;
  #made = 0;
  #beganAt = 0;
  #attemptAt = 0;
  #tried: Member[] | null = null;
  #failed: FailedBackendAttempt[] | null = null;
  /** The failure that is reported when no attempt can follow after all. */
  #error: ReverseItError | null = null;
  #holdsRetry = false;
  #responseBegan = false;
  #paused = false;
  #aborted = false;
  #settled = false;
  #deadline: Deadline | null = null;
  #pause: Deadline | null = null;

  constructor(
    group: ExchangeGroup,
    request: GroupRequest,
    limits: DispatchLimits | undefined,
    handler: ResponseHandler,
    onSwitch: UpgradeHandler | null,
    protocol: string,
    patience: number,
  ) {
    this.#group = group;
    this.#request = request;
    this.#limits = limits;
    this.#handler = handler;
    this.#onSwitch = onSwitch;
    this.#protocol = protocol;
    this.#patience = patience;
  }

  /** Makes the first attempt. The handler is called after this has returned. */
  begin(): void {
    const { body } = this.#request;
    if (needsRetaining(body, this.#group.retryRules.attempts)) {
      this.#retained = new RetainedRequest(this.#request, body);
    }
    const member = this.#group.pick(this.#request, null);
    if (member === null) {
      this.#settled = true;
      this.#retained?.cancel();
      queueMicrotask(() => this.#report(createError('RIT_ERR_NO_BACKEND')));
    } else {
      this.#start(member);
      this.#beganAt = this.#attemptAt;
      this.#group.onRequest();
    }
  }

  // ————— Towards the caller.

  get backend(): string | null {
    return this.#member === null ? null : this.#member.name;
  }

  get attempts(): number {
    return this.#connections + (this.#attempt === null ? 0 : this.#attempt.attempts);
  }

  get failedAttempts(): readonly FailedBackendAttempt[] {
    return this.#failed ?? none;
  }

  pause(): void {
    this.#paused = true;
    this.#attempt?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#attempt?.resume();
  }

  releaseChunk(): void {
    this.#attempt?.releaseChunk();
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#abortAttempt();
    this.#settle();
  }

  // ————— Towards the attempt.

  onInterim(status: number, fields: FieldSection): void {
    this.#responseBegan = true;
    this.#handler.onInterim(status, fields);
  }

  onHead(head: UpstreamResponseHead): void {
    const member = this.#member as Member;
    this.#group.onResponse(member, head.status, this.#group.now() - this.#attemptAt);
    if (this.#retriesStatus(head.status)) {
      this.#recordFailure(member, null, head.status);
      this.#abortAttempt();
      this.#retry('timeout');
      return;
    }
    this.#responseBegan = true;
    this.#deadline?.clear();
    if (head.status === 401) this.#group.keepClient(this.#request, member);
    this.#handler.onHead(head);
  }

  onData(chunk: Buffer): void {
    this.#handler.onData(chunk);
  }

  onEnd(trailers: FieldSection): void {
    this.#endAttempt();
    this.#settle();
    this.#handler.onEnd(trailers);
  }

  onSwitch(head: UpstreamResponseHead, socket: Duplex): void {
    const member = this.#member as Member;
    this.#group.onResponse(member, head.status, this.#group.now() - this.#attemptAt);
    this.#connections = this.attempts;
    this.#attempt = null;
    // What is spoken from now on is under way until the socket is closed.
    socket.once('close', () => this.#group.onEnd(member));
    this.#settle();
    this.#onSwitch?.onSwitch(head, socket);
  }

  onError(error: ReverseItError): void {
    const member = this.#member as Member;
    this.#group.onFailure(member, error, this.#group.now() - this.#attemptAt);
    this.#endAttempt();
    this.#recordFailure(member, error, 0);
    const kind = failureKind(error);
    if (this.#retriesFailure(kind, error)) {
      this.#error = error;
      this.#retry(kind);
    } else this.#end(error);
  }

  onDeadline(kind: number): void {
    if (kind === DEADLINE.PAUSE) {
      this.#startOn(this.#group.pick(this.#request, this.#tried));
      return;
    }
    const { perTryTimeout } = this.#group;
    this.#attempt?.abort();
    this.onError(timedOut('RIT_ERR_UPSTREAM_HEAD_TIMEOUT', perTryTimeout));
  }

  // ————— Attempts.

  /** May throw what `dispatch` throws; then nothing has begun. */
  #start(member: Member): void {
    const request = this.#requestFor(member);
    const { origin } = member;
    const attempt =
      this.#onSwitch === null
        ? origin.dispatch(request, this.#limits, this)
        : origin.upgrade(request, this.#limits, this, this.#protocol);
    this.#member = member;
    this.#attempt = attempt;
    this.#made++;
    this.#attemptAt = this.#group.now();
    this.#group.onBegin(member, this.#made > 1);
    if (this.#paused) attempt.pause();
    if (this.#group.perTryTimeout > 0) {
      this.#deadline ??= new Deadline(this, DEADLINE.TRY);
      this.#group.arm(this.#deadline, this.#group.perTryTimeout);
    }
  }

  #requestFor(member: Member): RequestInput {
    const request = this.#request.forBackend?.(member) ?? this.#request;
    return this.#retained === null ? request : this.#retained.use(request);
  }

  #retriesFailure(kind: FailureKind, error: ReverseItError): boolean {
    if (!mayRetryFailure(this.#group.retryRules, kind, this.#facts()) || this.#isLate())
      return false;
    return isFreeOfBudget(error) || this.#isAffordable();
  }

  #retriesStatus(status: number): boolean {
    const { retryRules } = this.#group;
    // Looked at first: most responses are no failures.
    if (retryRules.onStatus?.has(status) !== true) return false;
    if (!mayRetryStatus(retryRules, status, this.#facts()) || this.#isLate()) return false;
    return this.#isAffordable();
  }

  #facts(): GroupAttempt {
    return {
      method: this.#request.method,
      made: this.#made,
      responseBegan: this.#responseBegan,
      bodyIsWhole: this.#retained === null ? isWhole(this.#request.body) : this.#retained.isWhole,
    };
  }

  #isLate(): boolean {
    return this.#group.now() - this.#beganAt >= this.#patience;
  }

  #isAffordable(): boolean {
    const group = this.#group;
    // Who has to have this one backend meets it again, after a pause.
    if (this.#holdsRetry) group.releaseRetry();
    this.#holdsRetry = group.takeRetry();
    return this.#holdsRetry;
  }

  /** Another attempt: at once where nothing was sent and somebody else is there, else after a pause. */
  #retry(kind: FailureKind): void {
    const group = this.#group;
    const member = this.#member as Member;
    if (this.#tried === null) this.#tried = [member];
    else if (!this.#tried.includes(member)) this.#tried.push(member);
    const ms = backOff(group.backOff, this.#made, group.random());
    const next = kind === 'connect' || ms === 0 ? group.pick(this.#request, this.#tried) : null;
    if (next !== null && !this.#tried.includes(next)) this.#startOn(next);
    else {
      this.#pause ??= new Deadline(this, DEADLINE.PAUSE);
      group.arm(this.#pause, Math.max(1, ms));
    }
  }

  #startOn(member: Member | null): void {
    if (member === null) {
      this.#end(this.#error ?? createError('RIT_ERR_NO_BACKEND'));
      return;
    }
    try {
      this.#start(member);
    } catch (cause) {
      this.#end(asReverseItError(cause, 'the request for another backend could not be made'));
    }
  }

  /** Cuts the attempt in progress. */
  #abortAttempt(): void {
    const attempt = this.#attempt;
    this.#endAttempt();
    attempt?.abort();
  }

  /** The attempt is over. */
  #endAttempt(): void {
    this.#deadline?.clear();
    if (this.#attempt === null) return;
    this.#connections += this.#attempt.attempts;
    this.#attempt = null;
    this.#group.onEnd(this.#member as Member);
  }

  #recordFailure(member: Member, error: ReverseItError | null, status: number): void {
    this.#failed ??= [];
    this.#failed.push({ backend: member.name, error, status });
  }

  /** No attempt follows. */
  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#deadline?.clear();
    this.#pause?.clear();
    this.#retained?.release();
    if (this.#holdsRetry) this.#group.releaseRetry();
    this.#group.onSettled();
  }

  #end(error: ReverseItError): void {
    this.#settle();
    this.#report(error);
  }

  #report(error: ReverseItError): void {
    if (this.#aborted) return;
    const thrown = callError(this.#handler, error);
    if (thrown !== null) emitWarning(thrown.message, thrown.cause);
  }
}

/** A source is told once that it is not wanted; collected chunks are kept only for another attempt. */
function needsRetaining(
  body: RequestInput['body'],
  attempts: number,
): body is ConstructorParameters<typeof RetainedRequest>[1] {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false;
  return attempts > 0 || !('chunks' in body);
}
