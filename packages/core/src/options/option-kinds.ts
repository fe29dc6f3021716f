/** The kinds of options whose value is one scalar, and the general kind that the others are made of. */
import type { Faults } from './faults.ts';
import { show } from './faults.ts';
import type { JsonSchema, Option, OptionText } from './option-schema.ts';

/** What every row states. */
export interface RowText {
  readonly group: string;
  readonly prose: string;
  readonly answers?: string;
}

interface ValueSpec<In, Out> extends RowText {
  readonly kind: string;
  readonly accepts: string;
  readonly default: Out;
  readonly defaultText?: string;
  readonly text?: Partial<OptionText> | null;
  /** Any value of JSON by default. */
  readonly json?: JsonSchema | null;
  readonly '~input'?: In;
}

interface ReaderSpec<In, Out> extends ValueSpec<In, Out> {
  /** Reads the value, and reports what is wrong with it. */
  read(value: unknown, key: string, faults: Faults): Out;
}

/** A row that reads its value by itself, for it has more to say than what is accepted. */
export function reader<In, Out>(spec: ReaderSpec<In, Out>): Option<In, Out> {
  return Object.freeze({
    kind: spec.kind,
    group: spec.group,
    prose: spec.prose,
    answers: spec.answers ?? '',
    accepts: spec.accepts,
    default: spec.default,
    defaultText: spec.defaultText ?? defaultText(spec.default),
    text: spec.text === null ? null : { ...plainText, ...spec.text },
    json: spec.json === undefined ? {} : spec.json,
    nested: null,
    read: (value: unknown, key: string, faults: Faults) => spec.read(dense(value), key, faults),
  });
}

/** A hole, as two commas in a row leave one, is a value that no check may pass over. */
const dense = (value: unknown): unknown => (Array.isArray(value) ? [...value] : value);

interface CustomSpec<In, Out> extends ValueSpec<In, Out> {
  /** The value is never shown in a message. */
  readonly secret?: boolean;
  /** The value to keep, or undefined to reject it. */
  check(value: unknown): Out | undefined;
}

/** A row with a check of its own. Where the default is null, null may be given and means none. */
export function custom<In, Out>({
  secret = false,
  check,
  ...spec
}: CustomSpec<In, Out>): Option<In, Out> {
  return reader<In, Out>({
    ...spec,
    read(value: unknown, key: string, faults: Faults): Out {
      if (value === null && spec.default === null) return spec.default;
      const kept = check(value);
      if (kept !== undefined) return kept;
      faults.refuse(key, value, spec.accepts, secret);
      return spec.default;
    },
  });
}

const plainText: OptionText = {
  flag: null,
  placeholder: 'TEXT',
  repeats: false,
  negatable: false,
  file: false,
  accepts: '',
  parse: (text) => text,
};

/** The flag of a list: given several times, or once with its members separated by commas. */
export const listText = (placeholder: string, accepts: string): Partial<OptionText> => ({
  placeholder,
  repeats: true,
  accepts,
  parse: (text) => text.split(','),
});

const defaultText = (value: unknown): string => {
  if (value === null) return 'none';
  return typeof value === 'string' ? JSON.stringify(value) : show(value);
};

interface AmountSpec<Lift extends boolean> extends RowText {
  readonly default: number;
  /** Least value; 1 by default. */
  readonly min?: number;
  readonly max?: number;
  /** Whether `Infinity` lifts the limit. */
  readonly lift?: Lift;
}

/** `'infinity'` is for JSON, which has no `Infinity`. */
type Amount<Lift extends boolean> = Lift extends true ? number | 'infinity' : number;

/** A size in bytes. */
export function bytes<const Lift extends boolean = false>(
  spec: AmountSpec<Lift>,
): Option<Amount<Lift>, number> {
  return amount('bytes', 'a whole number of bytes', 'BYTES', spec);
}

/** A number of things. */
export function count<const Lift extends boolean = false>(
  spec: AmountSpec<Lift>,
): Option<Amount<Lift>, number> {
  return amount('count', 'a whole number', 'N', spec);
}

