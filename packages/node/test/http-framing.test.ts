/** Where messages end (RFC 9112 §6, §7), both ways. */
import { chunkedResponse, response } from '@reverseit/test-servers';
import { describe } from 'vitest';
import {
  badGateway,
  got,
  type HttpCase,
  type Message,
  ok,
  okAndClose,
  refused,
  request,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

const post = (fields: readonly string[], content: string): string =>
  request('POST /x', fields, content);
const chunked = ['Transfer-Encoding: chunked'];
const streaming = { requestBodyBufferSize: 0 };
const bad: HttpCase['got'] = [refused('400 Bad Request')];

describe('requests', () => {
  const collects = (name: string, content: string, body: string, fields = chunked): HttpCase => ({
    name: `RFC 9112 §7.1: ${name}`,
    send: post(fields, content),
    got: [ok],
    seen: [seen('POST /x', [`content-length: ${body.length}`], body)],
  });
  const streams = (name: string, content: string, body: string): HttpCase => ({
    name: `RFC 9112 §7.1: streamed, ${name}`,
    options: streaming,
    send: post(chunked, content),
    got: [ok],
    seen: [seen('POST /x', ['transfer-encoding: chunked'], body)],
  });
  runCases(start, [
    collects('one chunk gets a length', '3\r\nabc\r\n0\r\n\r\n', 'abc'),
    collects('several chunks become one content', '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', 'abc'),
    collects('no chunk is a length of 0', '0\r\n\r\n', ''),
    collects(
      'sizes are hexadecimal in either case',
      `A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n`,
      '01234567890123456789',
    ),
    collects('leading zeros are read', '00000003\r\nabc\r\n000\r\n\r\n', 'abc'),
    collects('extensions are ignored (§7.1.1)', '3;a=b;c="d e"\r\nabc\r\n0;x\r\n\r\n', 'abc'),
    collects(
      'Host and credentials in a trailer change nothing (§7.1.2)',
      '3\r\nabc\r\n0\r\nHost: b\r\nAuthorization: x\r\n\r\n',
      'abc',
    ),
    collects('the coding in capitals', '3\r\nabc\r\n0\r\n\r\n', 'abc', [
      'TRANSFER-ENCODING: CHUNKED',
    ]),
    collects('with GET', '3\r\nabc\r\n0\r\n\r\n', 'abc'),
    streams('chunks go on as chunks', '3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n', 'abcdefg'),
    streams(
      'content that looks like a request stays content',
      `1c\r\nGET /smuggled HTTP/1.1\r\nH: a\r\n0\r\n\r\n`,
      'GET /smuggled HTTP/1.1\r\nH: a',
    ),
    {
      name: 'RFC 9112 §6.2: content that looks like a request stays content',
      send: post(['Content-Length: 38'], 'GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n'),
      got: [ok],
      seen: [
        seen('POST /x', ['content-length: 38'], 'GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n'),
      ],
    },
    {
      name: 'RFC 9112 §6.2: a streamed body of known length keeps it',
      options: streaming,
      send: post(['Content-Length: 7'], 'abcdefg'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 7'], 'abcdefg')],
    },
    {
      name: 'RFC 9112 §6.2: leading zeros of a length are read, and not passed on',
      send: post(['Content-Length: 0003'], 'abc'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'RFC 9112 §6.3: bytes after the content are the next request',
      send: post(['Content-Length: 3'], 'abc') + request('GET /y'),
      got: [ok, ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc'), seen('GET /y')],
    },
    {
      name: 'RFC 9112 §7.1: bytes after the last chunk are the next request',
      send: post(chunked, '3\r\nabc\r\n0\r\n\r\n') + request('GET /y'),
      got: [ok, ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc'), seen('GET /y')],
    },
    {
      name: 'RFC 9112 §6.1: a coding in HTTP/1.0 is refused',
      send: 'POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      got: bad,
      fate: 'closed',
      seen: [],
    },
    ...['gzip, chunked', 'gzip', 'identity', 'deflate', 'br, gzip, chunked'].map(
      (coding): HttpCase => ({
        name: `RFC 9112 §6.1: the unknown coding ${coding} is refused`,
        send: post([`Transfer-Encoding: ${coding}`], '3\r\nabc\r\n0\r\n\r\n'),
        got: [refused('501 Not Implemented')],
        fate: 'closed',
        seen: [],
      }),
    ),
  ]);

  const badChunk = (what: string, content: string): HttpCase => ({
    name: `RFC 9112 §7.1: ${what} is refused, unseen by the backend`,
    send: post(chunked, content) + request('GET /smuggled'),
    got: bad,
    fate: 'closed',
    seen: [],
  });
  runCases(start, [
    badChunk('a size that is no number', 'x\r\nabc\r\n0\r\n\r\n'),
    badChunk('an empty size', '\r\nabc\r\n0\r\n\r\n'),
    badChunk('a negative size', '-3\r\nabc\r\n0\r\n\r\n'),
    badChunk('a size with a sign', '+3\r\nabc\r\n0\r\n\r\n'),
    badChunk('a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'),
    badChunk('a size beyond 64 bit', '10000000000000003\r\nabc\r\n0\r\n\r\n'),
    badChunk('a space before the size', ' 3\r\nabc\r\n0\r\n\r\n'),
    badChunk('a space after the size', '3 \r\nabc\r\n0\r\n\r\n'),
    badChunk('an underscore in the size', '1_0\r\nabc\r\n0\r\n\r\n'),
    badChunk('a size line that ends with LF', '3\nabc\r\n0\r\n\r\n'),
    badChunk('a size line that ends with CR', '3\rabc\r\n0\r\n\r\n'),
    badChunk('an LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'),
    badChunk('a CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'),
    badChunk('a NUL in an extension', '3;a\x00b\r\nabc\r\n0\r\n\r\n'),
    badChunk('content longer than its chunk', '3\r\nabcd\r\n0\r\n\r\n'),
    badChunk('content shorter than its chunk', '5\r\nabc\r\n0\r\n\r\n'),
    badChunk('a chunk that ends with LF', '3\r\nabc\n0\r\n\r\n'),
    badChunk('a chunk without its line end', '3\r\nabc0\r\n\r\n'),
    badChunk('a trailer without a colon', '3\r\nabc\r\n0\r\nX\r\n\r\n'),
    badChunk('a trailer with a space before the colon', '3\r\nabc\r\n0\r\nX : 1\r\n\r\n'),
    badChunk('a trailer that ends with LF', '3\r\nabc\r\n0\r\nX: 1\n\r\n'),
    badChunk('a folded trailer', '3\r\nabc\r\n0\r\nX: 1\r\n 2\r\n\r\n'),
    badChunk('a length in a trailer', '3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n'),
    badChunk('a coding in a trailer', '3\r\nabc\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n'),
    badChunk('a NUL in a trailer', '3\r\nabc\r\n0\r\nX: \x00\r\n\r\n'),
    badChunk('a last chunk whose line ends with LF', '3\r\nabc\r\n0\n\r\n'),
  ]);
});

describe('responses', () => {
  const gets = (
    name: string,
    answer: string | Buffer,
    wanted: Message,
    rest: Partial<HttpCase> = {},
  ): HttpCase => ({
    name,
    send: request('GET /x'),
    answer,
    got: [wanted],
    seen: [seen('GET /x')],
    ...rest,
  });
  const withClose = (bytes: string | Buffer): Partial<HttpCase> => ({
    script: [(c) => c.expectRequest(), (c) => c.send(bytes), (c) => c.end()],
  });
  const http10 = (fields: readonly string[] = []): string =>
    ['GET /x HTTP/1.0', 'Host: a', ...fields, '', ''].join('\r\n');
  const chunkedTo11 = (body: string, fields: readonly string[] = []): Message =>
    got('200 Scripted', [...fields, 'date: now', 'transfer-encoding: chunked'], body);

  runCases(start, [
    gets(
      'RFC 9112 §6.2: a length is kept',
      response(200, 'abc'),
      got('200 Scripted', ['content-length: 3', 'date: now'], 'abc'),
    ),
    gets(
      'RFC 9112 §6.2: a length of 0',
      response(200, ''),
      got('200 Scripted', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9112 §7.1: chunks stay chunks for HTTP/1.1',
      chunkedResponse(200, ['ab', 'cde']),
      chunkedTo11('abcde'),
    ),
    gets('RFC 9112 §7.1: no chunk', chunkedResponse(200, []), chunkedTo11('')),
    gets(
      'RFC 9112 §7.1.1: extensions of the backend are its hop’s',
      'HTTP/1.1 200 Scripted\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0;x\r\n\r\n',
      chunkedTo11('abc'),
    ),
    gets(
      'RFC 9112 §7.1.2: trailers pass',
      chunkedResponse(200, ['abc'], ['Trailer: X-Sum'], ['X-Sum: 1', 'x-two: 2']),
      [...chunkedTo11('abc', ['Trailer: X-Sum']), 'X-Sum: 1', 'x-two: 2'],
    ),
    gets(
      'RFC 9110 §6.5.1: trailers that frame, route or authenticate do not pass',
      chunkedResponse(
        200,
        ['abc'],
        [],
        ['Set-Cookie: a', 'Host: b', 'Connection: close', 'Authorization: x', 'X-Ok: 1'],
      ),
      [...chunkedTo11('abc'), 'X-Ok: 1'],
    ),
    gets(
      'RFC 9110 §6.5.1: a length among the trailers says nothing',
      chunkedResponse(200, ['abc'], [], ['Content-Length: 9']),
      chunkedTo11('abc'),
    ),
    gets(
      'RFC 9112 §6.3: content until close becomes chunks for HTTP/1.1',
      '',
      chunkedTo11('abc'),
      withClose('HTTP/1.1 200 Scripted\r\n\r\nabc'),
    ),
    gets(
      'RFC 9112 §6.3: nothing until close',
      '',
      chunkedTo11(''),
      withClose('HTTP/1.1 200 Scripted\r\n\r\n'),
    ),
    gets(
      'RFC 9112 §2.3: a backend of HTTP/1.0 is answered as HTTP/1.1',
      '',
      chunkedTo11('abc', ['X-A: 1']),
      withClose('HTTP/1.0 200 Scripted\r\nX-A: 1\r\n\r\nabc'),
    ),
    gets(
      'RFC 9112 §9.3: a backend of HTTP/1.0 with a length',
      '',
      got('200 Scripted', ['Content-Length: 3', 'date: now'], 'abc'),
      withClose('HTTP/1.0 200 Scripted\r\nContent-Length: 3\r\n\r\nabc'),
    ),
    gets(
      'RFC 9112 §6.3: 204 has no content and no length',
      'HTTP/1.1 204 Scripted\r\nX-A: 1\r\n\r\n',
      got('204 Scripted', ['X-A: 1', 'date: now']),
    ),
    gets(
      'RFC 9110 §8.6: a length in 204 does not pass',
      'HTTP/1.1 204 Scripted\r\ncontent-length: 0\r\n\r\n',
      got('204 Scripted', ['date: now']),
    ),
    gets(
      'RFC 9112 §6.1: a coding in 204 does not pass',
      'HTTP/1.1 204 Scripted\r\ntransfer-encoding: chunked\r\n\r\n',
      got('204 Scripted', ['date: now']),
    ),
    gets(
      'RFC 9112 §6.3: 304 tells the length of what it does not send',
      'HTTP/1.1 304 Scripted\r\ncontent-length: 500\r\nETag: "x"\r\n\r\n',
      got('304 Scripted', ['content-length: 500', 'ETag: "x"', 'date: now']),
    ),
    gets(
      'RFC 9112 §6.3: 304 without a length',
      'HTTP/1.1 304 Scripted\r\nETag: "x"\r\n\r\n',
      got('304 Scripted', ['ETag: "x"', 'date: now']),
    ),
    gets(
      'RFC 9110 §15.3.6: 205 with its length of 0',
      response(205, ''),
      got('205 Scripted', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9110 §15: an unregistered status passes',
      response(299, 'ok'),
      got('299 Scripted', ['content-length: 2', 'date: now'], 'ok'),
    ),
    gets(
      'RFC 9112 §4: the reason phrase is kept',
      'HTTP/1.1 404 Gone Fishing!\r\ncontent-length: 0\r\n\r\n',
      got('404 Gone Fishing!', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9112 §4: an empty reason phrase becomes the registered one',
      'HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n',
      got('404 Not Found', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9112 §4: a reason phrase with a control character is replaced',
      'HTTP/1.1 404 N\x1bo\r\ncontent-length: 0\r\n\r\n',
      got('404 Not Found', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9112 §4: a missing reason phrase',
      'HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n',
      got('404 Not Found', ['content-length: 0', 'date: now']),
    ),
    gets(
      'RFC 9110 §15.5.2: an error of the backend passes with its content',
      response(500, 'oops'),
      got('500 Scripted', ['content-length: 4', 'date: now'], 'oops'),
    ),
    {
      name: 'RFC 9112 §7.1: chunks go until close to HTTP/1.0',
      send: http10(),
      answer: chunkedResponse(200, ['ab', 'c'], [], ['X-Sum: 1']),
      got: [got('200 Scripted', ['date: now', 'connection: close'], 'abc')],
      fate: 'closed',
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9112 §9.3: chunks close HTTP/1.0 though it asked to be kept',
      send: http10(['Connection: keep-alive']),
      answer: chunkedResponse(200, ['abc']),
      got: [got('200 Scripted', ['date: now', 'connection: close'], 'abc')],
      fate: 'closed',
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9112 §9.3: a length keeps HTTP/1.0 that asked for it',
      send: http10(['Connection: Keep-Alive']),
      got: [
        got('200 Scripted', ['content-length: 2', 'date: now', 'connection: keep-alive'], 'ok'),
      ],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9112 §9.3: HTTP/1.0 closes unless it asked',
      send: http10(),
      got: [okAndClose],
      fate: 'closed',
      seen: [seen('GET /x')],
    },
  ]);

  const malformed = (what: string, bytes: string, section = '§6.3'): HttpCase => ({
    name: `RFC 9112 ${section}: ${what} is a 502`,
    send: request('GET /x'),
    answer: bytes,
    got: [badGateway()],
    seen: [seen('GET /x')],
  });
  const head = 'HTTP/1.1 200 OK\r\n';
  runCases(start, [
    malformed(
      'length beside coding',
      `${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    ),
    malformed(
      'coding beside length',
      `${head}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    ),
    malformed('a repeated length', `${head}content-length: 3\r\ncontent-length: 3\r\n\r\nabc`),
    malformed(
      'a different second length',
      `${head}content-length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    ),
    malformed('a list of lengths', `${head}content-length: 3, 3\r\n\r\nabc`),
    malformed('a signed length', `${head}content-length: +3\r\n\r\nabc`),
    malformed('a negative length', `${head}content-length: -3\r\n\r\nabc`),
    malformed('a length in hexadecimal', `${head}content-length: 0x3\r\n\r\nabc`),
    malformed('an empty length', `${head}content-length:\r\n\r\nabc`),
    malformed(
      'a length beyond all bounds',
      `${head}content-length: 99999999999999999999\r\n\r\nabc`,
    ),
    malformed('an unknown coding', `${head}transfer-encoding: gzip\r\n\r\nabc`, '§6.1'),
    malformed(
      'a coding before chunked',
      `${head}transfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      '§6.1',
    ),
    malformed(
      'chunked twice',
      `${head}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      '§6.1',
    ),
    malformed(
      'a coding in HTTP/1.0',
      'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      '§6.1',
    ),
    malformed('another version', 'HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n', '§2.3'),
    malformed('HTTP/1.2', 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n', '§2.3'),
    malformed('another protocol', 'ICY 200 OK\r\ncontent-length: 0\r\n\r\n', '§2.3'),
    malformed('a banner', '220 smtp.example ESMTP\r\n', '§4'),
    malformed('a page without a head', '<html></html>\r\n\r\n', '§4'),
    malformed('a status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed('a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed('a status of 099', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed('a status of 600', 'HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed('a status of 000', 'HTTP/1.1 000 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed('a status that is no number', 'HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n', '§4'),
    malformed(
      'two spaces before the status',
      'HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n',
      '§4',
    ),
    malformed(
      'an empty line before the response',
      '\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      '§4',
    ),
    malformed(
      'a status line that ends with LF',
      'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n',
      '§4',
    ),
  ]);

  // The head is out when the fault shows: only the cut tells the client.
  const cut = (what: string, bytes: string): HttpCase => ({
    name: `RFC 9112 §8: ${what} cuts the client off`,
    send: request('GET /x'),
    script: [(c) => c.expectRequest(), (c) => c.send(bytes), (c) => c.end()],
    got: [],
    fate: 'reset',
    seen: [seen('GET /x')],
  });
  runCases(start, [
    cut('content shorter than its length', `${head}content-length: 5\r\n\r\nabc`),
    cut('chunks without their end', `${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`),
    cut('a chunk that is cut short', `${head}transfer-encoding: chunked\r\n\r\n5\r\nabc`),
    cut(
      'a malformed chunk size',
      `${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n\r\n`,
    ),
    cut(
      'a chunk without its line end',
      `${head}transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`,
    ),
  ]);
});
