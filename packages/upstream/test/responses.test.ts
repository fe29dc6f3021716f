import { expect, test } from 'vitest';
import { bench, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

interface Case {
  name: string;
  /** What the backend sends; an array in separate segments. */
  send: string | string[];
  /** What it does then. */
  after?: 'end' | 'reset';
  method?: string;
  limits?: Record<string, number>;
  events: string[];
  head?: Record<string, unknown>;
  body?: string;
  /** Whether the connection is kept. */
  kept?: boolean;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const head = (fields: string) => `${ok}${fields}\r\n\r\n`;
const whole = ['head 200', 'data', 'end'];

const cases: Case[] = [
  // Framing.
  {
    name: 'content-length (RFC 9112 §6.2)',
    send: `${head('Content-Length: 2')}ok`,
    events: whole,
    body: 'ok',
    kept: true,
    head: { status: 200, reason: 'OK', contentLength: 2, fields: ['Content-Length', '2'] },
  },
  {
    name: 'content-length 0',
    send: head('content-length: 0'),
    events: ['head 200', 'end'],
    body: '',
    kept: true,
    head: { contentLength: 0 },
  },
  {
    name: 'content-length with leading zeros',
    send: `${head('content-length: 002')}ok`,
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'chunked (RFC 9112 §7.1)',
    send: `${head('Transfer-Encoding: chunked')}2\r\nok\r\n1\r\n!\r\n0\r\n\r\n`,
    events: whole,
    body: 'ok!',
    kept: true,
    head: { contentLength: null },
  },
  {
    name: 'chunked in any case, with blanks around',
    send: `${head('transfer-encoding:   Chunked ')}2\r\nok\r\n0\r\n\r\n`,
    events: whole,
    body: 'ok',
    kept: true,
    head: { fields: ['transfer-encoding', 'Chunked'] },
  },
  {
    // A blank to some and a letter to others; core's parser lets none of them pass.
    name: 'a tab beside a coding',
    send: `${head('transfer-encoding:\tchunked')}2\r\nok\r\n0\r\n\r\n`,
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'a tab after a coding',
    send: `${head('transfer-encoding: chunked\t')}2\r\nok\r\n0\r\n\r\n`,
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'spaces around a content-length (RFC 9112 §5)',
    send: `${head('content-length:   2  ')}ok`,
    events: whole,
    body: 'ok',
    kept: true,
    head: { fields: ['content-length', '2'] },
  },
  {
    name: 'spaces after a content-length, also of an interim response',
    send: `HTTP/1.1 103 Early Hints\r\na: 1 \r\n\r\n${head('content-length: 2 ')}ok`,
    events: ['interim 103 a 1', ...whole],
    body: 'ok',
    kept: true,
  },
  {
    name: 'a tab after a content-length',
    send: `${head('content-length: 2\t')}ok`,
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'chunk extensions (RFC 9112 §7.1.1)',
    send: `${head('transfer-encoding: chunked')}2;a=b\r\nok\r\n0;c\r\n\r\n`,
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'until close (RFC 9112 §6.3 rule 8)',
    send: `${head('a: b')}ok`,
    after: 'end',
    events: whole,
    body: 'ok',
    head: { contentLength: null },
  },
  { name: 'until close, empty', send: head('a: b'), after: 'end', events: ['head 200', 'end'] },
  {
    name: 'byte by byte',
    send: [...`HTTP/1.1 200 Fine\r\ncontent-length: 2\r\n\r\nok`],
    events: whole,
    body: 'ok',
    kept: true,
    head: { reason: 'Fine', fields: ['content-length', '2'] },
  },
  {
    name: 'chunked, byte by byte, with trailers',
    send: [...`${head('transfer-encoding: chunked')}2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n`],
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'a Content-Length among the trailers, which says nothing there (RFC 9110 §6.5.1)',
    send: `${head('transfer-encoding: chunked')}2\r\nok\r\n0\r\nx-sum: 1\r\nContent-Length: 7\r\n\r\n`,
    events: whole,
    body: 'ok',
  },
  {
    name: 'the same, byte by byte',
    send: [...`${head('transfer-encoding: chunked')}2\r\nok\r\n0\r\nContent-Length: 7\r\n\r\n`],
    events: whole,
    body: 'ok',
  },
  {
    name: 'the same, beside chunked in the head',
    send: `${head('transfer-encoding: chunked\r\ncontent-length: 2')}2\r\nok\r\n0\r\n\r\n`,
    events: ['UPSTREAM_PROTOCOL'],
  },

  // Bodies that there cannot be (RFC 9110 §6.4.1).
  {
    name: 'HEAD with content-length',
    method: 'HEAD',
    send: head('content-length: 500'),
    events: ['head 200', 'end'],
    kept: true,
    head: { contentLength: 0, fields: ['content-length', '500'] },
  },
  {
    name: 'HEAD chunked',
    method: 'HEAD',
    send: head('transfer-encoding: chunked'),
    events: ['head 200', 'end'],
    kept: true,
    head: { contentLength: 0 },
  },
  {
    name: 'HEAD without framing',
    method: 'HEAD',
    send: head('a: b'),
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: 'HEAD over the body limit is none',
    method: 'HEAD',
    send: head('content-length: 500'),
    limits: { maxResponseBodySize: 10 },
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: '204',
    send: 'HTTP/1.1 204 No Content\r\n\r\n',
    events: ['head 204', 'end'],
    kept: true,
    head: { contentLength: 0 },
  },
  {
    name: '204 with content-length is not reused',
    send: 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok',
    events: ['head 204', 'end'],
  },
  {
    name: '304 with content-length (RFC 9110 §8.6)',
    send: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nTransfer-encodings: a\r\n\r\n',
    events: ['head 304', 'end'],
    kept: true,
    head: {
      contentLength: 0,
      fields: ['Content-Length', '2', 'Transfer-encodings', 'a'],
    },
  },
  {
    name: '304 with a transfer coding (RFC 9112 §6.1)',
    send: 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\nTRANSFER-ENCODING: chunked\r\n\r\n',
    events: ['head 304', 'end'],
    kept: true,
    head: { contentLength: 0, fields: ['etag', '"a"', 'TRANSFER-ENCODING', 'chunked'] },
  },
  {
    name: '304 to HEAD',
    method: 'HEAD',
    send: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n',
    events: ['head 304', 'end'],
    kept: true,
    head: { contentLength: 0, fields: ['content-length', '2'] },
  },
  {
    name: '304 with content-length and close',
    send: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\nconnection: close\r\n\r\n',
    events: ['head 304', 'end'],
  },
  {
    name: '304 with content-length in HTTP/1.0',
    send: 'HTTP/1.0 304 Not Modified\r\ncontent-length: 2\r\n\r\n',
    events: ['head 304', 'end'],
  },
  {
    name: '304 with content that must not be there',
    send: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\nok',
    events: ['head 304', 'end'],
  },
  ...['+2', '2, 2', '2\r\ncontent-length: 2', '2\r\ntransfer-encoding: chunked'].map((length) => ({
    name: `304 with content-length ${JSON.stringify(length)}`,
    send: `HTTP/1.1 304 Not Modified\r\ncontent-length: ${length}\r\n\r\n`,
    events: ['UPSTREAM_PROTOCOL'],
  })),
  {
    name: '304',
    send: 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n',
    events: ['head 304', 'end'],
    kept: true,
  },

  // Persistence (RFC 9112 §9.3).
  {
    name: 'Connection: close',
    send: `${head('content-length: 2\r\nConnection: x, Close')}ok`,
    events: whole,
    body: 'ok',
  },
  {
    name: 'unreadable Connection',
    send: `${head('content-length: 2\r\nConnection: "')}ok`,
    events: whole,
    body: 'ok',
  },
  {
    name: 'HTTP/1.0',
    send: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    events: whole,
    body: 'ok',
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    send: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok',
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'Keep-Alive: timeout=0',
    send: `${head('content-length: 2\r\nkeep-alive: timeout=0')}ok`,
    events: whole,
    body: 'ok',
  },
  {
    name: 'Keep-Alive: timeout=1 is reusable',
    send: `${head('content-length: 2\r\nkeep-alive: timeout=1')}ok`,
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'complete, then FIN',
    send: `${head('content-length: 2')}ok`,
    after: 'end',
    events: whole,
    body: 'ok',
  },

  // Heads.
  {
    name: 'order, case and repetition are kept',
    send: head(
      'Set-Cookie: a=1\r\nX-B: \xe9\xff\r\nset-cookie: b=2\r\ncontent-length: 0\r\nX-Empty:',
    ),
    events: ['head 200', 'end'],
    kept: true,
    head: {
      fields: [
        'Set-Cookie',
        'a=1',
        'X-B',
        '\xe9\xff',
        'set-cookie',
        'b=2',
        'content-length',
        '0',
        'X-Empty',
        '',
      ],
    },
  },
  {
    name: '__proto__ is a name like another',
    send: head('__proto__: a\r\nconstructor: b\r\ncontent-length: 0'),
    events: ['head 200', 'end'],
    kept: true,
    head: { fields: ['__proto__', 'a', 'constructor', 'b', 'content-length', '0'] },
  },
  {
    name: 'no reason phrase',
    send: 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
    events: ['head 200', 'end'],
    kept: true,
    head: { reason: '' },
  },
  {
    name: 'reason phrase beyond ASCII',
    send: 'HTTP/1.1 200 \xe9\r\ncontent-length: 0\r\n\r\n',
    events: ['head 200', 'end'],
    kept: true,
    head: { reason: '' },
  },
  {
    name: 'status 599',
    send: 'HTTP/1.1 599 Odd\r\ncontent-length: 0\r\n\r\n',
    events: ['head 599', 'end'],
    kept: true,
  },

  // Interim responses (RFC 9110 §15.2).
  {
    name: '100 is consumed',
    send: `HTTP/1.1 100 Continue\r\na: b\r\n\r\n${head('content-length: 2')}ok`,
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: '100, byte by byte',
    send: [...`HTTP/1.1 100 Continue\r\na: b\r\n\r\n${head('content-length: 2')}ok`],
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: '103 and 102 are told',
    send: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${head('content-length: 2')}ok`,
    events: ['interim 103 Link </a>', 'interim 102', ...whole],
    body: 'ok',
    kept: true,
  },
  {
    name: '100 between others',
    send: `HTTP/1.1 103 EH\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 102 P\r\n\r\n${head('content-length: 2')}ok`,
    events: ['interim 103', 'interim 102', ...whole],
    body: 'ok',
    kept: true,
  },
  {
    name: 'any interim response is told, known or not',
    send: `HTTP/1.1 104 Upload Resumption\r\nUpload-Offset: 5\r\n\r\nHTTP/1.1 199\r\n\r\n${head('content-length: 0')}`,
    events: ['interim 104 Upload-Offset 5', 'interim 199', 'head 200', 'end'],
    kept: true,
  },
  {
    name: 'interim responses are bounded in bytes, not in number',
    send: 'HTTP/1.1 102 P\r\n\r\n'.repeat(3640) + head('content-length: 0'),
    events: [...Array(3640).fill('interim 102'), 'head 200', 'end'],
    kept: true,
  },
  {
    name: 'maxInterimResponseBytes: 100s count',
    send: 'HTTP/1.1 100 C\r\n\r\n'.repeat(5) + head('content-length: 0'),
    limits: { maxInterimResponseBytes: 90 },
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: 'maxInterimResponseBytes: a byte more of 100s',
    send: 'HTTP/1.1 100 C\r\n\r\n'.repeat(5) + head('content-length: 0'),
    limits: { maxInterimResponseBytes: 89 },
    events: ['UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'maxInterimResponseBytes: byte by byte, with fields',
    send: [...`HTTP/1.1 103 E\r\nLink: a\r\n\r\n`.repeat(3)],
    limits: { maxInterimResponseBytes: 80 },
    events: ['interim 103 Link a', 'interim 103 Link a', 'UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: '101 that nobody asked for',
    send: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: '101 without fields',
    send: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'an interim head larger than 16 KiB',
    send: `HTTP/1.1 103 EH\r\na: ${'x'.repeat(17_000)}\r\n\r\n`,
    events: ['UPSTREAM_PROTOCOL'],
  },

  // Malformed (RFC 9112 §4, §5, §6.3).
  ...(
    [
      ['no HTTP', 'hello\r\n\r\n'],
      ['a blank line first', `\r\n${head('content-length: 0')}`],
      ['lower-case http', 'http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['HTTP/2.0', 'HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['HTTP/0.9', 'HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['HTTP/1.2', 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['RTSP', 'RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['ICE', 'ICE/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['status 099', 'HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n'],
      ['status 600', 'HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n'],
      ['status 2x0', 'HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n'],
      ['status of two digits', 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n'],
      ['status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
      ['two spaces before the status', 'HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n'],
      ['CR CR after the status line', 'HTTP/1.1 200 OK\r\rContent-Length: 4\r\n\r\nEvil'],
      ['CR CR without a reason', 'HTTP/1.1 200\r\rContent-Length: 4\r\n\r\nEvil'],
      ['CR CR LF after the status line', 'HTTP/1.1 200 OK\r\r\nContent-Length: 4\r\n\r\nEvil'],
      [
        'CR CR after an interim status line',
        `HTTP/1.1 103 E\r\rX: a\r\n\r\n${head('content-length: 0')}`,
      ],
      ['CR CR after that of a 100', `HTTP/1.1 100 C\r\rX: a\r\n\r\n${head('content-length: 0')}`],
      ['bare CR in the reason', 'HTTP/1.1 200 O\rK\r\ncontent-length: 0\r\n\r\n'],
      ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\ncontent-length: 0\r\n\r\n'],
      ['CR CR LF after a field', head('a: b\r\r\ncontent-length: 0')],
      ['CR CR after a field', head('a: b\r\rcontent-length: 0')],
      ['CR CR LF after the fields', `${ok}content-length: 0\r\n\r\r\n`],
      ['CR alone after the fields', `${ok}content-length: 4\r\n\rEvil`],
      ['bare LF in a 100', `HTTP/1.1 100 C\r\na: b\nc: d\r\n\r\n${head('content-length: 0')}`],
      ['bare CR in a 100', `HTTP/1.1 100 C\r\na: b\rc: d\r\n\r\n${head('content-length: 0')}`],
      ['a line without colon in a 100', `HTTP/1.1 100 C\r\na\r\n\r\n${head('content-length: 0')}`],
      ['bare LF after the status line', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
      ['bare LF after a field', `${ok}a: b\ncontent-length: 0\r\n\r\n`],
      ['bare CR in a value', head('a: b\rc\r\ncontent-length: 0')],
      ['NUL in a value', head('a: b\0c\r\ncontent-length: 0')],
      ['DEL in a value', head('a: b\x7fc\r\ncontent-length: 0')],
      ['a control character in a value', head('a: b\x01c\r\ncontent-length: 0')],
      ['line folding', head('a: b\r\n c\r\ncontent-length: 0')],
      ['an empty name', head(': b\r\ncontent-length: 0')],
      ['a space before the colon', head('a : b\r\ncontent-length: 0')],
      ['a bad character in a name', head('a(: b\r\ncontent-length: 0')],
      ['a name beyond ASCII', head('\xe9: b\r\ncontent-length: 0')],
      ['a line without colon', head('hello\r\ncontent-length: 0')],
      ['repeated content-length', head('content-length: 2\r\ncontent-length: 2')],
      ['differing content-lengths', head('content-length: 2\r\ncontent-length: 3')],
      ['a list of content-lengths', head('content-length: 2, 2')],
      ['an empty content-length', head('content-length:')],
      ['a signed content-length', head('content-length: +2')],
      ['a negative content-length', head('content-length: -2')],
      ['a hexadecimal content-length', head('content-length: 0x2')],
      ['a content-length that overflows', head('content-length: 99999999999999999999')],
      ['a content-length beyond what a number holds', head('content-length: 9007199254740993')],
      [
        'transfer-encoding and content-length',
        `${head('transfer-encoding: chunked\r\ncontent-length: 2')}2\r\nok\r\n0\r\n\r\n`,
      ],
      [
        'content-length and transfer-encoding',
        `${head('content-length: 2\r\ntransfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
      ],
      ['transfer-encoding: gzip', `${head('transfer-encoding: gzip')}ok`],
      [
        'transfer-encoding: gzip, chunked',
        `${head('transfer-encoding: gzip, chunked')}2\r\nok\r\n0\r\n\r\n`,
      ],
      [
        'transfer-encoding: chunked, chunked',
        `${head('transfer-encoding: chunked, chunked')}2\r\nok\r\n0\r\n\r\n`,
      ],
      [
        'transfer-encoding twice',
        `${head('transfer-encoding: chunked\r\ntransfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
      ],
      ['transfer-encoding: identity', `${head('transfer-encoding: identity')}ok`],
      ['transfer-encoding: xchunked', `${head('transfer-encoding: xchunked')}ok`],
      ['an empty transfer-encoding', `${head('transfer-encoding:')}ok`],
      [
        'transfer-encoding in HTTP/1.0',
        'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      [
        'transfer-encoding and content-length to HEAD',
        head('transfer-encoding: chunked\r\ncontent-length: 2'),
        'HEAD',
      ],
    ] as [string, string, string?][]
  ).map(
    ([name, send, method = 'GET']): Case => ({
      name: `malformed: ${name}`,
      send,
      method,
      events: ['UPSTREAM_PROTOCOL'],
    }),
  ),
  ...(
    [
      ['chunk size', 'x\r\nok\r\n0\r\n\r\n'],
      ['a signed chunk size', '+2\r\nok\r\n0\r\n\r\n'],
      ['a chunk size with 0x', '0x2\r\nok\r\n0\r\n\r\n'],
      ['a chunk size that overflows', 'fffffffffffffffff\r\nok\r\n0\r\n\r\n'],
      ['bare LF after the chunk size', '2\nok\r\n0\r\n\r\n'],
    ] as const
  ).map(
    ([name, body]): Case => ({
      name: `malformed: ${name} (RFC 9112 §7.1)`,
      send: `${head('transfer-encoding: chunked')}${body}`,
      events: ['head 200', 'UPSTREAM_PROTOCOL'],
    }),
  ),
  {
    name: 'malformed: a chunk longer than it says',
    send: `${head('transfer-encoding: chunked')}2\r\nokay\r\n0\r\n\r\n`,
    events: ['head 200', 'data', 'UPSTREAM_PROTOCOL'],
  },

  // Ends too early (RFC 9112 §8).
  { name: 'FIN before any byte', send: '', after: 'end', events: ['UPSTREAM_RESET'] },
  { name: 'RST before any byte', send: '', after: 'reset', events: ['UPSTREAM_RESET'] },
  {
    name: 'FIN inside the status line',
    send: 'HTTP/1.1 20',
    after: 'end',
    events: ['UPSTREAM_RESET'],
  },
  { name: 'FIN inside the head', send: `${ok}a: b\r\n`, after: 'end', events: ['UPSTREAM_RESET'] },
  {
    name: 'FIN after an interim response',
    send: 'HTTP/1.1 103 EH\r\n\r\n',
    after: 'end',
    events: ['interim 103', 'UPSTREAM_RESET'],
  },
  {
    name: 'FIN inside content-length',
    send: `${head('content-length: 3')}ok`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN inside content-length with close',
    send: `${head('content-length: 3\r\nconnection: close')}ok`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN right after the head',
    send: head('content-length: 3'),
    after: 'end',
    events: ['head 200', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN inside a chunk',
    send: `${head('transfer-encoding: chunked')}5\r\nok`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN inside a chunk with close',
    send: `${head('transfer-encoding: chunked\r\nconnection: close')}5\r\nok`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN before the last chunk',
    send: `${head('transfer-encoding: chunked')}2\r\nok\r\n`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },
  {
    name: 'FIN inside the trailers',
    send: `${head('transfer-encoding: chunked')}2\r\nok\r\n0\r\na: b\r\n`,
    after: 'end',
    events: ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
  },

  // Limits.
  {
    name: 'header section at the limit',
    send: head(`content-length: 0\r\na: ${'x'.repeat(100 - 17 - 3)}`),
    limits: { maxResponseHeaderBytes: 100 },
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: 'header section one over',
    send: head(`content-length: 0\r\na: ${'x'.repeat(100 - 17 - 2)}`),
    limits: { maxResponseHeaderBytes: 100 },
    events: ['UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'header section without end',
    send: `${ok}a: ${'x'.repeat(400_000)}`,
    events: ['UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'blanks before a value without end',
    send: `${ok}a: ${' '.repeat(400_000)}`,
    events: ['UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'reason phrase without end',
    send: `HTTP/1.1 200 ${'x'.repeat(400_000)}`,
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'chunk extension without end',
    send: `${head('transfer-encoding: chunked')}2;${'x'.repeat(400_000)}`,
    events: ['head 200', 'UPSTREAM_PROTOCOL'],
  },
  {
    name: 'trailers at the limit',
    send: `${head('transfer-encoding: chunked')}0\r\na: ${'x'.repeat(97)}\r\n\r\n`,
    limits: { maxResponseHeaderBytes: 100 },
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: 'trailers one over',
    send: `${head('transfer-encoding: chunked')}0\r\na: ${'x'.repeat(98)}\r\n\r\n`,
    limits: { maxResponseHeaderBytes: 100 },
    events: ['head 200', 'UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'trailers without end',
    send: `${head('transfer-encoding: chunked')}0\r\na: ${'x'.repeat(400_000)}`,
    events: ['head 200', 'UPSTREAM_HEAD_TOO_LARGE'],
  },
  {
    name: 'body at the limit',
    send: `${head('content-length: 2')}ok`,
    limits: { maxResponseBodySize: 2 },
    events: whole,
    kept: true,
  },
  {
    name: 'content-length one over is refused at the head',
    send: `${head('content-length: 3')}ok`,
    limits: { maxResponseBodySize: 2 },
    events: ['UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'chunked body at the limit',
    send: `${head('transfer-encoding: chunked')}1\r\no\r\n1\r\nk\r\n0\r\n\r\n`,
    limits: { maxResponseBodySize: 2 },
    events: whole,
    kept: true,
  },
  {
    name: 'chunked body one over',
    send: `${head('transfer-encoding: chunked')}2\r\nok\r\n1\r\n!\r\n0\r\n\r\n`,
    limits: { maxResponseBodySize: 2 },
    // Nothing of it was told yet, so that there may be another response.
    events: ['UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'chunked body one over, by chunks of one byte',
    send: `${head('transfer-encoding: chunked')}1\r\no\r\n1\r\nk\r\n1\r\n!\r\n0\r\n\r\n`,
    limits: { maxResponseBodySize: 2 },
    events: ['UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'chunked body one over, in reads of its own',
    send: [head('transfer-encoding: chunked'), '2\r\nok\r\n', '1\r\n!\r\n'],
    limits: { maxResponseBodySize: 2 },
    events: ['head 200', 'data', 'UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'chunked body one over, whose second read passes the limit',
    send: [`${head('transfer-encoding: chunked')}1\r\no\r\n`, '2\r\nk!\r\n'],
    limits: { maxResponseBodySize: 2 },
    events: ['head 200', 'data', 'UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'head alone under a small limit',
    send: [head('transfer-encoding: chunked'), '2\r\nok\r\n0\r\n\r\n'],
    limits: { maxResponseBodySize: 2 },
    events: whole,
    body: 'ok',
    kept: true,
  },
  {
    name: 'no content under a small limit',
    send: `${head('transfer-encoding: chunked')}0\r\n\r\n`,
    limits: { maxResponseBodySize: 2 },
    events: ['head 200', 'end'],
    kept: true,
  },
  {
    name: 'a fault in the read that brings the head, under a small limit',
    send: `${head('transfer-encoding: chunked')}1\r\no\r\nx`,
    limits: { maxResponseBodySize: 2 },
    events: ['UPSTREAM_PROTOCOL'],
  },
  {
    name: 'body until close one over',
    send: `${head('a: b')}ok!`,
    limits: { maxResponseBodySize: 2 },
    after: 'end',
    events: ['UPSTREAM_BODY_TOO_LARGE'],
  },
  {
    name: 'body until close at the limit',
    send: `${head('a: b')}ok`,
    limits: { maxResponseBodySize: 2 },
    after: 'end',
    events: whole,
    body: 'ok',
  },
  {
    name: 'body until close one over, in reads of its own',
    send: [head('a: b'), 'ok', '!'],
    limits: { maxResponseBodySize: 2 },
    events: ['head 200', 'data', 'UPSTREAM_BODY_TOO_LARGE'],
  },

  // Bytes without a request (RFC 9112 §9.2).
  {
    name: 'a second response at once',
    send: `${head('content-length: 2')}ok${head('content-length: 2')}no`,
    events: whole,
    body: 'ok',
  },
  {
    name: 'garbage after the response',
    send: `${head('content-length: 2')}okgarbage`,
    events: whole,
    body: 'ok',
  },
];

test.each(cases)('$name', async (row) => {
  const play = async (connection: OriginConnection) => {
    for (const piece of Array.isArray(row.send) ? row.send : [row.send]) {
      if (piece !== '') connection.write(piece);
      if (Array.isArray(row.send)) await turns(3);
    }
    if (row.after === 'end') connection.socket.end();
    if (row.after === 'reset') connection.reset();
  };
  const it = await bench((connection) => void play(connection), { limits: row.limits ?? {} });
  const sent = await it.send(get('/', { method: row.method ?? 'GET' })).done;
  expect(sent.events).toEqual(row.events);
  if (row.head !== undefined) expect(sent.head).toMatchObject(row.head);
  if (row.body !== undefined) expect(sent.body).toBe(row.body);
  // A connection that was kept stays; one that was not is gone on both sides.
  const left = row.kept === true ? 1 : 0;
  await turns(3);
  await it.settle({ open: left, idle: left, active: 0, waiting: 0 });
  if (left === 0) await it.origin.untilAllClosed();
  else expect(it.origin.open).toBe(1);
});

test('trailers are told as they came (RFC 9110 §6.5)', async () => {
  const it = await bench((connection) =>
    connection.write(`${head('transfer-encoding: chunked')}0\r\nX-A: 1\r\nx-a: \xe9 \r\n\r\n`),
  );
  const sent = await it.send().done;
  expect(sent.trailers).toEqual(['X-A', '1', 'x-a', '\xe9']);
});

test('until close, then RST is a truncated body (RFC 9112 §8)', async () => {
  const it = await bench((connection) => connection.write(`${head('a: b')}ok`));
  const sent = it.send();
  sent.onChunk = () => void it.origin.connection().then((connection) => connection.reset());
  await sent.done;
  expect(sent.events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
});

test.each([
  ['RST', 'UPSTREAM_TRUNCATED', (connection: OriginConnection) => connection.reset()],
  ['FIN', 'end', (connection: OriginConnection) => connection.end('')],
])('until close, bytes with %s while the request is still being sent', async (_, outcome, end) => {
  const it = await bench((connection) => {
    connection.socket.pause();
    connection.write(`${head('a: b')}ok`);
  });
  const sent = it.send(get('/', { method: 'POST', body: Buffer.alloc(8_000_000) }));
  sent.onChunk = () => {
    sent.onChunk = () => {};
    void it.origin.connection().then((connection) => {
      connection.write('more');
      end(connection);
    });
  };
  await sent.done;
  expect([sent.events[0], sent.events.at(-1)]).toEqual(['head 200', outcome]);
});

test.each([
  ['content-length', 'content-length: 5'],
  ['chunked', 'transfer-encoding: chunked'],
])('RST inside a body, %s', async (_, field) => {
  const it = await bench((connection) =>
    connection.write(`${head(field)}${field.startsWith('t') ? '5\r\n' : ''}ok`),
  );
  const sent = it.send();
  sent.onChunk = () => void it.origin.connection().then((connection) => connection.reset());
  await sent.done;
  expect(sent.events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
});

test.each(['hello', '\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'])(
  'bytes on an idle connection close it: %j',
  async (bytes) => {
    const it = await bench((connection) => connection.write(`${head('content-length: 2')}ok`));
    await it.send().done;
    await turns(2);
    await it.settle({ idle: 1 });
    const first = await it.origin.connection();
    first.write(bytes);
    await first.untilClosed();
    await it.settle({ open: 0 });
    const second = await it.send().done;
    expect(second.body).toBe('ok');
    expect(it.origin.connections).toHaveLength(2);
  },
);
