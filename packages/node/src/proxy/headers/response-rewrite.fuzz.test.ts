/** The same goes on, whether the backend's head is taken in runs of its text or field by field. */
import { fieldLines, forwardableTrailerNames, type HeaderSection } from '@reverseit/core/http';
import { ResponseParser } from '@reverseit/core/http1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PublicMapper, responseHeaders } from './response-rewrite.ts';

const name = fc.constantFrom(
  ...['A', 'b', 'Set-Cookie', 'Date', 'date', 'Content-Length', 'Via', 'Server', 'Trailer'],
  ...['Keep-Alive', 'Upgrade', 'Proxy-Authenticate', 'Connection', 'TRANSFER-ENCODING', 'Location'],
  'Refresh',
);
const value = fc.constantFrom('a', 'keep-alive', 'close', '1.1 us', 'A, b', '\xe9\xff', ': x', '5');
const section = fc.array(fc.tuple(name, value), { maxLength: 10 });
const via = fc.constantFrom<string | false>('us', false);
const date = fc.constantFrom('Sun, 06 Nov 1994 08:49:37 GMT', null);
const status = fc.constantFrom(200, 204, 304, 404);

const publicFields = ['location', 'refresh', 'set-cookie'];
const mapped = (value: string): string => (value === 'a' ? '/public' : value);
const mapper: PublicMapper = {
  publicLocation: mapped,
  publicRefresh: mapped,
  publicCookie: mapped,
};

function parse(lines: string): HeaderSection | undefined {
  const parser = new ResponseParser(10_000);
  const head = parser.readHead(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`, 'latin1'), 0);
  parser.free();
  return head?.headers;
}

/** The rules as RFC 9110 §7.6 and we have them, over a plain list. */
function naive(
  source: readonly string[],
  code: number,
  pseudonym: string | false,
  now: string | null,
  trails: boolean,
  maps: boolean,
): string[] {
  const pairs = source.flatMap((field, i) =>
    i % 2 === 0 ? [[field, source[i + 1] ?? ''] as const] : [],
  );
  const lower = (text: string) => text.toLowerCase();
  const named = pairs
    .filter(([field]) => lower(field) === 'connection')
    .flatMap(([, text]) => text.split(',').map((member) => lower(member.trim())));
  const hops = ['connection', 'keep-alive', 'upgrade', 'proxy-authenticate', 'transfer-encoding'];
  const stay = ['date', 'via', 'content-length'];
  const passed = pairs.flatMap(([field, text]) => {
    const known = lower(field);
    if (hops.includes(known) || (named.includes(known) && !stay.includes(known))) return [];
    if (known === 'content-length' && code === 204) return [];
    if (known === 'trailer') {
      const names = forwardableTrailerNames(text);
      return trails && names !== '' ? [field, names] : [];
    }
    return [field, publicFields.includes(known) && maps && text === 'a' ? '/public' : text];
  });
  const dated = pairs.some(([field]) => lower(field) === 'date') || now === null;
  return [
    ...passed,
    ...(dated ? [] : ['date', now]),
    ...(pseudonym === false ? [] : ['via', `1.1 ${pseudonym}`]),
  ];
}

test('RFC 9110 §7.6: from text or from fields, the same response goes on', () => {
  const flags = fc.tuple(fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(
      section,
      status,
      via,
      date,
      flags,
      (pairs, code, pseudonym, now, [trails, maps]) => {
        // Without the space, the lines are not as ours, and the section has no text.
        for (const colon of [': ', ':']) {
          const source = parse(
            pairs.map(([field, text]) => `${field}${colon}${text}\r\n`).join(''),
          );
          fc.pre(source !== undefined);
          const headers = responseHeaders(
            { status: code, headers: source, httpVersion: '1.1' },
            pseudonym,
            now,
            trails,
            maps ? mapper : null,
          );
          expect(headers.fields).toEqual(naive(source.fields, code, pseudonym, now, trails, maps));
          expect(headers.serialize()).toBe(fieldLines(headers.fields));
        }
      },
    ),
  );
});
