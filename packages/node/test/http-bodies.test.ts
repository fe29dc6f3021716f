/** Content on its way: expectations, interim responses, buffering, streaming, early answers. */
import {
  answerEach,
  deferred,
  eventually,
  patternBytes,
  patternChunks,
  patternSha256,
  type RawClient,
  response,
} from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  badGateway,
  declined,
  got,
  type HttpCase,
  ok,
  okAndClose,
  refused,
  request,
  responseLines,
  runCases,
  seen,
  type TestProxy,
  useProxy,
} from './harness.ts';

const start = useProxy();
const expects = 'Expect: 100-continue';
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';
const streaming = { requestBodyBufferSize: 0 };

/** What the backend saw of the first request, on its first connection. */
const filled = (bench: TestProxy, lines: readonly string[]): string =>
  lines.join('\r\n').replace('{origin}', bench.authority);

describe('Expect', () => {
  for (const [how, options] of [
    ['collected', {}],
    ['streamed', streaming],
  ] as const) {
    it(`RFC 9110 §10.1.1: 100 is sent when the content is wanted (${how})`, async () => {
      const bench = await start({ options });
      const client = await bench.connect();
      client.send(request('POST /x', [expects, 'Content-Length: 3']));
      expect((await client.reader.take(goOn.length)).toString()).toBe(goOn);
      client.send('abc');
      expect(responseLines(await client.readResponse())).toEqual([ok]);
      expect(bench.seenBytes).toBe(filled(bench, seen('POST /x', ['content-length: 3'], 'abc')));
      expect((await client.request(request('GET /y'))).status).toBe(200);
    });
  }

  it('RFC 9110 §10.1.1: 100 comes once for several pieces of content', async () => {
    const bench = await start({ options: streaming });
    const client = await bench.connect();
    client.send(request('POST /x', [expects, 'Transfer-Encoding: chunked']));
    await client.reader.take(goOn.length);
    for (const piece of ['3\r\nabc\r\n', '3\r\ndef\r\n', '0\r\n\r\n']) await client.write(piece);
    expect(responseLines(await client.readResponse())).toEqual([ok]);
    expect((await bench.origin.request(0)).text).toBe('abcdef');
  });

  it('RFC 9110 §10.1.1: streamed, 100 waits for a connection of the backend', async () => {
    const release = deferred();
    const bench = await start({
      options: { ...streaming, pool: { poolSize: 1 } },
      origin: {
        script: [
          (c) => c.expectRequest(),
          () => release.promise,
          (c) => c.send(response(200, 'one')),
          answerEach(response(200, 'ok')),
        ],
      },
    });
    const [first, second] = [await bench.connect(), await bench.connect()];
    first.send(request('GET /one'));
    await bench.origin.request(0);
    second.send(request('POST /two', [expects, 'Content-Length: 3']));
    await eventually(() => bench.pool.waiting === 1, 'the second request to wait');
    expect(second.bytesReceived).toBe(0);
    release.resolve();
    expect((await second.reader.take(goOn.length)).toString()).toBe(goOn);
    second.send('abc');
    expect(responseLines(await second.readResponse())).toEqual([ok]);
    expect((await first.readResponse()).text).toBe('one');
  });

  it('RFC 9110 §10.1.1: a client that does not wait is served, told 100 or not', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('POST /x', ['EXPECT: 100-Continue', 'Content-Length: 3'], 'abc'));
    expect(responseLines(await client.readResponse()).at(-1)).toEqual(ok);
    expect(bench.seenBytes).toBe(filled(bench, seen('POST /x', ['content-length: 3'], 'abc')));
    expect((await client.request(request('GET /y'))).status).toBe(200);
  });

  const expected = (name: string, send: string, rest: Partial<HttpCase>): HttpCase => ({
    name: `RFC 9110 §10.1.1: ${name}`,
    send,
    got: [ok],
    seen: [],
    ...rest,
  });
  const withBody = ['Content-Length: 3'];
  runCases(start, [
    expected('no 100 without content', request('GET /x', [expects]), { seen: [seen('GET /x')] }),
    expected('no 100 for a length of 0', request('POST /x', [expects, 'Content-Length: 0']), {
      seen: [seen('POST /x', ['content-length: 0'])],
    }),
    expected(
      'no 100 for HTTP/1.0',
      `POST /x HTTP/1.0\r\nHost: a\r\n${expects}\r\nContent-Length: 3\r\n\r\nabc`,
      {
        got: [okAndClose],
        fate: 'closed',
        seen: [seen('POST /x', ['content-length: 3'], 'abc')],
      },
    ),
    expected(
      'another expectation is refused',
      request('POST /x', ['Expect: 200-ok', ...withBody], 'abc'),
      {
        got: [refused('417 Expectation Failed')],
        fate: 'closed',
      },
    ),
    expected(
      'another expectation beside it is refused',
      request('POST /x', ['Expect: 100-continue, x', ...withBody], 'abc'),
      {
        got: [refused('417 Expectation Failed')],
        fate: 'closed',
      },
    ),
    expected(
      'a repeated expectation is refused',
      request('POST /x', [expects, expects, ...withBody], 'abc'),
      {
        got: [refused('417 Expectation Failed')],
        fate: 'closed',
      },
    ),
    expected(
      'too long a content is refused without 100',
      request('POST /x', [expects, 'Content-Length: 11']),
      {
        options: { maxRequestBodySize: 10 },
        got: [refused('413 Content Too Large')],
        fate: 'closed',
      },
    ),
    expected(
      'a request without a route is refused without 100',
      request('POST /x', [expects, ...withBody]),
      {
        options: (origin) => ({ routes: [{ path: '/in', backend: origin.url }] }),
        got: [refused('404 Not Found')],
        fate: 'closed',
      },
    ),
    expected(
      'a request that ends at the proxy is answered without 100',
      request('OPTIONS *', [expects, ...withBody]),
      {
        got: [
          got('204 No Content', [
            'allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE',
            'date: now',
            'connection: close',
          ]),
        ],
        fate: 'closed',
      },
    ),
    expected(
      'a backend that refuses to connect is told without 100 (streamed)',
      request('POST /x', [expects, ...withBody]),
      {
        options: () => ({ backend: 'http://127.0.0.1:1', ...streaming }),
        got: [badGateway(['connection: close'])],
        fate: 'closed',
      },
    ),
  ]);
});

