import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerNames, serverNameOf } from './server-names.ts';

describe('serverNameOf', () => {
  it.each<[string, string | undefined]>([
    ['example.org', 'example.org'],
    ['EXAMPLE.Org', 'example.org'],
    ['*.example.org', '*.example.org'],
    ['localhost', 'localhost'],
    ['my_shop.xn--bcher-kva.example', 'my_shop.xn--bcher-kva.example'],
    ['', undefined],
    ['*', undefined],
    ['*.', undefined],
    ['f*.example.org', undefined],
    ['a.*.example.org', undefined],
    ['*.*.example.org', undefined],
    ['example.org.', undefined],
    ['.example.org', undefined],
    ['a..b', undefined],
    ['-a.example', undefined],
    ['127.0.0.1', undefined],
    ['*.0.0.1', undefined],
    ['1', undefined],
    ['1.example', '1.example'],
    ['::1', undefined],
    ['bücher.example', undefined],
    ['\u212Aiosk.example', undefined],
    ['a\0b', undefined],
    [`${'a'.repeat(64)}.example`, undefined],
    [`${'a.'.repeat(130)}a`, undefined],
  ])('%j: %j', (text, name) => expect(serverNameOf(text)).toBe(name));
});

describe('ServerNames', () => {
  const names = new ServerNames<string>();
  for (const name of ['example.org', '*.example.org', 'www.example.org', '*.org']) {
    names.add(name, name);
  }
  names.add('example.org', 'another');

  it.each<[string, string | undefined]>([
    ['example.org', 'example.org'],
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['www.example.org', 'www.example.org'],
    ['shop.example.org', '*.example.org'],
    ['a.shop.example.org', undefined],
    ['other.org', '*.org'],
    ['org', undefined],
    ['.example.org', undefined],
    ['*.example.org', '*.example.org'],
    ['shop.example.org..', undefined],
    ['', undefined],
    ['.', undefined],
    ['example.org\0', undefined],
    ['e\u212Aample.org', undefined],
    ['__proto__', undefined],
  ])('%j: %j', (asked, found) => expect(names.find(asked)).toBe(found));

  const labels = fc.constantFrom('a', 'b', 'c');
  const hosts = fc.array(labels, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
  const entries = fc.tuple(fc.boolean(), hosts).map(([wild, host]) => (wild ? `*.${host}` : host));

  it('finds what a look through the whole list finds', () => {
    fc.assert(
      fc.property(fc.array(entries), hosts, (listed, asked) => {
        const all = new ServerNames<number>();
        for (const [nth, name] of listed.entries()) all.add(name, nth);
        const wildcard = asked.replace(/^[^.]+/, '*');
        const nth = listed.includes(asked) ? listed.indexOf(asked) : listed.indexOf(wildcard);
        expect(all.find(asked)).toBe(
          nth === -1 || (!asked.includes('.') && !listed.includes(asked)) ? undefined : nth,
        );
      }),
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (asked) => {
        names.find(asked);
        serverNameOf(asked);
      }),
    );
  });
});
