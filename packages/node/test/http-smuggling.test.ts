/**
 * The classics of request smuggling and their disguises (RFC 9112 §11.2): one refusal, a closed
 * connection, and not a byte at the backend, also of what follows.
 */
import { connectRaw } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  type HttpCase,
  ok,
  refused,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

const prize = request('GET /smuggled');
const lengths = (...values: string[]): string[] =>
  values.map((value) => `Content-Length: ${value}`);
const chunkedPrize = `0\r\n\r\n${prize}`;

const smuggles = (
  what: string,
  fields: readonly string[],
  content: string = chunkedPrize,
  status = '400 Bad Request',
): HttpCase => ({
  name: `RFC 9112 §11.2: ${what}`,
  send: request('POST /x', fields, content),
  got: [refused(status)],
  fate: 'closed',
  seen: [],
});

const cl = `Content-Length: ${chunkedPrize.length}`;
const te = 'Transfer-Encoding: chunked';
const unknown = '501 Not Implemented';

describe('length against coding', () => {
  runCases(start, [
    smuggles('CL.TE', [cl, te]),
    smuggles('TE.CL', [te, 'Content-Length: 4'], `2d\r\n${prize}\r\n0\r\n\r\n`),
    smuggles('0.CL', ['Content-Length: 0', te]),
    smuggles('a coding with a space before the colon', [cl, 'Transfer-Encoding : chunked']),
    smuggles('a coding with a tab before the colon', [cl, 'Transfer-Encoding\t: chunked']),
    smuggles('a coding after a leading space', [cl, ' Transfer-Encoding: chunked']),
    smuggles('a coding after a tab', [cl, 'Transfer-Encoding:\tchunked']),
    smuggles('a coding before a tab', [cl, 'Transfer-Encoding: chunked\t']),
    smuggles('a coding after a vertical tab', [cl, 'Transfer-Encoding: \x0bchunked']),
    smuggles('a coding before a NUL', [cl, 'Transfer-Encoding: chunked\0']),
    smuggles('a coding in a fold', [cl, 'Transfer-Encoding:\r\n chunked']),
    smuggles('a coding after a bare LF', [`${cl}\nTransfer-Encoding: chunked`]),
    smuggles('a coding after a bare CR', [`${cl}\rTransfer-Encoding: chunked`]),
    smuggles('a coding in quotation marks', [cl, 'Transfer-Encoding: "chunked"']),
    smuggles('a coding with a parameter', [cl, 'Transfer-Encoding: chunked;q=1']),
    smuggles('a coding with a comma', [cl, 'Transfer-Encoding: chunked,']),
    smuggles('a coding that nobody knows', [cl, 'Transfer-Encoding: xchunked']),
    smuggles('a coding and identity', [cl, 'Transfer-Encoding: chunked, identity']),
    smuggles('a coding twice', [cl, te, te]),
    smuggles('a coding with an umlaut', [cl, 'Transfer-\xcbncoding: chunked']),
    smuggles('a coding with an underscore is another field, and the length counts', [
      'Content-Length: 0',
      'Transfer_Encoding: chunked',
      'Content-Length: 1',
    ]),
    smuggles('a coding with a vertical tab in its name', [cl, 'Transfer-Encoding\x0b: chunked']),
    {
      ...smuggles('a coding beside a length in HTTP/1.0', []),
      send: `POST /x HTTP/1.0\r\nHost: a\r\n${cl}\r\n${te}\r\n\r\n${chunkedPrize}`,
    },
  ]);
});

