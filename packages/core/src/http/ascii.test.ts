import { describe, expect, test } from 'vitest';
import {
  equalsIgnoreCase,
  isFieldValue,
  isRegName,
  isToken,
  isTokenByte,
  toLowerAscii,
  trimOws,
} from './ascii.ts';

const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

describe('character classes (RFC 9110 §5.6.2, §5.5)', () => {
  test('token characters, each of 256', () => {
    const allowed = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;
    for (const [code, letter] of all.entries()) {
      expect(isToken(letter), `0x${code.toString(16)}`).toBe(allowed.test(letter));
      expect(isTokenByte(code)).toBe(allowed.test(letter));
    }
  });

  test('field value characters, each of 256', () => {
    for (const [code, letter] of all.entries()) {
      const allowed = code === 9 || (code >= 0x20 && code !== 0x7f);
      expect(isFieldValue(letter), `0x${code.toString(16)}`).toBe(allowed);
    }
  });

  const wide = ['\u0100', '\u010a', '\u010d', '\u2028', '\ud83d\ude00'];

  test.for(wide)('%j is beyond latin1', (letter) => {
    expect([isToken(letter), isFieldValue(letter), isRegName(letter)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(isTokenByte(letter.charCodeAt(0))).toBe(false);
  });

  test('empty: a value, and no token or name', () => {
    expect([isToken(''), isFieldValue(''), isRegName('')]).toEqual([false, true, false]);
  });

  test('one bad character anywhere spoils all', () => {
    for (const text of [' ab', 'a b', 'ab ']) expect(isToken(text)).toBe(false);
    for (const text of ['\nab', 'a\rb', 'ab\0']) expect(isFieldValue(text)).toBe(false);
  });

  const regNames: readonly [string, boolean][] = [
    ['example.com', true],
    ['a_b~c', true],
    ["!$&'()*+,;=", true],
    ['%41%7e%7E', true],
    ['%', false],
    ['a%4', false],
    ['%4g', false],
    ['%%41', false],
    ['a:b', false],
    ['a@b', false],
    ['a/b', false],
    ['[::1]', false],
    ['a b', false],
  ];

  test.for(regNames)('reg-name %j: %s (RFC 3986 §3.2.2)', ([text, expected]) => {
    expect(isRegName(text)).toBe(expected);
  });
});

describe('case', () => {
  const pairs: readonly [text: string, lower: string, expected: boolean][] = [
    ['Host', 'host', true],
    ['HOST', 'host', true],
    ['host', 'host', true],
    ['', '', true],
    ['hos', 'host', false],
    ['hosts', 'host', false],
    ['h0st', 'host', false],
    // Characters 0x20 below a lower-case non-letter are no capitals of it.
    ['[', '{', false],
    ['@', '`', false],
    // KELVIN SIGN and LONG S fold to k and s in Unicode, and to nothing here.
    ['\u212aeep', 'keep', false],
    ['ho\u017ft', 'host', false],
  ];

  test.for(pairs)('%j is %j: %s', ([text, lower, expected]) => {
    expect(equalsIgnoreCase(text, lower)).toBe(expected);
  });

  test('only ASCII letters are folded', () => {
    expect(toLowerAscii('aBC-\xc9\u212a')).toBe('abc-\xc9\u212a');
    expect(toLowerAscii('abc')).toBe('abc');
  });
});

test('OWS is trimmed at both ends, nothing else (RFC 9110 §5.6.3)', () => {
  expect(trimOws(' \t a \t b\t ')).toBe('a \t b');
  expect(trimOws('\xa0a\r')).toBe('\xa0a\r');
  expect(trimOws(' \t ')).toBe('');
  expect(trimOws('')).toBe('');
});
