/**
 * Consistent hashing: each member stands at many points of a ring of 32-bit hashes, more for a greater
 * weight, and a key belongs to the member at the next point. Where one of N leaves, only its keys move. The
 * points follow from the names alone, so that all replicas have the same ring, whatever the order of their
 * lists.
 */
import { hash32, mix32 } from './hash.ts';

/** Points of a member of average weight; shares of equal weights then differ by about a twelfth. */
const pointsEach = 160;
/**
 * A point is a hash and, in the lower bits, the index of its member: 52 bits, which a double holds exactly.
 */
const indexRange = 2 ** 20;

interface RingMember {
  readonly name: string;
  readonly weight: number;
}

export class HashRing<M extends RingMember> {
  /** In the order of their names. */
  readonly members: readonly M[];
  readonly #points: Float64Array;

  /** Names are distinct, weights above 0. */
  constructor(members: readonly M[]) {
    this.members = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#points = pointsOf(this.members);
  }

  get size(): number {
    return this.#points.length;
  }

  /** Position of the point that a key belongs to. */
  find(key: number): number {
    const points = this.#points;
    const wanted = key * indexRange;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low === points.length ? 0 : low;
  }

  /** The member at a position below `size`. */
  memberAt(position: number): M {
    return this.members[(this.#points[position] as number) % indexRange] as M;
  }
}

function pointsOf(members: readonly RingMember[]): Float64Array {
  let total = 0;
  for (const { weight } of members) total += weight;
  // A power of two: it changes seldom, and with it the points of those that stay.
  const scale = 2 ** Math.round(Math.log2((pointsEach * members.length) / total));
  const points: number[] = [];
  for (const [index, { name, weight }] of members.entries()) {
    const start = hash32(name, 1);
    // Odd, so that the points of a member differ; of a second hash, so that no two names share them.
    const step = hash32(name, 2) | 1;
    const count = Math.max(1, Math.round(weight * scale));
    for (let i = 0; i < count; i++) {
      points.push(mix32(start + Math.imul(step, i)) * indexRange + index);
    }
  }
  return Float64Array.from(points).sort();
}
