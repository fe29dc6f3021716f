/** 100 replicas before 1,000 backends that come and go, without a word between the replicas. */
import { HashRing } from '../../packages/upstream/src/backends/balance/hash-ring.ts';
import { takeSubset } from '../../packages/upstream/src/backends/subset.ts';
import { seededRandom } from '../../packages/upstream/test/seeded-random.ts';
import { EventQueue } from './event-queue.ts';
import { ModelBackend, ModelProxy, serviceTime, slots } from './model.ts';

export const replicas = 100;
const backends = 1000;
/** Backends that leave, and others that join, at each change of the list. */
export const churn = 10;
const changes = 20;
/** In ms. */
const fleetDuration = 1000;
export const sizes = [20, 50, 100] as const;

interface Named {
  readonly name: string;
  readonly weight: number;
}

const named = (number: number): Named => ({ name: `backend-${number}`, weight: 1 });

/** Some have left, drawn by chance, and as many have joined. */
function changed(list: readonly Named[], first: number, random: () => number): Named[] {
  const kept = [...list];
  for (let i = 0; i < churn; i++) kept.splice(Math.floor(random() * kept.length), 1);
  return [...kept, ...Array.from({ length: churn }, (_, i) => named(first + i))];
}

export interface SubsetResult {
  readonly size: number;
  /** Replicas of each backend: the fewest, the mean and the most, after all changes. */
  readonly fewest: number;
  readonly mean: number;
  readonly most: number;
  /** Backends that a replica exchanges at a change of the list: mean and most. */
  readonly exchanged: number;
  readonly mostExchanged: number;
}

export function simulateSubset(size: number, seed = 1): SubsetResult {
  const random = seededRandom(seed);
  let list: readonly Named[] = Array.from({ length: backends }, (_, i) => named(i));
  const take = () => Array.from({ length: replicas }, (_, id) => takeSubset(list, { size, id }));
  let subsets = take();
  let exchanged = 0;
  let mostExchanged = 0;
  for (let change = 0; change < changes; change++) {
    list = changed(list, backends + change * churn, random);
    const next = take();
    for (const [id, subset] of next.entries()) {
      const before = new Set(subsets[id]?.map(({ name }) => name));
      const fresh = subset.filter(({ name }) => !before.has(name)).length;
      exchanged += fresh;
      mostExchanged = Math.max(mostExchanged, fresh);
    }
    subsets = next;
  }
  const counts = new Map(list.map(({ name }) => [name, 0]));
  for (const { name } of subsets.flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    size,
    fewest: Math.min(...counts.values()),
    mean: (replicas * size) / backends,
    most: Math.max(...counts.values()),
    exchanged: exchanged / changes / replicas,
    mostExchanged,
  };
}

export interface HashResult {
  /** Share of all keys whose backend has left: they have to move. */
  readonly orphans: number;
  /** Share of the others on which a replica with the old list and one with the new do not agree. */
  readonly disagreement: number;
}

/** Half of the replicas have heard of a change, the others have not. */
export function simulateHash(seed = 1): HashResult {
  const random = seededRandom(seed);
  const before = Array.from({ length: backends }, (_, i) => named(i));
  const after = changed(before, backends, random);
  const [older, newer] = [new HashRing(before), new HashRing(after)];
  const stays = new Set(after.map(({ name }) => name));
  const keys = 200_000;
  let orphans = 0;
  let moved = 0;
  for (let i = 0; i < keys; i++) {
    const key = Math.floor(random() * 2 ** 32);
    const { name } = older.memberAt(older.find(key));
    if (!stays.has(name)) orphans++;
    else if (newer.memberAt(newer.find(key)).name !== name) moved++;
  }
  return { orphans: orphans / keys, disagreement: moved / (keys - orphans) };
}

export interface FleetResult {
  readonly title: string;
  /** Connections of all replicas to backends, where each keeps one. */
  readonly connections: number;
  /** Requests of the busiest backend, and of the least busy one, divided by the mean. */
  readonly busiest: number;
  readonly idlest: number;
  /** In ms. */
  readonly p99: number;
}

/** The load of all replicas on all backends, with `least-requests` on each; `size` 0 for no subset. */
export function simulateFleet(size: number, seed = 1): FleetResult {
  const events = new EventQueue();
  const random = seededRandom(seed);
  const all = Array.from(
    { length: backends },
    (_, i) => new ModelBackend(`backend-${i}`, {}, events, random),
  );
  const proxies = Array.from({ length: replicas }, (_, id) => {
    const own = size === 0 ? all : takeSubset(all, { size, id });
    return new ModelProxy('least-requests', own, 0, events, random);
  });
  const times: number[] = [];
  const rate = (0.6 * backends * slots) / serviceTime;
  const arrive = () => {
    if (events.now >= fleetDuration) return;
    const proxy = proxies[Math.floor(random() * replicas)] as ModelProxy;
    proxy.send((elapsed) => times.push(elapsed));
    events.add({ at: events.now - Math.log(1 - random()) / rate, run: arrive });
  };
  events.add({ at: 0, run: arrive });
  events.runUntil(Number.POSITIVE_INFINITY);
  const requests = all.map((one) => one.requests);
  const mean = requests.reduce((sum, one) => sum + one, 0) / backends;
  const sorted = Float64Array.from(times).sort();
  return {
    title: size === 0 ? 'no subset' : `subset of ${size}`,
    connections: replicas * (size === 0 ? backends : size),
    busiest: Math.max(...requests) / mean,
    idlest: Math.min(...requests) / mean,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  };
}
