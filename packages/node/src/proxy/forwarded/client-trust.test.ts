import { HeaderSection } from '@reverseit/core/http';
import { RequestHead } from '@reverseit/core/http1';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TrustedHeaders } from '../../options/listeners/trust-options.ts';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { ClientTrust } from './client-trust.ts';
import type { ForwardedClient } from './forwarded-client.ts';

function clientOf(
  fields: readonly string[],
  peer = '10.0.0.1',
  trustedProxyHeaders: TrustedHeaders = 'any',
  trustedProxies: readonly string[] = ['private', 'unix'],
): ForwardedClient {
  const options = { backend: 'http://a', trustedProxies, trustedProxyHeaders };
  const resolved = resolveProxyOptions(options);
  const trust = new ClientTrust(resolved.trustedProxies, resolved.trustedProxyHeaders);
  const section = fields.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const head = new RequestHead('GET', '/', 1, HeaderSection.parsed(section), 0);
  head.authority = 'inner:81';
  return trust.clientOf(head, { remoteAddress: peer, remotePort: 1000, encrypted: false });
}

describe('the chain, from its end (RFC 7239 §5.2)', () => {
  test.for<[name: string, fields: string[], client: string, kept: string[], peer?: string]>([
    ['no chain', [], '10.0.0.1', []],
    ['one hop', ['X-Forwarded-For: 192.0.2.1'], '192.0.2.1', ['192.0.2.1']],
    [
      'trusted hops are passed over',
      ['X-Forwarded-For: 192.0.2.1, 10.0.0.3,10.0.0.2'],
      '192.0.2.1',
      ['192.0.2.1', '10.0.0.3', '10.0.0.2'],
    ],
    [
      'what stands before the first that is not trusted is dropped',
      ['X-Forwarded-For: 127.0.0.1, 10.9.9.9, 192.0.2.1, 10.0.0.2'],
      '192.0.2.1',
      ['192.0.2.1', '10.0.0.2'],
    ],
    [
      'all are trusted: the first',
      ['X-Forwarded-For: 10.0.0.4, 10.0.0.3'],
      '10.0.0.4',
      ['10.0.0.4', '10.0.0.3'],
    ],
    [
      'several lines are one list',
      [
        'X-Forwarded-For: 192.0.2.9',
        'X-A: 1',
        'x-forwarded-for: 192.0.2.1',
        'X-FORWARDED-FOR: 10.0.0.2',
      ],
      '192.0.2.1',
      ['192.0.2.1', '10.0.0.2'],
    ],
    [
      'a malformed member ends it',
      ['X-Forwarded-For: 192.0.2.1, nonsense, 10.0.0.2'],
      '10.0.0.2',
      ['10.0.0.2'],
    ],
    ['a malformed last member', ['X-Forwarded-For: 192.0.2.1, a b'], '10.0.0.1', []],
    [
      'empty members are passed over',
      ['X-Forwarded-For: , 192.0.2.1,, 10.0.0.2 ,'],
      '192.0.2.1',
      ['192.0.2.1', '10.0.0.2'],
    ],
    ['nothing but commas', ['X-Forwarded-For: ,,'], '10.0.0.1', []],
    [
      'who hides is known by who speaks for it',
      ['X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.2'],
      '10.0.0.2',
      ['unknown', '10.0.0.2'],
    ],
    [
      'a client that hides its address, with the peer in front',
      ['X-Forwarded-For: _hidden'],
      '10.0.0.1',
      ['_hidden'],
    ],
    ['IPv6', ['X-Forwarded-For: 2001:DB8:0::1'], '2001:db8::1', ['2001:DB8:0::1']],
    [
      'IPv6 in brackets, with a port',
      ['X-Forwarded-For: [2001:db8::1]:443'],
      '2001:db8::1',
      ['[2001:db8::1]:443'],
    ],
    ['IPv6 with a zone', ['X-Forwarded-For: fe80::1%eth0'], 'fe80::1', ['fe80::1%eth0']],
    [
      'IPv4-mapped hops are trusted as IPv4',
      ['X-Forwarded-For: 192.0.2.1, ::ffff:10.0.0.2'],
      '192.0.2.1',
      ['192.0.2.1', '::ffff:10.0.0.2'],
    ],
    ['a peer on a Unix socket', ['X-Forwarded-For: 192.0.2.1'], '192.0.2.1', ['192.0.2.1'], ''],
    ['an IPv6 peer', ['X-Forwarded-For: 192.0.2.1'], '192.0.2.1', ['192.0.2.1'], 'fd00::1'],
    [
      'a peer that is not trusted',
      ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'],
      '192.0.2.9',
      [],
      '192.0.2.9',
    ],
    [
      'fields with _ say nothing',
      ['X_Forwarded_For: 192.0.2.1', 'x-forwarded_for: 192.0.2.2'],
      '10.0.0.1',
      [],
    ],
    [
      'Forwarded',
      ['Forwarded: for=192.0.2.1;proto=https, for=10.0.0.2'],
      '192.0.2.1',
      ['192.0.2.1', '10.0.0.2'],
    ],
    [
      'Forwarded, quoted',
      ['Forwarded: for="[2001:db8::1]:80"'],
      '2001:db8::1',
      ['[2001:db8::1]:80'],
    ],
    [
      'Forwarded, a quote that a client left open',
      ['Forwarded: for="', 'Forwarded: for=192.0.2.1'],
      '192.0.2.1',
      ['192.0.2.1'],
    ],
    [
      'Forwarded, a malformed element',
      ['Forwarded: for=192.0.2.1, for==, for=10.0.0.2'],
      '10.0.0.2',
      ['10.0.0.2'],
    ],
    [
      'Forwarded, who hides',
      ['Forwarded: for=192.0.2.1, for=_x, for=10.0.0.2'],
      '10.0.0.2',
      ['_x', '10.0.0.2'],
    ],
    ['Forwarded, an element of nobody', ['Forwarded: for=192.0.2.1, proto=https'], '10.0.0.1', []],
    [
      'X-Forwarded-For before Forwarded',
      ['Forwarded: for=192.0.2.9', 'X-Forwarded-For: 192.0.2.1'],
      '192.0.2.1',
      ['192.0.2.1'],
    ],
    [
      'X-Forwarded-Proto alone is enough for that',
      ['Forwarded: for=192.0.2.9', 'X-Forwarded-Proto: https'],
      '10.0.0.1',
      [],
    ],
  ])('%s', ([, fields, address, kept, peer]) => {
    const client = clientOf(fields, peer);
    expect([client.remoteAddress, client.nodes.map(({ text }) => text)]).toEqual([address, kept]);
  });

  const hops = (text: (nth: number) => string, count: number): string =>
    Array.from({ length: count }, (_, nth) => text(nth)).join(', ');

  test.for<[name: string, field: string]>([
    ['X-Forwarded-For', `X-Forwarded-For: ${hops((nth) => `10.0.${nth}.1`, 150)}`],
    ['Forwarded', `Forwarded: ${hops((nth) => `for=10.0.${nth}.1`, 150)}`],
  ])('of %s, 100 hops are read', ([, field]) => {
    const client = clientOf([field]);
    expect([client.remoteAddress, client.nodes.length]).toEqual(['10.0.50.1', 100]);
    expect(clientOf([field.replace('10.0.50.1', 'x x')]).remoteAddress).toBe('10.0.51.1');
  });

  test('empty members count', () => {
    expect(clientOf([`X-Forwarded-For: 192.0.2.1${','.repeat(99)}`]).remoteAddress).toBe(
      '192.0.2.1',
    );
    expect(clientOf([`X-Forwarded-For: 192.0.2.1${','.repeat(100)}`]).remoteAddress).toBe(
      '10.0.0.1',
    );
  });

  test('scheme and host stand as many places from the end as hops are read', () => {
    const client = clientOf([
      `X-Forwarded-For: ${hops((nth) => `10.0.${nth}.1`, 150)}`,
      `X-Forwarded-Host: ${hops((nth) => `h${nth}`, 150)}`,
    ]);
    expect(client.host).toBe('h50');
  });

  test('the port is that of the client, where it is told', () => {
    expect(clientOf([]).remotePort).toBe(1000);
    expect(clientOf(['X-Forwarded-For: 192.0.2.1']).remotePort).toBe(0);
    expect(clientOf(['X-Forwarded-For: 192.0.2.1:77']).remotePort).toBe(77);
    expect(clientOf(['X-Forwarded-For: 192.0.2.1:77'], '192.0.2.9').remotePort).toBe(1000);
  });

  test.for<[headers: TrustedHeaders, address: string, secure: boolean]>([
    ['any', '192.0.2.1', false],
    ['x-forwarded', '192.0.2.1', false],
    ['forwarded', '192.0.2.2', true],
  ])('trustedProxyHeaders: %s', ([headers, address, secure]) => {
    const fields = ['X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.2;proto=https'];
    const client = clientOf(fields, '10.0.0.1', headers);
    expect([client.remoteAddress, client.encrypted]).toEqual([address, secure]);
  });

  test.for<[headers: TrustedHeaders, address: string]>([
    ['x-forwarded', '10.0.0.1'],
    ['any', '192.0.2.2'],
  ])('trustedProxyHeaders: %s, with Forwarded alone', ([headers, address]) => {
    expect(clientOf(['Forwarded: for=192.0.2.2'], '10.0.0.1', headers).remoteAddress).toBe(address);
  });
});

