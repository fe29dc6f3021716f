import { describe, expect, it } from 'vitest';
import { formatExtension, maxExtensionNames, readExtensions } from './extensions.ts';

const flag = (name: string) => ({ name, value: null });

describe('Sec-WebSocket-Extensions (RFC 6455 §9.1)', () => {
  it.each([
    [[], []],
    [['foo'], [{ name: 'foo', parameters: [] }]],
    [
      ['foo', 'bar'],
      [
        { name: 'foo', parameters: [] },
        { name: 'bar', parameters: [] },
      ],
    ],
    [
      ['foo,, bar ,'],
      [
        { name: 'foo', parameters: [] },
        { name: 'bar', parameters: [] },
      ],
    ],
    [[''], []],
    [
      ['permessage-deflate; client_max_window_bits; server_max_window_bits=10'],
      [
        {
          name: 'permessage-deflate',
          parameters: [
            flag('client_max_window_bits'),
            { name: 'server_max_window_bits', value: '10' },
          ],
        },
      ],
    ],
    [['foo;a="10"'], [{ name: 'foo', parameters: [{ name: 'a', value: '10' }] }]],
    [['foo;a="1\\0"'], [{ name: 'foo', parameters: [{ name: 'a', value: '10' }] }]],
    [
      ['foo \t;\t a = "x" , bar; b ; b'],
      [
        { name: 'foo', parameters: [{ name: 'a', value: 'x' }] },
        { name: 'bar', parameters: [flag('b'), flag('b')] },
      ],
    ],
  ])('%j', (values, extensions) => expect(readExtensions(values)).toEqual(extensions));

  it.each([
    'foo;',
    ';a',
    'foo; ;a',
    'foo bar',
    'foo; a b',
    'foo;=1',
    'foo;a=',
    'foo;a=1=2',
    'foo;a="',
    'foo;a=""',
    'foo;a="1',
    'foo;a="1" 2',
    'foo;a="1"2"',
    'foo;a="a,b"',
    'foo;a="a;b"',
    'foo;a="a b"',
    'foo;a="1\\',
    'foo;a="1\\"',
    'fo\u00f6',
    'foo/1',
    '"foo"',
    'foo;"a"=1',
    'foo, bar;',
  ])('%j is malformed', (value) => expect(readExtensions([value])).toBeNull());

  it.each([
    ['foo; bar="x y"', 'x y'],
    ['foo; bar=""', ''],
    ['foo; bar="a,b;c=\\"d\\""', 'a,b;c="d"'],
    ['foo; bar=x', 'x'],
  ])('%j, where quotes may hold anything', (text, value) => {
    const extension = { name: 'foo', parameters: [{ name: 'bar', value }] };
    expect(readExtensions([text], 'any')).toEqual([extension]);
  });

  it.each(['foo; bar=x y', 'foo; bar="x', 'foo; bar="x"y', 'foo;', 'a; =b', '"foo"'])(
    '%j is malformed also then',
    (value) => expect(readExtensions([value], 'any')).toBeNull(),
  );

  it('has 128 names of extensions and parameters at most', () => {
    const half = Array.from({ length: maxExtensionNames / 2 }, () => 'x;a');
    expect(readExtensions([half.join()])).toHaveLength(half.length);
    expect(readExtensions(half)).toHaveLength(half.length);
    expect(readExtensions([half.join(), 'x'])).toBeNull();
    expect(readExtensions([`${half.join()};b`])).toBeNull();
  });

  it('is written in one form', () => {
    expect(
      formatExtension({ name: 'foo', parameters: [flag('a'), { name: 'b', value: '1' }] }),
    ).toBe('foo; a; b=1');
  });
});
