/** The same goes on, whether the client's head is taken in runs of its text or field by field. */
import { isReverseItError } from '@reverseit/core/errors';
import { fieldLines } from '@reverseit/core/http';
import { RequestParser } from '@reverseit/core/http1';
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
const client = {
  remoteAddress: '192.0.2.1',
  localAddress: '192.0.2.2',
  encrypted: false,
  effectiveClient: null,
  peerCertificates: null,
  mountPath: '',
};

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
  forwarded: fc.boolean(),
  preserveHostHeader: fc.boolean(),
  removeHeaders: fc.constantFrom<string[]>([], ['secret', 'B']),
  addHeaders: fc.constantFrom<[string, string][]>(
    [],
    [
      ['x-a', 'b'],
      ['X-A', 'c'],
    ],
    [['Host', 'd']],
  ),
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

test('RFC 9110 §7.6: from text or from fields, the same request goes on', () => {
  fc.assert(
    fc.property(section, connection, options, (pairs, names, given) => {
      const all = names === '' ? pairs : [['Connection', names] as const, ...pairs];
      // Without the space, the lines are not as ours, and the section has no text.
      const [usual, unusual] = [': ', ':'].map((colon) => {
        const head = parse(all.map(([field, text]) => `${field}${colon}${text}\r\n`).join(''));
        const [route] = resolveProxyOptions({ backend: 'http://backend', ...given }).routes;
        const rewrite = new RequestRewrite(route as NonNullable<typeof route>, 'backend');
        if (head === null) return null;
        const outcome = outcomeOf(() => rewrite.apply(head, client));
        if (typeof outcome === 'string') return outcome;
        expect(outcome.serialize()).toBe(fieldLines(outcome.fields));
        return outcome.fields;
      });
      expect(usual).toEqual(unusual);
    }),
  );
});
