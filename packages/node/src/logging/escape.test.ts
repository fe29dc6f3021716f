import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, jsonText } from './escape.ts';

/** Text as it comes off the wire: each character a byte. */
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)),
});

describe('escapeText', () => {
  it.each([
    ['GET /a?b=c HTTP/1.1', 'GET /a?b=c HTTP/1.1'],
    ['', ''],
    ['a"b', String.raw`a\x22b`],
    ['a\\x22b', String.raw`a\x5Cx22b`],
    ['a\r\nb\t\u0000', String.raw`a\x0D\x0Ab\x09\x00`],
    ['\u001b[31m\u007f\u009b', String.raw`\x1B[31m\x7F\x9B`],
    ['\u00e9', String.raw`\xE9`],
    ['\u2028', String.raw`\u2028`],
  ])('%j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  it('is printable ASCII without quotes, and tells texts apart', () => {
    fc.assert(
      fc.property(bytes, (text) => {
        const escaped = escapeText(text);
        expect(escaped).toMatch(/^[ !#-~]*$/);
        const back = escaped.replaceAll(/\\x(..)/g, (_, digits: string) =>
          String.fromCharCode(Number.parseInt(digits, 16)),
        );
        expect(back).toBe(text);
      }),
    );
  });
});

describe('jsonText', () => {
  it.each([
    ['plain', '"plain"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['a\n\u0000\u001b', String.raw`"a\n\u0000\u001b"`],
    ['\u007f', String.raw`"\u007f"`],
    // UTF-8, as it came.
    ['\u00c3\u00a9', '"é"'],
    // No UTF-8.
    ['\u00e9', '"é"'],
    ['\u0085\u009b', String.raw`"\u0085\u009b"`],
    // Text of the configuration, and no bytes; half of a pair.
    ['\u00c3\u00a9 \u2192', '"Ã© →"'],
    ['\ud800"', String.raw`"\ud800\""`],
    // A line separator and a mark that turns text around, in UTF-8.
    ['\u00e2\u0080\u00a8\u00e2\u0080\u00ae', String.raw`"\u2028\u202e"`],
  ])('%j', (text, json) => {
    expect(jsonText(text)).toBe(json);
  });

  it('is a string of JSON on one line, without a control character', () => {
    fc.assert(
      fc.property(bytes, (text) => {
        const json = jsonText(text);
        expect(typeof JSON.parse(json)).toBe('string');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
        expect(json).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
