/**
 * A header section (RFC 9110 §5), from the parser to the wire: what was received, what rules and hooks make
 * of it, and what is sent.
 *
 * It is a flat list of names and values. Where it came as text of which every line reads `name: value`, as we
 * write them, it keeps that text beside the list. Two things hold at every moment, and every method sees to
 * them:
 *
 *  - it is well formed: names are tokens, values hold no control character, and no blanks at their ends. The
 *    parser has seen to that for what it read, `from`, `append` and `set` do for what they are given;
 *  - the text, where there is one, says what the list says.
 *
 * So nobody can send what is out of date or could be read in two ways. A rule that passes most fields on, as
 * those of a proxy do, copies the text in runs from one dropped field to the next; a change in the middle
 * gives the text up, and the list is written instead. A section costs one object and its list.
 */
import { createError } from '../errors/reverseit-error.ts';
import { isFieldValue, isToken, toLowerAscii, trimOws } from './ascii.ts';
import { type FieldEntry, fieldEntry, KIND } from './field-registry.ts';
import {
  type FieldSection,
  fieldLines,
  getField,
  getFieldValues,
  type ReadonlyFieldSection,
  removeField,
  setField,
} from './field-section.ts';
import { removeDisguised } from './fold-name.ts';

/** Decides about each field of a section, in their order. */
export interface FieldRule {
  /** The value with which the field passes: its own or, well formed, another; null where it does not pass. */
  pass(name: string, value: string, entry: FieldEntry): string | null;
}

/** A header section: a list of fields, together with the text that it was parsed from. */
export class HeaderSection {
  readonly #fields: FieldSection;
  #text: string | null;
  /** Bits of `KIND`, those of fields that were removed perhaps among them; -1 where nobody has looked yet. */
  #kinds: number;

  private constructor(fields: FieldSection, text: string | null, kinds: number) {
    this.#fields = fields;
    this.#text = text;
    this.#kinds = kinds;
  }

  /**
   * Of fields that were not parsed; they are copied.
   * @throws StateError `RIT_ERR_INTERNAL` where a name is no token or a value no field value
   */
  static from(fields: ReadonlyFieldSection): HeaderSection {
    const copy = [...fields];
    for (let i = 0; i < copy.length; i += 2) copy[i + 1] = checkedValue(copy[i], copy[i + 1]);
    return new HeaderSection(copy, null, -1);
  }

  /**
   * Of fields that a parser has read and checked. The list is taken over. `text` says the same in lines
   * `name: value` CRLF, or is null.
   */
  static parsed(fields: FieldSection, text: string | null = null): HeaderSection {
    return new HeaderSection(fields, text, -1);
  }

  /** Of no fields, to be appended to. */
  static empty(): HeaderSection {
    return new HeaderSection([], '', 0);
  }

  /** The fields as a list: name, value, name, value, … Not a copy. */
  get fields(): ReadonlyFieldSection {
    return this.#fields;
  }

