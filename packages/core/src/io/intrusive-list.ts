/**
 * A list through its members themselves: joining, leaving from anywhere and taking the first cost a few
 * pointers each, and nothing is allocated.
 */

/** What may stand in a list, in one at a time. The links are the list's. */
export interface Linked<T> {
  previous: T | null;
  next: T | null;
}

export class IntrusiveList<T extends Linked<T>> {
  #first: T | null = null;
  #last: T | null = null;

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
  }

  /** Adds one that stands in no list, before all others. */
  pushFirst(member: T): void {
    member.next = this.#first;
    if (this.#first === null) this.#last = member;
    else this.#first.previous = member;
    this.#first = member;
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
  }
}
