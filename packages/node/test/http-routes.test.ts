/** Which backend a request goes to and with which target (RFC 9110 §4.2, §7.2; RFC 3986 §3.3). */

import type { ScriptedOrigin } from '@reverseit/test-servers';
import { response } from '@reverseit/test-servers';
import { describe } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import {
  declined,
  type HttpCase,
  ok,
  refused,
  request,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

/** Every route leads to the one origin, under a prefix that tells which it was. */
const routed = (origin: ScriptedOrigin): ReverseItOptions => ({
  routes: [
    { backend: `${origin.url}/any` },
    { path: '/api', backend: `${origin.url}/api-any` },
    { path: '/api/v2', backend: `${origin.url}/v2`, stripPath: '/api/v2' },
    { host: 'a.example', backend: `${origin.url}/a` },
    { host: 'a.example', path: '/api', backend: `${origin.url}/a-api`, stripPath: '/api' },
    { host: '*.b.example', backend: `${origin.url}/sub-b` },
    { host: 'c.b.example', path: '/only', backend: `${origin.url}/c-b` },
    { host: '[::1]', backend: `${origin.url}/six` },
  ],
});

const goes = (
  host: string,
  target: string,
  forwarded: string,
  section = '9110 §7.2',
): HttpCase => ({
  name: `RFC ${section}: ${host} ${target} goes to ${forwarded}`,
  options: routed,
  send: `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  answer: response(200, 'ok'),
  got: [ok],
  seen: [seen(`GET ${forwarded}`)],
});

describe('host and path', () => {
  runCases(start, [
    goes('x.example', '/', '/any/'),
    goes('x.example', '/x?y=1', '/any/x?y=1'),
    goes('x.example', '/api', '/api-any/api'),
    goes('x.example', '/api/x', '/api-any/api/x'),
    goes('x.example', '/api?x', '/api-any/api?x'),
    goes('x.example', '/apix', '/any/apix', '3986 §3.3'),
    goes('x.example', '/API', '/any/API', '3986 §3.3'),
    goes('x.example', '/api/v2', '/v2'),
    goes('x.example', '/api/v2/', '/v2/'),
    goes('x.example', '/api/v2/x/y?z', '/v2/x/y?z'),
    goes('x.example', '/api/v2?z', '/v2?z'),
    goes('x.example', '/api/v22', '/api-any/api/v22', '3986 §3.3'),
    goes('x.example', '//api/v2', '/any//api/v2', '3986 §3.3'),
    goes('x.example', '/api//v2', '/api-any/api//v2', '3986 §3.3'),
    goes('x.example', '/%61pi', '/any/%61pi', '3986 §3.3'),
    goes('x.example', '/api/v2/%2F%3f', '/v2/%2F%3f', '3986 §3.3'),
    goes('a.example', '/', '/a/'),
    goes('A.Example', '/', '/a/', '9110 §4.2.3'),
    goes('a.example:8080', '/', '/a/', '9110 §4.2.3'),
    goes('a.example.', '/', '/a/', '9110 §4.2.3'),
    goes('a.example', '/api/x', '/a-api/x'),
    goes('xa.example', '/', '/any/'),
    goes('x.b.example', '/', '/sub-b/'),
    goes('x.y.b.example', '/', '/sub-b/'),
    goes('b.example', '/', '/any/'),
    goes('c.b.example', '/only/x', '/c-b/only/x'),
    goes('c.b.example', '/else', '/sub-b/else'),
    goes('[::1]:80', '/', '/six/'),
    {
      name: 'RFC 9112 §3.2.2: the authority of an absolute target decides, which is that of Host',
      options: routed,
      send: 'GET http://A.example/api/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
      got: [ok],
      seen: [seen('GET /a-api/x')],
    },
  ]);

  const only = (
    options: (origin: ScriptedOrigin) => ReverseItOptions,
    line: string,
    host = 'a',
  ): HttpCase => ({
    name: `RFC 9110 §15.5.5: ${line} for ${host} has no route`,
    options,
    send: `${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    got: [declined('404 Not Found')],
    again: '/in/again',
    seen: [],
  });
  const inside = (origin: ScriptedOrigin): ReverseItOptions => ({
    path: '/in',
    backend: origin.url,
  });
  runCases(start, [
    only(inside, 'GET /'),
    only(inside, 'GET /inner'),
    only(inside, 'GET /IN'),
    only(inside, 'DELETE /x'),
    only(
      (origin) => ({
        routes: [
          { host: 'b', backend: origin.url },
          { path: '/in', backend: origin.url },
        ],
      }),
      'GET /',
      'c',
    ),
    {
      ...only(inside, 'GET /x'),
      name: 'RFC 9110 §15.5.5: without a route, with content that is read',
      send: request('POST /x', ['Content-Length: 0']),
    },
    {
      name: 'RFC 9112 §3.2: without a Host no route for a host applies',
      options: (origin) => ({ routes: [{ host: 'a', backend: origin.url }] }),
      send: 'GET / HTTP/1.0\r\n\r\n',
      got: [refused('404 Not Found')],
      fate: 'closed',
      seen: [],
    },
  ]);
});