describe('scheme, host and port of the outermost trusted hop', () => {
  test.for<[fields: string[], url: string | null, host?: string | null, port?: string]>([
    [[], 'http://inner:81'],
    [['X-Forwarded-Proto: https'], 'https://inner:81'],
    [['X-Forwarded-Proto: WSS'], 'https://inner:81'],
    [['X-Forwarded-Proto: gopher'], 'http://inner:81'],
    [
      ['X-Forwarded-Proto: https', 'X-Forwarded-Host: example.org'],
      'https://example.org',
      'example.org',
    ],
    [['X-Forwarded-Host: Example.org:8080'], 'http://Example.org:8080', 'Example.org:8080'],
    [['X-Forwarded-Host: ex ample/'], 'http://inner:81'],
    [['X-Forwarded-Host: evil@example.org'], 'http://inner:81'],
    [['X-Forwarded-Host: a', 'X-Forwarded-Port: 8443'], 'http://a:8443', 'a', '8443'],
    [
      ['X-Forwarded-Host: a', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 443'],
      'https://a',
      'a',
      '443',
    ],
    [
      ['X-Forwarded-Host: a', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 80'],
      'https://a:80',
      'a',
      '80',
    ],
    [['X-Forwarded-Host: [::1]', 'X-Forwarded-Port: 81'], 'http://[::1]:81', '[::1]', '81'],
    [['X-Forwarded-Host: a:1', 'X-Forwarded-Port: 81'], 'http://a:1', 'a:1', '81'],
    ...['0', '65536', '-1', '080', 'x', '8 0'].map((port): [string[], string, string, string] => [
      ['X-Forwarded-Host: a', `X-Forwarded-Port: ${port}`],
      'http://a',
      'a',
      '',
    ]),
    // As many places from the end as the chain is long.
    [
      ['X-Forwarded-For: 192.0.2.1, 10.0.0.2', 'X-Forwarded-Proto: gopher, https, http'],
      'https://inner:81',
    ],
    [['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https, http'], 'http://inner:81'],
    [['X-Forwarded-For: 192.0.2.1, 10.0.0.2', 'X-Forwarded-Proto: https'], 'https://inner:81'],
    [['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Host: evil, a'], 'http://a', 'a'],
    [['X-Forwarded-Host: evil', 'X-Forwarded-Host: a'], 'http://a', 'a'],
    [
      ['Forwarded: for=192.0.2.1;proto=https;host="a:81", for=10.0.0.2;proto=http;host=b'],
      'https://a:81',
      'a:81',
    ],
    [['Forwarded: for=192.0.2.1, for=10.0.0.2;proto=https;host=b'], 'https://b', 'b'],
    [['Forwarded: for=1.2.3.4;proto=https;host=evil, for=192.0.2.1'], 'http://inner:81'],
    [['Forwarded: for=192.0.2.1;host="a/b";proto=x'], 'http://inner:81'],
  ])('%j', ([fields, url, host = 'inner:81', port = '']) => {
    const client = clientOf(fields);
    expect(`${client.encrypted ? 'https' : 'http'}://${client.authority}`).toBe(url);
    expect([client.host, client.port]).toEqual([host, port]);
  });

  test.for<[prefix: string, read: string]>([
    ['/a', '/a'],
    ['/a/b/', '/a/b'],
    ['/a, /b', '/a/b'],
    ['/', ''],
    ['a', ''],
    ['//evil.example', ''],
    ['/a//b', ''],
    ['/.well-known/..a', '/.well-known/..a'],
    ['/a%20b', '/a%20b'],
    ['/../a', ''],
    ['/./a', ''],
    ['/%2e%2e/x', ''],
    ['/%2E./x', ''],
    ['/a/.%2e', ''],
    ['/a/%2e', ''],
    ['/a%2f..%2fx', ''],
    ['/a%5c%2e%2e', ''],
    ['/a, /%2e%2e', ''],
    ['/a,'.repeat(101), ''],
    ['/a/..', ''],
    ['/a?b', ''],
    ['/a\\b', ''],
    ['/ä', ''],
    ['https://evil.example/', ''],
  ])('X-Forwarded-Prefix: %s', ([prefix, read]) => {
    expect(clientOf([`X-Forwarded-Prefix: ${prefix}`]).prefix).toBe(read);
    expect(clientOf([`X-Forwarded-Prefix: ${prefix}`], '192.0.2.1').prefix).toBe('');
  });
});

describe('any headers', () => {
  const text = fc.string({
    unit: fc.constantFrom(
      ...['192.0.2.1', '10.0.0.2', ',', ', ', ';', '"', '\\', 'for=', '[', ']', '::1', ':80', '_x'],
      ...['unknown', 'proto=https', 'host=', 'a', '=', ' ', '%', '\xff'],
    ),
    maxLength: 12,
  });
  const name = fc.constantFrom(
    'X-Forwarded-For',
    'Forwarded',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
  );
  const fields = fc.array(
    fc.tuple(name, text).map((pair) => pair.join(': ')),
    { maxLength: 4 },
  );

  test('no exception; the client is an address', () => {
    fc.assert(
      fc.property(fields, (lines) => {
        expect(clientOf(lines).remoteAddress).toMatch(/^[\d.]+$|^[\da-f:]+$/);
      }),
    );
  });

  test('what a client sends changes nothing that the trusted proxy has added', () => {
    const added = fc.constantFrom('192.0.2.1', '2001:db8::1', '192.0.2.1, 10.0.0.2');
    fc.assert(
      fc.property(text, added, fc.boolean(), (evil, chain, onOneLine) => {
        const element = chain
          .split(', ')
          .map((one) => `for="${one.includes(':') ? `[${one}]` : one}"`)
          .join(', ');
        for (const [field, own] of [
          ['X-Forwarded-For', chain],
          ['Forwarded', element],
        ]) {
          const lines = onOneLine
            ? [`${field}: ${evil}, ${own}`]
            : [`${field}: ${evil}`, `${field}: ${own}`];
          expect(clientOf(lines).remoteAddress).toBe(chain.split(',')[0]);
          expect(clientOf(lines).nodes).toHaveLength(chain.split(',').length);
        }
      }),
    );
  });
});