describe('codings alone', () => {
  runCases(start, [
    smuggles('chunked before identity', ['Transfer-Encoding: chunked, identity']),
    smuggles('chunked twice in a list', ['Transfer-Encoding: chunked, chunked']),
    smuggles('chunked in two lines', [te, te]),
    smuggles('chunked and identity in two lines', [te, 'Transfer-Encoding: identity']),
    smuggles('identity and chunked in two lines', ['Transfer-Encoding: identity', te]),
    smuggles('an empty coding', ['Transfer-Encoding:']),
    smuggles('a comma alone', ['Transfer-Encoding: ,']),
    smuggles('a leading comma', ['Transfer-Encoding: ,chunked']),
    smuggles('a trailing comma', ['Transfer-Encoding: chunked,']),
    smuggles('chunked in quotation marks', ['Transfer-Encoding: "chunked"']),
    smuggles('chunked with a parameter', ['Transfer-Encoding: chunked;a=b']),
    smuggles('chunked before a tab', ['Transfer-Encoding: chunked\t']),
    smuggles('chunked with a Kelvin sign for its k', ['Transfer-Encoding: chun\xe2\x84\xaaed']),
    smuggles('xchunked', ['Transfer-Encoding: xchunked'], chunkedPrize, unknown),
    smuggles('chunkedx', ['Transfer-Encoding: chunkedx'], chunkedPrize, unknown),
    smuggles('x, chunked', ['Transfer-Encoding: x, chunked'], chunkedPrize, unknown),
  ]);
});

describe('lengths', () => {
  runCases(start, [
    smuggles('two lengths that differ', lengths('0', `${prize.length}`), prize),
    smuggles('two lengths that agree', lengths('0', '0'), prize),
    smuggles('a list of lengths', lengths('0, 0'), prize),
    smuggles('a list of lengths that differ', lengths(`0, ${prize.length}`), prize),
    smuggles('a length with a plus', lengths('+0'), prize),
    smuggles('a length with a minus', lengths('-1'), prize),
    smuggles('a length in hexadecimal', lengths('0x0'), prize),
    smuggles('a length with an exponent', lengths('0e1'), prize),
    smuggles('a length with a point', lengths('0.0'), prize),
    smuggles('a length with an underscore', lengths('0_0'), prize),
    smuggles('a length with a space inside', lengths('0 0'), prize),
    smuggles('a length with a semicolon', lengths('0;'), prize),
    smuggles('a length in quotation marks', lengths('"0"'), prize),
    smuggles('an empty length', lengths(''), prize),
    smuggles('a length with a NUL', lengths('0\0'), prize),
    smuggles('a length after a tab', ['Content-Length: 0\t'], prize),
    smuggles('a length in other digits', ['Content-Length: \xd9\xa0'], prize),
    smuggles('a length beyond 64 bit', lengths('18446744073709551616'), prize),
    smuggles('a length beyond 2^53', lengths('9007199254740993'), prize),
    smuggles('a length with a space before the colon', ['Content-Length : 0'], prize),
    smuggles('a length after a leading space', [' Content-Length: 0'], prize),
    smuggles('a length in a fold', ['Content-Length:\r\n 0'], prize),
  ]);
});

