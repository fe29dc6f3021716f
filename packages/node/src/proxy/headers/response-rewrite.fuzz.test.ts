/** Lines that are taken from the backend's head as they stand say what the fields say, one for one. */
import { forwardableTrailerNames } from '@reverseit/core/http';
import { fieldLines, ResponseParser } from '@reverseit/core/http1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { responseFields, responseLines } from './response-rewrite.ts';

const name = fc.constantFrom(
  ...['A', 'b', 'Set-Cookie', 'Date', 'date', 'Content-Length', 'Via', 'Server', 'Trailer'],
  ...['Keep-Alive', 'Upgrade', 'Proxy-Authenticate', 'Connection', 'TRANSFER-ENCODING'],
);
const value = fc.constantFrom('a', 'keep-alive', 'close', '1.1 us', 'A, b', '\xe9\xff', ': x', '5');
const section = fc.array(fc.tuple(name, value), { maxLength: 10 });
const via = fc.constantFrom<string | false>('us', false);
const date = fc.constantFrom('Sun, 06 Nov 1994 08:49:37 GMT', null);
const status = fc.constantFrom(200, 204, 304, 404);

function parse(lines: string) {
  const parser = new ResponseParser(10_000);
  const head = parser.readHead(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`, 'latin1'), 0);
  parser.free();
  return head;
}

test('RFC 9110 §7.6: with fields or with lines, the same response goes on', () => {
  fc.assert(
    fc.property(section, status, via, date, fc.boolean(), (pairs, code, pseudonym, now, trails) => {
      const head = parse(pairs.map(([field, text]) => `${field}: ${text}\r\n`).join(''));
      fc.pre(head?.lines != null);
      const lines = responseLines(head.lines, head.fields, code, pseudonym, now, trails);
      const fields = responseFields(head.fields, code, pseudonym, now, trails);
      const named = pairs.some(
        ([field, text]) => field === 'Connection' && text !== 'keep-alive' && text !== 'close',
      );
      const unnamed =
        trails &&
        pairs.some(
          ([field, text]) => field === 'Trailer' && forwardableTrailerNames(text) !== text,
        );
      expect(lines).toBe(named || unnamed ? null : fieldLines(fields));
    }),
  );
});
