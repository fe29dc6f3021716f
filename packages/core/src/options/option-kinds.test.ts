import { describe, expect, it } from 'vitest';
import { Faults } from './faults.ts';
import {
  boolean,
  bytes,
  choice,
  choices,
  count,
  custom,
  delay,
  milliseconds,
  string,
} from './option-kinds.ts';
import type { Option } from './option-schema.ts';

const row = { group: 'Test', prose: 'A row.' };

/** The value that is kept, or what is said against it. */
const read = <Out>(option: Option<unknown, Out>, value: unknown): Out | string => {
  const faults = new Faults();
  const kept = option.read(value, 'key', faults, option.default);
  return faults.list[0]?.message ?? kept;
};

const refused = expect.stringMatching(/ is not accepted; expected /);

describe('bytes and count', () => {
  const plain = bytes({ ...row, default: 5 });
  const bounded = count({ ...row, default: 5, min: 2, max: 9 });
  const lifted = bytes({ ...row, default: 5, lift: true });

  it.each([1, 5, Number.MAX_SAFE_INTEGER])('accept %s', (value) => {
    expect(read(plain, value)).toBe(value);
  });
  it.each([
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ...[2 ** 53, '5', '5k', '', 'infinity', 5n, true, null, [], {}, [5]],
  ])('refuse %o', (value) => {
    expect(read(plain, value)).toEqual(refused);
  });

  it.each([
    [1, refused],
    [2, 2],
    [9, 9],
    [10, refused],
  ])('%i within 2 to 9', (value, expected) => {
    expect(read(bounded, value)).toEqual(expected);
    expect(bounded.accepts).toBe('a whole number from 2 to 9');
  });

  it('take Infinity where the limit may be lifted', () => {
    expect(read(lifted, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(read(lifted, 'infinity')).toBe(Number.POSITIVE_INFINITY);
    expect(read(lifted, 'Infinity')).toEqual(refused);
    expect(read(lifted, Number.NEGATIVE_INFINITY)).toEqual(refused);
  });

  it.each([
    ['5', 5],
    ['0', 0],
    ['007', 7],
    ['infinity', Number.POSITIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-5', '-5'],
    ['+5', '+5'],
    ['5k', '5k'],
    ['5e3', '5e3'],
    ['0x5', '0x5'],
    [' 5', ' 5'],
    ['', ''],
    ['5.0', '5.0'],
    ['9'.repeat(17), '9'.repeat(17)],
  ])('read the text %s as %o', (text, value) => expect(plain.text?.parse(text)).toBe(value));
});

describe('milliseconds', () => {
  const wait = milliseconds({ ...row, default: 5 });
  it.each([
    [1, 1],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [0, 0],
    [Number.POSITIVE_INFINITY, 0],
    ['infinity', 0],
    [2 ** 31, refused],
    [-1, refused],
    [0.5, refused],
    ['5s', refused],
    ['0', refused],
    [null, refused],
  ])('%o is %o', (value, expected) => expect(read(wait, value)).toEqual(expected));
});

describe('delay', () => {
  const pause = delay({ ...row, default: 5 });
  it.each([
    [0, 0],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [Number.POSITIVE_INFINITY, refused],
    ['infinity', refused],
    [Number.NaN, refused],
    [2 ** 31, refused],
    [-1, refused],
    [0.5, refused],
    [null, refused],
  ])('%o is %o', (value, expected) => expect(read(pause, value)).toEqual(expected));
});

describe('boolean', () => {
  const yes = boolean({ ...row, default: false });
  it.each([
    [true, true],
    [false, false],
    ['true', refused],
    [1, refused],
    [null, refused],
  ])('%o is %o', (value, expected) => expect(read(yes, value)).toEqual(expected));
  it.each([
    ['true', true],
    ['false', false],
    ['yes', 'yes'],
  ])('reads the text %s as %o', (text, value) => expect(yes.text?.parse(text)).toBe(value));
});

describe('string', () => {
  const any = string({ ...row, default: 'x' });
  const some = string({ ...row, default: null, check: (value) => value !== '' });
  it.each([
    ['', ''],
    ['a', 'a'],
    [1, refused],
    [null, refused],
  ])('%o is %o', (value, expected) => expect(read(any, value)).toEqual(expected));
  it.each([
    ['', refused],
    ['a', 'a'],
    [null, null],
  ])('with null for none, %o is %o', (value, expected) => {
    expect(read(some, value)).toEqual(expected);
  });
  it('shows its default', () => {
    expect([any.defaultText, some.defaultText]).toEqual(['"x"', 'none']);
  });
});

describe('choice', () => {
  const one = choice({ ...row, default: 'a', values: ['a', 'b', false] });
  it.each([
    ['a', 'a'],
    [false, false],
    ['false', refused],
    ['c', refused],
    [['a'], refused],
  ])('%o is %o', (value, expected) => expect(read(one, value)).toEqual(expected));
  it('reads false from text', () => {
    expect(one.text?.parse('false')).toBe(false);
    expect(one.text?.parse('b')).toBe('b');
    expect(one.text?.negatable).toBe(true);
  });
});

describe('choices', () => {
  const some = choices({ ...row, default: ['a'], values: ['a', 'b'] });
  it.each([
    [['a'], ['a']],
    [
      ['b', 'a'],
      ['b', 'a'],
    ],
    [[], refused],
    [['a', 'a'], refused],
    [['c'], refused],
    ['a', refused],
    [{ 0: 'a', length: 1 }, refused],
  ])('%o is %o', (value, expected) => expect(read(some, value)).toEqual(expected));
  it('is frozen, and reads a list from text', () => {
    expect(Object.isFrozen(read(some, ['a']))).toBe(true);
    expect(Object.isFrozen(some.default)).toBe(true);
    expect(some.text?.parse('a,b')).toEqual(['a', 'b']);
  });
});

describe('custom', () => {
  it('keeps the default when it refuses', () => {
    const faults = new Faults();
    const even = custom<number, number>({
      ...row,
      kind: 'even',
      accepts: 'an even number',
      default: 2,
      check: (value) => (typeof value === 'number' && value % 2 === 0 ? value : undefined),
    });
    expect(even.read(3, 'key', faults, 4)).toBe(2);
    expect(faults.list).toEqual([
      { key: 'key', message: '3 is not accepted; expected an even number' },
    ]);
    expect(even.text?.parse('4')).toBe('4');
  });
});
