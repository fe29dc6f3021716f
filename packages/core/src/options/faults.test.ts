import { describe, expect, it } from 'vitest';
import { describe as describeValue, Faults, faultText, keyPath, show } from './faults.ts';

describe('show', () => {
  it.each<[value: unknown, text: string]>([
    ['a', '"a"'],
    ['a\n\u001b"', '"a\\n\\u001b\\""'],
    ['x'.repeat(80), `"${'x'.repeat(60)}"… (80 characters)`],
    [1, '1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [5n, '5n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [['a', 1], '["a", 1]'],
    [[{}], 'an array of 1'],
    [Array.from({ length: 99 }, () => 1), 'an array of 99'],
    [{ key: 'secret' }, 'an object'],
    [() => 'secret', 'a function'],
    [Symbol('s'), 'a symbol'],
    [Object.create(null), 'an object'],
  ])('%o as %s', (value, text) => expect(show(value)).toBe(text));
});

describe('describe', () => {
  it('gives no word of a string', () => {
    expect(describeValue('secret')).toBe('a string of 6 characters');
    expect(describeValue('')).toBe('""');
    expect(describeValue(Buffer.from('secret'))).toBe('an object');
    expect(describeValue(['secret'])).toBe('an array of 1');
    expect(describeValue(null)).toBe('null');
    expect(describeValue(7)).toBe('a number');
  });
});

describe('the user and password of a URL are never shown', () => {
  it.each([
    ['http://user:secret@a', '"http://…@a"'],
    ['http://user:se/c#r?e@t@a:80/b', '"http://…@a:80/b"'],
    ['http://user@a', '"http://…@a"'],
    ['http:/user:secret@a', '"…@a"'],
    ['user:secret@a', '"…@a"'],
    [' http://u:s\n@a', '"…@a"'],
    [`http://user:${'x'.repeat(80)}@a`, '"http://…@a"'],
    ['/@scope/name', '"/@scope/name"'],
    ['http://a/@b', '"http://…@b"'],
  ])('%j', (value, shown) => expect(show(value)).toBe(shown));
});

describe('keyPath', () => {
  it.each([
    ['', 'a', 'a'],
    ['a', 'b', 'a.b'],
    ['routes[2]', 'poolTimeout', 'routes[2].poolTimeout'],
    ['a', 'x y', 'a["x y"]'],
    ['', '', '[""]'],
    ['', '__proto__', '__proto__'],
  ])('of %s and %s is %s', (parent, key, path) => expect(keyPath(parent, key)).toBe(path));
});

describe('Faults', () => {
  it('throws nothing when there are none', () => {
    expect(() => new Faults().throwIfAny()).not.toThrow();
  });

  it('names a single fault in one line', () => {
    const faults = new Faults();
    faults.refuse('a.b', 'x', 'a number');
    expect(() => faults.throwIfAny()).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        code: 'RIT_ERR_CONFIG',
        message: 'invalid option a.b: "x" is not accepted; expected a number',
        details: {
          faults: [{ key: 'a.b', message: '"x" is not accepted; expected a number' }],
        },
      }),
    );
  });

  it('names all faults, a line each', () => {
    expect(
      faultText([
        { key: 'a', message: 'one' },
        { key: '', message: 'two' },
      ]),
    ).toBe('2 invalid options:\n  a: one\n  two');
  });

  it('knows which options were refused', () => {
    const faults = new Faults();
    faults.add('a', 'wrong');
    expect([faults.has('a'), faults.has('b')]).toEqual([true, false]);
  });

  it('hides what is secret', () => {
    const faults = new Faults();
    faults.refuse('key', 'secret', 'PEM text', true);
    expect(faults.list).toEqual([
      { key: 'key', message: 'a string of 6 characters is not accepted; expected PEM text' },
    ]);
  });

  it('suggests the key that was meant, where it belongs, or what is known', () => {
    const faults = new Faults();
    faults.unknown('r', 'bb', 1, ['aa', 'bbb']);
    faults.unknown('r', 'cc', 'x', ['aa', 'bbb'], 'it belongs elsewhere');
    faults.unknown('', 'dddd', null, ['aa', 'bbb']);
    expect(faults.list.map(({ key, message }) => `${key}: ${message}`)).toEqual([
      'r.bb: unknown option, given 1; did you mean bbb?',
      'r.cc: unknown option, given "x"; it belongs elsewhere',
      'dddd: unknown option, given null; expected one of aa, bbb',
    ]);
  });

  it('does not list many', () => {
    const faults = new Faults();
    const many = Array.from({ length: 13 }, (_, i) => `option${i}`);
    faults.unknown('', 'other', 1, many);
    expect(faults.list[0]?.message).toBe('unknown option, given 1; see the list of options');
  });
});
