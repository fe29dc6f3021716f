import { describe, expect, test } from 'vitest';
import { FIELD, type FieldEntry } from './field-registry.ts';
import { fieldLines } from './field-section.ts';
import { type FieldRule, HeaderSection } from './header-section.ts';

const fields = ['Host', 'a', 'X-A', '1', 'x-a', '', 'Cookie', '\xff'];
const text = fieldLines(fields);

/** With its text and without. */
const both: readonly (readonly [string, () => HeaderSection])[] = [
  ['parsed with its text', () => HeaderSection.parsed([...fields], text)],
  ['parsed without', () => HeaderSection.parsed([...fields])],
  ['made of a list', () => HeaderSection.from(fields)],
  ['made of a list with blanks', () => HeaderSection.from(fields.with(3, '\t1 '))],
];

/** Drops Host, marks X-A, passes the rest. */
const rule: FieldRule = {
  pass(name: string, value: string, { id }: FieldEntry): string | null {
    if (id === FIELD.HOST) return null;
    return name === 'X-A' ? `${value}!` : value;
  },
};

describe.each(both)('a section %s', (_, make) => {
  test('is read in any case (RFC 9110 §5.1)', () => {
    const section = make();
    expect(section.fields).toEqual(fields);
    expect(section.get('COOKIE')).toBe('\xff');
    expect(section.getAll('X-a')).toEqual(['1', '']);
    expect([section.has('host'), section.has('date'), section.get('date')]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(section.serialize()).toBe(text);
  });

  test.each<[string, (section: HeaderSection) => void, string[]]>([
    ['append', (it) => it.append('x-A', '2'), [...fields, 'x-A', '2']],
    ['prepend', (it) => it.prepend('x-A', '2'), ['x-A', '2', ...fields]],
    [
      'set, in the place of the first',
      (it) => it.set('x-A', '2'),
      ['Host', 'a', 'x-A', '2', 'Cookie', '\xff'],
    ],
    ['set, of a new one', (it) => it.set('B', '2'), [...fields, 'B', '2']],
    ['append, of blanks', (it) => it.append('B', ' \t '), [...fields, 'B', '']],
    ['prepend, with blanks', (it) => it.prepend('B', ' 2 2\t'), ['B', '2 2', ...fields]],
    ['set, with blanks', (it) => it.set('B', '\t2 '), [...fields, 'B', '2']],
    ['remove', (it) => it.remove('X-A'), ['Host', 'a', 'Cookie', '\xff']],
    ['remove, of what is not there', (it) => it.remove('B'), fields],
    ['removeDisguised', (it) => it.removeDisguised('x_a'), ['Host', 'a', 'Cookie', '\xff']],
    ['removeDisguised, of what is not there', (it) => it.removeDisguised('x-a'), fields],
  ])('%s', (_, change, expected) => {
    const section = make();
    change(section);
    expect(section.fields).toEqual(expected);
    expect(section.serialize()).toBe(fieldLines(expected));
  });

  test('a rule drops and replaces', () => {
    const passed = ['X-A', '1!', 'x-a', '', 'Cookie', '\xff'];
    const section = make();
    expect(section.serialize(rule)).toBe(fieldLines(passed));
    const filtered = section.filter(rule);
    filtered.append('Z', '');
    expect(filtered.fields).toEqual([...passed, 'Z', '']);
    expect(filtered.serialize()).toBe(fieldLines([...passed, 'Z', '']));
    expect(section.serialize()).toBe(text);
  });

  test.each(both)('what passes is appended to one %s', (_, makeOther) => {
    const into = makeOther();
    expect(make().filter(rule, into)).toBe(into);
    const all = [...fields, 'X-A', '1!', 'x-a', '', 'Cookie', '\xff'];
    expect(into.fields).toEqual(all);
    expect(into.serialize()).toBe(fieldLines(all));
  });

  test.each<[string, unknown, unknown]>([
    ['no name', '', 'a'],
    ['a blank in the name', 'a b', 'a'],
    ['a colon in the name', 'a:', 'a'],
    ['a line break in the name', 'a\r\nb', 'a'],
    ['a name beyond ASCII', '\xe9', 'a'],
    ['a line in the value', 'a', 'b\r\nc: d'],
    ['a bare CR', 'a', 'b\rc'],
    ['a bare LF', 'a', 'b\nc'],
    ['NUL', 'a', 'b\0c'],
    ['DEL', 'a', '\x7f'],
    ['a value beyond latin1', 'a', '\u010a'],
    ['no value', 'a', undefined],
    ['a number', 'a', 1],
    ['a name that is none', undefined, 'a'],
  ])('RFC 9110 §5.1, §5.5: refuses %s, and changes nothing', (_, name, value) => {
    const misuse = expect.objectContaining({ code: 'RIT_ERR_INTERNAL' });
    // As JavaScript could hand it in.
    const pair = [name, value] as [string, string];
    const section = make();
    expect(() => section.append(...pair)).toThrow(misuse);
    expect(() => section.prepend(...pair)).toThrow(misuse);
    expect(() => section.set(...pair)).toThrow(misuse);
    expect(() => HeaderSection.from(pair)).toThrow(misuse);
    expect(section.fields).toEqual(fields);
    expect(section.serialize()).toBe(text);
  });
});

test('a list that was handed in is not changed', () => {
  const list = ['A', 'b'];
  HeaderSection.from(list).append('C', 'd');
  expect(list).toEqual(['A', 'b']);
});
