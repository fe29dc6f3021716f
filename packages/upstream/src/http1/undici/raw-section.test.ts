import { expect, test } from 'vitest';
import { readRawSection } from './raw-section.ts';

function section(...texts: string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

test('a section counts name + 2 + value, exactly', () => {
  expect(readRawSection(section('ab', 'cde'), 7)).toEqual(['ab', 'cde']);
  expect(readRawSection(section('ab', 'cde'), 6)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE',
  });
  expect(readRawSection(section('a', '', 'b', ''), 6)).toEqual(['a', '', 'b', '']);
  expect(readRawSection(section('a', '', 'b', ''), 5)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE',
  });
  expect(readRawSection([], 0)).toEqual([]);
});

test('blanks around a value are no part of it (RFC 9112 §5)', () => {
  expect(readRawSection(section('a', 'b \t', 'c', '\t'), 100)).toEqual(['a', 'b', 'c', '']);
});

test.each([
  ['an empty name', ['', 'a']],
  ['a name with a blank', ['a b', 'a']],
  ['a name beyond ASCII', ['a\xe9', 'a']],
  ['CR in a value', ['a', 'b\rc']],
  ['LF in a value', ['a', 'b\nc']],
  ['NUL in a value', ['a', '\0']],
  ['DEL in a value', ['a', '\x7f']],
  ['a tab after a transfer coding', ['Transfer-Encoding', 'chunked\t']],
  ['a tab and a blank after it', ['transfer-encoding', 'chunked\t ']],
])('refused: %s', (_, fields) => {
  expect(readRawSection(section(...fields), 100)).toMatchObject({
    code: 'RIT_ERR_UPSTREAM_PROTOCOL',
  });
});
