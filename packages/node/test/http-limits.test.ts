/** Each limit takes exactly what it allows and refuses one more; each timeout ends what it bounds. */
import { answerEach, eventually, expectRequest, response } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import {
  badGateway,
  declined,
  got,
  type HttpCase,
  type Message,
  ok,
  refused,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();
const isDirect = process.env.REVERSEIT_TRANSPORT === 'direct';

const tooLong = refused('414 URI Too Long');
const tooLarge = refused('431 Request Header Fields Too Large');
const contentTooLarge = refused('413 Content Too Large');

/** A request of exactly the limit and one beyond it, whole. */
const pair = (
  name: string,
  options: ReverseItOptions,
  exact: { send: string; seen: Message },
  beyond: { send: string; got: Message },
): HttpCase[] => [
  { name: `${name}: exactly the limit`, options, send: exact.send, got: [ok], seen: [exact.seen] },
  {
    name: `${name}: one more`,
    options,
    send: beyond.send + request('GET /smuggled'),
    got: [beyond.got],
    fate: 'closed',
    seen: [],
  },
];

const x = (count: number): string => 'x'.repeat(count);
const target = (length: number): string => `/${x(length - 1)}`;
/** A field line that counts so many bytes: name + 2 + value. */
const line = (bytes: number, name = 'X-A'): string => `${name}: ${x(bytes - name.length - 2)}`;
const fieldsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `x-${i}: ${i}`);
/** `Host: a` counts, too. */
const host = 7;

