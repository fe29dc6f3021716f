/**
 * The state of one backend, from what health checks, requests and the operator say. Time is handed in and
 * never asked for; `nextChange` says when `advance` has something to do.
 *
 * | state     | from                                            | until                                       |
 * | --------- | ----------------------------------------------- | ------------------------------------------- |
 * | draining  | `drain`                                         | `enable`                                    |
 * | unhealthy | `unhealthyThreshold` failed checks in a row     | `healthyThreshold` good ones in a row       |
 * | ejected   | `eject`, after failures that requests met       | its time is over, `enable` or `endEjection` |
 * | warming   | it came or came back, with `slowStart`          | `slowStart` is over                         |
 * | healthy   | none of these                                   |                                             |
 *
 * The first row that applies is the state. Only warming and healthy backends get requests.
 */

export type BackendStateName = 'healthy' | 'unhealthy' | 'ejected' | 'draining' | 'warming';

/** What decides about states; times in ms. */
export interface StateRules {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Failed requests in a row after which an ejection is due; 0: never. */
  readonly consecutiveFailures: number;
  readonly ejectionTime: number;
  readonly maxEjectionTime: number;
  /** 0: a backend gets its full share at once. */
  readonly slowStart: number;
}

/** Told of each change of the state. */
export interface StateObserver {
  onState(state: BackendStateName, previous: BackendStateName): void;
}

/** The least share that a warming backend has: none would prove nothing. */
const leastShare = 0.1;

export class BackendState {
  readonly #rules: StateRules;
  readonly #observer: StateObserver;
  #name: BackendStateName = 'healthy';
  /** Of the last failed check or ejection; null where nothing has failed. */
  #reason: string | null = null;
  #isUnhealthy = false;
  #isDraining = false;
  /** Checks in a row that say the opposite of what is held to be true. */
  #contrary = 0;
  #failures = 0;
  #ejectedUntil = Number.NEGATIVE_INFINITY;
  #isEjected = false;
  #totalEjections = 0;
  /** Ejections that make the next one longer. */
  #ejections = 0;
  #warmFrom = Number.NEGATIVE_INFINITY;

  constructor(rules: StateRules, observer: StateObserver) {
    this.#rules = rules;
    this.#observer = observer;
  }

  get name(): BackendStateName {
    return this.#name;
  }

  /** Why it was last found unhealthy or ejected; null where it never was. */
  get reason(): string | null {
    return this.#reason;
  }

  /** When its ejection ends; null while it is not ejected. */
  get ejectedUntil(): number | null {
    return this.#isEjected ? this.#ejectedUntil : null;
  }

  get totalEjections(): number {
    return this.#totalEjections;
  }

  get isAvailable(): boolean {
    return this.#name === 'healthy' || this.#name === 'warming';
  }

  /** Whether requests have failed so often that it should be ejected, if others are left. */
  get ejectionDue(): boolean {
    const { consecutiveFailures } = this.#rules;
    return consecutiveFailures > 0 && this.#failures >= consecutiveFailures && this.isAvailable;
  }

  /** When `advance` has something to do; `Infinity` for never. */
  get nextChange(): number {
    if (this.#isEjected) return this.#ejectedUntil;
    return this.#name === 'warming' ? this.#warmFrom + this.#rules.slowStart : Infinity;
  }

  /** The part of its requests that it gets: 1, or less while it warms up. */
  share(now: number): number {
    if (this.#name !== 'warming') return 1;
    const share = (now - this.#warmFrom) / this.#rules.slowStart;
    return Math.min(1, Math.max(leastShare, share));
  }

  /**
   * Begins with what was found under other rules, of which nobody is told.
   * @param keepsChecks whether the health checks are the same: what others have found, ours may never end
   */
  inherit(former: BackendState, keepsChecks: boolean, now: number): void {
    this.#reason = former.#reason;
    this.#isDraining = former.#isDraining;
    this.#warmFrom = former.#warmFrom;
    this.#totalEjections = former.#totalEjections;
    if (keepsChecks) {
      this.#isUnhealthy = former.#isUnhealthy;
      this.#contrary = former.#contrary;
    }
    if (this.#rules.consecutiveFailures > 0) {
      this.#failures = former.#failures;
      this.#ejections = former.#ejections;
      this.#ejectedUntil = former.#ejectedUntil;
      this.#isEjected = former.#isEjected;
    }
    this.#name = this.#nameAt(now);
  }

  /** It has joined a group that serves already. */
  begin(now: number): void {
    this.#warmFrom = now;
    this.#settle(now);
  }

  checkPassed(now: number): void {
    if (!this.#isUnhealthy) this.#contrary = 0;
    else if (++this.#contrary >= this.#rules.healthyThreshold) {
      this.#contrary = 0;
      this.#isUnhealthy = false;
      this.#failures = 0;
      this.#warmFrom = now;
    }
    this.#settle(now);
  }

  checkFailed(reason: string, now: number): void {
    this.#reason = reason;
    if (this.#isUnhealthy) this.#contrary = 0;
    else if (++this.#contrary >= this.#rules.unhealthyThreshold) {
      this.#contrary = 0;
      this.#isUnhealthy = true;
    }
    this.#settle(now);
  }

  requestSucceeded(): void {
    this.#failures = 0;
  }

  requestFailed(): void {
    this.#failures++;
  }

  /** Ejects it, longer each time; who has served well for that long since is forgiven an ejection. */
  eject(reason: string, now: number): void {
    const { ejectionTime, maxEjectionTime } = this.#rules;
    if (this.#ejections > 0) {
      const forgiven = Math.floor((now - this.#ejectedUntil) / ejectionTime);
      this.#ejections = Math.max(0, this.#ejections - Math.max(0, forgiven));
    }
    this.#ejections++;
    this.#totalEjections++;
    this.#failures = 0;
    this.#reason = reason;
    this.#isEjected = true;
    this.#ejectedUntil = now + Math.min(maxEjectionTime, ejectionTime * this.#ejections);
    this.#settle(now);
  }

  /** No new requests. */
  drain(now: number): void {
    this.#isDraining = true;
    this.#settle(now);
  }

  /** Ends draining, and an ejection. What health checks found stands. */
  enable(now: number): void {
    if (this.#isDraining || this.#isEjected) this.#warmFrom = now;
    this.#isDraining = false;
    this.#isEjected = false;
    this.#failures = 0;
    this.#settle(now);
  }

  /** Ends an ejection before its time. */
  endEjection(now: number): void {
    if (!this.#isEjected) return;
    this.#isEjected = false;
    this.#warmFrom = now;
    this.#settle(now);
  }

  /** Time has passed. */
  advance(now: number): void {
    if (now >= this.#ejectedUntil) this.endEjection(now);
    this.#settle(now);
  }

  #settle(now: number): void {
    const previous = this.#name;
    const name = this.#nameAt(now);
    if (name === previous) return;
    this.#name = name;
    this.#observer.onState(name, previous);
  }

  #nameAt(now: number): BackendStateName {
    if (this.#isDraining) return 'draining';
    if (this.#isUnhealthy) return 'unhealthy';
    if (this.#isEjected) return 'ejected';
    return now - this.#warmFrom < this.#rules.slowStart ? 'warming' : 'healthy';
  }
}
