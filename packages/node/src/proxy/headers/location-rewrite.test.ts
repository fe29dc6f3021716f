import { describe, expect, it } from 'vitest';
import { resolveProxyOptions } from '../../options/resolve-proxy-options.ts';
import { LocationRewrite, type LocationRules, type PublicPlace } from './location-rewrite.ts';
import { TargetRewrite } from './target-rewrite.ts';

const place: PublicPlace = { authority: 'example.org', encrypted: true, prefix: '' };

interface Rules extends Omit<LocationRules, 'backend'> {
  readonly backend: string;
  readonly stripPath: string;
}

/** What becomes of a URL. */
function rewritten(
  url: string,
  rules: Partial<Rules> = {},
  where: Partial<PublicPlace> = {},
  stripped = true,
): string {
  const { backend: given = 'http://10.0.0.1:8080', stripPath = '', ...others } = rules;
  const backend = resolveProxyOptions({ backend: given }).routes[0]!.backend!;
  const strip = stripped && stripPath !== '/' ? stripPath : '';
  const prefix = (where.prefix ?? '') + strip;
  return new LocationRewrite({ backend, host: null, ...others }).apply(url, {
    ...place,
    ...where,
    prefix,
  });
}

describe('RFC 9110 §10.2.2: the backend’s own URL becomes the public one', () => {
  it.each<[url: string, result: string, rules?: Partial<Rules>, where?: Partial<PublicPlace>]>([
    ['http://10.0.0.1:8080/x', 'https://example.org/x'],
    ['http://10.0.0.1:8080/x?a=b#c', 'https://example.org/x?a=b#c'],
    ['http://10.0.0.1:8080/', 'https://example.org/'],
    ['http://10.0.0.1:8080', 'https://example.org/'],
    ['http://10.0.0.1:8080?a', 'https://example.org/?a'],
    ['http://10.0.0.1:8080#a', 'https://example.org/#a'],
    ['//10.0.0.1:8080/x', 'https://example.org/x'],
    ['HTTP://10.0.0.1:8080/x', 'https://example.org/x'],
    ['http://10.0.0.1:8080/x', 'http://a:81/x', {}, { authority: 'a:81', encrypted: false }],
    ['http://B.Example/x', 'https://example.org/x', { backend: 'http://b.example' }],
    ['http://b.example:80/x', 'https://example.org/x', { backend: 'http://b.example' }],
    ['http://b.example:/x', 'https://example.org/x', { backend: 'http://b.example' }],
    ['https://b.example:443/x', 'https://example.org/x', { backend: 'https://b.example' }],
    ['//b.example:443/x', 'https://example.org/x', { backend: 'https://b.example' }],
    ['http://[0:0::1]:8080/x', 'https://example.org/x', { backend: 'http://[::1]:8080' }],
    ['http://b.example/x', 'https://example.org/x', { backend: 'ws://b.example' }],
    ['https://b.example/x', 'https://example.org/x', { backend: 'wss://b.example' }],
    // What the backend was told to be.
    ['http://v.example/x', 'https://example.org/x', { host: 'v.example' }],
    ['http://V.Example:8080/x', 'https://example.org/x', { host: 'v.example:8080' }],
    ['http://10.0.0.1:8080/x', 'https://example.org/x', { host: 'v.example' }],
    // Path prefixes.
    ['http://b/base/x', 'https://example.org/x', { backend: 'http://b/base' }],
    ['http://b/base', 'https://example.org/', { backend: 'http://b/base' }],
    ['http://b/base?a', 'https://example.org/?a', { backend: 'http://b/base' }],
    ['http://b/base/', 'https://example.org/', { backend: 'http://b/base' }],
    ['http://b/x', 'https://example.org/api/x', { backend: 'http://b', stripPath: '/api' }],
    ['http://b', 'https://example.org/api', { backend: 'http://b', stripPath: '/api' }],
    ['http://b?a', 'https://example.org/api?a', { backend: 'http://b', stripPath: '/api' }],
    [
      'http://b/base/x',
      'https://example.org/api/x',
      { backend: 'http://b/base', stripPath: '/api' },
    ],
    [
      'http://b/x',
      'https://example.org/m/api/x',
      { backend: 'http://b', stripPath: '/api' },
      { prefix: '/m' },
    ],
    ['http://b/x', 'https://example.org/m/x', { backend: 'http://b' }, { prefix: '/m' }],
    ['http://b', 'https://example.org/m', { backend: 'http://b' }, { prefix: '/m' }],
    ['http://b/x', 'https://example.org/x', { backend: 'http://b', stripPath: '/' }],
    // Never a host of its own.
    ['http://10.0.0.1:8080//evil.example/x', 'https://example.org//evil.example/x'],
    [
      'http://b/base//evil.example',
      'https://example.org//evil.example',
      { backend: 'http://b/base' },
    ],
    ['http://10.0.0.1:8080/\\evil.example', 'https://example.org/\\evil.example'],
  ])('%s → %s', (url, result, rules, where) => expect(rewritten(url, rules, where)).toBe(result));

  it('without stripPath where it was not taken off this request', () => {
    const rules = { backend: 'http://b', stripPath: '/api' };
    expect(rewritten('http://b/x', rules, {}, false)).toBe('https://example.org/x');
  });
});

