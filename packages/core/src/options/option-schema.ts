/**
 * One declarative table is the single source of an option's name, type, default, bounds, prose, flag
 * and place in the reference. A row knows how to read one value; this file reads whole objects.
 *
 * Reading is strict: an unknown key, a value of another type and a value out of bounds are faults, no
 * value is converted silently, and all faults of a configuration are reported in one `ConfigError`.
 * The result is frozen and complete, so that no later code holds a default of its own.
 */
import { Faults, keyPath } from './faults.ts';

/** How the command line spells an option. */
export interface OptionText {
  /** The name of the flag, where it does not follow from that of the option. */
  readonly flag: string | null;
  /** What stands for the value in the help, such as `BYTES`. Empty where the flag takes no value. */
  readonly placeholder: string;
  /** The flag may be given several times; its values are joined to a list. */
  readonly repeats: boolean;
  /** `--no-x` is a way to say false. */
  readonly negatable: boolean;
  /** The text names a file whose content is the value. */
  readonly file: boolean;
  /** What is accepted as text, where that differs from the option's own; empty where it does not. */
  readonly accepts: string;
  /**
   * From text to value; undefined where the text has not the form of the flag. Text that has, and yet stands
   * for no value, is handed on, for `read` to reject.
   */
  parse(text: string): unknown;
}

/** A schema by draft 7 of JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One row of a table. `In` is what a user may write, `Out` what the resolved object holds. */
export interface Option<In, Out> {
  readonly kind: string;
  /** Heading of the reference and the help under which the row stands. */
  readonly group: string;
  /** What the option decides, in one sentence. */
  readonly prose: string;
  /** What passing the limit answers, such as `414`. Empty where there is no answer. */
  readonly answers: string;
  /** What is accepted, to follow the word "expected". */
  readonly accepts: string;
  readonly default: Out;
  /** The default as the reference shows it. */
  readonly defaultText: string;
  /** Null where no single flag stands for the option. */
  readonly text: OptionText | null;
  /** What a value looks like in JSON; null where JSON has none, as of functions. */
  readonly json: JsonSchema | null;
  /** Rows of a nested object; null where the value is not one. */
  readonly nested: NestedRows | null;
  /** Reads a given value; reports what is wrong and then answers with the default. */
  read(value: unknown, key: string, faults: Faults, base: Out): Out;
  /** Carries the type, never a value. */
  readonly '~input'?: In;
}

export interface NestedRows {
  readonly rows: OptionTable;
  /** What the flags of the rows begin with; empty for nothing. */
  readonly flagPrefix: string;
  /** Keys that are no rows are taken as well. */
  readonly open: boolean;
}

/** Key → row. */
export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

/** What a user may write. Every key is optional; `undefined` means not given. */
export type OptionInput<T extends OptionTable> = {
  readonly [K in keyof T]?: (T[K] extends Option<infer In, unknown> ? In : never) | undefined;
};

/** What the rest of the code sees: every key, checked, frozen. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<unknown, infer Out> ? Out : never;
};

/** Makes a table. Keys are camelCase; the rows keep their own types. */
export function defineOptions<const T extends OptionTable>(table: T): T {
  return Object.freeze(table);
}

/** Every default of a table. */
export function defaultValues<T extends OptionTable>(table: T): OptionValues<T> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) values[key] = option.default;
  // The loop follows the mapped type, which the compiler cannot see.
  return Object.freeze(values) as OptionValues<T>;
}

/**
 * Reads an object by its table and returns a frozen, complete one.
 *
 * @throws ConfigError (`RIT_ERR_CONFIG`); `details.faults` lists every `{key, message}`.
 */
export function resolveOptions<T extends OptionTable>(table: T, input: unknown): OptionValues<T> {
  const faults = new Faults();
  const values = readOptions(table, input, '', faults, defaultValues(table));
  faults.throwIfAny();
  return values;
}

/**
 * The same for a part of a larger configuration: faults are collected under the path of `parent`, and
 * keys that are not given come from `base`.
 *
 * @param elsewhere says of a key that this table lacks where it belongs.
 */
export function readOptions<T extends OptionTable>(
  table: T,
  input: unknown,
  parent: string,
  faults: Faults,
  base: OptionValues<T>,
  elsewhere?: (key: string) => string | undefined,
): OptionValues<T> {
  if (!hasKnownKeys(input, Object.keys(table), parent, faults, elsewhere)) return base;
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const value = Object.hasOwn(input, key) ? input[key] : undefined;
    const inherited = base[key];
    values[key] =
      value === undefined ? inherited : option.read(value, keyPath(parent, key), faults, inherited);
  }
  return Object.freeze(values) as OptionValues<T>;
}

/** Refuses what is no object of options, and keys of one that are not known. False where it is none. */
export function hasKnownKeys(
  input: unknown,
  known: readonly string[],
  parent: string,
  faults: Faults,
  elsewhere?: (key: string) => string | undefined,
): input is Readonly<Record<string, unknown>> {
  if (!isPlainObject(input)) {
    faults.refuse(parent, input, 'an object of options');
    return false;
  }
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) faults.unknown(parent, key, input[key], known, elsewhere?.(key));
  }
  return true;
}

/** The values of one table, out of those of a table that holds more. */
export function pickOptions<T extends OptionTable>(
  table: T,
  values: OptionValues<T>,
): OptionValues<T> {
  const picked: Record<string, unknown> = {};
  for (const key of Object.keys(table)) picked[key] = values[key];
  return Object.freeze(picked) as OptionValues<T>;
}

/** True for object literals, parsed JSON and module namespaces; not for instances of classes. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The second test also knows the literals of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
