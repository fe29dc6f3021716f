/**
 * Consistent hashing with bounded load (Mirrokni, Thorup, Zadimoghaddam): a key goes to its member of the
 * ring unless that has more than 1.25 times its fair share of the requests under way; then to the next. Who
 * is down is passed over on the ring, so that a change of health moves only the keys of who changed.
 */
import { firstAdmitted } from './first-available.ts';
import { HashRing } from './hash-ring.ts';
import type { Admission, Candidate, Policy } from './policy.ts';

const loadFactor = 1.25;
/** Points that are tried before all members are looked at: nearly all are down or full. */
const maxWalk = 256;

export class BoundedHash<C extends Candidate> implements Policy<C> {
  #ring: HashRing<C> | null = null;
  #members: readonly C[] | null = null;
  #upWeight = 0;

  update(up: readonly C[], members: readonly C[]): void {
    if (members !== this.#members) {
      this.#ring = members.length === 0 ? null : new HashRing(members);
      this.#members = members;
    }
    this.#upWeight = 0;
    for (const { weight } of up) this.#upWeight += weight;
  }

  pick(key: number, admission: Admission<C>): C | null {
    const ring = this.#ring;
    if (ring === null || this.#upWeight === 0) return null;
    const perWeight = (loadFactor * (admission.active + 1)) / this.#upWeight;
    const { size } = ring;
    const steps = Math.min(size, maxWalk);
    let position = ring.find(key);
    let overloaded: C | null = null;
    for (let i = 0; i < steps; i++) {
      const member = ring.memberAt(position);
      if (member.isAvailable) {
        const isFull = member.active >= Math.ceil(perWeight * member.weight);
        if (!isFull && admission.admits(member)) return member;
        if (overloaded === null && isFull && admission.admits(member)) overloaded = member;
      }
      position = position + 1 === size ? 0 : position + 1;
    }
    if (overloaded !== null) return overloaded;
    // In the order of names, which all replicas have.
    return firstAdmitted(ring.members, key % ring.members.length, {
      active: admission.active,
      admits: (member: C) => member.isAvailable && admission.admits(member),
    });
  }
}
