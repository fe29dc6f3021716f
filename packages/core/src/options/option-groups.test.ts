import { describe, expect, it } from 'vitest';
import { Faults } from './faults.ts';
import { group, openGroup, optionalGroup, switchGroup } from './option-groups.ts';
import { count } from './option-kinds.ts';
import { defineOptions } from './option-schema.ts';

const row = { group: 'Test', prose: 'A row.' };
const rows = defineOptions({
  a: count({ ...row, default: 1 }),
  b: count({ ...row, default: 2 }),
});

describe('group', () => {
  const plain = group({ ...row, rows, flagPrefix: 'x' });

  it('shows what it holds', () => {
    expect(plain).toMatchObject({
      default: { a: 1, b: 2 },
      defaultText: '{a: 1, b: 2}',
      accepts: 'an object of a, b',
      text: null,
      nested: { rows, flagPrefix: 'x' },
    });
  });

  it('fills up from what it inherits', () => {
    const faults = new Faults();
    expect(plain.read({ a: 5 }, 'key', faults, { a: 7, b: 8 })).toEqual({ a: 5, b: 8 });
    expect(faults.list).toEqual([]);
  });

  it('keeps what it inherits when it is given no object', () => {
    const faults = new Faults();
    expect(plain.read(null, 'key', faults, { a: 7, b: 8 })).toEqual({ a: 7, b: 8 });
    expect(faults.list).toEqual([
      { key: 'key', message: 'null is not accepted; expected an object of options' },
    ]);
  });
});

describe('switchGroup', () => {
  const option = switchGroup({
    group: 'G',
    prose: 'P',
    flagPrefix: 'g',
    rows: { size: count({ group: 'G', prose: 'S', default: 3 }) },
  });

  it.each<[value: unknown, base: { size: number } | null, read: unknown, message?: string]>([
    [true, null, { size: 3 }],
    [true, { size: 5 }, { size: 5 }],
    [{}, null, { size: 3 }],
    [{ size: 4 }, { size: 5 }, { size: 4 }],
    [false, { size: 5 }, null],
    [null, { size: 5 }, null],
    [1, null, null, '1 is not accepted; expected true, false or an object of size'],
  ])('%j over %j', (value, base, read, message) => {
    const faults = new Faults();
    expect(option.read(value, 'o', faults, base)).toEqual(read);
    expect(faults.list).toEqual(message === undefined ? [] : [{ key: 'o', message }]);
  });
});

describe('optionalGroup', () => {
  const optional = optionalGroup({
    ...row,
    rows,
    flagPrefix: '',
    check: ({ a, b }, key, faults) => {
      if (a > b) faults.add(key, 'a exceeds b');
    },
  });

  it.each<[value: unknown, base: { a: number; b: number } | null, expected: unknown]>([
    [null, null, null],
    [null, { a: 1, b: 1 }, null],
    [{}, null, { a: 1, b: 2 }],
    [{ b: 9 }, { a: 5, b: 6 }, { a: 5, b: 9 }],
  ])('%j over %j is %j', (value, base, expected) => {
    expect(optional.read(value, 'key', new Faults(), base)).toEqual(expected);
  });

  it('reports the rule that spans its rows', () => {
    const faults = new Faults();
    optional.read({ a: 3 }, 'key', faults, null);
    expect(faults.list).toEqual([{ key: 'key', message: 'a exceeds b' }]);
  });

  it('does not ask it where a row was refused', () => {
    const faults = new Faults();
    optional.read({ a: 3, b: 0 }, 'key', faults, null);
    expect(faults.list.map(({ key }) => key)).toEqual(['key.b']);
  });
});

describe('openGroup', () => {
  const open = openGroup<{ a?: number | undefined; other?: string }>({
    ...row,
    rows,
    flagPrefix: '',
    accepts: 'options of Node',
    check: (given, key, faults) => {
      if (given.other === 'y') faults.add(key, 'not y');
    },
  });

  it('reports the rule for the whole, where no row was refused', () => {
    const faults = new Faults();
    open.read({ a: 0, other: 'y' }, 'refused', faults, null);
    open.read({ other: 'y' }, 'key', faults, null);
    expect(faults.list.map(({ key }) => key)).toEqual(['refused.a', 'key']);
  });

  it('checks its rows and hands the rest on', () => {
    const faults = new Faults();
    const input = { a: undefined, other: 'x' };
    expect(open.read(input, 'key', faults, null)).toEqual(input);
    expect(open.read(null, 'key', faults, input)).toBeNull();
    expect(faults.list).toEqual([]);
    open.read({ a: 0 }, 'key', faults, null);
    open.read('secret', 'key', faults, null);
    expect(faults.list).toEqual([
      { key: 'key.a', message: '0 is not accepted; expected a whole number from 1' },
      { key: 'key', message: 'a string of 6 characters is not accepted; expected options of Node' },
    ]);
  });
});
