/** Each policy before 10 backends, of which one is not like the others. */
import {
  type PolicyName,
  policyNames,
} from '../../packages/upstream/src/backends/balance/policies.ts';
import { seededRandom } from '../../packages/upstream/test/seeded-random.ts';
import { EventQueue } from './event-queue.ts';
import { type Behaviour, ModelBackend, ModelProxy, serviceTime, slots } from './model.ts';

const backends = 10;
/** Of what all backends can do together. */
export const load = 0.6;
/** Requests per ms. */
const rate = (load * backends * slots) / serviceTime;
/** In ms. */
export const duration = 20_000;
/** When the one that was away comes back, and how long it is cold, in ms. */
export const returnsAt = 5000;
export const coldTime = 4000;
/** Length of a step of the pictures, in ms. */
export const stepTime = 500;

export interface PolicyScenario {
  readonly title: string;
  /** Of the first backend. */
  readonly odd: Behaviour;
  /** It is away at first. */
  readonly returns: boolean;
  readonly slowStart: number;
}

const cold: Behaviour = { slowness: (now) => (now < returnsAt + coldTime ? 4 : 1) };

export const policyScenarios: readonly PolicyScenario[] = [
  { title: 'all alike', odd: {}, returns: false, slowStart: 0 },
  { title: 'one 5 × slower', odd: { slowness: () => 5 }, returns: false, slowStart: 0 },
  { title: 'one fails 10 %', odd: { failures: 0.1 }, returns: false, slowStart: 0 },
  { title: 'one comes back cold', odd: cold, returns: true, slowStart: 0 },
  { title: 'the same with slowStart 10 s', odd: cold, returns: true, slowStart: 10_000 },
];

export interface PolicyResult {
  readonly policy: PolicyName;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
  /** Share of the requests that failed, and share that the odd one got. */
  readonly failures: number;
  readonly oddShare: number;
  /** Requests of the busiest of those that are alike, divided by their mean. */
  readonly imbalance: number;
  /** Share that the odd one got in each step. */
  readonly shares: readonly number[];
}

/** "first" sends all to one, which would only show how one drowns. */
export const compared = policyNames.filter((name) => name !== 'first');

export function simulatePolicy(
  policy: PolicyName,
  { odd, returns, slowStart }: PolicyScenario,
  seed = 1,
): PolicyResult {
  const events = new EventQueue();
  const random = seededRandom(seed);
  const all = Array.from(
    { length: backends },
    (_, i) => new ModelBackend(`backend-${i}`, i === 0 ? odd : {}, events, random),
  );
  const proxy = new ModelProxy(policy, all, slowStart, events, random);
  const times: number[] = [];
  let failed = 0;
  const shares: number[] = [];
  const arrive = () => {
    if (events.now >= duration) return;
    proxy.send((elapsed, hasFailed) => {
      times.push(elapsed);
      if (hasFailed) failed++;
    });
    events.add({ at: events.now - Math.log(1 - random()) / rate, run: arrive });
  };
  events.add({ at: 0, run: arrive });
  if (returns) {
    proxy.drain(0);
    events.add({ at: returnsAt, run: () => proxy.enable(0) });
  }
  const first = all[0] as ModelBackend;
  let before = { odd: 0, all: 0 };
  const total = () => all.reduce((sum, { requests }) => sum + requests, 0);
  for (let at = stepTime; at <= duration; at += stepTime) {
    events.runUntil(at);
    const now = { odd: first.requests, all: total() };
    shares.push((now.odd - before.odd) / (now.all - before.all));
    before = now;
  }
  // Those that wait are answered as well.
  events.runUntil(Number.POSITIVE_INFINITY);
  const sorted = Float64Array.from(times).sort();
  const alike = all.slice(1).map(({ requests }) => requests);
  const mean = alike.reduce((sum, one) => sum + one, 0) / alike.length;
  return {
    policy,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    failures: failed / times.length,
    oddShare: first.requests / total(),
    imbalance: Math.max(...alike) / mean,
    shares,
  };
}
