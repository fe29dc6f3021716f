/** Statuses as operators write them: `502`, `200-399`, `429,500-599`. */

const lowest = 100;
const highest = 599;
const range = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/;

export class StatusSet {
  readonly #has = new Uint8Array(highest + 1);

  /** Null where the text is no list of statuses from 100 to 599 and of ranges of them. */
  static parse(text: string): StatusSet | null {
    const set = new StatusSet();
    for (const part of text.split(',')) {
      const [, from, to = from] = range.exec(part) ?? [];
      if (from === undefined || to === undefined) return null;
      const first = Number(from);
      const last = Number(to);
      if (first < lowest || last > highest || first > last) return null;
      set.#has.fill(1, first, last + 1);
    }
    return set;
  }

  has(status: number): boolean {
    return this.#has[status] === 1;
  }
}