describe('prefixes', () => {
  const rewrites = (
    backend: string,
    rest: { path?: string; stripPath?: string },
    target: string,
    forwarded: string,
  ): HttpCase => ({
    name: `RFC 3986 §3.3: ${target} becomes ${forwarded} (backend …${backend}, ${JSON.stringify(rest)})`,
    options: (origin) => ({ ...rest, backend: `${origin.url}${backend}` }),
    send: request(`GET ${target}`),
    got: [ok],
    again: `${rest.path ?? ''}/again`,
    seen: [seen(`GET ${forwarded}`)],
  });
  runCases(start, [
    rewrites('', {}, '/a/b', '/a/b'),
    rewrites('/', {}, '/a/b', '/a/b'),
    rewrites('/base', {}, '/a/b?c', '/base/a/b?c'),
    rewrites('/base/', {}, '/a/b', '/base/a/b'),
    rewrites('/base', {}, '/', '/base/'),
    rewrites('/base', {}, '//x', '/base//x'),
  ]);
  const strips = (
    name: string,
    path: string,
    backend: string,
    target: string,
    forwarded: string,
  ): HttpCase => ({
    name: `RFC 3986 §3.3: ${name}`,
    options: (origin) => ({ path, stripPath: path, backend: `${origin.url}${backend}` }),
    send: request(`GET ${target}`),
    got: [ok],
    again: `${path}/again`,
    // The origin sees the shorter one.
    seen: [seen(`GET ${forwarded}`)],
  });
  runCases(start, [
    strips('what is stripped whole leaves a slash', '/p', '', '/p', '/'),
    strips('a query stays behind the slash', '/p', '', '/p?q', '/?q'),
    strips('a slash stays one', '/p', '', '/p/', '/'),
    strips('double slashes stay two', '/p', '', '/p//x', '//x'),
    strips('a prefix takes the place of another', '/p', '/q', '/p/x', '/q/x'),
    strips('a prefix takes the place of the whole path', '/p', '/q', '/p', '/q'),
  ]);
});

describe('dot segments', () => {
  const refusesAt =
    (path: string, backend: string) =>
    (target: string): HttpCase => ({
      name: `RFC 3986 §5.2.4: ${target} leads out of ${path}${backend === '' ? '' : ` before …${backend}`}`,
      options: (origin) => ({ path, backend: `${origin.url}${backend}` }),
      send: request(`GET ${target}`) + request('GET /smuggled'),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    });
  const outOfPath = refusesAt('/in', '');
  const outOfBackend = refusesAt('/', '/base');
  runCases(start, [
    ...[
      '/in/../secret',
      '/in/..',
      '/in/x/../../secret',
      '/in/%2e%2e/secret',
      '/in/%2E./secret',
      '/in/.%2e/secret',
      '/in/./../secret',
      '/in/x/../..',
      '/in/..%2fsecret',
      '/in/%2e%2e%2fsecret',
      '/in/..%5csecret',
      '/in/..\\secret',
      '/in/..;x=y/secret',
      '/in//../../secret',
      '/in/../in/x',
    ].map(outOfPath),
    ...[
      '/..',
      '/../secret',
      '/%2e%2e/secret',
      '/x/../../secret',
      '/..%2fsecret',
      '/..;/secret',
    ].map(outOfBackend),
    ...[
      ['/in/x/../y', '/in/x/../y'],
      ['/in/./x', '/in/./x'],
      ['/in/.../x', '/in/.../x'],
      ['/in/..x/y', '/in/..x/y'],
      ['/in/x?../../..', '/in/x?../../..'],
      ['/in/%252e%252e/x', '/in/%252e%252e/x'],
    ].map(
      ([target = '', forwarded = '']): HttpCase => ({
        name: `RFC 3986 §5.2.4: ${target} stays inside and passes as it is`,
        options: (origin) => ({ path: '/in', backend: origin.url }),
        send: request(`GET ${target}`),
        got: [ok],
        again: '/in/again',
        seen: [seen(`GET ${forwarded}`)],
      }),
    ),
    {
      name: 'RFC 3986 §5.2.4: a dot segment does not lead from one route to another',
      options: (origin) => ({
        routes: [{ backend: origin.url }, { path: '/admin', backend: 'http://127.0.0.1:1' }],
      }),
      send: request('GET /x/../admin/x'),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
  ]);
});