describe('request head', () => {
  runCases(start, [
    ...pair(
      'RFC 9110 §15.5.15, maxRequestTargetBytes',
      { maxRequestTargetBytes: 20 },
      { send: request(`GET ${target(20)}`), seen: seen(`GET ${target(20)}`) },
      { send: request(`GET ${target(21)}`), got: tooLong },
    ),
    ...pair(
      'RFC 9110 §15.5.15, maxRequestTargetBytes by default',
      {},
      { send: request(`GET ${target(8192)}`), seen: seen(`GET ${target(8192)}`) },
      { send: request(`GET ${target(8193)}`), got: tooLong },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaderLineBytes',
      { maxRequestHeaderLineBytes: 50 },
      { send: request('GET /x', [line(50)]), seen: seen('GET /x', [line(50)]) },
      { send: request('GET /x', [line(51)]), got: tooLarge },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaderLineBytes by default',
      {},
      { send: request('GET /x', [line(8192)]), seen: seen('GET /x', [line(8192)]) },
      { send: request('GET /x', [line(8193)]), got: tooLarge },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaderBytes',
      { maxRequestHeaderBytes: host + 90 },
      { send: request('GET /x', [line(40), line(50)]), seen: seen('GET /x', [line(40), line(50)]) },
      { send: request('GET /x', [line(40), line(51)]), got: tooLarge },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaderBytes by default',
      {},
      {
        send: request('GET /x', [...Array(8).fill(line(8000)), line(65536 - 64000 - host)]),
        seen: seen('GET /x', [...Array(8).fill(line(8000)), line(65536 - 64000 - host)]),
      },
      {
        send: request('GET /x', [...Array(8).fill(line(8000)), line(65537 - 64000 - host)]),
        got: tooLarge,
      },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaders',
      { maxRequestHeaders: 5 },
      { send: request('GET /x', fieldsOf(4)), seen: seen('GET /x', fieldsOf(4)) },
      { send: request('GET /x', fieldsOf(5)), got: tooLarge },
    ),
    ...pair(
      'RFC 6585 §5, maxRequestHeaders by default',
      {},
      { send: request('GET /x', fieldsOf(99)), seen: seen('GET /x', fieldsOf(99)) },
      { send: request('GET /x', fieldsOf(100)), got: tooLarge },
    ),
  ]);

  const posts = (trailers: string[]): string =>
    request(
      'POST /x',
      ['Transfer-Encoding: chunked'],
      ['3\r\nabc\r\n0', ...trailers, '', ''].join('\r\n'),
    );
  // undici cannot send trailers.
  const posted = (...trailers: string[]): Message =>
    isDirect
      ? [...seen('POST /x', ['transfer-encoding: chunked'], 'abc'), ...trailers]
      : seen('POST /x', ['content-length: 3'], 'abc');
  runCases(start, [
    ...pair(
      'RFC 9112 §7.1.2, trailers under maxRequestHeaders',
      { maxRequestHeaders: 5 },
      { send: posts(fieldsOf(5)), seen: posted(...fieldsOf(5)) },
      { send: posts(fieldsOf(6)), got: tooLarge },
    ),
    ...pair(
      'RFC 9112 §7.1.2, trailers under maxRequestHeaderLineBytes',
      { maxRequestHeaderLineBytes: 50 },
      { send: posts([line(50)]), seen: posted(line(50)) },
      { send: posts([line(51)]), got: tooLarge },
    ),
    ...pair(
      'RFC 9112 §7.1.2, trailers under maxRequestHeaderBytes',
      { maxRequestHeaderBytes: 90 },
      { send: posts([line(40), line(50)]), seen: posted(line(40), line(50)) },
      { send: posts([line(40), line(51)]), got: tooLarge },
    ),
  ]);

  // The element never ends, so the refusal cannot have waited for it.
  it.each([
    ['a target', { maxRequestTargetBytes: 100 }, `GET ${target(150)}`, tooLong],
    [
      'a field value',
      { maxRequestHeaderLineBytes: 100 },
      `GET / HTTP/1.1\r\nX-A: ${x(150)}`,
      tooLarge,
    ],
    ['a field name', { maxRequestHeaderLineBytes: 100 }, `GET / HTTP/1.1\r\n${x(150)}`, tooLarge],
    [
      'a header section',
      { maxRequestHeaderBytes: 100 },
      `GET / HTTP/1.1\r\n${`${line(40)}\r\n`.repeat(4)}`,
      tooLarge,
    ],
    [
      'a count of fields',
      { maxRequestHeaders: 3 },
      `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5)}`,
      tooLarge,
    ],
    [
      'blanks before a value',
      { maxRequestHeaderLineBytes: 100 },
      `GET / HTTP/1.1\r\nX-A:${' '.repeat(300)}`,
      tooLarge,
    ],
    ['a method', {}, x(5000), refused('501 Not Implemented')],
    ['blanks after the target', {}, `GET /x${' '.repeat(5000)}`, refused('400 Bad Request')],
    ['blanks before the target', {}, `GET ${' '.repeat(5000)}`, refused('400 Bad Request')],
    ['empty lines before the request', {}, '\r\n'.repeat(100), refused('400 Bad Request')],
    [
      'a chunk extension',
      {},
      request('POST /x', ['Transfer-Encoding: chunked'], `3;${x(20_000)}`),
      refused('400 Bad Request'),
    ],
    [
      'zeros before a chunk size',
      {},
      request('POST /x', ['Transfer-Encoding: chunked'], '0'.repeat(20_000)),
      refused('400 Bad Request'),
    ],
    [
      'a trailer',
      { maxRequestHeaderLineBytes: 200 },
      request('POST /x', ['Transfer-Encoding: chunked'], `0\r\nX-A: ${x(250)}`),
      tooLarge,
    ],
  ] as const)('RFC 9112 §2.5: %s is refused before it ends', async (_, options, bytes, wanted) => {
    const bench = await start({ options });
    const client = await bench.connect();
    const written = client.write(bytes);
    expect(responseLines(await client.readResponse())).toEqual([wanted]);
    await client.expectFin();
    await written;
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §2.5: a head is refused at the byte that passes the limit, byte by byte', async () => {
    const bench = await start({ options: { maxRequestTargetBytes: 30 } });
    const client = await bench.connect();
    await client.write(`GET ${target(30)}`, { pieceBytes: 1 });
    expect(client.bytesReceived).toBe(0);
    await client.write('x');
    expect(responseLines(await client.readResponse())).toEqual([tooLong]);
    await client.expectFin();
  });
});

