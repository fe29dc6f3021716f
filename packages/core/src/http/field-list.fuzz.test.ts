import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTokenList } from './field-list.ts';

const token = fc.string({ unit: fc.constantFrom(...'aZ09!#$&*-_~|'), minLength: 1, maxLength: 8 });
const blanks = fc.constantFrom('', ' ', '\t', ' \t ');

test('any list of tokens, however padded and with empty members', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(blanks, fc.option(token, { nil: '' }), blanks)), (members) => {
      const into: string[] = [];
      expect(readTokenList(members.map((parts) => parts.join('')).join(','), into)).toBe(true);
      expect(into).toEqual(
        members.flatMap(([, name]) => (name === '' ? [] : [name.toLowerCase()])),
      );
    }),
  );
});

test('any text: no exception, and nothing but tokens', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const into: string[] = [];
      readTokenList(text, into);
      for (const member of into) expect(member).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
    }),
  );
});
