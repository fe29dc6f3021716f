/** A backend as a member of a group: what its requests and checks have shown, and the way to it. */
import { Deadline, type Deadlines, type DeadlineTarget } from '@reverseit/core/deadlines';
import type { OriginPool } from '../pool/pool.ts';
import type { BackendStateChange, BackendStateName, BackendStatus } from './backend-status.ts';
import { PeakEwma } from './balance/peak-ewma.ts';
import type { Candidate } from './balance/policy.ts';
import { BackendState, type StateObserver, type StateRules } from './health/backend-state.ts';
import type { BackendSpec } from './options/backend-list.ts';

/** The backend that a request goes to. */
export interface ChosenBackend {
  readonly name: string;
  /** In one spelling: scheme and host in lower case, no default port, no slash at the end. */
  readonly url: string;
  /** Whether the URL asks for TLS. */
  readonly secure: boolean;
  /** Host and port of the URL, as Host names them. */
  readonly authority: string;
  /** Path of the URL; empty where it has none. */
  readonly pathPrefix: string;
  /** What stands for it in the cookie of `affinity`; empty without. */
  readonly affinityId: string;
}

/** Told of what becomes of a member. */
export interface MemberOwner {
  readonly deadlines: Deadlines;
  onMemberState(member: Member, change: BackendStateChange): void;
}

/**
 * A failure counts as a response that took at least this long, in ms: failing fast must not attract requests.
 */
export const failureLatency = 1000;

export class Member implements Candidate, ChosenBackend, StateObserver, DeadlineTarget {
  readonly name: string;
  readonly url: string;
  readonly secure: boolean;
  readonly authority: string;
  readonly pathPrefix: string;
  readonly affinityId: string;
  readonly latency = new PeakEwma();
  readonly state: BackendState;
  readonly origin: OriginPool;
  /** As the list says it now. */
  spec: BackendSpec;
  isAvailable = true;
  active = 0;
  #requests = 0;
  #failures = 0;
  #retries = 0;
  #checksPassed = 0;
  #checksFailed = 0;
  readonly #owner: MemberOwner;
  readonly #deadline = new Deadline(this, 0);

  constructor(
    spec: BackendSpec,
    origin: OriginPool,
    affinityId: string,
    rules: StateRules,
    owner: MemberOwner,
  ) {
    this.spec = spec;
    this.name = spec.name;
    this.url = spec.url;
    this.secure = spec.secure;
    this.authority = spec.authority;
    this.pathPrefix = spec.pathPrefix;
    this.affinityId = affinityId;
    this.origin = origin;
    this.state = new BackendState(rules, this);
    this.#owner = owner;
  }

  /** Begins with what another group knows of the same backend; see `BackendState.inherit`. */
  inherit(former: Member, keepsChecks: boolean): void {
    this.#requests = former.#requests;
    this.#failures = former.#failures;
    this.#retries = former.#retries;
    this.#checksPassed = former.#checksPassed;
    this.#checksFailed = former.#checksFailed;
    this.latency.inherit(former.latency);
    this.state.inherit(former.state, keepsChecks, this.#owner.deadlines.now());
    this.#followState();
  }

  get weight(): number {
    return this.spec.weight;
  }

  begin(isRetry: boolean): void {
    this.active++;
    this.#requests++;
    if (isRetry) this.#retries++;
  }

  end(): void {
    this.active--;
  }

  succeeded(elapsed: number, now: number): void {
    this.latency.observe(elapsed, now);
    this.state.requestSucceeded();
  }

  failed(elapsed: number, now: number): void {
    this.#failures++;
    this.latency.observe(Math.max(elapsed, failureLatency), now);
    this.state.requestFailed();
  }

  checkPassed(now: number): void {
    this.#checksPassed++;
    this.state.checkPassed(now);
  }

  checkFailed(reason: string, now: number): void {
    this.#checksFailed++;
    this.state.checkFailed(reason, now);
  }

  onState(state: BackendStateName, previous: BackendStateName): void {
    this.#followState();
    const isBad = state === 'unhealthy' || state === 'ejected';
    const reason = isBad ? this.state.reason : null;
    const { name, url } = this;
    this.#owner.onMemberState(this, { name, url, state, previous, reason });
  }

  #followState(): void {
    this.isAvailable = this.state.isAvailable;
    const { nextChange } = this.state;
    if (nextChange === Number.POSITIVE_INFINITY) this.#deadline.clear();
    else this.#arm(nextChange);
  }

  /** An ejection, or slow start, may be over. */
  onDeadline(): void {
    this.state.advance(this.#owner.deadlines.now());
    const { nextChange } = this.state;
    if (!this.#deadline.armed && nextChange !== Number.POSITIVE_INFINITY) this.#arm(nextChange);
  }

  #arm(at: number): void {
    const { deadlines } = this.#owner;
    // Whole milliseconds: there is a queue for each length.
    deadlines.queue(Math.max(1, Math.ceil(at - deadlines.now()))).arm(this.#deadline);
  }

  /** It has left the group: nothing changes its state any more. */
  close(): void {
    this.#deadline.clear();
    this.origin.release();
  }

  status(now: number): BackendStatus {
    const { ejectedUntil } = this.state;
    return {
      name: this.name,
      url: this.url,
      state: this.state.name,
      reason: this.state.reason,
      ejectedUntil: ejectedUntil === null ? null : new Date(Date.now() + ejectedUntil - now),
      weight: this.spec.weight,
      backup: this.spec.tier > 0,
      active: this.active,
      totalRequests: this.#requests,
      totalFailures: this.#failures,
      totalRetries: this.#retries,
      totalEjections: this.state.totalEjections,
      totalChecksPassed: this.#checksPassed,
      totalChecksFailed: this.#checksFailed,
      latency: this.latency.isKnown ? this.latency.at(now) : null,
    };
  }
}