describe('interim responses', () => {
  const interim = (
    name: string,
    before: string,
    wanted: HttpCase['got'],
    rest: Partial<HttpCase> = {},
  ): HttpCase => ({
    name,
    send: request('GET /x'),
    answer: `${before}HTTP/1.1 200 Scripted\r\ncontent-length: 2\r\n\r\nok`,
    got: [...wanted, ok],
    seen: [seen('GET /x')],
    ...rest,
  });
  const hints = (fields: string): string => `HTTP/1.1 103 Early Hints\r\n${fields}\r\n`;
  const hinted = (...fields: string[]): string[] => ['HTTP/1.1 103 Early Hints', ...fields, '', ''];
  runCases(start, [
    interim('RFC 8297 §2: 103 passes', hints('Link: </a>; rel=preload\r\nLINK: </b>\r\n'), [
      hinted('Link: </a>; rel=preload', 'LINK: </b>'),
    ]),
    interim(
      'RFC 8297 §2: several 103 pass in their order',
      hints('Link: </a>\r\n') + hints('Link: </b>\r\n'),
      [hinted('Link: </a>'), hinted('Link: </b>')],
    ),
    interim(
      'RFC 9110 §7.6.1: 103 passes without the fields of the hop',
      hints('Connection: x-a\r\nX-A: 1\r\nLink: </a>\r\n'),
      [hinted('Link: </a>')],
    ),
    interim(
      'RFC 9110 §8.6: 103 passes without a length',
      hints('Content-Length: 5\r\nLink: </a>\r\n'),
      [hinted('Link: </a>')],
    ),
    interim(
      'RFC 9112 §6.1: 103 passes without a coding',
      hints('Transfer-Encoding: chunked\r\nLink: </a>\r\n'),
      [hinted('Link: </a>')],
    ),
    interim('RFC 9110 §15.2.1: 100 of the backend ends here', 'HTTP/1.1 100 Continue\r\n\r\n', []),
    interim(
      'RFC 2518 §10.1: 102 passes, as often as it comes',
      'HTTP/1.1 102 Processing\r\n\r\n'.repeat(40),
      Array.from({ length: 40 }, () => ['HTTP/1.1 102 Processing', '', '']),
    ),
    interim(
      'RFC 9110 §15.2: an unknown interim response passes, without the fields of the hop',
      'HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Offset: 5\r\nKeep-Alive: timeout=5\r\nTE: x\r\n\r\nHTTP/1.1 199\r\nX-A: \xe9\r\n\r\n',
      [
        ['HTTP/1.1 104 ', 'Upload-Offset: 5', '', ''],
        ['HTTP/1.1 199 ', 'X-A: \xe9', '', ''],
      ],
    ),
    interim(
      'RFC 9110 §15.2.1: a 100 of the backend between others ends here',
      `HTTP/1.1 102 P\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${hints('')}`,
      [['HTTP/1.1 102 Processing', '', ''], hinted()],
    ),
    interim('maxInterimResponseBytes: beyond it the answer is 502', '', [], {
      options: { maxInterimResponseBytes: 50 },
      answer: `${'HTTP/1.1 102 P\r\n\r\n'.repeat(3)}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`,
      got: [...Array(2).fill(['HTTP/1.1 102 Processing', '', '']), badGateway()],
    }),
    {
      ...interim('RFC 9110 §15.2: no interim response to HTTP/1.0', hints('Link: </a>\r\n'), []),
      send: 'GET /x HTTP/1.0\r\nHost: a\r\n\r\n',
      got: [okAndClose],
      fate: 'closed',
    },
    interim('RFC 9110 §15.2.2: 101 that nobody asked for is a 502', '', [], {
      answer: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      got: [badGateway()],
    }),
    interim('RFC 9112 §5: a malformed 103 is a 502', '', [], {
      answer: `${hints('X A: 1\r\n')}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`,
      got: [badGateway()],
    }),
  ]);
});

