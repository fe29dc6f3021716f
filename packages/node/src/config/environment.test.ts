// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what is read
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withEnvironment } from './environment.ts';

const environment = {
  HOST: 'api.internal',
  PORT: '8080',
  EMPTY: '',
  YES: 'true',
  NO: 'false',
  LIFTED: 'infinity',
  LIST: 'http2,http1',
  NESTED: '${HOST}',
  WORD: 'abc',
};

const replaced = (input: unknown): unknown => withEnvironment(input, environment);

describe('withEnvironment', () => {
  it.each<[name: string, given: unknown, read: unknown]>([
    ['a whole string', { backend: '${HOST}' }, { backend: 'api.internal' }],
    [
      'parts of one',
      { backend: 'http://${HOST}:${PORT}/' },
      { backend: 'http://api.internal:8080/' },
    ],
    ['an empty one', { backend: 'a${EMPTY}b' }, { backend: 'ab' }],
    [
      'an escape',
      { accessLogFormat: '$${HOST} ${HOST}' },
      { accessLogFormat: '${HOST} api.internal' },
    ],
    [
      'a dollar sign alone',
      { accessLogFormat: '$status $$ {x}' },
      { accessLogFormat: '$status $$ {x}' },
    ],
    ['no value twice', { backend: '${NESTED}' }, { backend: '${HOST}' }],
    ['no key', { '${HOST}': 1 }, { '${HOST}': 1 }],
    [
      'lists and objects',
      { addHeaders: { a: ['${HOST}', 'b'] } },
      { addHeaders: { a: ['api.internal', 'b'] } },
    ],
    ['a number', { poolTimeout: '${PORT}' }, { poolTimeout: 8080 }],
    ['digits that are joined', { poolTimeout: '${PORT}0' }, { poolTimeout: 80_800 }],
    [
      'a limit that is lifted',
      { maxRequestBodySize: '${LIFTED}' },
      { maxRequestBodySize: Infinity },
    ],
    [
      'a boolean',
      { websocketCompress: '${YES}', tracing: '${NO}' },
      { websocketCompress: true, tracing: false },
    ],
    ['a switch of a group', { requestId: '${YES}' }, { requestId: true }],
    ['a number of workers', { workers: '${PORT}' }, { workers: 8080 }],
    [
      'a list by commas',
      { pool: { protocols: '${LIST}' } },
      { pool: { protocols: ['http2', 'http1'] } },
    ],
    ['an option of a group', { pool: { poolSize: '${PORT}' } }, { pool: { poolSize: 8080 } }],
    [
      'an option of a route',
      { routes: [{ path: '/${WORD}', poolTimeout: '${PORT}' }] },
      { routes: [{ path: '/abc', poolTimeout: 8080 }] },
    ],
    [
      'an option of a listener',
      { listen: ['${HOST}:${PORT}', { port: '${PORT}', maxConnections: '${PORT}' }] },
      { listen: ['api.internal:8080', { port: 8080, maxConnections: 8080 }] },
    ],
    [
      'an option of a backend',
      { backend: [{ url: 'http://${HOST}', weight: '${PORT}' }] },
      { backend: [{ url: 'http://api.internal', weight: 8080 }] },
    ],
    ['digits of a text option', { via: '${PORT}' }, { via: '8080' }],
    [
      'a word in place of a number, for the table',
      { poolTimeout: '${WORD}' },
      { poolTimeout: 'abc' },
    ],
    ['a literal, which stays text', { poolTimeout: '5' }, { poolTimeout: '5' }],
    ['what is unknown', { nonsense: { x: '${PORT}' } }, { nonsense: { x: '8080' } }],
    ['no object', ['${HOST}', 1, null, true], ['api.internal', 1, null, true]],
  ])('replaces %s', (_, given, read) => expect(replaced(given)).toEqual(read));

  it.each<[name: string, given: unknown, message: string]>([
    [
      'an unset one',
      { routes: [{ backend: 'x${NOPE}' }] },
      'routes[0].backend: the environment variable NOPE is not set',
    ],
    ['a name of a prototype', '${toString}', 'the environment variable toString is not set'],
    [
      'each of several',
      { a: '${A}', 'b-c': '${B}${A}' },
      [
        'a: the environment variable A is not set',
        '["b-c"]: the environment variable B is not set',
        '["b-c"]: the environment variable A is not set',
      ].join('\n'),
    ],
    [
      'no name',
      { a: '${}' },
      'a: ${} names no environment variable; expected ${NAME}, or $${ for ${ itself',
    ],
    [
      'a default, which there is none of',
      { a: '${HOST:-x}' },
      'a: ${HOST:-x} names no environment variable; expected ${NAME}, or $${ for ${ itself',
    ],
    [
      'an open brace',
      { a: 'x${HOST' },
      'a: ${HOST names no environment variable; expected ${NAME}, or $${ for ${ itself',
    ],
  ])('refuses %s', (_, given, message) => {
    expect(() => replaced(given)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG', message }),
    );
  });

  it('keeps what a file may bring', () => {
    const input: unknown = JSON.parse('{"__proto__": {"a": "${HOST}"}}');
    expect(JSON.stringify(replaced(input))).toBe('{"__proto__":{"a":"api.internal"}}');
  });

  it('leaves whatever has no reference as it is', () => {
    const plain = fc.string().filter((text) => !text.includes('${'));
    fc.assert(
      fc.property(fc.dictionary(plain, fc.oneof(plain, fc.double(), fc.array(plain))), (input) => {
        expect(replaced(input)).toEqual(input);
      }),
    );
  });

  it('gives back any text that is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', 'A', ' ') }), (text) => {
        expect(replaced({ a: `$\${${text}` })).toEqual({ a: `\${${text}` });
      }),
    );
  });
});
