/**
 * What comes again and again, such as every request while a backend is down, is written once in a while with a
 * count: standard error may be a pipe that nobody reads, and writing to a full one would stop the proxy.
 */

/** The same line is written at most once in this time. */
const quietMs = 10_000;

/** Lines that are told apart; further ones are counted as one. */
const maxKinds = 256;

interface Kind {
  /** When it was written last. */
  at: number;
  /** How often it came since. */
  more: number;
}

export class Repeats {
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many lines of a kind were left out since the last one; null where this one is to be left out. */
  admit(key: string): number | null {
    const kind = this.#kindOf(key);
    const now = this.#now();
    if (now - kind.at < quietMs) {
      kind.more++;
      return null;
    }
    const { more } = kind;
    kind.at = now;
    kind.more = 0;
    return more;
  }

  #kindOf(key: string): Kind {
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.size >= maxKinds && key !== '') return this.#kindOf('');
    const kind = { at: Number.NEGATIVE_INFINITY, more: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}
