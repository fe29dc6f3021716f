/** Options that are objects with rows of their own. */
import { checkLoaded, type LoadedFiles, loadFiles } from './credential-files.ts';
import { type Faults, keyPath } from './faults.ts';
import { type RowText, switchText } from './option-kinds.ts';
import {
  defaultValues,
  isPlainObject,
  type Option,
  type OptionInput,
  type OptionTable,
  type OptionValues,
  readOptions,
} from './option-schema.ts';

interface GroupSpec<T extends OptionTable> extends RowText {
  readonly rows: T;
  /** What the flags of the rows begin with, without hyphens; empty for nothing. */
  readonly flagPrefix: string;
}

interface ClosedGroupSpec<T extends OptionTable> extends GroupSpec<T> {
  /** Says of a key that the rows lack what to write instead. */
  elsewhere?(key: string): string | undefined;
}

/**
 * A nested object. Keys that are not given keep the value they would inherit. `In` and `Out` give its
 * types names, with which declaration files keep the comments of a table in another file.
 */
export function group<
  const T extends OptionTable,
  In extends OptionInput<T> = OptionInput<T>,
  Out extends OptionValues<T> = OptionValues<T>,
>(spec: ClosedGroupSpec<T>): Option<In, Out> {
  // Two names of one type.
  const initial = defaultValues(spec.rows) as Out;
  return Object.freeze({
    ...shared(spec),
    default: initial,
    defaultText: groupDefault(spec.rows),
    read: (value: unknown, key: string, faults: Faults, base: Out) =>
      readOptions(spec.rows, value, key, faults, base, spec.elsewhere) as Out,
  });
}

interface OptionalGroupSpec<T extends OptionTable> extends ClosedGroupSpec<T> {
  /** Rules that span the rows. Not asked where a row was rejected. */
  check?(values: OptionValues<T>, key: string, faults: Faults): void;
}

/** A nested object that is absent unless given. */
export function optionalGroup<
  const T extends OptionTable,
  In extends OptionInput<T> = OptionInput<T>,
  Out extends OptionValues<T> = OptionValues<T>,
>(spec: OptionalGroupSpec<T>): Option<In | null, Out | null> {
  const initial = defaultValues(spec.rows) as Out;
  return Object.freeze({
    ...shared(spec),
    default: null,
    defaultText: 'none',
    read(value: unknown, key: string, faults: Faults, base: Out | null): Out | null {
      if (value === null) return null;
      const before = faults.list.length;
      const read = loadFilesOf(spec.rows, value, key, faults);
      const input = read === null ? value : read.given;
      const { rows, elsewhere } = spec;
      const values = readOptions(rows, input, key, faults, base ?? initial, elsewhere) as Out;
      if (faults.list.length > before) return values;
      if (read === null) spec.check?.(values, key, faults);
      else checkLoaded(read, key, faults, (own) => spec.check?.(values, key, own));
      return values;
    },
  });
}

/**
 * A nested object that is off unless given. `true` turns it on with its defaults, and has a flag of its own;
 * `false` and null turn it off.
 */
export function switchGroup<
  const T extends OptionTable,
  In extends OptionInput<T> = OptionInput<T>,
  Out extends OptionValues<T> = OptionValues<T>,
>(spec: GroupSpec<T>): Option<In | boolean | null, Out | null> {
  const initial = defaultValues(spec.rows) as Out;
  const { rows } = spec;
  return Object.freeze({
    ...shared(spec),
    default: null,
    defaultText: 'none',
    accepts: `true, false or an object of ${Object.keys(rows).join(', ')}`,
    text: switchText,
    json: { type: 'boolean' },
    read(value: unknown, key: string, faults: Faults, base: Out | null): Out | null {
      if (value === null || value === false) return null;
      const inherited = base ?? initial;
      if (value === true) return inherited;
      if (isPlainObject(value)) return readOptions(rows, value, key, faults, inherited) as Out;
      faults.refuse(key, value, this.accepts);
      return null;
    },
  });
}

interface OpenGroupSpec<T extends OptionTable> extends GroupSpec<T> {
  /** Where the keys are defined that are handed on unread. */
  readonly accepts: string;
  /** Rules for the whole object. Not asked where a row was rejected. */
  check?(given: Readonly<Record<string, unknown>>, key: string, faults: Faults): void;
}

/**
 * A nested object whose other keys belong to an interface of Node and are handed on as they are. Only
 * the rows are checked, and have flags.
 */
export function openGroup<Foreign extends object, const T extends OptionTable = OptionTable>(
  spec: OpenGroupSpec<T>,
): Option<Foreign | null, Foreign | null> {
  const { rows, accepts } = spec;
  return Object.freeze({
    ...shared(spec, true),
    accepts,
    default: null,
    defaultText: 'none',
    read(value: unknown, key: string, faults: Faults): Foreign | null {
      if (value === null) return null;
      if (!isPlainObject(value)) {
        faults.refuse(key, value, accepts, true);
        return null;
      }
      const before = faults.list.length;
      const read = loadFiles(rows, value, key, faults);
      const given: Record<string, unknown> = { ...read.given };
      for (const [name, row] of Object.entries(rows)) {
        if (!Object.hasOwn(given, name) || given[name] === undefined) continue;
        given[name] = row.read(given[name], keyPath(key, name), faults, row.default);
      }
      if (faults.list.length === before) {
        checkLoaded(read, key, faults, (own) => spec.check?.(given, key, own));
      }
      // The other keys are checked by Node, which owns the type.
      return Object.freeze(given) as Foreign;
    },
  });
}

/** Null where the value is no object, which is reported elsewhere. */
const loadFilesOf = (
  rows: OptionTable,
  value: unknown,
  key: string,
  faults: Faults,
): LoadedFiles | null => (isPlainObject(value) ? loadFiles(rows, value, key, faults) : null);

const shared = <T extends OptionTable>(
  { rows, flagPrefix, ...row }: GroupSpec<T>,
  open = false,
) => ({
  kind: 'group',
  group: row.group,
  prose: row.prose,
  answers: row.answers ?? '',
  accepts: `an object of ${Object.keys(rows).join(', ')}`,
  text: null,
  json: null,
  nested: { rows, flagPrefix, open },
});

const groupDefault = (rows: OptionTable): string =>
  `{${Object.entries(rows)
    .map(([key, row]) => `${key}: ${row.defaultText}`)
    .join(', ')}}`;