describe('heads', () => {
  const head = (what: string, text: string, status = '400 Bad Request'): HttpCase => ({
    name: `RFC 9112 §11.2: ${what}`,
    send: text + prize,
    got: [refused(status)],
    fate: 'closed',
    seen: [],
  });
  runCases(start, [
    head('a head that ends with bare LFs', 'GET /x HTTP/1.1\nHost: a\n\n'),
    head('a head that ends with CR CR LF', 'GET /x HTTP/1.1\r\nHost: a\r\n\r\r\n'),
    head('a head that ends with LF CR LF', 'GET /x HTTP/1.1\r\nHost: a\n\r\n'),
    head('a head that ends with CR and something else', 'GET /x HTTP/1.1\r\nHost: a\r\n\rX'),
    head('a request line that ends with LF', 'GET /x HTTP/1.1\nHost: a\r\n\r\n'),
    head('a request line that ends with CR', 'GET /x HTTP/1.1\rHost: a\r\n\r\n'),
    head('a NUL before the method', '\0GET /x HTTP/1.1\r\nHost: a\r\n\r\n'),
    head('a space before the method', ' GET /x HTTP/1.1\r\nHost: a\r\n\r\n'),
    head('a byte order mark before the method', '\xef\xbb\xbfGET /x HTTP/1.1\r\nHost: a\r\n\r\n'),
    head('many empty lines before the method', '\r\n\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n'),
    head(
      'a request line as the first field',
      'GET /x HTTP/1.1\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    ),
    head(
      'a second request line among the fields',
      'GET /x HTTP/1.1\r\nHost: a\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
    ),
    head('an absolute target against Host', 'GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n'),
    head(
      'an absolute target against a second Host',
      'GET http://b/x HTTP/1.1\r\nHost: b\r\nHost: a\r\n\r\n',
    ),
    head('a Host with the target inside', 'GET /x HTTP/1.1\r\nHost: a/smuggled\r\n\r\n'),
    head('a Host with an at sign', 'GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n'),
    head('a target with a line inside', 'GET /x\r\nX: HTTP/1.1\r\nHost: a\r\n\r\n'),
  ]);
});

describe('GET with content', () => {
  runCases(start, [
    {
      name: 'RFC 9110 §9.3.1: content of GET goes with it and is not a request',
      send: request('GET /x', [`Content-Length: ${prize.length}`], prize) + request('GET /y'),
      got: [ok, ok],
      seen: [seen('GET /x', [`content-length: ${prize.length}`], prize), seen('GET /y')],
    },
    {
      name: 'RFC 9110 §9.3.5: chunked content of DELETE goes with it and is not a request',
      send:
        request('DELETE /x', [te], `${prize.length.toString(16)}\r\n${prize}\r\n0\r\n\r\n`) +
        request('GET /y'),
      got: [ok, ok],
      seen: [seen('DELETE /x', [`content-length: ${prize.length}`], prize), seen('GET /y')],
    },
    {
      name: 'RFC 9110 §9.3.2: content of HEAD goes with it and is not a request',
      send: request('HEAD /x', [`Content-Length: ${prize.length}`], prize),
      answer: 'HTTP/1.1 200 Scripted\r\ncontent-length: 2\r\n\r\n',
      got: [ok.slice(0, -1).concat('')],
      seen: [seen('HEAD /x', [`content-length: ${prize.length}`], prize)],
    },
  ]);
});

describe('how the bytes arrive', () => {
  const attack = request('POST /x', [cl, te], chunkedPrize);
  it.each([1, 2, 3, 7, 64])('RFC 9112 §11.2: CL.TE in pieces of %i bytes', async (pieceBytes) => {
    const bench = await start();
    const client = await bench.connect();
    const written = client.write(attack, { pieceBytes });
    expect(responseLines(await client.readResponse()).map((l) => l[0])).toEqual([
      'HTTP/1.1 400 Bad Request',
    ]);
    await client.expectFin();
    await written;
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §11.2: a good request before the attack is answered, the attack refused', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('GET /good') + attack + prize);
    const first = responseLines(await client.readResponse());
    const second = responseLines(await client.readResponse());
    expect([first, second]).toEqual([[ok], [refused('400 Bad Request')]]);
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/good']);
  });

  it('RFC 9112 §9.3: what follows Connection: close is never looked at', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('GET /x', ['Connection: close\t']) + prize);
    expect((await client.readResponse()).status).toBe(200);
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/x']);
  });

  it('RFC 9112 §11.1: bytes that a backend sends unasked are no response to the next client', async () => {
    const poison = 'HTTP/1.1 200 Poisoned\r\ncontent-length: 6\r\n\r\npoison';
    const bench = await start({
      origin: {
        scripts: [
          [
            (c) => c.expectRequest(),
            (c) => c.send(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${poison}`),
            (c) => c.whenPeerGone(),
          ],
          [
            (c) => c.expectRequest(),
            (c) => c.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nclean'),
          ],
        ],
      },
    });
    const one = await bench.connect();
    expect((await one.request(request('GET /one'))).text).toBe('ok');
    const two = await connectRaw({ port: bench.port });
    expect((await two.request(request('GET /two'))).text).toBe('clean');
    await two.close();
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/one', '/two']);
  });
});
