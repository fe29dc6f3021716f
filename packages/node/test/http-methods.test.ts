/** Methods and request targets (RFC 9110 §9, RFC 9112 §3). */
import { describe } from 'vitest';
import { got, type HttpCase, ok, refused, request, runCases, seen, useProxy } from './harness.ts';

const start = useProxy();

const passes = (
  section: string,
  method: string,
  fields: string[] = [],
  content = '',
): HttpCase => ({
  name: `${section}: ${method} passes${content === '' ? '' : ' with its content'}`,
  send: request(`${method} /x`, fields, content),
  got: [ok],
  seen: [seen(`${method} /x`, fields, content)],
});

const length3 = ['content-length: 3'];
const withoutBody = (name: string, method: string, status: string): HttpCase => ({
  name,
  send: request(`${method} /x`),
  answer: 'HTTP/1.1 200 Scripted\r\ncontent-length: 5\r\n\r\n',
  got: [got(status, ['content-length: 5', 'date: now'])],
  seen: [seen(`${method} /x`)],
});

describe('methods', () => {
  runCases(start, [
    passes('RFC 9110 §9.3.1', 'GET'),
    passes('RFC 9110 §9.3.1', 'GET', length3, 'abc'),
    passes('RFC 9110 §9.3.3', 'POST', length3, 'abc'),
    passes('RFC 9110 §9.3.4', 'PUT', length3, 'abc'),
    passes('RFC 5789 §2', 'PATCH', length3, 'abc'),
    passes('RFC 9110 §9.3.5', 'DELETE'),
    passes('RFC 9110 §9.3.5', 'DELETE', length3, 'abc'),
    passes('RFC 9110 §9.3.7', 'OPTIONS'),
    passes('RFC 9110 §9.3.7', 'OPTIONS', length3, 'abc'),
    passes('RFC 9110 §9.3.8', 'TRACE'),
    passes('RFC 4918 §9.1', 'PROPFIND', length3, 'abc'),
    passes('RFC 3253 §3.6', 'REPORT', length3, 'abc'),
    passes('RFC 4918 §9.10', 'LOCK', length3, 'abc'),
    withoutBody(
      'RFC 9110 §9.3.2: the answer to HEAD has a length and no content',
      'HEAD',
      '200 Scripted',
    ),
    {
      name: 'RFC 9110 §8.6: POST without content says so to the backend',
      send: request('POST /x', ['Content-Length: 0']),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 0'])],
    },
    {
      name: 'RFC 9110 §8.6: POST without content and without a length',
      send: request('POST /x'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 0'])],
    },
    {
      name: 'RFC 9110 §9.3.2: HEAD answered without framing keeps the connection',
      send: request('HEAD /x'),
      answer: 'HTTP/1.1 200 Scripted\r\n\r\n',
      got: [got('200 Scripted', ['date: now'])],
      seen: [seen('HEAD /x')],
    },
    {
      name: 'RFC 9112 §6.1: HEAD answered as chunked keeps the connection and sends no chunk',
      send: request('HEAD /x'),
      answer: 'HTTP/1.1 200 Scripted\r\ntransfer-encoding: chunked\r\n\r\n',
      got: [got('200 Scripted', ['date: now'])],
      seen: [seen('HEAD /x')],
    },
    ...(
      [
        ['without Host', 'HEAD /x HTTP/1.1\r\n\r\n', '400 Bad Request'],
        ['with a malformed field', request('HEAD /x', ['X : y']), '400 Bad Request'],
        ['with a target too long', request(`HEAD /${'x'.repeat(9000)}`), '414 URI Too Long'],
        [
          'for an unknown version',
          'HEAD /x HTTP/2.0\r\nHost: a\r\n\r\n',
          '505 HTTP Version Not Supported',
        ],
      ] as const
    ).map(
      ([what, send, status]): HttpCase => ({
        name: `RFC 9110 §9.3.2: the refusal of a HEAD ${what} has no content`,
        send: send + request('GET /smuggled'),
        got: [refused(status).slice(0, -1).concat('')],
        fate: 'closed',
        seen: [],
      }),
    ),
    {
      name: 'RFC 9110 §9.3.2: nor has that of a HEAD that does not come to its end',
      options: { requestHeaderTimeout: 300 },
      send: 'HEAD /x HTTP/1.1\r\nHost: a\r\n',
      got: [refused('408 Request Timeout').slice(0, -1).concat('')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §9.3.8: TRACE with content is refused',
      send: request('TRACE /x', length3, 'abc'),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §9.3.6: CONNECT is refused, and what follows it',
      send: `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${request('GET /smuggled')}`,
      got: [refused('501 Not Implemented')],
      fate: 'closed',
      seen: [],
    },
    ...['FOO', 'get', 'GETS', 'X-PURGE', 'BREW!'].map(
      (method): HttpCase => ({
        name: `RFC 9110 §9.1: the unknown method ${method} is refused`,
        send: request(`${method} /x`) + request('GET /smuggled'),
        got: [refused('501 Not Implemented')],
        fate: 'closed',
        seen: [],
      }),
    ),
    ...['G(T', 'GE,T', '"GET"', 'G\x00T', '\xc7ET'].map(
      (method): HttpCase => ({
        name: `RFC 9110 §9.1: ${JSON.stringify(method)} is no method`,
        send: request(`${method} /x`) + request('GET /smuggled'),
        got: [refused('400 Bad Request')],
        fate: 'closed',
        seen: [],
      }),
    ),
  ]);
});

const target = (section: string, what: string, sent: string, forwarded: string): HttpCase => ({
  name: `${section}: ${what}`,
  send: request(`GET ${sent}`),
  got: [ok],
  seen: [seen(`GET ${forwarded}`)],
});

const badTarget = (section: string, what: string, line: string): HttpCase => ({
  name: `${section}: ${what} is refused`,
  send: request(line) + request('GET /smuggled'),
  got: [refused('400 Bad Request')],
  fate: 'closed',
  seen: [],
});

const allow = 'allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';

describe('targets', () => {
  runCases(start, [
    target(
      'RFC 9112 §3.2.1',
      'path and query pass byte for byte',
      '/a//b/?c=%41%zz&d=?/..',
      '/a//b/?c=%41%zz&d=?/..',
    ),
    target('RFC 9112 §3.2.1', 'an empty query is kept', '/?', '/?'),
    target('RFC 9110 §4.2.3', 'nothing is normalized', '/%7Ea/%61/A;b=,c', '/%7Ea/%61/A;b=,c'),
    target('RFC 9112 §3.2.2', 'absolute form becomes origin form', 'http://a/x?y', '/x?y'),
    target('RFC 9112 §3.2.2', 'absolute form in capitals', 'HTTP://A/x', '/x'),
    target('RFC 9112 §3.2.2', 'absolute form with the default port', 'http://a:80/x', '/x'),
    target('RFC 9112 §3.2.2', 'absolute form without a path', 'http://a', '/'),
    target('RFC 9112 §3.2.2', 'absolute form with a query alone', 'http://a?x', '/?x'),
    {
      name: 'RFC 9112 §3.2.4: OPTIONS * is answered by the proxy',
      send: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
      got: [got('204 No Content', [allow, 'date: now'])],
      seen: [],
    },
    {
      name: 'RFC 9112 §3.2.4: OPTIONS for an authority alone means the same',
      send: 'OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n',
      got: [got('204 No Content', [allow, 'date: now'])],
      seen: [],
    },
    {
      name: 'RFC 9110 §7.6.2: OPTIONS whose hops have run out is answered by the proxy',
      send: request('OPTIONS /x', ['Max-Forwards: 0']),
      got: [got('204 No Content', [allow, 'date: now'])],
      seen: [],
    },
    {
      name: 'RFC 9110 §7.6.2: TRACE whose hops have run out is not reflected',
      send: request('TRACE /x', ['Max-Forwards: 0', 'Cookie: secret']),
      got: [got('405 Method Not Allowed', [allow, 'date: now', 'content-length: 0'])],
      seen: [],
    },
    {
      name: 'RFC 9110 §7.6.2: a hop of OPTIONS is counted',
      send: request('OPTIONS /x', ['Max-Forwards: 7']),
      got: [ok],
      seen: [seen('OPTIONS /x', ['Max-Forwards: 6'])],
    },
    {
      name: 'RFC 9110 §7.6.2: the hops of GET mean nothing',
      send: request('GET /x', ['Max-Forwards: 0']),
      got: [ok],
      seen: [seen('GET /x', ['Max-Forwards: 0'])],
    },
    {
      name: 'RFC 9110 §7.6.2: a malformed count is passed on as it is',
      send: request('OPTIONS /x', ['Max-Forwards: -1']),
      got: [ok],
      seen: [seen('OPTIONS /x', ['Max-Forwards: -1'])],
    },
    badTarget('RFC 9112 §3.2.4', 'an asterisk with GET', 'GET *'),
    badTarget('RFC 9112 §3.2.3', 'authority form with GET', 'GET a:80'),
    badTarget('RFC 9112 §3.2', 'a relative path', 'GET x'),
    badTarget('RFC 9112 §3.2', 'a path without its slash', 'GET ?x'),
    badTarget('RFC 9110 §7.1', 'a fragment', 'GET /x#y'),
    badTarget('RFC 9110 §4.2.4', 'userinfo', 'GET http://u:p@a/x'),
    badTarget('RFC 9110 §4.2.4', 'userinfo that looks like the host', 'GET http://a@b/x'),
    badTarget('RFC 9112 §3.2.2', 'another scheme', 'GET ftp://a/x'),
    badTarget('RFC 9112 §3.2.2', 'a scheme without an authority', 'GET http:///x'),
    badTarget('RFC 9112 §3.2.2', 'an authority other than Host', 'GET http://b/x'),
    badTarget('RFC 9112 §3.2.2', 'a port other than that of Host', 'GET http://a:8080/x'),
    badTarget('RFC 9112 §3.2.2', 'a backslash for a slash', 'GET http:\\\\a/x'),
    badTarget('RFC 9112 §3', 'two spaces before the target', 'GET  /x'),
    badTarget('RFC 9112 §3', 'two spaces after the target', 'GET /x '),
    badTarget('RFC 9112 §3', 'a tab before the target', 'GET\t/x'),
    badTarget('RFC 9112 §3.2', 'a space in the target', 'GET /x y'),
    badTarget('RFC 9112 §3.2', 'a NUL in the target', 'GET /x\0y'),
    badTarget('RFC 9112 §3.2', 'a DEL in the target', 'GET /x\x7fy'),
    badTarget('RFC 9112 §3.2', 'a bare CR in the target', 'GET /x\ry'),
  ]);
});

describe('versions', () => {
  const version = (text: string, status: string): HttpCase => ({
    name: `RFC 9112 §2.3: ${JSON.stringify(text)} is refused with ${status.slice(0, 3)}`,
    send: `GET /x ${text}\r\nHost: a\r\n\r\n${request('GET /smuggled')}`,
    got: [refused(status)],
    fate: 'closed',
    seen: [],
  });
  runCases(start, [
    version('HTTP/2.0', '505 HTTP Version Not Supported'),
    version('HTTP/1.2', '505 HTTP Version Not Supported'),
    version('HTTP/0.9', '505 HTTP Version Not Supported'),
    version('HTTP/3', '400 Bad Request'),
    version('HTTP/1.', '400 Bad Request'),
    version('HTTP/1.11', '400 Bad Request'),
    version('HTTP/01.1', '400 Bad Request'),
    version('http/1.1', '400 Bad Request'),
    version('RTSP/1.0', '400 Bad Request'),
    version('ICE/1.0', '400 Bad Request'),
    version('HTTPS/1.1', '400 Bad Request'),
    {
      name: 'RFC 9112 §2.3: HTTP/0.9, a line without a version, is refused',
      send: `GET /x\r\n${request('GET /smuggled')}`,
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9113 §3.4: the preface of HTTP/2 is refused',
      send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      got: [refused('505 HTTP Version Not Supported')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9112 §2.2: an empty line before the request is passed over',
      send: `\r\n${request('GET /x')}`,
      methods: ['GET'],
      got: [ok],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9112 §9.1: a TLS handshake on a plain port is refused',
      send: Buffer.from('16030100a5010000a1030300', 'hex'),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
  ]);
});