describe('maxRequestBodySize', () => {
  const options = { maxRequestBodySize: 10 };
  const chunked = (content: string): string =>
    request(
      'POST /x',
      ['Transfer-Encoding: chunked'],
      `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`,
    );
  runCases(start, [
    ...pair(
      'RFC 9110 §15.5.14, content of known length',
      options,
      {
        send: request('POST /x', ['Content-Length: 10'], x(10)),
        seen: seen('POST /x', ['content-length: 10'], x(10)),
      },
      { send: request('POST /x', ['Content-Length: 11']), got: contentTooLarge },
    ),
    ...pair(
      'RFC 9110 §15.5.14, chunked content',
      options,
      { send: chunked(x(10)), seen: seen('POST /x', ['content-length: 10'], x(10)) },
      { send: chunked(x(11)), got: contentTooLarge },
    ),
    {
      name: 'RFC 9110 §15.5.14, chunked content, streamed: exactly the limit',
      options: { ...options, requestBodyBufferSize: 4 },
      send: chunked(x(10)),
      got: [ok],
      seen: [seen('POST /x', ['transfer-encoding: chunked'], x(10))],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: no content at all, by its length',
      options: { maxRequestBodySize: 0 },
      send: request('POST /x', ['Content-Length: 1'], 'x'),
      got: [contentTooLarge],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: no content at all, in chunks',
      options: { maxRequestBodySize: 0 },
      send: chunked('x'),
      got: [contentTooLarge],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: no content at all, streamed',
      options: { maxRequestBodySize: 0, requestBodyBufferSize: 0 },
      send: request('POST /x', ['Content-Length: 1'], 'x'),
      got: [contentTooLarge],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: a length of 0 is none',
      options: { maxRequestBodySize: 0 },
      send: request('POST /x', ['Content-Length: 0']),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 0'])],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: no chunk but the last is none',
      options: { maxRequestBodySize: 0 },
      send: request('POST /x', ['Transfer-Encoding: chunked'], '0\r\n\r\n'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 0'])],
    },
    {
      name: 'RFC 9110 §15.5.14, 0: a request without content',
      options: { maxRequestBodySize: 0 },
      send: request('GET /x'),
      got: [ok],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §15.5.14: Infinity lifts the limit',
      options: { maxRequestBodySize: Number.POSITIVE_INFINITY },
      send: request('POST /x', ['Content-Length: 10'], x(10)),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 10'], x(10))],
    },
  ]);

  it('RFC 9110 §15.5.14, chunked content, streamed: one more is a 413, and the backend is cut off', async () => {
    const bench = await start({ options: { ...options, requestBodyBufferSize: 0 } });
    const client = await bench.connect();
    client.send(request('POST /x', ['Transfer-Encoding: chunked'], `5\r\n${x(5)}\r\n`));
    const backend = await bench.origin.connection(0);
    await backend.reader.whenReceived(1);
    client.send(`6\r\n${x(6)}\r\n0\r\n\r\n${request('GET /smuggled')}`);
    expect(responseLines(await client.readResponse())).toEqual([contentTooLarge]);
    await client.expectFin();
    await backend.whenPeerGone();
    expect(backend.received.toString('latin1').endsWith('0\r\n\r\n')).toBe(false);
    expect(bench.origin.requestCount).toBe(0);
  });

  const announcing: readonly [name: string, chunks: string][] = [
    ['the first', 'b\r\n'],
    ['all that there is', 'FFFFFFFFFFFFFFFF\r\n'],
    ['zeros and an extension before it', '000b;a=b;c="1"\r\n'],
    ['a second', `4\r\n${x(4)}\r\n7\r\n`],
  ];
  it.each(
    announcing.flatMap(
      ([name, chunks]) =>
        [
          [name, 'collected', chunks, {}],
          [name, 'streamed', chunks, { requestBodyBufferSize: 0 }],
        ] as const,
    ),
  )(
    'RFC 9112 §7.1: a chunk header beyond it is refused before the chunk comes: %s, %s',
    async (_, __, chunks, more) => {
      const bench = await start({ options: { ...options, ...more } });
      for (const pieceBytes of [1000, 1]) {
        const client = await bench.connect();
        const whole = request('POST /x', ['Transfer-Encoding: chunked'], chunks);
        void client.write(whole, { pieceBytes });
        expect(responseLines(await client.readResponse({ method: 'POST' }))).toEqual([
          contentTooLarge,
        ]);
        await client.expectFin();
      }
      expect(bench.origin.requestCount).toBe(0);
    },
  );

  it('RFC 9112 §7.1: a chunk header that reaches it is not refused', async () => {
    const bench = await start({ options });
    const client = await bench.connect();
    client.send(request('POST /x', ['Transfer-Encoding: chunked'], '4\r\nxxxx\r\n6\r\n'));
    client.send('xxxxxx\r\n0\r\n\r\n');
    expect((await client.readResponse({ method: 'POST' })).status).toBe(200);
  });

  it('RFC 9110 §15.5.14: a length beyond it is refused before any content is read', async () => {
    const bench = await start({ options });
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 104857600']));
    expect(responseLines(await client.readResponse())).toEqual([contentTooLarge]);
    await client.expectFin();
  });

  it('RFC 9112 §9.6: a client that sends all the same can read the refusal', async () => {
    const bench = await start({ options });
    const client = await bench.connect();
    const written = client.write(request('POST /x', ['Content-Length: 20000000'], x(20_000_000)));
    expect(responseLines(await client.readResponse())).toEqual([contentTooLarge]);
    await client.expectFin();
    await written;
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });
});

describe('maxResponseBodySize', () => {
  const options = { maxResponseBodySize: 10 };
  const chunked = (chunks: string): string =>
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`;

  // undici does not tell of the header of a chunk.
  it.runIf(isDirect).each(['b\r\n', 'FFFFFFFFFFFFFFFF\r\n', '4\r\nxxxx\r\n7;a=b\r\nxx'])(
    'RFC 9112 §7.1: a chunk header beyond it is a 502 before the chunk comes: %j',
    async (chunks) => {
      const bench = await start({
        options,
        origin: { script: [expectRequest(), (connection) => connection.send(chunked(chunks))] },
      });
      const client = await bench.connect();
      client.send(request('GET /x'));
      expect(responseLines(await client.readResponse())).toEqual([badGateway()]);
    },
  );

  it.runIf(isDirect)(
    'RFC 9112 §7.1: after body bytes that were forwarded, it aborts the response',
    async () => {
      const bench = await start({
        options,
        origin: {
          script: [
            expectRequest(),
            (connection) => connection.send(chunked('4\r\nxxxx\r\n')),
            () => bench.origin.connection(0).then(() => first),
            (connection) => connection.send('7\r\n'),
          ],
        },
      });
      const client = await bench.connect();
      client.send(request('GET /x'));
      const first = client.reader.takeThrough('xxxx');
      await client.expectReset();
    },
  );
});

describe('responses', () => {
  const answers = (
    name: string,
    options: ReverseItOptions,
    answer: string | Buffer,
    wanted: Message,
  ): HttpCase => ({
    name,
    options,
    send: request('GET /x'),
    answer,
    got: [wanted],
    seen: [seen('GET /x')],
  });
  // `content-length: 2` counts 17, and `again` needs no more.
  const length = 17;
  const header = (bytes: number): Buffer => response(200, 'ok', [line(bytes)]);
  const okWith = (bytes: number): Message =>
    got('200 Scripted', [line(bytes), 'content-length: 2', 'date: now'], 'ok');
  runCases(start, [
    answers(
      'RFC 9112 §5, maxResponseHeaderBytes: exactly the limit',
      { maxResponseHeaderBytes: length + 40 },
      header(40),
      okWith(40),
    ),
    answers(
      'RFC 9112 §5, maxResponseHeaderBytes: one more',
      { maxResponseHeaderBytes: length + 40 },
      header(41),
      badGateway(),
    ),
    answers(
      'RFC 9112 §5, maxResponseHeaderBytes by default: exactly',
      {},
      header(65536 - length),
      okWith(65536 - length),
    ),
    answers(
      'RFC 9112 §5, maxResponseHeaderBytes by default: one more',
      {},
      header(65537 - length),
      badGateway(),
    ),
    answers(
      'RFC 9110 §15.6.3, maxResponseBodySize: exactly the limit',
      { maxResponseBodySize: 10 },
      response(200, x(10)),
      got('200 Scripted', ['content-length: 10', 'date: now'], x(10)),
    ),
    answers(
      'RFC 9110 §15.6.3, maxResponseBodySize: one more is a 502',
      { maxResponseBodySize: 10 },
      response(200, x(11)),
      badGateway(),
    ),
    answers(
      'RFC 9110 §15.6.3, maxResponseBodySize, chunked: exactly the limit',
      { maxResponseBodySize: 10 },
      `HTTP/1.1 200 Scripted\r\ntransfer-encoding: chunked\r\n\r\na\r\n${x(10)}\r\n0\r\n\r\n`,
      got('200 Scripted', ['date: now', 'transfer-encoding: chunked'], x(10)),
    ),
    ...[
      ['in one chunk', `b\r\n${x(11)}\r\n0\r\n\r\n`],
      ['by small chunks', `${'1\r\nx\r\n'.repeat(11)}0\r\n\r\n`],
    ].map(([name, chunks]) =>
      answers(
        `RFC 9110 §15.6.3, maxResponseBodySize, chunked: one byte more after the head is a 502, ${name}`,
        { maxResponseBodySize: 10 },
        `HTTP/1.1 200 Scripted\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
        badGateway(),
      ),
    ),
    {
      ...answers(
        'RFC 9110 §9.3.2, maxResponseBodySize: HEAD may tell of more',
        { maxResponseBodySize: 10 },
        'HTTP/1.1 200 Scripted\r\ncontent-length: 11\r\n\r\n',
        got('200 Scripted', ['content-length: 11', 'date: now']),
      ),
      send: request('HEAD /x'),
      seen: [seen('HEAD /x')],
    },
  ]);
});

