/** Lines that are taken from the client's head as they stand say what the fields say, one for one. */
import { isReverseItError } from '@reverseit/core/errors';
import { fieldLines, RequestParser } from '@reverseit/core/http1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { RequestRewrite } from './request-rewrite.ts';

const limits = {
  maxRequestTargetBytes: 100,
  maxRequestHeaderLineBytes: 1000,
  maxRequestHeaderBytes: 10_000,
  maxRequestHeaders: 100,
};
const client = { remoteAddress: '192.0.2.1', encrypted: false };

const name = fc.constantFrom(
  ...['A', 'b', 'Cookie', 'X-A', 'Via', 'X-Forwarded-For', 'X-Forwarded-Host', 'TE'],
  ...['x-forwarded-PROTO', 'Keep-Alive', 'Upgrade', 'Proxy-Connection', 'Forwarded', 'Secret'],
);
const value = fc.constantFrom('a', '1.1 other', '1.1 us', 'a, b', 'trailers', '\xe9\xff', ': x');
const connection = fc.constantFrom('', 'keep-alive', 'close', 'A, Via', 'x-a, upgrade, Host');
const section = fc.array(fc.tuple(name, value), { maxLength: 10 });
const options = fc.record({
  via: fc.constantFrom<string | false>('us', false),
  forwardedHeaders: fc.constantFrom<'append' | 'replace' | false>('append', 'replace', false),
  preserveHostHeader: fc.boolean(),
  removeHeaders: fc.constantFrom<string[]>([], ['secret', 'B']),
});

function parse(lines: string) {
  const parser = new RequestParser(limits);
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: h:1\r\n${lines}\r\n`, 'latin1');
  const head = parser.readHead(bytes, 0);
  parser.free();
  return head;
}

const outcomeOf = <T>(work: () => T): T | string => {
  try {
    return work();
  } catch (error) {
    if (isReverseItError(error)) return error.code;
    throw error;
  }
};

test('RFC 9110 §7.6: with fields or with lines, the same request goes on', () => {
  fc.assert(
    fc.property(section, connection, options, (pairs, names, given) => {
      const all = names === '' ? pairs : [['Connection', names] as const, ...pairs];
      const head = parse(all.map(([field, text]) => `${field}: ${text}\r\n`).join(''));
      fc.pre(head !== null);
      const [route] = resolveProxyOptions({ backend: 'http://backend', ...given }).routes;
      const rewrite = new RequestRewrite(route as NonNullable<typeof route>);
      const fields = outcomeOf(() => rewrite.fields(head, client));
      const written = outcomeOf(() => rewrite.lines(head, client));
      if (typeof fields === 'string') expect(written).toBe(fields);
      else {
        if (written === null || typeof written === 'string') throw new Error('no lines');
        const text = `host: ${written.host}\r\n${written.lines}${fieldLines(written.added)}`;
        expect(text).toBe(fieldLines(fields));
      }
    }),
  );
});

test('there are no lines where those of the client are unusual, or fields are replaced', () => {
  const [plain, adding] = [[], [['x-a', 'b']]].map((addHeaders) => {
    const [route] = resolveProxyOptions({ backend: 'http://backend', addHeaders }).routes;
    return new RequestRewrite(route as NonNullable<typeof route>);
  });
  const usual = parse('A: b\r\n');
  const unusual = parse('A:b\r\n');
  if (usual === null || unusual === null) throw new Error('no head');
  expect(plain?.lines(usual, client)).toMatchObject({ lines: 'A: b\r\n' });
  expect(plain?.lines(unusual, client)).toBe(null);
  expect(adding?.lines(usual, client)).toBe(null);
});
