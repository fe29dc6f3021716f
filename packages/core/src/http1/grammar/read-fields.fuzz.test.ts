import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SPAN } from '../llhttp/constants.ts';
import { readFields } from './read-fields.ts';

const name = fc.oneof(
  fc.constantFrom('Content-Length', 'transfer-encoding', 'A'),
  fc.string({ unit: fc.constantFrom(...'abCD-_'), minLength: 1, maxLength: 18 }),
);
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
const value = fc
  .string({ unit: fc.constantFrom('x', '5', ' ', '\t', '\xe9', ','), maxLength: 10 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));

test('names and values come out as they are, blanks do not; tabs beside framing are refused', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, blanks, value, blanks)), fc.nat(1000), (lines, origin) => {
      const spans: number[] = [];
      let text = '';
      let refused: string | null = null;
      const expected: string[] = [];
      for (const [one, before, content, after] of lines) {
        const start = origin + text.length;
        const from = start + one.length + 1 + before.length;
        spans.push(SPAN.NAME, start, start + one.length);
        spans.push(SPAN.VALUE, from, from + content.length + after.length);
        text += `${one}:${before}${content}${after}\r\n`;
        expected.push(one, content);
        if (refused === null && `${before}${content}${after}`.includes('\t')) {
          if (/^content-length$/i.test(one)) refused = 'RIT_ERR_CONTENT_LENGTH';
          if (/^transfer-encoding$/i.test(one)) refused = 'RIT_ERR_FRAMING_CONFLICT';
        }
      }
      const list = Int32Array.from(spans);
      expect(readFields(text, origin, list, 0, list.length)).toEqual(refused ?? expected);
    }),
  );
});
