/** A field section as hooks see it: names in any case, order and repetition kept, values checked. */
import { fail } from '@reverseit/core/errors';
import {
  type FieldSection,
  getField,
  getFieldValues,
  hasField,
  isFieldValue,
  isToken,
  removeDisguised,
  removeField,
  setField,
  toLowerAscii,
} from '@reverseit/core/http';

/** Header fields. Names are matched without regard to case. */
export class HeaderView implements Iterable<readonly [name: string, value: string]> {
  /** @internal The section itself, not a copy. */
  protected readonly fields: FieldSection;

  /** @internal */
  constructor(fields: FieldSection) {
    this.fields = fields;
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    return getField(this.fields, toLowerAscii(name));
  }

  /** All values, in order. */
  getAll(name: string): string[] {
    return getFieldValues(this.fields, toLowerAscii(name));
  }

  has(name: string): boolean {
    return hasField(this.fields, toLowerAscii(name));
  }

  *[Symbol.iterator](): Generator<readonly [string, string]> {
    for (let i = 0; i < this.fields.length; i += 2) {
      yield [this.fields[i] as string, this.fields[i + 1] as string];
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

  /**
   * @internal The section itself, not a copy. `isClients`: what a hook sets or deletes, a client must not
   * bring back by `_` for `-` (RFC 3875 §4.1.18).
   */
  constructor(fields: FieldSection, isClients = false) {
    super(fields);
    this.#isClients = isClients;
  }

  /** Replaces all lines of the field by one, in the place of the first. */
  set(name: string, value: string): void {
    assertField(name, value);
    setField(this.fields, name, value);
    if (this.#isClients) removeDisguised(this.fields, name);
  }

  /** Adds a line behind all others. */
  append(name: string, value: string): void {
    assertField(name, value);
    this.fields.push(name, value);
  }

  /** Removes all lines of the field. */
  delete(name: string): void {
    removeField(this.fields, toLowerAscii(name));
    if (this.#isClients) removeDisguised(this.fields, name);
  }
}

function assertField(name: string, value: string): void {
  if (typeof name !== 'string' || !isToken(name)) {
    throw fail('RIT_ERR_INTERNAL', 'a hook used an invalid header name');
  }
  if (typeof value !== 'string' || !isFieldValue(value)) {
    throw fail('RIT_ERR_INTERNAL', `a hook set an invalid value for the header "${name}"`);
  }
}
