import { describe, expect, test } from 'vitest';
import { LengthMask, unmask } from './length-mask.ts';

/** The head as undici's parser would see it, given in pieces that end at these places. */
function hidden(head: string, ...cuts: number[]): string {
  const mask = new LengthMask();
  mask.begin();
  const bytes = Buffer.from(head, 'latin1');
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    mask.hide(bytes.subarray(from, to));
    from = to;
  }
  return bytes.toString('latin1');
}

const start = 'HTTP/1.1 304 Not Modified\r\n';

describe('names that concern the length are hidden, and shown again', () => {
  test.each([
    ['content-length', 'content-lengt^'],
    ['Content-Length', 'Content-Lengt^'],
    ['CONTENT-LENGTH', 'CONTENT-LENGT~'],
    ['transfer-encoding', 'transfer-encodin^'],
    ['Transfer-EncodinG', 'Transfer-Encodin~'],
    // Longer names are changed on the way as well, and come back.
    ['content-length-x', 'content-lengt^-x'],
    ['Transfer-Encodings', 'Transfer-Encodin^s'],
  ])('%s', (name, alias) => {
    const head = `${start}etag: "a"\r\n${name}: 5\r\na: b\r\n\r\n`;
    const seen = `${start}etag: "a"\r\n${alias}: 5\r\na: b\r\n\r\n`;
    // Wherever the bytes are cut.
    for (let cut = 0; cut <= head.length; cut++) expect(hidden(head, cut)).toBe(seen);
    const bytewise = Array.from(head, (_, at) => at);
    expect(hidden(head, ...bytewise)).toBe(seen);
    const fields = ['etag', '"a"', alias, '5', 'a', 'b'];
    unmask(fields);
    expect(fields).toEqual(['etag', '"a"', name, '5', 'a', 'b']);
  });
});

test.each([
  'x-content-length: 5',
  'content-lengt: 5',
  'a: content-length: 5',
  'content\u001flength: 5',
  'transfer: encoding',
  'etag: "transfer-encoding"',
  '',
])('left alone: %j', (line) => {
  const head = `${start}${line}\r\n\r\n`;
  expect(hidden(head)).toBe(head);
});

test('left alone in fields', () => {
  const fields = ['a^', 'b', 'x-ontent-lengt^', 'c', 'content-length', '5', '~', ''];
  const before = [...fields];
  unmask(fields);
  expect(fields).toEqual(before);
});

test('the next head begins at the beginning', () => {
  const mask = new LengthMask();
  mask.hide(Buffer.from('content-leng'));
  mask.begin();
  const rest = Buffer.from('th: 5');
  mask.hide(rest);
  expect(String(rest)).toBe('th: 5');
});
