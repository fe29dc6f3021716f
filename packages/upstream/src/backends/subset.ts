/**
 * The share of a long list that one of many replicas keeps connections to, without a word between them. The
 * list is put in an order by chance again and again, the same on every replica, and the replicas take `size`
 * places each from these orders laid end to end: each backend stands once in each order, so that all are
 * taken nearly equally often. Orders follow from names (rendezvous hashing): who joins or leaves shifts
 * others by one place, and each replica exchanges a few backends.
 */
import { hash32 } from './balance/hash.ts';

/** How many backends, and whose share. */
export interface SubsetOptions {
  /** Backends to use of the list. */
  readonly size: number;
  /**
   * This replica: its number from 0, such as the ordinal of a StatefulSet's pod, for even shares; or any text
   * that only it has, for shares that are even on average.
   */
  readonly id: number | string;
}

interface Named {
  readonly name: string;
}

/** The share of a list, in its order. Names are distinct. */
export function takeSubset<T extends Named>(
  list: readonly T[],
  options: SubsetOptions,
): readonly T[] {
  const { size, id } = options;
  if (list.length <= size) return list;
  const taken =
    typeof id === 'string' ? rendezvous(list, id).slice(0, size) : slice(list, size, id);
  const isTaken = new Set(taken);
  return list.filter((one) => isTaken.has(one));
}

function slice<T extends Named>(list: readonly T[], size: number, id: number): readonly T[] {
  const { length } = list;
  const start = id * size;
  const round = Math.floor(start / length);
  const first = rendezvous(list, String(round)).slice(start % length, (start % length) + size);
  if (first.length === size) return first;
  // The seam of two orders: what is in the first already is not taken twice.
  const isTaken = new Set(first);
  const rest = rendezvous(list, String(round + 1)).filter((one) => !isTaken.has(one));
  return [...first, ...rest.slice(0, size - first.length)];
}

/** The order in which an id prefers the members of a list: by the hash of both (highest random weight). */
function rendezvous<T extends Named>(list: readonly T[], id: string): readonly T[] {
  const seed = hash32(id);
  return list
    .map((one) => ({ one, rank: hash32(one.name, seed) }))
    .sort((a, b) => a.rank - b.rank || (a.one.name < b.one.name ? -1 : 1))
    .map(({ one }) => one);
}
