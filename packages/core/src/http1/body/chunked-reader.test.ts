import { describe, expect, test } from 'vitest';
import { drive } from '../../../test/drive-chunked.ts';

const body = '3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n';

describe('chunked content (RFC 9112 §7.1)', () => {
  test('content, trailers, and not a byte more, in pieces of any size', () => {
    const input = Buffer.from(`${body}GET /`);
    for (let pieceBytes = 1; pieceBytes <= input.length; pieceBytes++) {
      expect(drive(input, pieceBytes)).toEqual({
        content: 'abcde',
        trailers: ['T', 'v'],
        complete: true,
        failure: null,
        announced: 5,
        taken: body.length,
      });
    }
  });

  const announced: readonly [text: string, length: number][] = [
    ['', 0],
    ['a', 0],
    ['a\r', 0],
    ['a\r\n', 10],
    ['A\r\n', 10],
    ['000fF\r\n', 255],
    ['a;b=c\r\n', 10],
    ['a;b="1\t2"\r\n', 10],
    ['FFFFFFFFFFFFFFFF\r\n', 2 ** 64],
    ['3\r\nabc', 3],
    ['3\r\nabc\r\n', 3],
    ['3\r\nabc\r\n10\r', 3],
    ['3\r\nabc\r\n10\r\n', 19],
    ['3\r\nabc\r\n10\r\n0123', 19],
    ['3\r\nabc\r\n0\r\n\r\n', 3],
    ['3\r\nabc\r\n0\r\nA: ff\r\n\r\n', 3],
  ];

  test.for(announced)('%j announces %i bytes, before they come', ([text, length]) => {
    for (const pieceBytes of [1, 2, Math.max(1, text.length)]) {
      const outcome = drive(Buffer.from(text), pieceBytes);
      expect([outcome.failure, outcome.announced]).toEqual([null, length]);
    }
  });

  const refused: readonly [name: string, text: string, code: string][] = [
    ['no size', '\r\n', 'RIT_ERR_CHUNK_SYNTAX'],
    ['a size that is no number', 'g\r\n', 'RIT_ERR_CHUNK_SYNTAX'],
    ['a signed size', '+1\r\n', 'RIT_ERR_CHUNK_SYNTAX'],
    ['a size beyond 64 bit', `1${'0'.repeat(16)}\r\n`, 'RIT_ERR_CHUNK_SYNTAX'],
    ['a bare LF after a size', '1\na\r\n', 'RIT_ERR_CHUNK_SYNTAX'],
    ['content longer than its chunk', '1\r\nab\r\n', 'RIT_ERR_CHUNK_SYNTAX'],
    ['a trailer without a name', '0\r\n: v\r\n', 'RIT_ERR_FIELD_SYNTAX'],
    ['a length as a trailer', '0\r\nContent-Length: 1\r\n\r\n', 'RIT_ERR_FIELD_SYNTAX'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', 'RIT_ERR_FIELD_SYNTAX'],
    ['too much framing', `1;${'e'.repeat(17000)}\r\n`, 'RIT_ERR_CHUNK_OVERHEAD'],
    ['too large a trailer', `0\r\nA: ${'v'.repeat(9000)}`, 'RIT_ERR_TRAILERS_TOO_LARGE'],
  ];

  test.for(refused)('%s is refused, and nothing behind it is taken', ([, text, code]) => {
    for (const pieceBytes of [1, 7, text.length]) {
      const outcome = drive(Buffer.from(text + body), pieceBytes);
      expect(outcome).toMatchObject({ failure: code, complete: false });
      expect(outcome.taken).toBeLessThanOrEqual(text.length);
    }
  });
});
