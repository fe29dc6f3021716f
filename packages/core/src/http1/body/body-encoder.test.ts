import { expect, test } from 'vitest';
import { parseAll } from '../../../test/drive-parser.ts';
import { chunkEnd, chunkStart, lastChunk } from './body-encoder.ts';

test('chunks and trailers (RFC 9112 §7.1)', () => {
  expect(chunkStart(1)).toBe('1\r\n');
  expect(chunkStart(65535)).toBe('ffff\r\n');
  expect(lastChunk([])).toBe('0\r\n\r\n');
  expect(lastChunk(['a', '1', 'b', ''])).toBe('0\r\na: 1\r\nb: \r\n\r\n');
});

test('what it writes, our own parser reads', () => {
  const pieces = ['a', 'b'.repeat(16), '\xff'.repeat(70_000)];
  const body = pieces.map((piece) => chunkStart(piece.length) + piece + chunkEnd).join('');
  const { messages, code } = parseAll(
    Buffer.from(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${lastChunk(['X', '1'])}`,
      'latin1',
    ),
  );
  expect([code, messages[0]?.body, messages[0]?.trailers]).toEqual([
    null,
    pieces.join(''),
    ['X', '1'],
  ]);
});
