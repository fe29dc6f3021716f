/** Trailers both ways, and how they are announced and asked for (RFC 9110 §6.5, §6.6.2, §10.1.4). */
import { chunkedResponse, response } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  got,
  type HttpCase,
  type Options,
  ok,
  request,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

/** undici cannot send trailers, nor name TE in Connection. */
const isDirect = process.env.REVERSEIT_TRANSPORT === 'direct';

const post = (
  content: string,
  trailers: readonly string[],
  fields: readonly string[] = [],
): string =>
  request(
    'POST /x',
    ['Transfer-Encoding: chunked', ...fields],
    [`${content.length.toString(16)}`, content, '0', ...trailers, '', ''].join('\r\n'),
  );
const streaming = { requestBodyBufferSize: 0 };

interface Sends {
  readonly name: string;
  readonly trailers: readonly string[];
  readonly fields?: readonly string[];
  readonly options?: Options;
  /** The trailers, and the Trailer field, that get to the backend where they can. */
  readonly passed: readonly string[];
  readonly announced?: string;
}

const sent: readonly Sends[] = [
  {
    name: 'in order, case and repetition',
    trailers: ['X-B: 1', 'x-a: \xe9', 'X-B: 2'],
    passed: ['X-B: 1', 'x-a: \xe9', 'X-B: 2'],
  },
  {
    name: 'announced',
    fields: ['Trailer: X-Sum'],
    announced: 'X-Sum',
    trailers: ['X-Sum: 1'],
    passed: ['X-Sum: 1'],
  },
  {
    name: 'announced in several fields, some of which may not come last',
    fields: ['Trailer: X-Sum, Host', 'trailer: X-Two'],
    announced: 'x-sum, x-two',
    trailers: ['X-Sum: 1', 'Host: b', 'X-Two: 2'],
    passed: ['X-Sum: 1', 'X-Two: 2'],
  },
  {
    name: 'but for those that frame, route, authenticate or tell about the client (§6.5.1)',
    trailers: [
      'Host: b',
      'Authorization: x',
      'Cookie: a',
      'Content-Type: b',
      'If-Match: *',
      'X-Forwarded-For: 1',
      'X_Forwarded_Proto: https',
      'Connection: close',
      'TE: x',
      'X-Ok: 1',
    ],
    passed: ['X-Ok: 1'],
  },
  {
    name: 'but for those that the route removes or sets, and that Connection names',
    fields: ['Connection: X-Hop', 'Trailer: X-Hop, X-Role, X-Ok, X-User'],
    announced: 'X-Ok',
    options: { removeHeaders: ['x-role'], addHeaders: [['x-user', 'me']] },
    trailers: ['X-Role: admin', 'X-User: root', 'X-Hop: 1', 'X-Ok: 1'],
    passed: ['X-Ok: 1'],
  },
];

describe.each(['collected', 'streamed'])('trailers of a request, %s, pass', (way) => {
  runCases(
    start,
    sent.map(({ name, trailers, fields = [], options = {}, passed, announced }): HttpCase => {
      const added = 'addHeaders' in options ? ['x-user: me'] : [];
      const framing = announced === undefined ? [] : [`trailer: ${announced}`];
      const isChunked = way === 'streamed' || isDirect;
      return {
        name,
        options: { ...options, ...(way === 'streamed' ? streaming : {}) },
        send: post('abc', trailers, fields),
        got: [ok],
        seen: [
          [
            ...seen(
              'POST /x',
              [
                ...added,
                ...(isChunked ? ['transfer-encoding: chunked'] : ['content-length: 3']),
                ...(isDirect ? framing : []),
              ],
              'abc',
            ),
            ...(isDirect ? passed : []),
          ],
        ],
      };
    }),
  );
});

describe('a request whose trailers', () => {
  runCases(start, [
    {
      name: 'do not pass has a length once it is collected',
      send: post('abc', ['Host: b', 'Authorization: x'], ['Trailer: Host']),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'were announced and did not come has a length once it is collected',
      send: post('abc', [], ['Trailer: X-Sum']),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'are announced although it has a length does not announce them',
      send: request('POST /x', ['Content-Length: 3', 'Trailer: X-Sum'], 'abc'),
      got: [ok],
      seen: [seen('POST /x', ['content-length: 3'], 'abc')],
    },
    {
      name: 'come without content',
      send: request('POST /x', ['Transfer-Encoding: chunked'], '0\r\nX-Sum: 1\r\n\r\n'),
      got: [ok],
      seen: [
        isDirect
          ? [...seen('POST /x', ['transfer-encoding: chunked']), 'X-Sum: 1']
          : seen('POST /x', ['content-length: 0']),
      ],
    },
    {
      name: 'come after content of many pieces',
      send: post('x'.repeat(200_000), ['X-Sum: 1']),
      got: [ok],
      seen: [
        isDirect
          ? [...seen('POST /x', ['transfer-encoding: chunked'], 'x'.repeat(200_000)), 'X-Sum: 1']
          : seen('POST /x', ['content-length: 200000'], 'x'.repeat(200_000)),
      ],
    },
  ]);
});