  /** The first value of a field, or undefined. */
  get(name: string): string | undefined {
    return getField(this.#fields, toLowerAscii(name));
  }

  /** All values of a field, in order. */
  getAll(name: string): string[] {
    return getFieldValues(this.#fields, toLowerAscii(name));
  }

  /** Whether there may be a field of a kind (bits of `KIND`); false is certain. */
  mayHold(kinds: number): boolean {
    if (this.#kinds === -1) {
      let found = 0;
      for (let i = 0; i < this.#fields.length; i += 2) {
        found = joined(found, fieldEntry(this.#fields[i] as string).kinds);
      }
      this.#kinds = found;
    }
    return (this.#kinds & kinds) !== 0;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /**
   * Adds a field at the end.
   * @throws StateError `RIT_ERR_INTERNAL` where the name is no token or the value no field value
   */
  append(name: string, value: string): void {
    this.appendChecked(name, checkedValue(name, value));
  }

  /** The same of a field that is known to be well formed. */
  appendChecked(name: string, value: string): void {
    this.#add(fieldEntry(name).kinds);
    this.#fields.push(name, value);
    if (this.#text !== null) this.#text += fieldLine(name, value);
  }

  /**
   * Adds a field at the start, where Host belongs (RFC 9110 §7.2).
   * @throws StateError `RIT_ERR_INTERNAL` where the name is no token or the value no field value
   */
  prepend(name: string, value: string): void {
    const checked = checkedValue(name, value);
    this.#add(fieldEntry(name).kinds);
    this.#fields.unshift(name, checked);
    if (this.#text !== null) this.#text = fieldLine(name, checked) + this.#text;
  }

  /**
   * Replaces all lines of a field by one, in the place of the first, or adds it at the end.
   * @throws StateError `RIT_ERR_INTERNAL` where the name is no token or the value no field value
   */
  set(name: string, value: string): void {
    setField(this.#fields, name, checkedValue(name, value));
    if (this.#kinds !== -1) this.#kinds |= fieldEntry(name).kinds;
    this.#text = null;
  }

  /** Removes all lines of a field. */
  remove(name: string): void {
    const { length } = this.#fields;
    removeField(this.#fields, toLowerAscii(name));
    if (this.#fields.length !== length) this.#text = null;
  }

  /** Removes what a gateway takes for a field although it is spelled otherwise (RFC 3875 §4.1.18). */
  removeDisguised(name: string): void {
    const { length } = this.#fields;
    removeDisguised(this.#fields, name);
    if (this.#fields.length !== length) this.#text = null;
  }

  /** Appends the fields that pass a rule to another section, mostly a new one, and returns that. */
  filter(rule: FieldRule, into: HeaderSection = HeaderSection.empty()): HeaderSection {
    if (this.#text !== null && into.#text !== null) {
      into.#text += this.#select(rule, this.#text, into);
    } else {
      into.#add(this.#selectFields(rule, into.#fields));
      into.#text = null;
    }
    return into;
  }

  /** The fields as they are written (RFC 9112 §5), or those that pass a rule: lines, each with its end. */
  serialize(rule: FieldRule | null = null): string {
    if (rule === null) return this.#text ?? fieldLines(this.#fields);
    if (this.#text !== null) return this.#select(rule, this.#text, null);
    const passed: FieldSection = [];
    this.#selectFields(rule, passed);
    return fieldLines(passed);
  }

  /**
   * The same with `lines` after Host, which comes first; null where it does not, or where there may be more
   * that is a transport's to look at.
   */
  serializeAround(lines: string): string | null {
    const text = this.#text;
    const fields = this.#fields;
    if (text === null || fields[0] !== 'host') return null;
    if (this.mayHold(KIND.TRANSPORT | KIND.HOSTS)) return null;
    const hostEnd = 'host: \r\n'.length + (fields[1] as string).length;
    return text.substring(0, hostEnd) + lines + text.substring(hostEnd);
  }

  /** The text of the fields that pass, in runs; they are appended to `into` as well. */
  #select(rule: FieldRule, text: string, into: HeaderSection | null): string {
    const list = into === null ? null : into.#fields;
    let kinds = 0;
    const source = this.#fields;
    let selected = '';
    let runStart = 0;
    let lineStart = 0;
    for (let i = 0; i < source.length; i += 2) {
      const name = source[i] as string;
      const value = source[i + 1] as string;
      const entry = fieldEntry(name);
      const passed = rule.pass(name, value, entry);
      const lineEnd = lineStart + name.length + value.length + 4;
      if (passed !== value) {
        if (runStart < lineStart) selected += text.substring(runStart, lineStart);
        if (passed !== null) selected += fieldLine(name, passed);
        runStart = lineEnd;
      }
      if (passed !== null && list !== null) {
        list.push(name, passed);
        kinds = joined(kinds, entry.kinds);
      }
      lineStart = lineEnd;
    }
    if (into !== null) into.#add(kinds);
    return runStart < lineStart ? selected + text.substring(runStart, lineStart) : selected;
  }

  /** The kinds of what passed. */
  #selectFields(rule: FieldRule, into: FieldSection): number {
    const source = this.#fields;
    let kinds = 0;
    for (let i = 0; i < source.length; i += 2) {
      const name = source[i] as string;
      const entry = fieldEntry(name);
      const passed = rule.pass(name, source[i + 1] as string, entry);
      if (passed === null) continue;
      into.push(name, passed);
      kinds = joined(kinds, entry.kinds);
    }
    return kinds;
  }

  #add(kinds: number): void {
    if (this.#kinds !== -1) this.#kinds = joined(this.#kinds, kinds);
  }
}

/** The kinds of a section to which fields of other kinds are added. */
function joined(kinds: number, more: number): number {
  return (kinds & more & KIND.HOST) === 0 ? kinds | more : kinds | more | KIND.HOSTS;
}

function fieldLine(name: string, value: string): string {
  // biome-ignore lint/style/useTemplate: it would ask each part whether it is a string
  return name + ': ' + value + '\r\n';
}

/**
 * The value of a field that nobody has checked, without the blanks at its ends: they are no part of it (RFC 9110 §5.5),
 * and over HTTP/2 there must not be any (RFC 9113 §8.2.1).
 */
function checkedValue(name: unknown, value: unknown): string {
  if (typeof name !== 'string' || !isToken(name)) {
    throw createError('RIT_ERR_INTERNAL', 'invalid header name (RFC 9110 §5.1)');
  }
  if (typeof value !== 'string' || !isFieldValue(value)) {
    throw createError('RIT_ERR_INTERNAL', `invalid value for the header "${name}" (RFC 9110 §5.5)`);
  }
  return trimOws(value);
}