describe('requestBodyBufferSize', () => {
  const limit = { requestBodyBufferSize: 4 };
  const sends = (
    name: string,
    send: string,
    fields: string[],
    body: string,
    options = limit,
  ): HttpCase => ({
    name,
    options,
    send,
    got: [ok],
    seen: [seen('POST /x', fields, body)],
  });
  runCases(start, [
    sends(
      'RFC 9112 §7.1: chunked content of exactly the size is collected',
      request('POST /x', ['Transfer-Encoding: chunked'], '2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n'),
      ['content-length: 4'],
      'abcd',
    ),
    sends(
      'RFC 9112 §7.1: one byte more is streamed',
      request('POST /x', ['Transfer-Encoding: chunked'], '2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n'),
      ['transfer-encoding: chunked'],
      'abcde',
    ),
    sends(
      'RFC 9112 §6.2: content of known length keeps it, collected',
      request('POST /x', ['Content-Length: 4'], 'abcd'),
      ['content-length: 4'],
      'abcd',
    ),
    sends(
      'RFC 9112 §6.2: content of known length keeps it, streamed',
      request('POST /x', ['Content-Length: 5'], 'abcde'),
      ['content-length: 5'],
      'abcde',
    ),
  ]);

  it('RFC 9112 §9: a slow client holds no connection of the backend', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 6'], 'abc'));
    await eventually(() => bench.proxy.stats().activeExchanges === 1, 'the request to begin');
    // Another client, served meanwhile, shows that time has passed for the first one, too.
    const other = await bench.connect();
    await other.request(request('GET /other'));
    expect(bench.origin.connectionCount).toBe(1);
    expect(bench.pool.active).toBe(0);
    client.send('def');
    expect((await client.readResponse()).text).toBe('ok');
    expect(bench.origin.requests.map(({ target, text }) => `${target} ${text}`)).toEqual([
      '/other ',
      '/x abcdef',
    ]);
  });

  it('RFC 9112 §9: nor does one that says it will send more than is held', async () => {
    const options = { requestBodyBufferSize: 1000, pool: { poolSize: 1 } };
    const bench = await start({ options });
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 2000'], 'x'.repeat(1000)));
    await eventually(() => bench.proxy.stats().activeExchanges === 1, 'the request to begin');
    const other = await bench.connect();
    expect((await other.request(request('GET /other'))).text).toBe('ok');
    expect(bench.origin.requestCount).toBe(1);
    client.send('x'.repeat(1000));
    expect((await client.readResponse()).text).toBe('ok');
    expect((await bench.origin.request(1)).bodyLength).toBe(2000);
  });

  it('RFC 9112 §7.1: content beyond it is sent on while the client still sends', async () => {
    const bench = await start({ options: { requestBodyBufferSize: 1000 } });
    const client = await bench.connect();
    client.send(
      request('POST /x', ['Transfer-Encoding: chunked'], `3e9\r\n${'x'.repeat(1001)}\r\n`),
    );
    const backend = await bench.origin.connection(0);
    await backend.reader.whenReceived(1001);
    client.send('3\r\nabc\r\n0\r\n\r\n');
    expect((await client.readResponse()).text).toBe('ok');
    expect((await bench.origin.request(0)).bodyLength).toBe(1004);
  });
});