describe('TE', () => {
  const connection = isDirect ? 'connection: keep-alive, te' : 'connection: keep-alive';
  const asks = (name: string, fields: readonly string[], passes: boolean, rest = {}): HttpCase => ({
    name,
    send: request('GET /x', [...fields, 'X-A: 1']),
    got: [ok],
    seen: [
      passes
        ? ['GET /x HTTP/1.1', 'host: {origin}', connection, 'X-A: 1', 'te: trailers', '', '']
        : seen('GET /x', ['X-A: 1']),
    ],
    ...rest,
  });
  runCases(start, [
    asks('trailers', ['TE: trailers', 'Connection: TE'], true),
    asks('trailers without Connection, as many send it', ['te: trailers'], true),
    asks('trailers among codings, which are not passed on', ['TE: deflate;q=0.5, Trailers'], true),
    asks('codings only', ['TE: gzip', 'Connection: TE'], false),
    asks('trailers, of a route that removes it', ['TE: trailers'], false, {
      options: { removeHeaders: ['te'] },
    }),
    asks('trailers of a client of HTTP/1.0, which can get none', [], false, {
      send: 'GET /x HTTP/1.0\r\nHost: a\r\nTE: trailers\r\nConnection: keep-alive\r\nX-A: 1\r\n\r\n',
      got: [
        got('200 Scripted', ['content-length: 2', 'date: now', 'connection: keep-alive'], 'ok'),
      ],
    }),
  ]);

  it('is for a WebSocket of no use', async () => {
    const bench = await start({
      origin: {
        script: [
          (connection) => connection.expectHead().then(() => connection.send(response(404))),
        ],
      },
    });
    const client = await bench.connect();
    const answer = await client.request(
      request('GET /x', [
        'Connection: Upgrade, TE',
        'Upgrade: websocket',
        'TE: trailers',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]),
    );
    expect(answer.status).toBe(404);
    expect(bench.seenBytes).toMatch(/connection: upgrade\r\n/);
    expect(bench.seenBytes).not.toMatch(/te: trailers/i);
  });
});

describe('Trailer of a response', () => {
  const gets = (name: string, answer: Buffer, wanted: readonly string[], rest = {}): HttpCase => ({
    name,
    send: request('GET /x'),
    answer,
    got: [wanted],
    seen: [seen('GET /x')],
    ...rest,
  });
  const chunked = (
    fields: readonly string[],
    trailers: readonly string[],
    added: readonly string[] = [],
  ): readonly string[] => [
    ...got('200 Scripted', [...fields, 'date: now', ...added, 'transfer-encoding: chunked'], 'abc'),
    ...trailers,
  ];
  runCases(start, [
    gets(
      'passes with them',
      chunkedResponse(200, ['abc'], ['A: b', 'Trailer: X-Sum, x-two', 'C: d'], ['X-Sum: 1']),
      chunked(['A: b', 'Trailer: X-Sum, x-two', 'C: d'], ['X-Sum: 1']),
    ),
    gets(
      'announces none that do not pass (RFC 9110 §6.5.1)',
      chunkedResponse(
        200,
        ['abc'],
        ['Trailer: Set-Cookie, X-Sum', 'trailer: Age'],
        ['Age: 1', 'X-Sum: 1'],
      ),
      chunked(['Trailer: x-sum'], ['X-Sum: 1']),
    ),
    gets(
      'passes through a hook',
      chunkedResponse(200, ['abc'], ['Trailer: X-Sum'], ['X-Sum: 1']),
      chunked(['Trailer: X-Sum'], ['X-Sum: 1'], ['x-hook: 1']),
      {
        options: {
          onResponse: ({ headers }: { headers: Map<string, string> }) =>
            void headers.set('x-hook', '1'),
        },
      },
    ),
    gets(
      'is left out where the length is told',
      response(200, 'abc', ['Trailer: X-Sum']),
      got('200 Scripted', ['content-length: 3', 'date: now'], 'abc'),
    ),
  ]);

  it('is left out for a client of HTTP/1.0, with them', async () => {
    const bench = await start({
      origin: {
        script: [
          (connection) => connection.expectRequest(),
          (connection) =>
            connection.send(chunkedResponse(200, ['abc'], ['Trailer: X-Sum'], ['X-Sum: 1'])),
        ],
      },
    });
    const client = await bench.connect();
    client.send('GET /x HTTP/1.0\r\n\r\n');
    const text = (await client.readUntilEnd()).toString();
    expect(text).toMatch(/\r\n\r\nabc$/);
    expect(text).not.toMatch(/trailer|x-sum/i);
  });
});
