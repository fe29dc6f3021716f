/** Redirects of a backend to its own address (RFC 9110 §10.2.2, §8.7): what the client is told. */
import { answerEach, response } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { AccessRecord, ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';
import { handshake } from './hook-cases.ts';

const start = useProxy();

/** A backend that answers with these fields; `{origin}` stands for its host and port. */
async function bind(fields: readonly string[], options: ReverseItOptions = {}, status = 302) {
  let authority = '';
  const bench = await start({
    options,
    origin: {
      script: answerEach(() =>
        response(
          status,
          'moved',
          fields.map((field) => field.replaceAll('{origin}', authority)),
        ),
      ),
    },
  });
  authority = bench.authority;
  return bench;
}

const noop = (): void => {};
const hooked: readonly [string, ReverseItOptions][] = [
  ['in written lines, where the transport has them', {}],
  ['as fields', { onResponse: noop }],
  ['with a pseudonym in Via', { via: 'us' }],
];

describe.each(hooked)('%s', (_, more) => {
  it.each<[name: string, options: ReverseItOptions, target: string, given: string, result: string]>(
    [
      ['a path', {}, '/x', 'http://{origin}/y?z', 'http://example.org:81/y?z'],
      ['a network path', {}, '/x', '//{origin}/y', 'http://example.org:81/y'],
      [
        'stripPath',
        { path: '/api', stripPath: '/api' },
        '/api/x',
        'http://{origin}/y',
        'http://example.org:81/api/y',
      ],
      [
        'stripPath that does not apply',
        { stripPath: '/api' },
        '/x',
        'http://{origin}/y',
        'http://example.org:81/y',
      ],
      [
        'stripPath that applies',
        { stripPath: '/api' },
        '/api',
        'http://{origin}/',
        'http://example.org:81/api/',
      ],
      ['a foreign one', {}, '/x', 'http://example.com/y', 'http://example.com/y'],
      ['a relative one', { path: '/api', stripPath: '/api' }, '/api/x', '/y', '/y'],
      [
        'two slashes',
        {},
        '/x',
        'http://{origin}//evil.example/',
        'http://example.org:81//evil.example/',
      ],
      [
        'preserveHostHeader',
        { preserveHostHeader: true },
        '/x',
        'http://{origin}/y',
        'http://{origin}/y',
      ],
      [
        'preserveHostHeader, asked for',
        { preserveHostHeader: true, rewriteLocation: true },
        '/x',
        'http://{origin}/y',
        'http://example.org:81/y',
      ],
      [
        'rewriteLocation: false',
        { rewriteLocation: false },
        '/x',
        'http://{origin}/y',
        'http://{origin}/y',
      ],
      [
        'a Host of the route’s own',
        { addHeaders: { Host: 'virtual.example' } },
        '/x',
        'http://virtual.example/y',
        'http://example.org:81/y',
      ],
    ],
  )('%s', async (_name, options, target, given, result) => {
    const bench = await bind([`X-Before: 1`, `Location: ${given}`, 'X-After: 2'], {
      ...more,
      ...options,
    });
    const client = await bench.connect();
    for (let nth = 0; nth < 2; nth++) {
      const answer = await client.request(`GET ${target} HTTP/1.1\r\nHost: example.org:81\r\n\r\n`);
      expect([answer.status, answer.text]).toEqual([302, 'moved']);
      const expected = result.replaceAll('{origin}', bench.authority);
      expect(answer.fields.slice(0, 3)).toEqual([
        ['X-Before', '1'],
        ['Location', expected],
        ['X-After', '2'],
      ]);
    }
  });

  it('Content-Location, in any case and on any status', async () => {
    const bench = await bind(
      ['CONTENT-LOCATION: http://{origin}/y', 'location: http://{origin}/z'],
      more,
      201,
    );
    const answer = await (await bench.connect()).request(request('POST /x'));
    expect(answer.fields.slice(0, 2)).toEqual([
      ['CONTENT-LOCATION', 'http://a/y'],
      ['location', 'http://a/z'],
    ]);
  });

  it('RFC 9112 §3.2: HTTP/1.0 without Host has no public name', async () => {
    const bench = await bind(['Location: http://{origin}/y'], more);
    const answer = await (await bench.connect()).request('GET /x HTTP/1.0\r\n\r\n');
    expect(answer.header('location')).toBe(`http://${bench.authority}/y`);
  });
});

it('a path prefix of the backend is taken off', async () => {
  const bench = await start({
    origin: {
      script: answerEach((asked) =>
        response(302, '', [`Location: http://${asked.header('host')}/base/y`]),
      ),
    },
    options: ({ url }) => ({ path: '/api', stripPath: '/api', backend: `${url}/base` }),
  });
  const answer = await (await bench.connect()).request(request('GET /api/x'));
  expect(answer.header('location')).toBe('http://a/api/y');
});

it('hooks see the public one, and have the last word; so does the record', async () => {
  const seen: unknown[] = [];
  const records: AccessRecord[] = [];
  const bench = await bind(['Location: http://{origin}/y'], {
    onResponse: ({ headers }) => {
      seen.push(headers.get('location'));
      headers.set('location', '/changed');
    },
    onFinish: (record) => records.push(record),
  });
  const answer = await (await bench.connect()).request(request('GET /x'));
  expect([seen, answer.header('location')]).toEqual([['http://a/y'], '/changed']);
  expect(records[0]?.responseHeaders.get('location')).toBe('/changed');
});

it('RFC 6455 §4.2.2: a handshake that is redirected', async () => {
  const bench = await bind(['Location: http://{origin}/ws/']);
  const answer = await (await bench.connect()).request(handshake);
  expect([answer.status, answer.header('location')]).toEqual([302, 'http://a/ws/']);
});

it('Refresh, and the public host as a trusted proxy tells it', async () => {
  const bench = await bind(['Refresh: 3; url=http://{origin}/y'], { trustedProxies: 'loopback' });
  const fields = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: example.org'];
  const answer = await (await bench.connect()).request(request('GET /x', fields));
  expect(answer.header('refresh')).toBe('3; url=https://example.org/y');
});

describe('RFC 4918 §10.3: Destination', () => {
  const routed: ReverseItOptions = { path: '/dav', stripPath: '/dav' };
  it.each<[name: string, options: ReverseItOptions, given: string, seen: string]>([
    ['a URL', routed, 'http://a/dav/y', 'http://{origin}/y'],
    ['a path', routed, '/dav/y', '/y'],
    ['elsewhere', routed, 'http://b/dav/y', 'http://b/dav/y'],
    ['rewriteLocation: false', { ...routed, rewriteLocation: false }, '/dav/y', '/dav/y'],
    [
      'preserveHostHeader',
      { ...routed, preserveHostHeader: true },
      'http://a/dav/y',
      'http://a/dav/y',
    ],
    [
      'preserveHostHeader, asked for',
      { ...routed, preserveHostHeader: true, rewriteLocation: true },
      'http://a/dav/y',
      'http://a/y',
    ],
  ])('%s', async (_name, options, given, seen) => {
    const bench = await bind([], options, 201);
    await (await bench.connect()).request(request('MOVE /dav/x', [`Destination: ${given}`]));
    const [got] = bench.origin.requests;
    expect(got?.header('destination')).toBe(seen.replace('{origin}', bench.authority));
  });

  it('is for COPY and MOVE alone', async () => {
    const bench = await bind([], routed, 200);
    await (await bench.connect()).request(request('GET /dav/x', ['Destination: /dav/y']));
    expect(bench.origin.requests[0]?.header('destination')).toBe('/dav/y');
  });

  it('RFC 3986 §5.2.4: one that climbs out of the route is refused', async () => {
    const bench = await bind([], routed, 201);
    const asked = request('COPY /dav/x', ['Destination: http://a/dav/../y']);
    expect((await (await bench.connect()).request(asked)).status).toBe(400);
    expect(bench.seenBytes).toBe('');
  });
});
