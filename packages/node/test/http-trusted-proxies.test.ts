/** Who the client is, where proxies stand before us: `trustedProxies`, `forwarded` (RFC 7239). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerEach, connectRaw, response } from '@reverseit/test-servers';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it, test } from 'vitest';
import type { AccessRecord, RequestInfo, ReverseItOptions } from '../src/index.ts';
import {
  forwards,
  type HttpCase,
  ok,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';
import { handshake } from './hook-cases.ts';

const start = useProxy();
const use = useCleanup();

const trust: ReverseItOptions = { forwardedHeaders: 'append', trustedProxies: ['loopback'] };
const strangers: ReverseItOptions = { forwardedHeaders: 'append', trustedProxies: ['10.0.0.0/8'] };

const ours = ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: http', 'x-forwarded-host: a'];
const told = ['X-Forwarded-For: 9.9.9.9, 1.2.3.4', 'X-Forwarded-Proto: https'];
const theirs = [
  ...told,
  'X-Forwarded-Host: example.org',
  'X-Forwarded-Port: 8443',
  'X-Forwarded-Prefix: /app',
  'X-Forwarded-Server: lb1',
  'X-Real-IP: 1.2.3.4',
  'Forwarded: for=6.6.6.6',
  'X_Forwarded_For: 6.6.6.6',
  'x_forwarded_port: 1',
  'X_Real_IP: 6.6.6.6',
];
const httpsAndHost = ['x-forwarded-proto: https', 'x-forwarded-host: example.org'];
const believed = [...httpsAndHost, 'x-forwarded-port: 8443', 'x-forwarded-prefix: /app'];

describe('X-Forwarded-*', () => {
  runCases(start, [
    forwards(
      'RFC 7239 §8.1: of a trusted peer the chain is kept and added to, up to the client',
      trust,
      theirs,
      [
        'X-Forwarded-Server: lb1',
        'X-Real-IP: 1.2.3.4',
        'x-forwarded-for: 1.2.3.4, 127.0.0.1',
        ...believed,
      ],
    ),
    forwards('RFC 7239 §8.1: of a stranger nothing is', strangers, theirs, ours),
    forwards(
      'RFC 7239 §8.1: replace keeps the client alone',
      { ...trust, forwardedHeaders: 'replace' },
      theirs,
      ['x-forwarded-for: 1.2.3.4', ...believed],
    ),
    forwards(
      'RFC 7239 §8.1: replace, of a stranger',
      { ...strangers, forwardedHeaders: 'replace' },
      theirs,
      ours,
    ),
    forwards(
      'RFC 7239 §8.1: false leaves all as it is, whoever it comes from',
      { ...strangers, forwardedHeaders: false },
      theirs,
      theirs,
    ),
    forwards('RFC 7239 §8.1: a trusted peer that says nothing', trust, [], ours),
    forwards(
      'RFC 7239 §5.2: of a chain of trusted proxies',
      { ...trust, trustedProxies: ['loopback', 'private', '2001:db8::/32'] },
      ['X-Forwarded-For: 1.2.3.4', 'X-Forwarded-For: [2001:db8::1]:80, 10.0.0.1'],
      [
        'x-forwarded-for: 1.2.3.4, [2001:db8::1]:80, 10.0.0.1, 127.0.0.1',
        'x-forwarded-proto: http',
        'x-forwarded-host: a',
      ],
    ),
    forwards(
      'RFC 7239 §8.1: removeHeaders and addHeaders have the last word',
      {
        ...trust,
        removeHeaders: [
          'x-forwarded-port',
          'x-forwarded-prefix',
          'x-real-ip',
          'x-forwarded-server',
        ],
        addHeaders: { 'X-Forwarded-Host': 'fixed' },
      },
      theirs,
      [
        'x-forwarded-for: 1.2.3.4, 127.0.0.1',
        'x-forwarded-proto: https',
        'X-Forwarded-Host: fixed',
      ],
    ),
    forwards(
      'RFC 9110 §7.6.1: Connection takes nothing away',
      trust,
      ['Connection: x-forwarded-for, x-forwarded-proto', ...told],
      ['x-forwarded-for: 1.2.3.4, 127.0.0.1', 'x-forwarded-proto: https', 'x-forwarded-host: a'],
    ),
    forwards(
      'a hook has the last word',
      {
        ...trust,
        onRequest: ({ headers }) => {
          headers.set('X-Forwarded-Proto', 'wss');
          headers.set('forwarded', 'for=_me');
        },
      },
      told,
      [
        'X-Forwarded-Proto: wss',
        'forwarded: for=_me',
        'x-forwarded-for: 1.2.3.4, 127.0.0.1',
        'x-forwarded-host: a',
      ],
    ),
    forwards(
      'a hook has the last word without trust as well',
      {
        forwardedHeaders: 'append',
        onRequest: ({ headers }) => headers.set('X-Forwarded-Proto', 'https'),
      },
      ['x_forwarded_proto: ftp'],
      ['X-Forwarded-Proto: https', 'x-forwarded-for: 127.0.0.1', 'x-forwarded-host: a'],
    ),
  ]);
});

describe('Forwarded', () => {
  const forwarded: ReverseItOptions = { forwardedHeaders: 'append', forwarded: true };
  const own = 'for=127.0.0.1;by=127.0.0.1;host=a;proto=http';
  runCases(start, [
    forwards(
      'RFC 7239 §4: is written beside X-Forwarded-*',
      forwarded,
      [],
      [...ours, `forwarded: ${own}`],
    ),
    forwards(
      'RFC 7239 §4: alone',
      { forwardedHeaders: false, forwarded: true },
      [],
      [`forwarded: ${own}`],
    ),
    forwards(
      'RFC 7239 §4: append adds to what came, several lines among it',
      forwarded,
      ['Forwarded: for=1.2.3.4', 'forwarded: for=_x'],
      [...ours, `forwarded: for=1.2.3.4, for=_x, ${own}`],
    ),
    forwards(
      'RFC 7239 §8.1: replace drops what came',
      { ...forwarded, forwardedHeaders: 'replace' },
      ['Forwarded: for=1.2.3.4'],
      [...ours, `forwarded: ${own}`],
    ),
    {
      name: 'RFC 7239 §6: a host with a port is quoted',
      options: { forwardedHeaders: false, forwarded: true },
      send: 'GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
      got: [ok],
      seen: [seen('GET /x', ['forwarded: for=127.0.0.1;by=127.0.0.1;host="[::1]:80";proto=http'])],
    },
    forwards(
      'RFC 7239 §5.2: that of a trusted proxy is believed where there is no X-Forwarded-*',
      { ...trust, forwarded: true },
      ['Forwarded: for=6.6.6.6, for="[2001:db8::7]:80";proto=https;host=example.org'],
      [
        'x-forwarded-for: 2001:db8::7, 127.0.0.1',
        ...httpsAndHost,
        `forwarded: for="[2001:db8::7]:80";proto=https;host=example.org, ${own}`,
      ],
    ),
    forwards(
      'RFC 7239 §5.2: and kept, as far as it is believed, where none is written',
      trust,
      ['Forwarded: for=6.6.6.6, for=1.2.3.4;proto=https;host=example.org'],
      [
        'x-forwarded-for: 1.2.3.4, 127.0.0.1',
        ...httpsAndHost,
        'forwarded: for=1.2.3.4;proto=https;host=example.org',
      ],
    ),
    forwards(
      'RFC 7239 §7.4: X-Forwarded-* become elements',
      { ...trust, forwarded: true, trustedProxies: ['loopback', '2001:db8::1'] },
      [
        'X-Forwarded-For: 1.2.3.4:55, 2001:db8::1',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: example.org',
      ],
      [
        'x-forwarded-for: 1.2.3.4:55, 2001:db8::1, 127.0.0.1',
        ...httpsAndHost,
        `forwarded: for="1.2.3.4:55";host=example.org;proto=https, for="[2001:db8::1]", ${own}`,
      ],
    ),
    forwards(
      'RFC 7239 §5.4: a trusted peer that tells the scheme alone is the client',
      { ...trust, forwarded: true },
      ['X-Forwarded-Proto: https'],
      [
        'x-forwarded-for: 127.0.0.1',
        'x-forwarded-proto: https',
        'x-forwarded-host: a',
        'forwarded: for=127.0.0.1;by=127.0.0.1;host=a;proto=https',
      ],
    ),
    forwards(
      'RFC 7239 §8.1: replace tells of the client alone',
      { ...trust, forwarded: true, forwardedHeaders: 'replace' },
      [...told, 'X-Forwarded-Host: example.org'],
      [
        'x-forwarded-for: 1.2.3.4',
        ...httpsAndHost,
        'forwarded: for=1.2.3.4;by=127.0.0.1;host=example.org;proto=https',
      ],
    ),
    forwards(
      'trustedProxyHeaders: forwarded believes nothing else',
      { ...trust, trustedProxyHeaders: 'forwarded' },
      ['Forwarded: for=1.2.3.4;proto=https', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: evil'],
      [
        'x-forwarded-for: 1.2.3.4, 127.0.0.1',
        'x-forwarded-proto: https',
        'x-forwarded-host: a',
        'forwarded: for=1.2.3.4;proto=https',
      ],
    ),
    forwards(
      'trustedProxyHeaders: x-forwarded believes nothing else',
      { ...trust, trustedProxyHeaders: 'x-forwarded' },
      ['Forwarded: for=6.6.6.6;proto=https'],
      ours,
    ),
  ]);
});

describe('X-Forwarded-Prefix', () => {
  const stripping: ReverseItOptions = {
    path: '/api',
    stripPath: '/api',
    forwardedHeaders: 'append',
  };
  const strips = (
    name: string,
    options: ReverseItOptions,
    fields: readonly string[],
    forwarded: readonly string[],
  ): HttpCase => ({
    name: `RFC 3986 §3.3: ${name}`,
    options: { ...stripping, ...options },
    send: request('GET /api/x', fields),
    got: [ok],
    seen: [seen('GET /x', forwarded)],
    again: '/api/again',
  });
  runCases(start, [
    strips('is what stripPath takes off', {}, [], [...ours, 'x-forwarded-prefix: /api']),
    strips(
      'replaces what a stranger says',
      {},
      ['X-Forwarded-Prefix: /evil', 'X_Forwarded_Prefix: /evil'],
      [...ours, 'x-forwarded-prefix: /api'],
    ),
    strips(
      'comes after what a trusted proxy has taken off',
      { trustedProxies: 'loopback' },
      ['X-Forwarded-Prefix: /outer/'],
      [...ours, 'x-forwarded-prefix: /outer/api'],
    ),
    strips('is not sent with forwardedHeaders: false', { forwardedHeaders: false }, [], []),
    {
      name: 'RFC 3986 §3.3: is not sent where nothing is taken off',
      options: { ...stripping, path: '/' },
      send: request('GET /x'),
      got: [ok],
      seen: [seen('GET /x', ours)],
    },
  ]);

  it('RFC 9110 §10.2.2: a redirect leads to the public scheme, host and prefix', async () => {
    const bench = await start({
      options: { ...stripping, trustedProxies: 'loopback' },
      origin: {
        script: answerEach((got) =>
          response(302, '', [`Location: http://${got.header('host')}/y`]),
        ),
      },
    });
    const client = await bench.connect();
    const fields = [...told, 'X-Forwarded-Host: example.org', 'X-Forwarded-Prefix: /app'];
    const answer = await client.request(request('GET /api/x', fields));
    expect(answer.header('location')).toBe('https://example.org/app/api/y');
    // A port that the host does not name.
    const other = await client.request(request('GET /api/x', [...told, 'X-Forwarded-Port: 8443']));
    expect(other.header('location')).toBe('https://a:8443/api/y');
  });
});

describe('hooks and records', () => {
  const client = (context: RequestInfo): unknown[] => [
    context.remoteAddress,
    context.remotePort > 1000,
    context.encrypted,
    context.scheme,
    context.authority,
    context.peerAddress,
  ];

  it.each<[name: string, fields: readonly string[], seen: unknown[], trusted: string]>([
    [
      'of a trusted peer',
      theirs,
      ['1.2.3.4', false, true, 'https', 'example.org:8443', '127.0.0.1'],
      'loopback',
    ],
    ['of a stranger', theirs, ['127.0.0.1', true, false, 'http', 'a', '127.0.0.1'], 'private'],
  ])('%s', async (_name, fields, wanted, trusted) => {
    const told: unknown[] = [];
    const records: AccessRecord[] = [];
    const bench = await start({
      options: {
        trustedProxies: [trusted],
        onRequest: (_request, context) => void told.push(client(context)),
        onErrorResponse: (_error, _request, context) => void told.push(client(context)),
        onFinish: (record) => void records.push(record),
        routes: [{ path: '/x' }, { path: '/fails', onRequest: () => Promise.reject(new Error()) }],
      },
    });
    for (const path of ['/x', '/fails', '/none']) {
      const asking = await bench.connect();
      await asking.request(request(`GET ${path}`, fields));
      await asking.close();
    }
    await bench.whenIdle();
    // Each route has its hook; the one that fails is answered as is the request without a route.
    expect(told).toEqual([wanted, wanted, wanted, wanted]);
    const [remoteAddress, , , scheme, authority, peerAddress] = wanted;
    for (const record of records) {
      expect(record).toMatchObject({ remoteAddress, scheme, authority, peerAddress });
    }
    expect(records).toHaveLength(3);
  });

  it('a peer on a Unix socket is trusted by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
    const socketPath = join(folder, 'proxy.sock');
    for (const [name, chain] of [
      ['unix', '1.2.3.4'],
      ['loopback', undefined],
    ] as const) {
      const bench = await start({
        options: { forwardedHeaders: 'append', forwarded: true, trustedProxies: name },
        listen: { path: socketPath },
      });
      const asking = use(await connectRaw({ socketPath }));
      expect(responseLines(await asking.request(request('GET /x', told)))).toEqual([ok]);
      const [got] = bench.origin.requests;
      expect(got?.header('x-forwarded-for')).toBe(chain);
      expect(got?.header('forwarded')).toBe(
        chain === undefined
          ? 'for=unknown;host=a;proto=http'
          : 'for=1.2.3.4;host=a;proto=https, for=unknown;host=a;proto=http',
      );
      await asking.close();
      await bench.close();
    }
    await rm(folder, { recursive: true });
  });

  it('a reload changes who is trusted', async () => {
    const bench = await start({ options: strangers });
    const asking = await bench.connect();
    await asking.request(request('GET /x', told));
    bench.proxy.reload({ ...trust, logger: null, backend: bench.origin.url });
    await asking.request(request('GET /x', told));
    expect(bench.origin.requests.map((one) => one.header('x-forwarded-for'))).toEqual([
      '127.0.0.1',
      '1.2.3.4, 127.0.0.1',
    ]);
  });
});

describe('upgrades', () => {
  test.each(['websocket', 'tcp'])('an offer of %s', async (protocol) => {
    const bench = await start({ options: { ...trust, upgrades: ['websocket', 'tcp'] } });
    const offer = handshake.replace('Upgrade: websocket', `Upgrade: ${protocol}`);
    const client = await bench.connect();
    await client.request(offer.replace('Host: a', ['Host: a', ...told].join('\r\n')));
    expect((await bench.origin.request()).header('x-forwarded-for')).toBe('1.2.3.4, 127.0.0.1');
    expect((await bench.origin.request()).header('x-forwarded-proto')).toBe('https');
  });
});