function amount<In>(
  kind: string,
  noun: string,
  placeholder: string,
  {
    default: initial,
    min = 1,
    max = Number.MAX_SAFE_INTEGER,
    lift = false,
    ...row
  }: AmountSpec<boolean>,
): Option<In, number> {
  return custom<In, number>({
    ...row,
    kind,
    default: initial,
    accepts: `${noun} ${boundsText(min, max)}${lift ? ', or Infinity' : ''}`,
    text: { placeholder, parse: parseAmount },
    json: numberSchema(min, max, lift),
    check: (value) => {
      const given = value === 'infinity' ? Number.POSITIVE_INFINITY : value;
      if (given === Number.POSITIVE_INFINITY) return lift ? given : undefined;
      return isWhole(given, min, max) ? given : undefined;
    },
  });
}

export interface OptionalCountSpec extends RowText {
  readonly defaultText?: string;
  /** What it counts, such as "a port". */
  readonly noun?: string;
  /** Least value; 1 by default. */
  readonly min?: number;
  readonly max?: number;
  /** Of its flag; null where it has none. */
  readonly placeholder?: string | null;
}

/** A whole number that is absent unless given. */
export function optionalCount({
  noun = 'a whole number',
  min = 1,
  max = Number.MAX_SAFE_INTEGER,
  placeholder = 'N',
  ...row
}: OptionalCountSpec): Option<number | null, number | null> {
  return custom<number | null, number | null>({
    ...row,
    kind: 'count',
    default: null,
    accepts: `${noun} ${boundsText(min, max)}`,
    text: placeholder === null ? null : { placeholder, parse: parseAmount },
    json: numberSchema(min, max, false),
    check: (value) => (isWhole(value, min, max) ? value : undefined),
  });
}

const boundsText = (min: number, max: number): string =>
  max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;

/** JSON has no `Infinity`. */
const numberSchema = (minimum: number, maximum: number, lift: boolean): JsonSchema => {
  const number = { type: 'integer', minimum, maximum };
  return lift ? { anyOf: [number, { const: 'infinity' }] } : number;
};

/** The longest delay of a timer in Node. */
const maxDelay = 2 ** 31 - 1;

/** What an option of a duration says of itself, in milliseconds. */
export interface DurationSpec<Default> extends RowText {
  readonly default: Default;
  readonly defaultText?: string;
}

/**
 * A timeout in milliseconds. 0 and `Infinity` mean no limit, which the resolved object spells 0. With a null
 * default also null, which means that another option decides.
 */
export function milliseconds<const Default extends number | null>(
  spec: DurationSpec<Default>,
): Option<number | 'infinity' | Extract<Default, null>, number | Extract<Default, null>> {
  type Value = number | Extract<Default, null>;
  return custom<Value | 'infinity', Value>({
    ...spec,
    // A default that is not null is a number, which the conditional type hides.
    default: spec.default as Value,
    kind: 'milliseconds',
    accepts: `a whole number of milliseconds from 1 to ${maxDelay}, or 0 or Infinity for no limit`,
    text: { placeholder: 'MS', parse: parseAmount },
    json: numberSchema(0, maxDelay, true),
    check: (value) => {
      if (value === Number.POSITIVE_INFINITY || value === 'infinity') return 0;
      return isWhole(value, 0, maxDelay) ? value : undefined;
    },
  });
}

/** A delay in milliseconds: 0 is none, and `Infinity` is refused, since what is delayed for ever never happens. */
export function delay({
  min = 0,
  ...spec
}: DurationSpec<number> & { readonly min?: number }): Option<number, number> {
  return custom<number, number>({
    ...spec,
    kind: 'milliseconds',
    accepts: `a whole number of milliseconds from ${min} to ${maxDelay}`,
    text: { placeholder: 'MS', parse: parseAmount },
    json: numberSchema(min, maxDelay, false),
    check: (value) => (isWhole(value, min, maxDelay) ? value : undefined),
  });
}

const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && typeof value === 'number' && value >= min && value <= max;

/** Digits only: no sign, fraction, exponent, blank or unit. */
const parseAmount = (text: string): unknown => {
  if (text === 'infinity' || text === 'Infinity') return Number.POSITIVE_INFINITY;
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
};

/** What `true` and `false` mean on the command line; other text is left for the option to refuse. */
export const booleanOrText = (text: string): unknown =>
  text === 'true' ? true : text === 'false' ? false : text;

