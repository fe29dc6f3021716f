import { describe, expect, expectTypeOf, it } from 'vitest';
import { Faults } from './faults.ts';
import { group, openGroup, optionalGroup } from './option-groups.ts';
import { boolean, bytes, choice, count, milliseconds, string } from './option-kinds.ts';
import {
  defaultValues,
  defineOptions,
  isPlainObject,
  type OptionInput,
  type OptionValues,
  pickOptions,
  readOptions,
  resolveOptions,
} from './option-schema.ts';
import { pem } from './option-wire-kinds.ts';

const row = { group: 'Test', prose: 'A row.' };

const inner = defineOptions({
  size: count({ ...row, default: 3, max: 9 }),
  name: string({ ...row, default: null }),
});

const table = defineOptions({
  limit: bytes({ ...row, default: 10, lift: true }),
  hold: bytes({ ...row, default: 10 }),
  wait: milliseconds({ ...row, default: 5 }),
  mode: choice({ ...row, default: 'on', values: ['on', 'auto', false] }),
  strict: boolean({ ...row, default: true }),
  inner: group({ ...row, rows: inner, flagPrefix: '' }),
  outer: optionalGroup({
    ...row,
    rows: inner,
    flagPrefix: 'outer',
    check: ({ name }, key, faults) => {
      if (name === 'bad') faults.add(key, 'a rule is broken');
    },
  }),
  tls: openGroup<{ key?: unknown }>({
    ...row,
    rows: defineOptions({ key: pem(row) }),
    accepts: 'TLS options',
    flagPrefix: 'tls',
  }),
});

const faultsOf = (input: unknown): readonly string[] => {
  const faults = new Faults();
  readOptions(table, input, 'at', faults, defaultValues(table));
  return faults.list.map(({ key, message }) => `${key}: ${message}`);
};

describe('resolveOptions', () => {
  it('completes nothing to all defaults', () => {
    const values = resolveOptions(table, {});
    expect(values).toEqual({
      limit: 10,
      hold: 10,
      wait: 5,
      mode: 'on',
      strict: true,
      inner: { size: 3, name: null },
      outer: null,
      tls: null,
    });
    expect(values).toEqual(defaultValues(table));
  });

  it('freezes the result, nested objects included', () => {
    const values = resolveOptions(table, { inner: { size: 4 }, outer: {}, tls: { key: 'k' } });
    for (const one of [values, values.inner, values.outer, values.tls]) {
      expect(Object.isFrozen(one)).toBe(true);
    }
  });

  it('leaves its input alone, and can read its own result', () => {
    const input = Object.freeze({ limit: 'infinity', inner: Object.freeze({ size: 4 }) });
    const values = resolveOptions(table, input);
    expect(values.limit).toBe(Number.POSITIVE_INFINITY);
    expect(resolveOptions(table, values)).toEqual(values);
  });

  it('takes undefined for not given, and null for none only where none is the default', () => {
    expect(
      resolveOptions(table, { limit: undefined, inner: undefined, outer: null }).outer,
    ).toBeNull();
    expect(faultsOf({ limit: null })).toEqual([
      'at.limit: null is not accepted; expected a whole number of bytes from 1, or Infinity',
    ]);
  });

  it('takes keys that are not given from what it inherits', () => {
    const base = resolveOptions(table, { limit: 1, inner: { name: 'n' }, outer: { size: 5 } });
    const faults = new Faults();
    const values = readOptions(
      table,
      { inner: { size: 4 }, outer: { name: 'o' } },
      'r',
      faults,
      base,
    );
    expect(values).toMatchObject({
      limit: 1,
      inner: { size: 4, name: 'n' },
      outer: { size: 5, name: 'o' },
    });
    expect(readOptions(table, {}, 'r', faults, base).inner).toBe(base.inner);
    expect(faults.list).toEqual([]);
  });

  it.each([null, undefined, 1, 'x', [], new Map(), new (class Options {})(), () => ({})])(
    'refuses %o for an object of options',
    (input) => {
      expect(() => resolveOptions(table, input)).toThrow(/expected an object of options/);
    },
  );

  it('lists all faults in one error, nested ones by their path', () => {
    expect(
      faultsOf({
        limit: 0,
        wait: -1,
        mode: 'off',
        strict: 1,
        inner: { size: 10, sise: 1 },
        outer: { name: 'bad' },
        tls: { key: 5 },
        lmit: 5,
      }),
    ).toEqual([
      'at.lmit: unknown option, given 5; did you mean limit?',
      'at.limit: 0 is not accepted; expected a whole number of bytes from 1, or Infinity',
      'at.wait: -1 is not accepted; expected a whole number of milliseconds from 1 to 2147483647, or 0 or Infinity for no limit',
      'at.mode: "off" is not accepted; expected "on", "auto" or false',
      'at.strict: 1 is not accepted; expected true or false',
      'at.inner.sise: unknown option, given 1; did you mean size?',
      'at.inner.size: 10 is not accepted; expected a whole number from 1 to 9',
      'at.outer: a rule is broken',
      'at.tls.key: a number is not accepted; expected PEM text, a Buffer, or an array of these',
    ]);
  });

  it('hands the foreign keys of an open group on', () => {
    const callback = (): void => undefined;
    const input = { key: 'k', SNICallback: callback };
    expect(resolveOptions(table, { tls: input }).tls).toEqual(input);
    expect(faultsOf({ tls: 'x' })).toEqual([
      'at.tls: a string of 1 characters is not accepted; expected TLS options',
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'knows no option %s',
    (key) => {
      const input: unknown = JSON.parse(`{"${key}": {"limit": 1}, "inner": {"${key}": 1}}`);
      expect(faultsOf(input).map((fault) => fault.split(':')[0])).toEqual([
        `at.${key}`,
        `at.inner.${key}`,
      ]);
      expect(({} as { limit?: number }).limit).toBeUndefined();
    },
  );

  it('reads own keys only', () => {
    const input: unknown = Object.create(null, { limit: { value: 7, enumerable: true } });
    expect(resolveOptions(table, input).limit).toBe(7);
  });
});

describe('isPlainObject', () => {
  it.each([[{}], [Object.create(null)], [JSON.parse('{}')]])('%o is one', (value) => {
    expect(isPlainObject(value)).toBe(true);
  });
  it.each([[null], [[]], [new Date(0)], ['x'], [Object.create({})]])('%o is none', (value) => {
    expect(isPlainObject(value)).toBe(false);
  });
});

describe('pickOptions', () => {
  it('takes the values of a smaller table', () => {
    const all = defaultValues(
      defineOptions({ ...inner, more: boolean({ ...row, default: true }) }),
    );
    expect(pickOptions(inner, all)).toEqual({ size: 3, name: null });
  });
});

describe('types', () => {
  it('of input and result come from the table', () => {
    type Input = OptionInput<typeof table>;
    type Values = OptionValues<typeof table>;
    expectTypeOf<Input['limit']>().toEqualTypeOf<number | 'infinity' | undefined>();
    expectTypeOf<Input['hold']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Input['mode']>().toEqualTypeOf<'on' | 'auto' | false | undefined>();
    expectTypeOf<Values['mode']>().toEqualTypeOf<'on' | 'auto' | false>();
    expectTypeOf<Values['limit']>().toEqualTypeOf<number>();
    expectTypeOf<Values['inner']>().toEqualTypeOf<{
      readonly size: number;
      readonly name: string | null;
    }>();
    expectTypeOf<NonNullable<Values['outer']>>().toEqualTypeOf<Values['inner']>();
    expectTypeOf<null>().toExtend<Input['outer']>();
  });
});
