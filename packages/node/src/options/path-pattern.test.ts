import { describe, expect, it } from 'vitest';
import { prefixOfPattern, prefixOfUrlPattern } from './path-pattern.ts';
import { resolveProxyOptions } from './resolve-proxy-options.ts';

describe('prefixOfPattern', () => {
  it.each([
    ['/api/*', '/api'],
    ['/api/**', '/api'],
    ['/api*', '/'],
    ['/*', '/'],
    ['*', '/'],
    ['/a/b/*.js', '/a/b'],
    ['/user/:id', '/user'],
    ['/user/:id/posts', '/user'],
    ['/:tenant/x', '/'],
    ['/user/{id}', '/user'],
    ['/user/[id]', '/user'],
    ['/user/(?:a)', '/user'],
    ['^/api', '/api'],
    ['^/api/(.*)$', '/api'],
    ['/api$', '/'],
    ['/api/.*', '/api'],
    ['/api/.+', '/api'],
    ['/(a|b)', '/'],
    ['/api/\\d+', '/api'],
  ])('%s begins with %s', (path, prefix) => expect(prefixOfPattern(path)).toBe(prefix));

  it.each([
    '/',
    '/api',
    '/api/',
    '/wiki/Special:Search',
    '/12:30',
    '/odata/$metadata',
    '/odata/Products(1)',
    '/a+b',
    '/a/:/b',
    '/a.b/c-d_e~f',
    '/!a',
    "/it's",
    '/a;b=c,d',
    '/@scope/name',
    '/caf%C3%A9',
  ])('%s is none', (path) => expect(prefixOfPattern(path)).toBe(null));
});

it.each([
  ['http://h/api/*', 'http://h/api'],
  ['http://h:8080/*', 'http://h:8080'],
  ['http://h/:id', 'http://h'],
  ['http://h/api', null],
  ['http://h', null],
  ['http://[::1]:80/a', null],
  ['*', null],
])('the backend %s begins with %s', (url, prefix) => expect(prefixOfUrlPattern(url)).toBe(prefix));

describe('as options', () => {
  const start = (options: object) => () => resolveProxyOptions({ backend: 'http://h', ...options });
  const instead =
    'is not accepted; expected a prefix, which matches everything below it, not a pattern';

  it.each<[string, object, string]>([
    ['path', { path: '/api/*' }, `path: "/api/*" ${instead}: "/api"`],
    [
      'path of a route',
      { routes: [{ path: '/user/:id' }] },
      `routes[0].path: "/user/:id" ${instead}: "/user"`,
    ],
    ['path, an expression', { path: /^\/api/ }, `path: an object ${instead}`],
    [
      'path, several',
      { path: ['/a', '/b'] },
      'path: ["/a", "/b"] is not accepted; expected one prefix; use one route per prefix',
    ],
    ['stripPath', { stripPath: '/api/*' }, `stripPath: "/api/*" ${instead}: "/api"`],
    [
      'backend',
      { backend: 'http://h/api/*' },
      `backend: "http://h/api/*" ${instead}: "http://h/api"`,
    ],
  ])('%s', (_, options, message) => {
    expect(start(options)).toThrow(expect.objectContaining({ code: 'RIT_ERR_CONFIG' }));
    expect(start(options)).toThrow(`invalid option ${message}`);
  });
});
