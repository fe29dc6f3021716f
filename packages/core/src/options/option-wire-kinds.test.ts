import { describe, expect, it } from 'vitest';
import { Faults } from './faults.ts';
import type { Option } from './option-schema.ts';
import {
  backendUrl,
  fieldNames,
  fields,
  pathPrefix,
  pem,
  upgradeProtocols,
} from './option-wire-kinds.ts';

const row = { group: 'Test', prose: 'A row.' };

const read = <Out>(option: Option<unknown, Out>, value: unknown): Out | readonly string[] => {
  const faults = new Faults();
  const kept = option.read(value, 'key', faults, option.default);
  return faults.list.length === 0
    ? kept
    : faults.list.map(({ key, message }) => `${key}: ${message}`);
};

const refused = [expect.stringMatching(/^key: .* is not accepted; expected /)];

describe('pathPrefix', () => {
  const path = pathPrefix({ ...row, default: '/' });
  it.each([
    ['/', '/'],
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/a/b.c/d;e=f', '/a/b.c/d;e=f'],
    ["/a-._~!$&'()*+,;=:@", "/a-._~!$&'()*+,;=:@"],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/...', '/...'],
    ['/.well-known', '/.well-known'],
  ])('%s is %s', (value, expected) => expect(read(path, value)).toBe(expected));
  it.each([
    ...['', 'api', '//', '/a//b', '/a//', '/.', '/a/..', '/a/../b', '/%2e', '/a/.%2E/b', '/..;x'],
    ...['/a%2fb', '/a%5Cb', '/a\\b', '/a b', '/a?b', '/a#b', '/%', '/%zz', '/café', '/a\n', '*'],
    ...['http://a/b', 1, null, ['/a'], { path: '/a' }],
  ])('refuses %o', (value) => expect(read(path, value)).toEqual(refused));
  it('takes null where there is none', () => {
    expect(read(pathPrefix({ ...row, default: null }), null)).toBeNull();
  });
});

