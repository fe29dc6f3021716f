import { describe, expect, it } from 'vitest';
import { TargetRewrite } from './target-rewrite.ts';

const rewrite = (target: string, path = '/', stripPath: string | null = null, base = ''): string =>
  new TargetRewrite({ path, stripPath, pathPrefix: base }).apply(target);

describe('TargetRewrite', () => {
  it.each<[target: string, path: string, strip: string | null, base: string, expected: string]>([
    // Nothing to do: byte for byte.
    ['/', '/', null, '', '/'],
    ['/a/b?c=/../d', '/', null, '', '/a/b?c=/../d'],
    ['/a//b', '/', null, '', '/a//b'],
    ['//a.org/b', '/', null, '', '//a.org/b'],
    ['/%41%zz\xe9', '/', null, '', '/%41%zz\xe9'],
    ['/a/../b', '/', null, '', '/a/../b'],
    ['/a/./b/%2E', '/', null, '', '/a/./b/%2E'],
    ['/a?', '/', null, '', '/a?'],
    // The path prefix of the backend.
    ['/', '/', null, '/base', '/base/'],
    ['/a', '/', null, '/base', '/base/a'],
    ['//a', '/', null, '/base', '/base//a'],
    ['/?q', '/', null, '/base', '/base/?q'],
    ['/a/../b', '/', null, '/base', '/base/a/../b'],
    // stripPath (on a segment boundary only).
    ['/api', '/api', '/api', '', '/'],
    ['/api/', '/api', '/api', '', '/'],
    ['/api?q=1', '/api', '/api', '', '/?q=1'],
    ['/api/a?q=/api', '/api', '/api', '', '/a?q=/api'],
    ['/api//a', '/api', '/api', '', '//a'],
    ['/apix', '/', '/api', '', '/apix'],
    ['/apix/api', '/', '/api', '', '/apix/api'],
    ['/a/api', '/', '/api', '', '/a/api'],
    ['/API/a', '/', '/api', '', '/API/a'],
    ['/%61pi/a', '/', '/api', '', '/%61pi/a'],
    ['/api%2fa', '/', '/api', '', '/api%2fa'],
    ['/api', '/api', '/api', '/base', '/base'],
    ['/api/', '/api', '/api', '/base', '/base/'],
    ['/api?q', '/api', '/api', '/base', '/base?q'],
    ['/api/a', '/api', '/api', '/base', '/base/a'],
    ['/api/v1/a', '/api/v1', '/api', '/base', '/base/v1/a'],
    ['/api/api/a', '/api', '/api', '', '/api/a'],
    ['/api/a/..', '/api', '/api', '/base', '/base/a/..'],
    ['/a', '/', '/', '/base', '/base/a'],
    // Decoded once, never twice.
    ['/api/%252e%252e/x', '/api', '/api', '/base', '/base/%252e%252e/x'],
  ])('%s on %s without %s below %s is %s', (target, path, strip, base, expected) => {
    expect(rewrite(target, path, strip, base)).toBe(expected);
  });

  it.each<[target: string, path: string, strip: string | null, base: string]>([
    ['/..', '/', null, ''],
    ['/../etc/passwd', '/', null, ''],
    ['/a/../../b', '/', null, '/base'],
    ['/api/../admin', '/api', null, ''],
    ['/api/..', '/api', null, ''],
    ['/api/../api/x', '/api', null, ''],
    ['/api/v1/../v2', '/api/v1', '/api', '/base'],
    // stripPath makes room below the prefix of the backend.
    ['/api/../x', '/', '/api', '/base'],
    ['/api/a/../../x', '/', '/api', '/base'],
    // GHSA-2q7r-29rg-6m5h: the climb is percent-encoded.
    ['/api/%2e%2e/admin', '/api', '/api', '/base'],
    ['/api/%2E./admin', '/api', '/api', '/base'],
    ['/api/.%2e%2fadmin', '/api', '/api', '/base'],
    ['/api/..%2F..%2fadmin', '/api', '/api', '/base'],
    ['/api/%2e%2e%5cadmin', '/api', '/api', '/base'],
    ['/api/..\\admin', '/api', '/api', '/base'],
    ['/api/x\\..\\..\\admin', '/api', '/api', '/base'],
    ['/api/..;/admin', '/api', '/api', '/base'],
    ['/api//../../admin', '/api', '/api', '/base'],
    ['/api/..?q', '/api', '/api', '/base'],
  ])('%s on %s without %s below %s is refused with 400', (target, path, strip, base) => {
    expect(() => rewrite(target, path, strip, base)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_TARGET', status: 400 }),
    );
  });

  it('says nothing of the target in its refusal', () => {
    expect(() => rewrite('/../secret')).toThrow(/^dot segments in the request target leave/);
  });

  // GHSA-v574-6498-x57v: a cache keyed by joined strings mixed up backends.
  it('keeps nothing between requests and routes', () => {
    const one = new TargetRewrite({ path: '/', stripPath: null, pathPrefix: '/a' });
    const other = new TargetRewrite({ path: '/', stripPath: null, pathPrefix: '' });
    for (let i = 0; i < 3; i++) {
      expect(one.apply('/b')).toBe('/a/b');
      expect(other.apply('/a/b')).toBe('/a/b');
      expect(other.apply('/b')).toBe('/b');
    }
  });
});
