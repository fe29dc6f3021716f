/** Options that are objects with rows of their own. */
import { type Faults, keyPath } from './faults.ts';
import type { RowText } from './option-kinds.ts';
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

/**
 * A nested object. Keys that are not given keep the value they would inherit. `In` and `Out` give its
 * types names, with which declaration files keep the comments of a table in another file.
 */
export function group<
  const T extends OptionTable,
  In extends OptionInput<T> = OptionInput<T>,
  Out extends OptionValues<T> = OptionValues<T>,
>(spec: GroupSpec<T>): Option<In, Out> {
  // Two names of one type.
  const initial = defaultValues(spec.rows) as Out;
  return Object.freeze({
    ...shared(spec),
    default: initial,
    defaultText: groupDefault(spec.rows),
    read: (value: unknown, key: string, faults: Faults, base: Out) =>
      readOptions(spec.rows, value, key, faults, base) as Out,
  });
}

interface OptionalGroupSpec<T extends OptionTable> extends GroupSpec<T> {
  /** Says of a key that the rows lack what to write instead. */
  elsewhere?(key: string): string | undefined;
  /** Rules that span the rows. Not asked where a row was refused. */
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
      const { rows, elsewhere } = spec;
      const values = readOptions(rows, value, key, faults, base ?? initial, elsewhere) as Out;
      if (faults.list.length === before) spec.check?.(values, key, faults);
      return values;
    },
  });
}

interface OpenGroupSpec<T extends OptionTable> extends GroupSpec<T> {
  /** Where the keys are defined that are handed on unread. */
  readonly accepts: string;
  /** Rules for the whole object. Not asked where a row was refused. */
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
    ...shared(spec),
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
      for (const [name, row] of Object.entries(rows)) {
        if (!Object.hasOwn(value, name) || value[name] === undefined) continue;
        row.read(value[name], keyPath(key, name), faults, row.default);
      }
      if (faults.list.length === before) spec.check?.(value, key, faults);
      // The other keys are checked by Node, which owns the type.
      return Object.freeze({ ...value }) as Foreign;
    },
  });
}

const shared = <T extends OptionTable>({ rows, flagPrefix, ...row }: GroupSpec<T>) => ({
  kind: 'group',
  group: row.group,
  prose: row.prose,
  answers: row.answers ?? '',
  accepts: `an object of ${Object.keys(rows).join(', ')}`,
  text: null,
  nested: { rows, flagPrefix },
});

const groupDefault = (rows: OptionTable): string =>
  `{${Object.entries(rows)
    .map(([key, row]) => `${key}: ${row.defaultText}`)
    .join(', ')}}`;
