/**
 * A list through its members themselves: joining, leaving from anywhere and taking the first cost a few
 * pointers each, and nothing is allocated.
 *
 * It is also what to keep connections in, or anything else that comes and goes. A Set or a Map that grows full
 * makes itself a new table, and its former one keeps what was in it, and the new one. Once such a table is old,
 * which every full collection of garbage makes it, all in it and in those that followed survives every other
 * collection: nearly half of all connections that are opened one after the other.
 */

/** What may stand in a list, in one at a time. The links are the list's. */
export interface Linked<T> {
  previous: T | null;
  next: T | null;
}

/** Where something stands that has no links of its own, or stands in another list as well. */
export class Place<T> implements Linked<Place<T>> {
  previous: Place<T> | null = null;
  next: Place<T> | null = null;
  readonly member: T;

  constructor(member: T) {
    this.member = member;
  }
}

export class IntrusiveList<T extends Linked<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | null {
    return this.#first;
  }

  get last(): T | null {
    return this.#last;
  }

  /** Adds one that stands in no list. */
  push(member: T): void {
    member.previous = this.#last;
    if (this.#last === null) this.#first = member;
    else this.#last.next = member;
    this.#last = member;
    this.#size++;
  }

  /** Adds one that stands in no list, before all others. */
  pushFirst(member: T): void {
    member.next = this.#first;
    if (this.#first === null) this.#last = member;
    else this.#first.previous = member;
    this.#first = member;
    this.#size++;
  }

  /** Takes out one that stands in this list. */
  remove(member: T): void {
    const { previous, next } = member;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    member.previous = null;
    member.next = null;
    this.#size--;
  }

  /** Whether one that can stand in no other list stands in this one. */
  has(member: T): boolean {
    return member.previous !== null || this.#first === member;
  }

  /** Those that stand in it now, so that they may leave it one by one. */
  members(): T[] {
    const all: T[] = [];
    for (let member = this.#first; member !== null; member = member.next) all.push(member);
    return all;
  }
}
