import { describe, expect, test } from 'vitest';
import { SPAN } from '../llhttp/constants.ts';
import { readFields } from './read-fields.ts';

/** Spans of `name:value` lines, blanks before a value left out as llhttp does. */
function spansOf(lines: readonly string[], origin: number): { text: string; spans: Int32Array } {
  const list: number[] = [];
  let text = '';
  for (const line of lines) {
    const colon = line.indexOf(':');
    const start = origin + text.length;
    const value = line.slice(colon + 1);
    const from = start + colon + 1 + (value.length - value.replace(/^[ \t]+/, '').length);
    list.push(SPAN.NAME, start, start + colon, SPAN.VALUE, from, start + line.length);
    text += `${line}\r\n`;
  }
  return { text, spans: Int32Array.from(list) };
}

const cases: readonly [lines: string[], outcome: string[] | string][] = [
  [[], []],
  [['A: b'], ['A', 'b']],
  [
    ['A:', 'a: \t '],
    ['A', '', 'a', ''],
  ],
  [['A: \t b \t c\t '], ['A', 'b \t c']],
  [['A: \xff\xa0'], ['A', '\xff\xa0']],
  [['Content-Length: 5  '], ['Content-Length', '5']],
  [['Content-Length: 5\t'], 'RIT_ERR_CONTENT_LENGTH'],
  [['content-length:\t5'], 'RIT_ERR_CONTENT_LENGTH'],
  [['Transfer-Encoding: chunked \t'], 'RIT_ERR_FRAMING_CONFLICT'],
  [['TRANSFER-ENCODING: \tchunked'], 'RIT_ERR_FRAMING_CONFLICT'],
  [['Transfer-Encoding: gzip,\tchunked'], 'RIT_ERR_FRAMING_CONFLICT'],
  // A tab elsewhere is as good as a space, also in names of the same length.
  [
    ['Content-Length: 5', 'A:\tb\t'],
    ['Content-Length', '5', 'A', 'b'],
  ],
  [['Content_Length:\t5\t'], ['Content_Length', '5']],
  [['Transfer_Encoding:\tx'], ['Transfer_Encoding', 'x']],
];

describe('fields from spans (RFC 9112 §5)', () => {
  test.for(cases)('%j', ([lines, outcome]) => {
    for (const origin of [0, 100]) {
      const { text, spans } = spansOf(lines, origin);
      expect(readFields(text, origin, spans, 0, spans.length)).toEqual(outcome);
    }
  });

  test('spans that do not alternate are refused', () => {
    const spans = Int32Array.from([SPAN.NAME, 0, 1, SPAN.NAME, 2, 3]);
    expect(readFields('a:b', 0, spans, 0, 6)).toBe('RIT_ERR_FIELD_SYNTAX');
    expect(readFields('a:b', 0, spans.subarray(0, 3), 0, 3)).toBe('RIT_ERR_FIELD_SYNTAX');
  });
});
