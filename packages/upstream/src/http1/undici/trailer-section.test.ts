import { expect, test } from 'vitest';
import { readTrailers } from './trailer-section.ts';

function section(...texts: string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

test('a section counts name + 2 + value, exactly', () => {
  expect(readTrailers(section('ab', 'cde'), 7)).toEqual(['ab', 'cde']);
  expect(readTrailers(section('ab', 'cde'), 6)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE',
  });
  expect(readTrailers(section('a', '', 'b', ''), 6)).toEqual(['a', '', 'b', '']);
  expect(readTrailers(section('a', '', 'b', ''), 5)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE',
  });
  expect(readTrailers([], 0)).toEqual([]);
});

test('blanks around a value are no part of it (RFC 9112 §5)', () => {
  expect(readTrailers(section('a', 'b \t', 'c', '\t'), 100)).toEqual(['a', 'b', 'c', '']);
});

test.each([
  ['an empty name', ['', 'a']],
  ['a name with a blank', ['a b', 'a']],
  ['a name beyond ASCII', ['a\xe9', 'a']],
  ['CR in a value', ['a', 'b\rc']],
  ['LF in a value', ['a', 'b\nc']],
  ['NUL in a value', ['a', '\0']],
  ['DEL in a value', ['a', '\x7f']],
])('refused: %s', (_, fields) => {
  expect(readTrailers(section(...fields), 100)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_PROTOCOL',
  });
});