describe('everything else stays as it is', () => {
  it.each<[url: string, rules?: Partial<Rules>, where?: Partial<PublicPlace>]>([
    // Relative (RFC 3986 §4.2).
    ['/x'],
    ['/x', { stripPath: '/api' }],
    ['/base/x', { backend: 'http://b/base' }],
    ['x'],
    ['../x'],
    ['?a'],
    ['#a'],
    [''],
    // Foreign.
    ['http://example.com/x'],
    ['//example.com/x'],
    ['https://10.0.0.1:8080/x'],
    ['http://10.0.0.1/x'],
    ['http://10.0.0.1:80801/x'],
    ['http://10.0.0.1:8080.evil.example/x'],
    ['http://10.0.0.1:8080@evil.example/x'],
    ['http://evil@10.0.0.1:8080/x'],
    ['http://10.0.0.1:8080\\@evil.example/x'],
    ['http://10.0.0.1:8080%2f@evil.example/'],
    ['http:// 10.0.0.1:8080/x'],
    ['http://10.0.0.1:8080\t/x'],
    ['http:/10.0.0.1:8080/x'],
    ['http:10.0.0.1:8080/x'],
    ['ftp://10.0.0.1:8080/x'],
    ['///10.0.0.1:8080/x'],
    ['http:///x'],
    ['mailto:a@b'],
    ['javascript:alert(1)'],
    ['http://b.example.org/x', { backend: 'http://b.example' }],
    ['http://b.example:8080/x', { backend: 'http://b.example' }],
    ['http://v.example/x', { host: 'v.example:8080' }],
    // Beside the prefix: no request of the route leads there.
    ['http://b/other', { backend: 'http://b/base' }],
    ['http://b/basement', { backend: 'http://b/base' }],
    ['http://b', { backend: 'http://b/base' }],
    // HTTP/1.0 without Host: nobody knows the public one.
    ['http://10.0.0.1:8080/x', {}, { authority: null }],
    ['http://10.0.0.1:8080//evil.example', {}, { authority: null }],
  ])('%s', (url, rules, where) => expect(rewritten(url, rules, where)).toBe(url));
});

describe('Refresh, as browsers read it', () => {
  it.each([
    ['5; url=http://b/x', '5; url=https://example.org/x'],
    ['0;URL = "http://b/x" ', '0;URL = "https://example.org/x" '],
    ["1.5, url='http://b/x?a;b'", "1.5, url='https://example.org/x?a;b'"],
    ['5; http://b/x', '5; https://example.org/x'],
    ['5; url=/x', '5; url=/x'],
    ['5; url=http://c/x', '5; url=http://c/x'],
    ['5', '5'],
    ['url=http://b/x', 'url=http://b/x'],
    ['', ''],
  ])('%s → %s', (value, result) => {
    const backend = resolveProxyOptions({ backend: 'http://b' }).routes[0]!.backend!;
    expect(new LocationRewrite({ backend, host: null }).refresh(value, place)).toBe(result);
  });
});

describe('RFC 4918 §10.3: Destination, the way back', () => {
  const backend = resolveProxyOptions({ backend: 'http://b:8080/base' }).routes[0]!.backend!;
  const rewrite = new LocationRewrite({ backend, host: null });
  const target = new TargetRewrite({ path: '/dav', stripPath: '/dav', pathPrefix: '/base' });
  const inward = (url: string, where: PublicPlace = place): string =>
    rewrite.inward(url, where, 'b:8080', '/outer', target);

  it.each([
    ['https://example.org/outer/dav/x%20y', 'http://b:8080/base/x%20y'],
    ['https://EXAMPLE.org:443/outer/dav/x', 'http://b:8080/base/x'],
    ['//example.org/outer/dav/x', 'http://b:8080/base/x'],
    ['/outer/dav/x', '/base/x'],
    ['https://example.org/outer/dav', 'http://b:8080/base'],
    // Elsewhere.
    ['http://example.org/outer/dav/x', 'http://example.org/outer/dav/x'],
    ['https://example.com/outer/dav/x', 'https://example.com/outer/dav/x'],
    ['https://example.org/dav/x', 'https://example.org/dav/x'],
    ['https://example.org/outer/other/x', 'https://example.org/outer/other/x'],
    ['https://example.org/outer/davy', 'https://example.org/outer/davy'],
    ['https://example.org@evil/outer/dav/x', 'https://example.org@evil/outer/dav/x'],
    ['x', 'x'],
    ['', ''],
  ])('%s → %s', (url, result) => expect(inward(url)).toBe(result));

  it('RFC 3986 §5.2.4: dot segments do not lead out of the route', () => {
    for (const url of ['/outer/dav/../x', 'https://example.org/outer/dav/%2e%2e/x']) {
      expect(() => inward(url)).toThrow(expect.objectContaining({ code: 'RIT_ERR_TARGET' }));
    }
  });

  it('stays where nobody knows the public host', () => {
    const url = 'https://example.org/outer/dav/x';
    expect(inward(url, { ...place, authority: null })).toBe(url);
  });
});