it.each([
  ['content', response(200, 'x'), 502],
  ['a length of 0', response(200, ''), 200],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
])('RFC 9110 §15.6.3, maxResponseBodySize 0: %s', async (_, answer, status) => {
  const bench = await start({
    options: { maxResponseBodySize: 0 },
    origin: { script: answerEach(answer) },
  });
  const client = await bench.connect();
  expect((await client.request(request('GET /'))).status).toBe(status);
});

describe('timeouts of the client', () => {
  const timeout = refused('408 Request Timeout');
  const slow = 40;

  it.each([
    ['no byte at all', ''],
    ['half a request line', 'GET /x HT'],
    ['half a head', 'GET /x HTTP/1.1\r\nHost: a\r\nX-A: 1'],
    ['an empty line alone', '\r\n'],
  ])('RFC 9110 §15.5.9, requestHeaderTimeout: %s is a 408', async (_, bytes) => {
    const bench = await start({ options: { requestHeaderTimeout: slow } });
    const client = await bench.connect();
    client.send(bytes);
    expect(responseLines(await client.readResponse())).toEqual([timeout]);
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9110 §15.5.9, requestHeaderTimeout: bytes that drip in do not extend it', async () => {
    const bench = await start({ options: { requestHeaderTimeout: 100 } });
    const client = await bench.connect();
    client.send('GET /x HTTP/1.1\r\n');
    const dripping = setInterval(() => client.send('x'), 5);
    try {
      expect(responseLines(await client.readResponse())).toEqual([timeout]);
    } finally {
      clearInterval(dripping);
    }
    await client.close();
  });

  it('RFC 9110 §15.5.9, requestHeaderTimeout: it holds for the second request, too', async () => {
    const bench = await start({ options: { requestHeaderTimeout: slow } });
    const client = await bench.connect();
    expect((await client.request(request('GET /x'))).status).toBe(200);
    client.send('GET /y');
    expect(responseLines(await client.readResponse())).toEqual([timeout]);
    await client.expectFin();
    expect(bench.origin.requests.map((seenRequest) => seenRequest.target)).toEqual(['/x']);
  });

  it('RFC 9112 §9.5, keepAliveTimeout: an idle connection is closed silently', async () => {
    const bench = await start({ options: { keepAliveTimeout: slow } });
    const client = await bench.connect();
    expect((await client.request(request('GET /x'))).status).toBe(200);
    await client.expectFin();
  });

  it.each([
    ['collected', { requestBodyReadTimeout: slow }],
    ['streamed', { requestBodyReadTimeout: slow, requestBodyBufferSize: 0 }],
  ])(
    'RFC 9110 §15.5.9, requestBodyReadTimeout: stalled content is a 408 (%s)',
    async (how, options) => {
      const bench = await start({ options, origin: { script: (c) => c.whenPeerGone() } });
      const client = await bench.connect();
      client.send(request('POST /x', ['Content-Length: 10'], 'abc'));
      expect(responseLines(await client.readResponse())).toEqual([timeout]);
      await client.expectFin();
      await bench.whenIdle();
      if (how === 'collected') expect(bench.origin.connectionCount).toBe(0);
      else {
        const backend = await bench.origin.connection(0);
        await backend.whenPeerGone();
        expect(backend.received.toString('latin1').split('\r\n\r\n')[1]).toBe('abc');
      }
    },
  );

  it('RFC 9110 §15.5.9, requestBodyReadTimeout: content that drips in is not stalled', async () => {
    const bench = await start({ options: { requestBodyReadTimeout: 300 } });
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 50']));
    // In all longer than the timeout, in no pause nearly as long.
    for (let nth = 0; nth < 50; nth += 1) {
      client.send('x');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await client.readResponse()).text).toBe('ok');
  });

  it('RFC 9112 §9.5, responseSendTimeout: a client that does not read is reset', async () => {
    const bench = await start({
      options: { responseSendTimeout: slow },
      origin: {
        script: [
          (c) => c.expectRequest(),
          (c) => c.send('HTTP/1.1 200 OK\r\n\r\n'),
          async (c) => {
            while (await c.send(Buffer.alloc(65536)));
          },
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    client.pauseReading();
    const backend = await bench.origin.connection(0);
    await backend.whenPeerGone();
    client.resumeReading();
    await client.reader.drain();
    await client.expectReset();
  });
});

describe('timeouts of the backend', () => {
  const gatewayTimeout = declined('504 Gateway Timeout');
  const slow = 40;
  const silent = expectRequest();

  it('RFC 9110 §15.6.5, responseHeaderTimeout: a silent backend is a 504, and its connection dropped', async () => {
    const bench = await start({
      options: { responseHeaderTimeout: slow },
      origin: { scripts: [silent, answerEach(response(200, 'ok'))] },
    });
    const client = await bench.connect();
    expect(responseLines(await client.request(request('GET /x')))).toEqual([gatewayTimeout]);
    await (await bench.origin.connection(0)).whenPeerGone();
    expect(responseLines(await client.request(request('GET /y')))).toEqual([ok]);
    expect(bench.origin.requests.map((one) => one.target)).toEqual(['/x', '/y']);
  });

  it.each(['HTTP/1.1 200 OK\r\nX-A: ', 'HTTP/1.1 102 Processing\r\n\r\n'])(
    'RFC 9110 §15.6.5, responseHeaderTimeout: %j dripping in does not put it off for ever',
    async (bytes) => {
      const bench = await start({
        options: { responseHeaderTimeout: 100 },
        origin: {
          script: [
            (c) => c.expectRequest(),
            async (c) => {
              while (await c.send(bytes.startsWith('HTTP/1.1 1') ? bytes : 'x'))
                await new Promise((resolve) => setTimeout(resolve, 10));
            },
          ],
        },
      });
      const client = await bench.connect();
      const { status } = await client.request(request('GET /x'));
      // A head that is malformed from its first byte may be told at once.
      expect(bytes.startsWith('HTTP/1.1 1') ? [504] : [502, 504]).toContain(status);
    },
  );

  it('RFC 9110 §15.6.5, upstreamIdleTimeout: a backend that stops inside its content cuts the client off', async () => {
    const bench = await start({
      options: { upstreamIdleTimeout: slow },
      origin: {
        script: [
          (c) => c.expectRequest(),
          (c) => c.send('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'),
          (c) => c.whenPeerGone(),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    expect((await client.readHead()).head.status).toBe(200);
    await client.expectReset();
  });

  it('RFC 9110 §15.6.5, upstreamIdleTimeout: it does not count while the client does not read', async () => {
    const size = 32 * 1024 * 1024;
    const bench = await start({
      options: { upstreamIdleTimeout: 500 },
      origin: {
        script: [
          (c) => c.expectRequest(),
          (c) => c.send(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`),
          (c) => c.send(Buffer.alloc(size)),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    const backend = await bench.origin.connection(0);
    client.pauseReading();
    await backend.reader.whenReceived(1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    client.resumeReading();
    expect((await client.readResponse({ keepBody: false })).bodyLength).toBe(size);
  });

  it('RFC 9110 §15.6.5, upstreamIdleTimeout: a backend that does not take the upload is a 504', async () => {
    const bench = await start({
      options: { upstreamIdleTimeout: 60, requestBodyBufferSize: 0 },
      origin: { script: [(c) => c.pauseReading(), (c) => c.whenClosed()] },
    });
    const client = await bench.connect();
    const size = 64 * 1024 * 1024;
    const written = client.write(request('POST /x', [`Content-Length: ${size}`]) + x(size));
    const answered = await client.readResponse();
    expect(answered.status).toBe(504);
    expect(answered.header('connection')).toBe('close');
    await client.close();
    await written;
    (await bench.origin.connection(0)).destroy();
  });

  it('RFC 9110 §15.6.4, poolTimeout: a 503 with Retry-After, and the queue is left', async () => {
    const bench = await start({
      options: { poolTimeout: slow, pool: { poolSize: 1 } },
      origin: { script: [(c) => c.expectRequest(), (c) => c.whenPeerGone()] },
    });
    const [first, second] = [await bench.connect(), await bench.connect()];
    first.send(request('GET /x'));
    await bench.origin.request(0);
    expect(responseLines(await second.request(request('GET /y')))).toEqual([
      declined('503 Service Unavailable', ['retry-after: 1']),
    ]);
    expect(bench.pool).toMatchObject({ active: 1, waiting: 0, open: 1 });
    expect(bench.origin.requests.map((one) => one.target)).toEqual(['/x']);
  });

  it('RFC 9110 §15.6.4, poolTimeout: a streamed body is refused without 100', async () => {
    const bench = await start({
      options: { poolTimeout: slow, pool: { poolSize: 1 }, requestBodyBufferSize: 0 },
      origin: { script: [(c) => c.expectRequest(), (c) => c.whenPeerGone()] },
    });
    const [first, second] = [await bench.connect(), await bench.connect()];
    first.send(request('GET /x'));
    await bench.origin.request(0);
    second.send(request('POST /y', ['Expect: 100-continue', 'Content-Length: 3']));
    expect(responseLines(await second.readResponse())).toEqual([
      refused('503 Service Unavailable', ['retry-after: 1']),
    ]);
    await second.expectFin();
  });

  it('RFC 9110 §15.6.5, connectTimeout: a handshake that is not answered is a 504', async () => {
    const bench = await start({
      options: (origin) => ({
        backend: `https://127.0.0.1:${origin.port}`,
        pool: { connectTimeout: slow },
      }),
      origin: { script: [(c) => c.whenPeerGone()] },
    });
    const client = await bench.connect();
    expect(responseLines(await client.request(request('GET /x')))).toEqual([gatewayTimeout]);
    expect((await client.request(request('GET /y'))).status).toBe(504);
  });

  it('RFC 9112 §9.5, connMaxIdleTime: an idle connection of the pool is closed', async () => {
    const bench = await start({ options: { pool: { connMaxIdleTime: slow } } });
    const client = await bench.connect();
    expect((await client.request(request('GET /x'))).status).toBe(200);
    await (await bench.origin.connection(0)).whenPeerGone();
    await eventually(() => bench.pool.open === 0, 'the slot to be free');
    expect((await client.request(request('GET /y'))).status).toBe(200);
    expect(bench.origin.connectionCount).toBe(2);
  });

  it('RFC 9112 §9.5: a keep-alive of the backend that is shorter counts', async () => {
    const bench = await start({
      origin: { script: answerEach(response(200, 'ok', ['Keep-Alive: timeout=0'])) },
    });
    const client = await bench.connect();
    expect((await client.request(request('GET /x'))).status).toBe(200);
    expect((await client.request(request('GET /y'))).status).toBe(200);
    expect(bench.origin.connectionCount).toBe(2);
  });
});

describe('TLS to the backend', () => {
  const made = testCertificates();
  const tls = (
    name: string,
    key: 'server' | 'wrongName' | 'expired' | 'selfSigned',
    pool: object,
    status: number,
  ): void => {
    it(`RFC 9110 §4.3.4: ${name}`, async () => {
      const bench = await start({
        options: (origin) => ({ backend: `https://localhost:${origin.port}`, pool }),
        origin: { tls: made[key], script: answerEach(response(200, 'ok')) },
      });
      const client = await bench.connect();
      const answered = responseLines(await client.request(request('GET /x')));
      expect(answered).toEqual([status === 200 ? ok : badGateway()]);
      expect(bench.origin.requestCount).toBe(status === 200 ? 1 : 0);
      expect((await client.request(request('GET /y'))).status).toBe(status);
    });
  };
  tls('a certificate of a trusted authority', 'server', { tls: { ca: made.ca } }, 200);
  tls('a certificate of an unknown authority is a 502', 'server', {}, 502);
  tls('a certificate signed by itself is a 502', 'selfSigned', {}, 502);
  tls('a certificate for another name is a 502', 'wrongName', { tls: { ca: made.ca } }, 502);
  tls('a certificate that has ended is a 502', 'expired', { tls: { ca: made.ca } }, 502);
  tls('verifyTls: false takes any', 'expired', { verifyTls: false }, 200);
  tls(
    'servername names what is verified',
    'wrongName',
    { tls: { ca: made.ca, servername: 'other.example' } },
    200,
  );
});
