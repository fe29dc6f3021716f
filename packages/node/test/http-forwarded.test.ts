/** What a backend is told of the client and of the proxies on the way (RFC 9110 §7.6.3, X-Forwarded-*). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRaw, response } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import {
  forwards,
  got,
  type HttpCase,
  ok,
  okAndClose,
  refused,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();
const use = useCleanup();

const append: ReverseItOptions = { forwardedHeaders: 'append' };
const replace: ReverseItOptions = { forwardedHeaders: 'replace' };
const protoAndHost = ['x-forwarded-proto: http', 'x-forwarded-host: a'];
const ours = ['x-forwarded-for: 127.0.0.1', ...protoAndHost];

describe('X-Forwarded-*', () => {
  runCases(start, [
    forwards('RFC 7239 §1: append without any before', append, [], ours),
    forwards(
      'RFC 7239 §1: append adds the client after those before',
      append,
      ['X-Forwarded-For: 1.2.3.4, 5.6.7.8'],
      ['x-forwarded-for: 1.2.3.4, 5.6.7.8, 127.0.0.1', ...protoAndHost],
    ),
    forwards(
      'RFC 9110 §5.3: append joins several lines in their order',
      append,
      ['X-Forwarded-For: 1.2.3.4', 'X-A: 1', 'x-forwarded-for: 5.6.7.8'],
      ['X-A: 1', 'x-forwarded-for: 1.2.3.4, 5.6.7.8, 127.0.0.1', ...protoAndHost],
    ),
    forwards(
      'RFC 7239 §1: append sets protocol and host to ours, whatever the client says',
      append,
      ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil', 'x-forwarded-host: worse'],
      ours,
    ),
    forwards('RFC 7239 §8.1: append with an empty line before', append, ['X-Forwarded-For:'], ours),
    forwards(
      'RFC 9110 §7.6.1: append is not undone by Connection',
      append,
      ['Connection: x-forwarded-for, x-forwarded-host', 'X-Forwarded-For: 1.2.3.4'],
      ['x-forwarded-for: 1.2.3.4, 127.0.0.1', ...protoAndHost],
    ),
    forwards(
      'RFC 7239 §8.1: replace believes nothing',
      replace,
      ['X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil'],
      ours,
    ),
    forwards(
      'RFC 7239 §8.1: false leaves what the client sent',
      { forwardedHeaders: false },
      ['X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: b'],
      ['X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: b'],
    ),
    forwards(
      'RFC 7239 §8.1: other fields of the kind pass',
      append,
      ['Forwarded: for=1.2.3.4', 'X-Forwarded-Port: 1', 'X-Real-IP: 1.2.3.4'],
      ['Forwarded: for=1.2.3.4', 'X-Forwarded-Port: 1', 'X-Real-IP: 1.2.3.4', ...ours],
    ),
    forwards(
      'RFC 7239 §8.1: replace drops what a client claims in other words',
      replace,
      [
        'Forwarded: for=1.2.3.4',
        'X-Forwarded-Port: 1',
        'X_Forwarded_Prefix: /x',
        'X-Real-IP: 1.2.3.4',
        'X-A: 1',
      ],
      ['X-A: 1', ...ours],
    ),
    ...(
      [
        ['append', append],
        ['replace', replace],
      ] as const
    ).map(([mode, options]) =>
      forwards(
        `RFC 3875 §4.1.18: ${mode} takes no field for ours that is spelled with _`,
        options,
        [
          'X_Forwarded_For: 1.2.3.4',
          'x-forwarded_proto: https',
          'X_FORWARDED-HOST: evil',
          'X_A: 1',
        ],
        ['X_A: 1', ...ours],
      ),
    ),
    forwards(
      'RFC 3875 §4.1.18: false leaves them, too',
      { forwardedHeaders: false },
      ['X_Forwarded_For: 1.2.3.4'],
      ['X_Forwarded_For: 1.2.3.4'],
    ),
    {
      name: 'RFC 9112 §3.2: HTTP/1.0 without Host has no X-Forwarded-Host',
      options: append,
      send: 'GET /x HTTP/1.0\r\n\r\n',
      got: [got('200 Scripted', ['content-length: 2', 'date: now', 'connection: close'], 'ok')],
      fate: 'closed',
      seen: [seen('GET /x', ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: http'])],
    },
    {
      name: 'RFC 9110 §7.2: X-Forwarded-Host is the Host of the client, port and case kept',
      options: append,
      send: 'GET /x HTTP/1.1\r\nHost: Example.org:8080\r\n\r\n',
      got: [ok],
      seen: [
        seen('GET /x', [
          'x-forwarded-for: 127.0.0.1',
          'x-forwarded-proto: http',
          'x-forwarded-host: Example.org:8080',
        ]),
      ],
    },
  ]);
});

describe('Via', () => {
  const via: ReverseItOptions = { via: 'edge' };
  const passes = (name: string, before: readonly string[], behind: string): HttpCase => ({
    name: `RFC 9110 §7.6.3: ${name}`,
    options: via,
    send: request('GET /x', before),
    answer: response(200, 'ok'),
    got: [got('200 Scripted', ['content-length: 2', 'date: now', 'via: 1.1 edge'], 'ok')],
    seen: [seen('GET /x', [behind])],
  });
  runCases(start, [
    {
      ...passes('our entry names the version that was received', [], 'via: 1.1 edge'),
      answer: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
      got: [got('200 OK', ['Content-Length: 2', 'date: now', 'via: 1.0 edge'], 'ok')],
    },
    passes('our entry is added both ways', [], 'via: 1.1 edge'),
    passes(
      'our entry stands after those before',
      ['Via: 1.0 a, 1.1 b (x)'],
      'via: 1.0 a, 1.1 b (x), 1.1 edge',
    ),
    passes(
      'several lines become one list',
      ['Via: 1.0 a', 'via: 1.1 b'],
      'via: 1.0 a, 1.1 b, 1.1 edge',
    ),
    passes(
      'a name that only contains ours is not ours',
      ['Via: 1.1 edge2, 1.1 my-edge'],
      'via: 1.1 edge2, 1.1 my-edge, 1.1 edge',
    ),
    passes(
      'our name as a protocol or comment is not ours',
      ['Via: edge/1 b (edge)'],
      'via: edge/1 b (edge), 1.1 edge',
    ),
    passes(
      'Connection does not take it away',
      ['Connection: via', 'Via: 1.1 b'],
      'via: 1.1 b, 1.1 edge',
    ),
    ...['Via: 1.1 edge', 'Via: 1.1 a, 1.1 EDGE', 'Via: HTTP/1.1 \t edge (comment)'].map(
      (field): HttpCase => ({
        name: `RFC 9110 §7.6.3: ${JSON.stringify(field)} is a loop`,
        options: via,
        send: request('GET /x', [field]),
        got: [refused('508 Loop Detected')],
        fate: 'closed',
        seen: [],
      }),
    ),
    {
      name: 'RFC 9110 §7.6.3: a loop is seen on the second line, and after Connection',
      options: via,
      send: request('GET /x', ['Connection: via', 'Via: 1.1 a', 'Via: 1.1 edge']),
      got: [refused('508 Loop Detected')],
      fate: 'closed',
      seen: [],
    },
    {
      name: 'RFC 9110 §7.6.3: the entries of the backend stand before ours',
      options: via,
      send: request('GET /x'),
      answer: response(200, 'ok', ['Via: 1.1 inner']),
      got: [
        got(
          '200 Scripted',
          ['Via: 1.1 inner', 'content-length: 2', 'date: now', 'via: 1.1 edge'],
          'ok',
        ),
      ],
      seen: [seen('GET /x', ['via: 1.1 edge'])],
    },
    {
      name: 'RFC 9110 §7.6.3: a request of HTTP/1.0 was received as such',
      options: via,
      send: 'GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
      got: [
        got(
          '200 Scripted',
          ['content-length: 2', 'date: now', 'via: 1.1 edge', 'connection: keep-alive'],
          'ok',
        ),
      ],
      seen: [seen('GET /x', ['via: 1.0 edge'])],
    },
    {
      name: 'RFC 9110 §7.6.3: without the option nothing is added, and no loop seen',
      send: request('GET /x', ['Via: 1.1 edge']),
      got: [ok],
      seen: [seen('GET /x', ['Via: 1.1 edge'])],
    },
  ]);

  it('RFC 9110 §7.6.3: a proxy that is its own backend answers once', async () => {
    const bench = await start({ options: via });
    const loop = await start({
      options: { via: 'edge', backend: `http://127.0.0.1:${bench.port}` },
    });
    const client = await loop.connect();
    const [answered] = responseLines(await client.request(request('GET /x')));
    expect(answered?.at(0)).toBe('HTTP/1.1 508 Loop Detected');
    expect(answered?.filter((line) => line.startsWith('via'))).toEqual(['via: 1.1 edge']);
    expect(bench.seenBytes).toBe('');
  });
});

describe('addresses of the listener', () => {
  it('RFC 7239 §6: a client over IPv4 is told as IPv4 where both are listened to', async () => {
    const bench = await start({ options: append, listen: { port: 0 } });
    const client = await bench.connect();
    expect(responseLines(await client.request(request('GET /x')))).toEqual([ok]);
    expect((await bench.origin.request()).header('x-forwarded-for')).toBe('127.0.0.1');
  });

  it('RFC 9110 §4.2.2: a client over TLS is told as https', async () => {
    const { server, ca } = testCertificates();
    const bench = await start({ options: { ...append, tls: { ...server } } });
    const client = use(
      await connectRaw({ port: bench.port, tls: { ca, servername: 'localhost' } }),
    );
    expect(responseLines(await client.request(request('GET /x')))).toEqual([ok]);
    const fields = [
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-proto: https',
      'x-forwarded-host: a',
    ];
    const wanted = seen('GET /x', fields).join('\r\n').replace('{origin}', bench.authority);
    expect(bench.seenBytes).toBe(wanted);
    // RFC 8446 §6.1: the end is announced, so that nothing can have been cut off.
    client.send(request('GET /y', ['Connection: close']));
    expect(responseLines(await client.readResponse())).toEqual([okAndClose]);
    await client.expectFin();
  });

  it('RFC 7239 §6: a client over a Unix socket has no address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
    const socketPath = join(folder, 'proxy.sock');
    const bench = await start({ options: append, listen: { path: socketPath } });
    expect(bench.proxy.address()).toEqual({ path: socketPath });
    const client = use(await connectRaw({ socketPath }));
    expect(responseLines(await client.request(request('GET /x')))).toEqual([ok]);
    const fields = ['x-forwarded-proto: http', 'x-forwarded-host: a'];
    const wanted = seen('GET /x', fields).join('\r\n').replace('{origin}', bench.authority);
    expect(bench.seenBytes).toBe(wanted);
    await rm(folder, { recursive: true });
  });
});