describe('early answers', () => {
  const upload = 'POST /x';
  it('RFC 9110 §15.5.14: a 413 during a long upload is delivered whole, and the client closed', async () => {
    const text = 'x'.repeat(100_000);
    const bench = await start({
      options: streaming,
      origin: {
        script: [
          (c) => c.expectHead(),
          (c) => c.send(response(413, text, ['Connection: close'])),
          (c) => c.end(),
          (c) => c.reader.drain(),
        ],
      },
    });
    const client = await bench.connect();
    const length = 32 * 1024 * 1024;
    const written = client.write(
      request(upload, [`Content-Length: ${length}`]) + 'y'.repeat(length),
    );
    const answered = await client.readResponse();
    expect([answered.status, answered.text, answered.header('connection')]).toEqual([
      413,
      text,
      'close',
    ]);
    await client.expectFin();
    await written;
  });

  it('RFC 9112 §9.3: an early 200 to a short upload keeps the connection', async () => {
    const bench = await start({
      options: streaming,
      origin: {
        scripts: [
          [(c) => c.expectHead(), (c) => c.send(response(200, 'early')), (c) => c.reader.drain()],
          answerEach(response(200, 'next')),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request(upload, ['Content-Length: 20'], 'x'.repeat(10)));
    expect((await client.readResponse()).text).toBe('early');
    client.send('y'.repeat(10) + request('GET /next'));
    expect((await client.readResponse()).text).toBe('next');
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/next']);
  });

  it('RFC 9112 §9.3: content after an early answer is never taken for a request', async () => {
    const bench = await start({
      options: streaming,
      origin: {
        scripts: [
          [(c) => c.expectHead(), (c) => c.send(response(200, 'early')), (c) => c.reader.drain()],
          answerEach(response(200, 'smuggled')),
        ],
      },
    });
    const client = await bench.connect();
    const prize = request('GET /smuggled');
    client.send(request(upload, [`Content-Length: ${prize.length + 1}`], 'x'));
    expect((await client.readResponse()).text).toBe('early');
    client.send(prize);
    client.end();
    await client.expectClosed();
    await bench.whenIdle();
    expect(bench.origin.requestCount).toBe(0);
  });

  it('RFC 9110 §10.1.1: an early answer to a client that waits for 100 ends the connection', async () => {
    const bench = await start({
      options: (origin) => ({ routes: [{ path: '/in', backend: origin.url }] }),
    });
    const client = await bench.connect();
    const prize = request('GET /in/smuggled');
    client.send(request('POST /x', [expects, `Content-Length: ${prize.length}`]));
    expect(responseLines(await client.readResponse())).toEqual([refused('404 Not Found')]);
    client.send(prize);
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §9.3: a refusal of the proxy that leaves content unread ends the connection', async () => {
    const bench = await start({
      options: (origin) => ({ routes: [{ path: '/in', backend: origin.url }] }),
    });
    const client = await bench.connect();
    const prize = request('GET /in/smuggled');
    client.send(request('POST /x', [`Content-Length: ${prize.length}`]));
    expect((await client.readResponse()).status).toBe(404);
    client.send(prize);
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
    expect(declined('404 Not Found')[0]).toBe('HTTP/1.1 404 Not Found');
  });
});

describe('large content', () => {
  const size = 8 * 1024 * 1024;
  const digest = patternSha256(size);

  const sendChunked = async (client: RawClient): Promise<void> => {
    for (const piece of patternChunks(size, 50_000)) {
      await client.write(`${piece.length.toString(16)}\r\n`);
      await client.write(piece);
      await client.write('\r\n');
    }
    await client.write('0\r\n\r\n');
  };

  it.each(['Content-Length', 'Transfer-Encoding'])(
    '8 MiB up arrive byte for byte, with %s (RFC 9112 §6)',
    async (how) => {
      const bench = await start({
        origin: { script: answerEach(response(200, 'ok'), { keepBody: false }) },
      });
      const client = await bench.connect();
      const chunked = how === 'Transfer-Encoding';
      client.send(request('POST /x', [`${how}: ${chunked ? 'chunked' : size}`]));
      if (chunked) await sendChunked(client);
      else await client.write(patternBytes(size));
      expect((await client.readResponse()).status).toBe(200);
      const { bodyLength, sha256, framing } = await bench.origin.request(0);
      expect([bodyLength, sha256, framing]).toEqual([size, digest, chunked ? 'chunked' : 'length']);
    },
  );

  it.each(['length', 'chunked', 'until-close'])(
    '8 MiB down arrive byte for byte, framed by %s (RFC 9112 §6)',
    async (how) => {
      const fields = {
        length: `content-length: ${size}`,
        chunked: 'transfer-encoding: chunked',
        'until-close': 'x: y',
      };
      const bench = await start({
        origin: {
          script: [
            (c) => c.expectRequest(),
            (c) => c.send(`HTTP/1.1 200 OK\r\n${fields[how as keyof typeof fields]}\r\n\r\n`),
            async (c) => {
              for (const piece of patternChunks(size, 50_000)) {
                if (how === 'chunked') await c.send(`${piece.length.toString(16)}\r\n`);
                await c.send(piece);
                if (how === 'chunked') await c.send('\r\n');
              }
              if (how === 'chunked') await c.send('0\r\n\r\n');
              if (how === 'until-close') c.end();
            },
          ],
        },
      });
      const client = await bench.connect();
      const answered = await client.request(request('GET /x'), { keepBody: false });
      expect([answered.status, answered.bodyLength, answered.sha256]).toEqual([200, size, digest]);
      expect(answered.framing).toBe(how === 'length' ? 'length' : 'chunked');
    },
  );
});
