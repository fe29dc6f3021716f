import { isReverseItError } from '@reverseit/core/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Origin, parseOrigin } from './origin.ts';

const scheme = fc.constantFrom('http', 'https', 'ws', 'wss', 'HTTP', 'ftp', 'file', '');
const soup = fc.string({ unit: fc.constantFrom(...'aZ0.:/@?#[]%\\ \t\0é-_'), maxLength: 24 });
const backends = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.tuple(scheme, soup).map(([name, rest]) => `${name}://${rest}`),
  soup,
);

function parse(backend: string | URL, unixSocket?: string): Origin | string {
  try {
    return parseOrigin(backend, unixSocket);
  } catch (error) {
    if (!isReverseItError(error) || error.code !== 'RIT_ERR_CONFIG') throw error;
    return error.message;
  }
}

test('a backend is an origin that parses to itself, or a ConfigError', () => {
  fc.assert(
    fc.property(backends, (backend) => {
      const origin = parse(backend);
      if (typeof origin === 'string') {
        expect(origin).toMatch(/^backend: /);
        return;
      }
      expect(origin.port).toBeGreaterThan(0);
      expect(origin.host).toMatch(/^[^\s/?#@]+$/);
      expect(parse(origin.key)).toEqual(origin);
      expect(parse(new URL(backend))).toEqual(origin);
    }),
  );
});

test('no path of a unix socket makes two origins one', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
      const keys = [undefined, one, other].map((path) => {
        const origin = parse('http://a', path);
        return typeof origin === 'string' ? origin : origin.key;
      });
      const bad = [one, other].filter((path) => path.includes('\0'));
      if (bad.length === 0) expect(new Set(keys).size).toBe(one === other ? 2 : 3);
    }),
  );
});

test('credentials are refused, and never told', () => {
  const word = fc.stringMatching(/^[a-z]{3,12}$/);
  fc.assert(
    fc.property(scheme, word, word, (name, user, password) => {
      fc.pre(!name.toLowerCase().includes(user) && !name.toLowerCase().includes(password));
      const refusal = parse(`${name}://${user}${user}9:${password}9@a`);
      expect(refusal).toBeTypeOf('string');
      expect(refusal).not.toContain(`${user}9`);
      expect(refusal).not.toContain(`${password}9`);
    }),
  );
});