/** The flag of what is on or off. */
export const switchText: OptionText = {
  ...plainText,
  placeholder: '',
  negatable: true,
  parse: booleanOrText,
};

export interface BooleanSpec<Default> extends RowText {
  readonly default: Default;
  readonly defaultText?: string;
  /** Null where it has no flag. */
  readonly text?: Partial<OptionText> | null;
}

/** Yes or no; with a null default also null, which means neither. */
export function boolean<const Default extends boolean | null>({
  text = switchText,
  ...spec
}: BooleanSpec<Default>): Option<
  boolean | Extract<Default, null>,
  boolean | Extract<Default, null>
> {
  type Value = boolean | Extract<Default, null>;
  return custom<Value, Value>({
    ...spec,
    default: spec.default as Value,
    kind: 'boolean',
    accepts: 'true or false',
    text,
    json: { type: 'boolean' },
    check: (value) => (typeof value === 'boolean' ? value : undefined),
  });
}

interface StringSpec<Default> extends RowText {
  readonly default: Default;
  readonly defaultText?: string;
  readonly accepts?: string;
  readonly placeholder?: string;
  /** Any string by default. */
  check?(value: string): boolean;
}

/** A string; with a null default also null, which means none. */
export function string<const Default extends string | null>(
  spec: StringSpec<Default>,
): Option<string | Extract<Default, null>, string | Extract<Default, null>> {
  type Value = string | Extract<Default, null>;
  const { placeholder = 'TEXT', accepts = 'a string', check, ...row } = spec;
  return custom<Value, Value>({
    ...row,
    // A string that is not null is a string, which the conditional type hides.
    default: spec.default as Value,
    kind: 'string',
    accepts,
    text: { placeholder },
    json: { type: 'string' },
    check: (value) =>
      typeof value === 'string' && (check === undefined || check(value)) ? value : undefined,
  });
}

export interface ChoiceSpec<Value, Default> extends RowText {
  readonly default: Default;
  readonly defaultText?: string;
  readonly values: readonly Value[];
  /** The values, by default. */
  readonly placeholder?: string;
}

/** One of a few values; with a null default also null, which means none of them. */
export function choice<
  const Value extends string | false,
  const Default extends Value | null = Value,
>(
  spec: ChoiceSpec<Value, Default>,
): Option<Value | Extract<Default, null>, Value | Extract<Default, null>> {
  type Kept = Value | Extract<Default, null>;
  const { values, placeholder = values.map(String).join('|'), ...row } = spec;
  const negatable = values.some((value) => value === false);
  return custom<Kept, Kept>({
    ...row,
    default: spec.default as Kept,
    kind: 'choice',
    accepts: alternatives(values),
    text: {
      placeholder,
      negatable,
      parse: (text) => (negatable && text === 'false' ? false : text),
    },
    json: { enum: [...values] },
    check: (value) => values.find((one) => one === value),
  });
}

/** Some of a few values, at least one and none twice, in the order of preference. */
export function choices<const Value extends string>(
  spec: RowText & {
    readonly default: readonly Value[];
    readonly values: readonly Value[];
    /** The name of its flag, where it is not that of the option. */
    readonly flag?: string;
  },
): Option<readonly Value[], readonly Value[]> {
  const { values, flag = null, ...row } = spec;
  const find = (value: unknown): Value | undefined => values.find((one) => one === value);
  return custom<readonly Value[], readonly Value[]>({
    ...row,
    kind: 'choices',
    default: Object.freeze([...spec.default]),
    accepts: `an array of ${alternatives(values)}, each at most once`,
    text: {
      ...listText(
        `${values.join('|')},…`,
        `${alternatives(values)}, or several separated by commas, each at most once`,
      ),
      flag,
    },
    json: { type: 'array', items: { enum: [...values] }, minItems: 1, uniqueItems: true },
    check: (value) => {
      if (!Array.isArray(value) || value.length === 0) return undefined;
      const found = value.map(find).filter((one) => one !== undefined);
      const distinct = new Set(found).size === value.length;
      return distinct ? Object.freeze(found) : undefined;
    },
  });
}

const alternatives = (values: readonly (string | false)[]): string => {
  const shown = values.map(show);
  return shown.length === 1
    ? String(shown[0])
    : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
};
