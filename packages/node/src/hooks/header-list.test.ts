import { HeaderSection } from '@reverseit/core/http';
import { describe, expect, it } from 'vitest';
import { HeaderList } from './header-list.ts';

const make = () => {
  const section = HeaderSection.from(['A', '1', 'b', '2', 'a', '3']);
  return { fields: section.fields, list: new HeaderList(section) };
};

describe('HeaderList', () => {
  it('finds fields whatever their case (RFC 9110 §5.1)', () => {
    const { list } = make();
    expect([list.get('a'), list.get('B'), list.get('c')]).toEqual(['1', '2', undefined]);
    expect([list.getAll('a'), list.getAll('C')]).toEqual([['1', '3'], []]);
    expect([list.has('B'), list.has('c')]).toEqual([true, false]);
  });

  it('lists lines in their order, as they are spelled', () => {
    expect([...make().list]).toEqual([
      ['A', '1'],
      ['b', '2'],
      ['a', '3'],
    ]);
  });

  it.each<[title: string, act: (list: HeaderList, name: string) => void, left: string[]]>([
    ['delete', (list, name) => list.delete(name), []],
    [
      'append',
      (list) => list.append('n', '1'),
      ['A', '1', 'b', '2', 'a', '3', ...Array(3).fill(['n', '1']).flat()],
    ],
    ['set', (list, name) => list.set(name.toLowerCase(), '0'), ['a', '0', 'b', '0']],
  ])('a loop that does %s comes by every line, once', (_, act, left) => {
    const { fields, list } = make();
    for (const [name] of list) act(list, name);
    expect(fields).toEqual(left);
  });

  it('RFC 3875 §4.1.18: of a client, set and delete take what is spelled with _', () => {
    for (const [isClients, left] of [
      [true, ['X-A', '3']],
      [false, ['X-A', '3', 'x_a', '2', 'X_B', '2']],
    ] as const) {
      const section = HeaderSection.from(['X-A', '1', 'x_a', '2', 'X_B', '2', 'X-B', '1']);
      const list = new HeaderList(section, isClients);
      list.set('X-A', '3');
      list.delete('x-b');
      expect(section.fields).toEqual(left);
    }
  });

  it('set replaces all lines by one, in the place of the first', () => {
    const { fields, list } = make();
    list.set('a', '4');
    list.set('c', '');
    expect(fields).toEqual(['a', '4', 'b', '2', 'c', '']);
  });

  it('append adds a line, delete removes all', () => {
    const { fields, list } = make();
    list.append('A', '4');
    list.delete('B');
    expect(fields).toEqual(['A', '1', 'a', '3', 'A', '4']);
    list.delete('a');
    list.delete('a');
    expect(fields).toEqual([]);
  });

  it.each([
    ['no name', '', 'x'],
    ['a blank in the name', 'a b', 'x'],
    ['a colon in the name', 'a:', 'x'],
    ['a line break in the name', 'a\r\nb', 'x'],
    ['a name beyond ASCII', 'é', 'x'],
    ['a line break in the value', 'a', 'x\r\nb: c'],
    ['a bare LF in the value', 'a', 'x\n'],
    ['NUL in the value', 'a', 'x\0'],
    ['a value beyond latin1', 'a', '🙂'],
    ['no value', 'a', undefined],
    ['a number', 'a', 1],
    ['a name that is none', 1, 'x'],
  ])('refuses %s, and changes nothing', (_, name, value) => {
    for (const method of ['set', 'append'] as const) {
      const { fields, list } = make();
      // As JavaScript could hand it in.
      const call = () => list[method](name as string, value as string);
      expect(call).toThrow(expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }));
      expect(fields).toEqual(make().fields);
    }
  });
});
