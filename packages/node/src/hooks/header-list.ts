/** A field section as hooks see it: names in any case, order and repetition kept, values checked. */
import { fieldEntry, type HeaderSection, toLowerAscii } from '@reverseit/core/http';

/** Header fields. Names are matched without regard to case. */
export class HeaderView implements Iterable<readonly [name: string, value: string]> {
  /** @internal The section itself, not a copy. */
  protected readonly section: HeaderSection;

  /** @internal */
  constructor(section: HeaderSection) {
    this.section = section;
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    return this.section.get(name);
  }

  /** All values, in order. */
  getAll(name: string): string[] {
    return this.section.getAll(name);
  }

  has(name: string): boolean {
    return this.section.has(name);
  }

  /** As they stand when it begins: a loop may delete what it comes by, and add to it. */
  *[Symbol.iterator](): Generator<readonly [string, string]> {
    const fields = [...this.section.fields];
    for (let i = 0; i < fields.length; i += 2) {
      yield [fields[i] as string, fields[i + 1] as string];
    }
  }
}

/**
 * Header fields that a hook may read and change. Names are matched without regard to case. What is set or
 * deleted of a request takes fields away that spell the name with `_` for `-`.
 *
 * `set` and `append` throw `RIT_ERR_INTERNAL` for a name that is no token and for a value with a control
 * character (RFC 9110 §5.1, §5.5).
 */
export class HeaderList extends HeaderView {
  readonly #isClients: boolean;
  #claimed: Set<string> | null = null;

  /**
   * @internal The section itself, not a copy. `isClients`: what a hook sets or deletes, a client must not
   * bring back by `_` for `-` (RFC 3875 §4.1.18).
   */
  constructor(section: HeaderSection, isClients = false) {
    super(section);
    this.#isClients = isClients;
  }

  /** Replaces all lines of the field by one, in the place of the first. */
  set(name: string, value: string): void {
    this.section.set(name, value);
    if (this.#isClients) this.#claim(name);
  }

  /** Appends a line. */
  append(name: string, value: string): void {
    this.section.append(name, value);
    if (this.#isClients && fieldEntry(name).describesClient) this.#claim(name);
  }

  /** Removes all lines of the field. */
  delete(name: string): void {
    this.section.remove(name);
    if (!this.#isClients) return;
    this.section.removeDisguised(name);
    this.#claimed?.delete(toLowerAscii(name));
  }

  /** @internal Names, in lower case, of fields about the client that a hook has set; null for none. */
  get claimed(): ReadonlySet<string> | null {
    return this.#claimed;
  }

  /** What a hook says of a request is its word and nobody else's. */
  #claim(name: string): void {
    this.section.removeDisguised(name);
    if (!fieldEntry(name).describesClient) return;
    this.#claimed ??= new Set();
    this.#claimed.add(toLowerAscii(name));
  }
}