describe('backendUrl', () => {
  const url = backendUrl({ ...row, schemes: ['http:', 'https:', 'ws:', 'wss:'] });
  it.each<[unknown, string]>([
    ['http://a', 'http://a'],
    ['http://a/', 'http://a'],
    ['HTTP://A.Org:80/Base/', 'http://a.org/Base'],
    ['https://a:443', 'https://a'],
    ['https://a:80', 'https://a:80'],
    ['ws://a:80', 'ws://a'],
    ['wss://a:8443/x', 'wss://a:8443/x'],
    ['http://127.0.0.1:3000/a/b', 'http://127.0.0.1:3000/a/b'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['http://a/caf%C3%A9', 'http://a/caf%C3%A9'],
    [new URL('http://a/b'), 'http://a/b'],
  ])('%s is %s', (value, expected) => expect(read(url, value)).toMatchObject({ href: expected }));
  it.each([
    ['http://A/', { secure: false, authority: 'a', host: 'a', port: 80, pathPrefix: '' }],
    ['wss://a:443/b/', { secure: true, authority: 'a', host: 'a', port: 443, pathPrefix: '/b' }],
    ['https://[::1]:80', { secure: true, authority: '[::1]:80', host: '::1', port: 80 }],
  ])('takes %s apart', (value, expected) => {
    expect(read(url, value)).toMatchObject(expected);
  });
  it.each([
    ...['', 'a', 'a:80', '//a', 'http:a', 'http:/a', 'http://', 'http:///a', 'ftp://a', 'unix:/a'],
    ...['http://u@a', 'http://u:p@a', 'http://a?b', 'http://a/?b', 'http://a#b', 'http://a b'],
    ...[
      'http://a/../b',
      'http://a/%2e%2e',
      'http://a//b',
      'http://a\\b',
      'http://a/b\\c',
      ' http://a',
    ],
    ...['http://a:0', 'http://a:65536', 'http://a:', 'http://a:x', 'http://[::1', 'http://[g]'],
    ...[
      'http://bücher.example',
      'http://a/b c',
      'http://a\n',
      1,
      ['http://a'],
      { href: 'http://a' },
    ],
  ])('refuses %o', (value) => expect(read(url, value)).toEqual(refused));
});

describe('fields', () => {
  const some = fields({ ...row, never: ['connection', 'te'], once: ['host'] });
  it.each<[unknown, string[]]>([
    [{}, []],
    [[], []],
    [{ 'X-A': '1' }, ['X-A', '1']],
    [{ a: ['1', '2'] }, ['a', '1', 'a', '2']],
    [{ a: [] }, []],
    [
      [
        ['a', '1'],
        ['A', ''],
      ],
      ['a', '1', 'A', ''],
    ],
    [{ a: 'b\tc d\xe9' }, ['a', 'b\tc d\xe9']],
    [JSON.parse('{"__proto__": "x"}'), ['__proto__', 'x']],
  ])('%j is %j', (value, expected) => {
    const kept = read(some, value);
    expect(kept).toEqual(expected);
    expect(Object.isFrozen(kept)).toBe(true);
  });

  it('says which entry is wrong, and no word of a value (RFC 9110 §5.5)', () => {
    const messages = read(some, {
      'a b': 'secret',
      ok: 'secret\r\nx: y',
      pad: ' secret',
      nul: 'secret\0',
      wide: 'secret\u0100',
      num: 5,
      Connection: 'secret',
    });
    expect(messages).toEqual([
      'key["a b"]: "a b" is not accepted; expected a header name (RFC 9110 §5.1)',
      'key.ok: a string of 12 characters is not accepted; expected a header value (RFC 9110 §5.5)',
      'key.pad: a string of 7 characters is not accepted; expected a header value (RFC 9110 §5.5)',
      'key.nul: a string of 7 characters is not accepted; expected a header value (RFC 9110 §5.5)',
      'key.wide: a string of 7 characters is not accepted; expected a header value (RFC 9110 §5.5)',
      'key.num: a number is not accepted; expected a header value (RFC 9110 §5.5)',
      'key.Connection: "Connection" is managed by the proxy and cannot be set',
    ]);
  });

  it.each([
    { host: ['a', 'a'] },
    { host: 'a', Host: 'b' },
    [
      ['HOST', 'a'],
      ['x', 'y'],
      ['host', 'b'],
    ],
  ])('refuses a second line of what may have one only: %j', (value) =>
    expect(read(some, value)).toEqual([expect.stringMatching(/: "host" is listed twice$/i)]),
  );
  it.each(['a: b', 5, new Map([['a', 'b']])])('refuses %o', (value) =>
    expect(read(some, value)).toEqual(refused),
  );
  it.each([[['a: b']], [[['a']]], [[['a', 'b', 'c']]]])('refuses the entries of %j', (value) =>
    expect(read(some, value)).toEqual([
      expect.stringMatching(/^key\[0\]: .* a \[name, value\] pair/),
    ]),
  );

  it.each<[string, unknown]>([
    ['a: b', ['a', 'b']],
    ['a:b:c ', ['a', 'b:c']],
    ['a:', ['a', '']],
    [': b', ['', 'b']],
  ])('reads the text %j as %j', (text, entry) => expect(some.text?.parse(text)).toEqual([entry]));
  it('reads no text without a colon', () => expect(some.text?.parse('a')).toBeUndefined());
  it('takes null for none', () => expect(read(some, null)).toEqual([]));
});

describe('fieldNames', () => {
  const some = fieldNames({ ...row, never: ['host'] });
  it.each([
    [[], []],
    [
      ['X-A', 'x-a', 'B'],
      ['x-a', 'b'],
    ],
  ])('%j is %j', (value, expected) => expect(read(some, value)).toEqual(expected));
  it('takes null for none', () => expect(read(some, null)).toEqual([]));
  it.each(['x', [1], ['a b'], ['Host'], ['']])('refuses %o', (value) =>
    expect(read(some, value)).toEqual(refused),
  );
  it('reads one name from text', () => expect(some.text?.parse('x-a')).toEqual(['x-a']));
});

describe('RFC 9110 §7.8: upgradeProtocols', () => {
  const some = upgradeProtocols({ ...row, default: ['websocket'] });
  it.each([
    [[], []],
    [
      ['websocket', 'tcp'],
      ['websocket', 'tcp'],
    ],
    [
      ['SPDY/3.1', 'TCP', 'tcp'],
      ['spdy/3.1', 'tcp'],
    ],
  ])('%j is %j', (value, expected) => expect(read(some, value)).toEqual(expected));
  it.each(['tcp', null, [1], [''], ['a b'], ['a,b'], ['a/'], ['websocket/13'], { tcp: true }])(
    'refuses %o',
    (value) => expect(read(some, value)).toEqual(refused),
  );
  it('reads one or several from text', () => {
    expect(some.text?.parse('websocket,tcp')).toEqual(['websocket', 'tcp']);
  });
});

describe('pem', () => {
  const key = pem(row);
  const buffer = Buffer.from('k');
  it.each([['k'], [buffer], [['k', buffer]], [null]])('keeps %o', (value) =>
    expect(read(key, value)).toEqual(value),
  );
  it.each(['', Buffer.alloc(0), [], [''], 5, {}])('refuses %o', (value) =>
    expect(read(key, value)).toEqual(refused),
  );
  it('names a file on the command line', () => expect(key.text?.file).toBe(true));
});
