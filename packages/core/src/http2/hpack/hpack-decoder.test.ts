import { expect, test } from 'vitest';
import { HpackDecoder } from './hpack-decoder.ts';

type Seen = [name: string, value: string, isValid: boolean][];

function decode(decoder: HpackDecoder, hex: string): Seen | null {
  const seen: Seen = [];
  const isRead = decoder.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), {
    onField: (...field) => seen.push(field),
  });
  return isRead ? seen : null;
}

const valid = (...pairs: string[]): Seen =>
  Array.from({ length: pairs.length / 2 }, (_, i) => [
    pairs[2 * i] ?? '',
    pairs[2 * i + 1] ?? '',
    true,
  ]);

const request = [
  ':method',
  'GET',
  ':scheme',
  'http',
  ':path',
  '/',
  ':authority',
  'www.example.com',
];

// RFC 7541 Appendix C.3 and C.4: the same requests without and with Huffman coding.
test.each([
  [
    'C.3',
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ],
  [
    'C.4',
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ],
])('RFC 7541 Appendix %s', (_, first, second, third) => {
  const decoder = new HpackDecoder();
  expect(decode(decoder, first)).toEqual(valid(...request));
  expect(decode(decoder, second)).toEqual(valid(...request, 'cache-control', 'no-cache'));
  expect(decode(decoder, third)).toEqual(
    valid(
      ':method',
      'GET',
      ':scheme',
      'https',
      ':path',
      '/index.html',
      ':authority',
      'www.example.com',
      'custom-key',
      'custom-value',
    ),
  );
});

test.each([
  ['index 0 (§6.1)', '80'],
  ['an index beyond the tables', 'be'],
  ['a name beyond the tables', '7e 00'],
  ['an integer that does not end', 'ff ff ff ff ff ff ff'],
  ['an integer cut off', 'ff'],
  ['a text longer than its block', '00 05 61'],
  ['a value that is missing', '00 01 61'],
  ['a text that is not Huffman coded', '00 81 00 00'],
  ['a table larger than we have allowed (§4.2)', '3f e2 1f'],
  ['a change of the table after a field (§4.2)', '82 20'],
])('%s is an error', (_, hex) => {
  expect(decode(new HpackDecoder(), hex)).toBe(null);
});

test('changes of the table before the first field', () => {
  const decoder = new HpackDecoder();
  decode(decoder, '40 01 61 01 62');
  expect(decode(decoder, '20 3f e1 1f 82')).toEqual(valid(':method', 'GET'));
  expect(decode(decoder, 'be')).toBe(null);
});

test.each([
  ['an upper-case name', 'X', 'a', false],
  ['a name with a space', 'x y', 'a', false],
  ['a name with a colon inside', 'x:y', 'a', false],
  ['an empty name', '', 'a', false],
  ['a lone colon', ':', 'a', false],
  ['CR in a value', 'x', 'a\rb', false],
  ['LF in a value', 'x', 'a\nb', false],
  ['NUL in a value', 'x', '\0', false],
  ['a blank before a value', 'x', ' a', false],
  ['a tab after a value', 'x', 'a\t', false],
  ['a blank inside a value', 'x', 'a b', true],
  ['a byte beyond ASCII', 'x', '\xff', true],
  ['an empty value', 'x', '', true],
])('%s: valid is %s', (_, name, value, isValid) => {
  const text = (part: string): Buffer =>
    Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')]);
  const decoder = new HpackDecoder();
  const literal = Buffer.concat([Buffer.from([0x40]), text(name), text(value)]).toString('hex');
  expect(decode(decoder, literal)).toEqual([[name, value, isValid]]);
  // As it stands in the table, too.
  expect(decode(decoder, 'be')).toEqual([[name, value, isValid]]);
});

test('a name out of the table with another value is judged anew', () => {
  const decoder = new HpackDecoder();
  decode(decoder, '40 01 78 01 0a');
  expect(decode(decoder, '7e 01 61')).toEqual([['x', 'a', true]]);
});
