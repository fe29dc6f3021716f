/** Header fields on their way through (RFC 9110 §5, §7.2, §7.6). */
import { chunkedResponse, response } from '@reverseit/test-servers';
import { describe } from 'vitest';
import {
  got,
  type HttpCase,
  type Options,
  ok,
  okAndClose,
  refused,
  request,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

const sends = (
  name: string,
  fields: readonly string[],
  forwarded: readonly string[],
  options?: Options,
): HttpCase => ({
  name,
  send: request('GET /x', fields),
  got: [ok],
  seen: [seen('GET /x', forwarded)],
  ...(options === undefined ? {} : { options }),
});

const answers = (
  name: string,
  fields: readonly string[],
  forwarded: readonly string[],
): HttpCase => ({
  name,
  send: request('GET /x'),
  answer: response(200, 'ok', fields),
  got: [got('200 Scripted', [...forwarded, 'content-length: 2', 'date: now'], 'ok')],
  seen: [seen('GET /x')],
});

const hopFields = [
  'Keep-Alive: timeout=5, max=100',
  'Proxy-Connection: keep-alive',
  'Proxy-Authenticate: Basic realm="x"',
  'Proxy-Authorization: Basic QQ==',
  'TE: deflate;q=0.5',
  'Trailer: X-Sum',
  'Upgrade: h2c',
];

describe('end-to-end fields', () => {
  runCases(start, [
    sends(
      'RFC 9110 §5.3: order, case and repetition are kept on the way to the backend',
      ['X-B: 1', 'x-a: 2', 'X-b: 3', 'Cookie: a=1', 'X-A:4', 'cookie: b=2'],
      ['X-B: 1', 'x-a: 2', 'X-b: 3', 'Cookie: a=1', 'X-A: 4', 'cookie: b=2'],
    ),
    answers(
      'RFC 9110 §5.3: order, case and repetition are kept on the way to the client',
      ['Set-Cookie: a=1, b', 'X-Z: 1', 'set-cookie: b=2', 'ETag: "x"', 'x-z: 2', 'SET-COOKIE: c'],
      ['Set-Cookie: a=1, b', 'X-Z: 1', 'set-cookie: b=2', 'ETag: "x"', 'x-z: 2', 'SET-COOKIE: c'],
    ),
    sends(
      'RFC 9110 §5.5: bytes beyond ASCII are opaque',
      ['X-Latin: \xe4\xf6\xfc\x80\xff', 'X-Utf8: \xc3\xa4\xf0\x9f\x98\x80'],
      ['X-Latin: \xe4\xf6\xfc\x80\xff', 'X-Utf8: \xc3\xa4\xf0\x9f\x98\x80'],
    ),
    answers(
      'RFC 9110 §5.5: bytes beyond ASCII are opaque in a response',
      ['X-Latin: \xe4\xf6\xfc\x80\xff', 'X-Utf8: \xc3\xa4\xf0\x9f\x98\x80'],
      ['X-Latin: \xe4\xf6\xfc\x80\xff', 'X-Utf8: \xc3\xa4\xf0\x9f\x98\x80'],
    ),
    sends(
      'RFC 9112 §5.1: blanks around a value are no part of it, blanks inside are',
      ['X-Blanks: \t a\t b  c \t', 'X-Empty:', 'X-None: '],
      ['X-Blanks: a\t b  c', 'X-Empty: ', 'X-None: '],
    ),
    answers(
      'RFC 9112 §5.1: blanks around a value of a response',
      ['X-Blanks:\t a\t b  c \t', 'X-Empty:'],
      ['X-Blanks: a\t b  c', 'X-Empty: '],
    ),
    sends(
      'RFC 9110 §5.1: every character of a token may stand in a name',
      ["!#$%&'*+-.^_`|~09azAZ: x", '__proto__: x', 'constructor: y', 'hasOwnProperty: z'],
      ["!#$%&'*+-.^_`|~09azAZ: x", '__proto__: x', 'constructor: y', 'hasOwnProperty: z'],
    ),
    answers(
      'RFC 9110 §5.1: every character of a token may stand in a name of a response',
      ["!#$%&'*+-.^_`|~09azAZ: x", '__proto__: x', 'constructor: y'],
      ["!#$%&'*+-.^_`|~09azAZ: x", '__proto__: x', 'constructor: y'],
    ),
    sends(
      'RFC 9110 §11.6.2: credentials for the backend pass',
      ['Authorization: Basic QQ==', 'Accept-Encoding: gzip', 'Range: bytes=0-1', 'If-Match: "x"'],
      ['Authorization: Basic QQ==', 'Accept-Encoding: gzip', 'Range: bytes=0-1', 'If-Match: "x"'],
    ),
    answers(
      'RFC 9110 §11.6.1: a challenge of the backend passes',
      ['WWW-Authenticate: Basic realm="x"', 'Content-Encoding: gzip', 'Vary: *', 'Server: x/1'],
      ['WWW-Authenticate: Basic realm="x"', 'Content-Encoding: gzip', 'Vary: *', 'Server: x/1'],
    ),
  ]);
});

describe('connection-specific fields', () => {
  runCases(start, [
    ...hopFields.map((field) =>
      sends(
        `RFC 9110 §7.6.1: ${field.split(':')[0]} of the client stays behind`,
        [field, 'X-Y: z'],
        ['X-Y: z'],
      ),
    ),
    ...hopFields.map((field) =>
      answers(
        `RFC 9110 §7.6.1: ${field.split(':')[0]} of the backend stays behind`,
        [field, 'X-Y: z'],
        ['X-Y: z'],
      ),
    ),
    sends(
      'RFC 9110 §7.6.1: fields that Connection names stay behind, in any case and place',
      [
        'x-hop: 1',
        'Connection: X-Hop,  x-other ,keep-alive',
        'X-HOP: 2',
        'X-Other: 3',
        'X-Kept: 4',
      ],
      ['X-Kept: 4'],
    ),
    sends(
      'RFC 9110 §7.6.1: several Connection fields are one list',
      ['Connection: X-A', 'X-A: 1', 'X-B: 2', 'X-C: 3', 'connection: x-b'],
      ['X-C: 3'],
    ),
    sends(
      'RFC 9110 §5.6.1: empty members of Connection mean nothing',
      ['Connection: ,, X-A,,', 'X-A: 1', 'X-B: 2'],
      ['X-B: 2'],
    ),
    answers(
      'RFC 9110 §7.6.1: fields that the backend names stay behind',
      ['X-Hop: 1', 'Connection: x-hop, X-Other', 'x-other: 3', 'X-Kept: 4'],
      ['X-Kept: 4'],
    ),
    answers(
      'RFC 9110 §7.6.1: several Connection fields of the backend',
      ['Connection: x-a', 'Connection: keep-alive', 'Connection: x-b', 'X-A: 1', 'X-B: 2'],
      [],
    ),
    sends(
      'RFC 9110 §7.6.1: Connection takes neither routing nor client information away',
      [
        'Connection: host, via, forwarded, x-forwarded-for, date',
        'Via: 1.1 b',
        'Forwarded: for=x',
        'Date: x',
      ],
      ['Via: 1.1 b', 'Forwarded: for=x', 'Date: x'],
    ),
    {
      name: 'RFC 9112 §6.3: Connection does not take the length away',
      send: request('POST /x', ['Connection: content-length', 'content-length: 3'], 'abc'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'RFC 9112 §6.3: Connection does not take the transfer coding away',
      send: request(
        'POST /x',
        ['Connection: transfer-encoding', 'Transfer-Encoding: chunked'],
        '3\r\nabc\r\n0\r\n\r\n',
      ),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'RFC 9112 §6.3: Connection of the backend takes neither length nor date away',
      send: request('GET /x'),
      answer: response(200, 'ok', ['Connection: content-length, date, x-a', 'Date: x', 'X-A: 1']),
      got: [got('200 Scripted', ['Date: x', 'content-length: 2'], 'ok')],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §7.6.1: Connection: close of the backend does not close the client',
      send: request('GET /x'),
      script: [
        (c) => c.expectRequest(),
        (c) => c.send(response(200, 'ok', ['Connection: close'])),
        (c) => c.end(),
      ],
      got: [ok],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §7.8: an upgrade to a protocol that is not proxied is not asked for',
      send: request('GET /x', [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ]),
      got: [ok],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9112 §7.1: the chunks of the backend are its hop’s, the coding of the client ours',
      send: request('GET /x'),
      answer: chunkedResponse(200, ['ab', 'c'], ['X-A: 1']),
      got: [got('200 Scripted', ['X-A: 1', 'date: now', 'transfer-encoding: chunked'], 'abc')],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §7.6.1: a Connection that is no list is refused',
      send: request('GET /x', ['Connection: x-a; x-b']),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §7.6.1: a Connection of too many names is refused',
      send: request('GET /x', [
        `Connection: ${Array.from({ length: 65 }, (_, i) => `x-${i}`).join()}`,
      ]),
      got: [refused('400 Bad Request')],
      fate: 'closed',
      seen: [],
    },
  ]);
});

describe('malformed fields', () => {
  const bad = (what: string, field: string): HttpCase => ({
    name: `RFC 9112 §5: ${what} is refused, and what follows`,
    send: request('GET /x', [field]) + request('GET /smuggled'),
    got: [refused('400 Bad Request')],
    fate: 'closed',
    seen: [],
  });
  runCases(start, [
    bad('a space before the colon', 'X-A : 1'),
    bad('a tab before the colon', 'X-A\t: 1'),
    bad('a name without a colon', 'X-A'),
    bad('an empty name', ': 1'),
    bad('a space in a name', 'X A: 1'),
    bad('a leading space', ' X-A: 1'),
    bad('an obsolete fold (§5.2)', 'X-A: 1\r\n 2'),
    bad('a fold with a tab', 'X-A: 1\r\n\t2'),
    bad('a fold of nothing', 'X-A: 1\r\n \r\nX-B: 2'),
    bad('a bare LF as a line end', 'X-A: 1\nX-B: 2'),
    bad('a bare CR in a value', 'X-A: 1\rX-B: 2'),
    bad('a NUL in a value', 'X-A: 1\x002'),
    bad('a NUL in a name', 'X-\x00A: 1'),
    bad('a bell in a value', 'X-A: \x07'),
    bad('a DEL in a value', 'X-A: \x7f'),
    bad('a vertical tab in a value', 'X-A: \x0b'),
    bad('a byte beyond ASCII in a name', 'X-\xe4: 1'),
    bad('a bracket in a name', 'X-(A): 1'),
  ]);

  const badAnswer = (what: string, bytes: string): HttpCase => ({
    name: `RFC 9112 §5: ${what} in a response is a 502`,
    send: request('GET /x'),
    answer: `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${bytes}\r\n\r\nok`,
    got: [
      got(
        '502 Bad Gateway',
        ['content-type: text/plain; charset=utf-8', 'date: now', 'content-length: 11'],
        'Bad Gateway',
      ),
    ],
    seen: [seen('GET /x')],
  });
  runCases(start, [
    badAnswer('a space before the colon', 'X-A : 1'),
    badAnswer('a name without a colon', 'X-A'),
    badAnswer('an empty name', ': 1'),
    badAnswer('an obsolete fold', 'X-A: 1\r\n 2'),
    badAnswer('a bare LF', 'X-A: 1\nX-B: 2'),
    badAnswer('a bare CR', 'X-A: 1\rX-B: 2'),
    badAnswer('a NUL', 'X-A: 1\x002'),
    badAnswer('an escape character', 'X-A: \x1b[31m'),
    badAnswer('a DEL', 'X-A: \x7f'),
    badAnswer('a byte beyond ASCII in a name', 'X-\xe4: 1'),
  ]);
});

describe('Host', () => {
  const host = (what: string, sent: readonly string[], line = 'GET /x'): HttpCase => ({
    name: `RFC 9112 §3.2: ${what} is refused`,
    send: [`${line} HTTP/1.1`, ...sent, '', ''].join('\r\n') + request('GET /smuggled'),
    got: [refused('400 Bad Request')],
    fate: 'closed',
    seen: [],
  });
  const preserve = { preserveHostHeader: true };
  const keeps = (what: string, sent: string): HttpCase => ({
    name: `RFC 9110 §7.2: preserveHostHeader sends ${what} as it came`,
    options: preserve,
    send: `GET /x HTTP/1.1\r\nhOST: ${sent}\r\n\r\n`,
    got: [ok],
    seen: [seen('GET /x').map((line) => (line.startsWith('host:') ? `host: ${sent}` : line))],
  });
  runCases(start, [
    host('no Host on HTTP/1.1', []),
    host('a repeated Host', ['Host: a', 'Host: a']),
    host('a second Host in another case', ['Host: a', 'HOST: b']),
    host('an empty Host', ['Host:']),
    host('a Host with a space', ['Host: a b']),
    host('a Host with userinfo', ['Host: u@a']),
    host('a Host with a path', ['Host: a/b']),
    host('a list for Host', ['Host: a, b']),
    host('a Host with a port that is no number', ['Host: a:x']),
    host('a Host with a port that is too large', ['Host: a:65536']),
    host('a Host with a backslash', ['Host: a\\b']),
    host('a Host with bytes beyond ASCII', ['Host: \xe4']),
    host('an IPv6 address without brackets', ['Host: ::1']),
    host('an unclosed bracket', ['Host: [::1']),
    host('absolute form without a Host', [], 'GET http://a/x'),
    keeps('a name', 'Example.ORG'),
    keeps('a name and a port', 'a:8080'),
    keeps('an IPv6 address', '[::1]:80'),
    sends('RFC 9110 §7.2: Host becomes the authority of the backend', [], []),
    {
      name: 'RFC 9112 §3.2.2: preserveHostHeader with absolute form',
      options: preserve,
      send: 'GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n',
      got: [ok],
      seen: [seen('GET /x').map((line) => (line.startsWith('host:') ? 'host: a' : line))],
    },
    {
      name: 'RFC 9112 §3.2: an HTTP/1.0 request may have no Host',
      options: preserve,
      send: 'GET /x HTTP/1.0\r\n\r\n',
      got: [okAndClose],
      fate: 'closed',
      seen: [seen('GET /x')],
    },
  ]);
});

describe('fields of the route', () => {
  runCases(start, [
    sends('RFC 9110 §7.7: addHeaders adds after the client’s', ['X-A: 1'], ['X-A: 1', 'X-New: 2'], {
      addHeaders: { 'X-New': '2' },
    }),
    sends(
      'RFC 9110 §7.7: addHeaders has the last word over what the client sent',
      ['x-user: mallory', 'X-A: 1', 'X-User: eve'],
      ['X-User: alice', 'X-A: 1'],
      { addHeaders: { 'X-User': 'alice' } },
    ),
    sends(
      'RFC 9110 §7.6.1: Connection does not take away what the route adds',
      ['Connection: x-user', 'X-User: mallory'],
      ['X-User: alice'],
      { addHeaders: { 'X-User': 'alice' } },
    ),
    sends(
      'RFC 9110 §7.7: removeHeaders removes every line in any case',
      ['Cookie: a', 'X-A: 1', 'cOOKIE: b'],
      ['X-A: 1'],
      { removeHeaders: ['cookie'] },
    ),
    sends(
      'RFC 3875 §4.1.18: removeHeaders removes what is spelled with _, too',
      ['X-User: a', 'X_User: b', 'x_uSER: c', 'X-Users: d'],
      ['X-Users: d'],
      { removeHeaders: ['x-user'] },
    ),
    sends('RFC 3875 §4.1.18: and a name with _ stands for both', ['X-User: a', 'X_User: b'], [], {
      removeHeaders: ['X_USER'],
    }),
    sends(
      'RFC 3875 §4.1.18: addHeaders replaces what is spelled with _, too',
      ['X_User: a', 'X-A: 1', 'x-user: b'],
      ['X-A: 1', 'X-User: 7'],
      { addHeaders: { 'X-User': '7' } },
    ),
    sends(
      'RFC 9110 §7.7: what is removed and added is added',
      ['Authorization: Basic x'],
      ['Authorization: Bearer y'],
      { removeHeaders: ['Authorization'], addHeaders: { Authorization: 'Bearer y' } },
    ),
    sends(
      'RFC 9110 §7.7: addHeaders sets a forwarded field, too',
      [],
      ['X-Forwarded-Proto: https', 'x-forwarded-host: a'],
      {
        forwardedHeaders: 'append',
        removeHeaders: ['x-forwarded-for'],
        addHeaders: { 'X-Forwarded-Proto': 'https' },
      },
    ),
    {
      name: 'RFC 9110 §7.2: addHeaders sets Host',
      options: { addHeaders: { Host: 'other.example' } },
      send: request('GET /x'),
      got: [ok],
      seen: [
        seen('GET /x').map((line) => (line.startsWith('host:') ? 'host: other.example' : line)),
      ],
    },
  ]);
});

describe('Date', () => {
  runCases(start, [
    answers('RFC 9110 §6.6.1: a missing Date is added', [], []),
    {
      name: 'RFC 9110 §6.6.1: a Date of the backend is kept as it is',
      send: request('GET /x'),
      answer: response(200, 'ok', ['DATE: yesterday']),
      got: [got('200 Scripted', ['DATE: yesterday', 'content-length: 2'], 'ok')],
      seen: [seen('GET /x')],
    },
  ]);
});
