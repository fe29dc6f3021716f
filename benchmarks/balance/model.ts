/**
 * Backends and proxies as a simulation has them: a backend serves a few requests at once and lets the others wait;
 * a proxy picks by the machines of `@reverseit/upstream`, the policies and the state of each backend. No I/O, no
 * clock but the simulation's, and no chance but a seed's.
 */

import { PeakEwma } from '../../packages/upstream/src/backends/balance/peak-ewma.ts';
import {
  createPolicy,
  type PolicyName,
} from '../../packages/upstream/src/backends/balance/policies.ts';
import type {
  Admission,
  Candidate,
  Policy,
  RandomSource,
} from '../../packages/upstream/src/backends/balance/policy.ts';
import {
  BackendState,
  type StateRules,
} from '../../packages/upstream/src/backends/health/backend-state.ts';
import { mayEject } from '../../packages/upstream/src/backends/health/ejection-limit.ts';
import { failureLatency } from '../../packages/upstream/src/backends/member.ts';
import type { EventQueue } from './event-queue.ts';

/** Requests that a backend serves at the same time. */
export const slots = 8;
/** Mean time of serving one, in ms; times are distributed exponentially. */
export const serviceTime = 10;

/** How a backend is, which may depend on the time in ms. */
export interface Behaviour {
  /** Times the usual service time. Default: 1. */
  slowness?(now: number): number;
  /** Share of the requests that fail, each after 1 ms. Default: 0. */
  readonly failures?: number;
}

interface Waiting {
  readonly time: number;
  readonly done: () => void;
}

/** One backend, which all proxies share. */
export class ModelBackend {
  readonly name: string;
  requests = 0;
  readonly #events: EventQueue;
  readonly #random: RandomSource;
  readonly #behaviour: Behaviour;
  readonly #waiting: Waiting[] = [];
  #first = 0;
  #busy = 0;

  constructor(name: string, behaviour: Behaviour, events: EventQueue, random: RandomSource) {
    this.name = name;
    this.#behaviour = behaviour;
    this.#events = events;
    this.#random = random;
  }

  serve(onDone: (failed: boolean) => void): void {
    this.requests++;
    const { failures = 0 } = this.#behaviour;
    const failed = failures > 0 && this.#random() < failures;
    const slowness = this.#behaviour.slowness?.(this.#events.now) ?? 1;
    const time = failed ? 1 : -Math.log(1 - this.#random()) * serviceTime * slowness;
    const waiting = { time, done: () => onDone(failed) };
    if (this.#busy < slots) this.#begin(waiting);
    else this.#waiting.push(waiting);
  }

  #begin({ time, done }: Waiting): void {
    this.#busy++;
    const run = () => {
      this.#busy--;
      const next = this.#waiting[this.#first];
      if (next !== undefined) {
        this.#first++;
        this.#begin(next);
      }
      done();
    };
    this.#events.add({ at: this.#events.now + time, run });
  }
}

/** What the options of a group have by default. */
const stateRules: StateRules = {
  healthyThreshold: 1,
  unhealthyThreshold: 1,
  consecutiveFailures: 5,
  ejectionTime: 30_000,
  maxEjectionTime: 300_000,
  slowStart: 0,
};
const maxEjectedPercent = 50;

/** A backend as one proxy knows it. */
class Known implements Candidate {
  readonly name: string;
  readonly weight = 1;
  active = 0;
  readonly latency = new PeakEwma();
  readonly state: BackendState;
  readonly backend: ModelBackend;

  constructor(backend: ModelBackend, slowStart: number, onState: () => void) {
    this.name = backend.name;
    this.backend = backend;
    this.state = new BackendState({ ...stateRules, slowStart }, { onState });
  }

  get isAvailable(): boolean {
    return this.state.isAvailable;
  }
}

/** What became of a request. */
export type Outcome = (elapsed: number, failed: boolean) => void;

/** One proxy before some of the backends: what a group does, without sockets. */
export class ModelProxy implements Admission<Known> {
  active = 0;
  readonly #events: EventQueue;
  readonly #random: RandomSource;
  readonly #known: readonly Known[];
  readonly #policy: Policy<Known>;
  readonly #hashes: boolean;
  #isStrict = true;
  #chance = 0;

  constructor(
    policy: PolicyName,
    backends: readonly ModelBackend[],
    slowStart: number,
    events: EventQueue,
    random: RandomSource,
  ) {
    this.#events = events;
    this.#random = random;
    this.#hashes = policy === 'hash';
    this.#policy = createPolicy<Known>(policy, random, () => events.now);
    this.#known = backends.map((one) => new Known(one, slowStart, () => this.#update()));
    this.#update();
  }

  drain(at: number): void {
    (this.#known[at] as Known).state.drain(this.#events.now);
  }

  /** It has come back. */
  enable(at: number): void {
    const { state } = this.#known[at] as Known;
    state.enable(this.#events.now);
    if (state.nextChange < Number.POSITIVE_INFINITY) this.#advance(state);
  }

  /** Sends one request on. */
  send(onDone: Outcome): void {
    const known = this.#pick(Math.floor(this.#random() * 2 ** 32));
    const { now } = this.#events;
    known.active++;
    this.active++;
    known.backend.serve((failed) => {
      known.active--;
      this.active--;
      const elapsed = this.#events.now - now;
      this.#learn(known, elapsed, failed);
      onDone(elapsed, failed);
    });
  }

  admits({ state }: Known): boolean {
    return !this.#isStrict || this.#chance < state.share(this.#events.now);
  }

  #pick(key: number): Known {
    this.#chance = this.#hashes ? key / 2 ** 32 : this.#random();
    this.#isStrict = true;
    const picked = this.#policy.pick(key, this);
    if (picked !== null) return picked;
    this.#isStrict = false;
    return this.#policy.pick(key, this) as Known;
  }

  #learn(known: Known, elapsed: number, failed: boolean): void {
    const { now } = this.#events;
    const { state, latency } = known;
    latency.observe(failed ? Math.max(elapsed, failureLatency) : elapsed, now);
    if (!failed) {
      state.requestSucceeded();
      return;
    }
    state.requestFailed();
    if (!state.ejectionDue) return;
    const ejected = this.#known.filter((one) => one.state.ejectedUntil !== null).length;
    const available = this.#known.filter((one) => one.isAvailable).length;
    if (!mayEject(this.#known.length, ejected, available, maxEjectedPercent)) return;
    state.eject('status 502', now);
    this.#advance(state);
  }

  /** When the time of an ejection or of the slow start is over. */
  #advance(state: BackendState): void {
    this.#events.add({ at: state.nextChange, run: () => state.advance(this.#events.now) });
  }

  #update(): void {
    this.#policy.update(
      this.#known.filter(({ isAvailable }) => isAvailable),
      this.#known,
    );
  }
}
