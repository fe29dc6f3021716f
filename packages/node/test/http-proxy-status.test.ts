/** What became of a request, for whoever looks into it (RFC 9209): `proxyStatus`. */
import { answerEach, expectRequest, reset, response } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it } from 'vitest';
import type { OnResponse, ReverseItOptions } from '../src/index.ts';
import { bothSpoken, request, useProxy } from './harness.ts';

const teapot: OnResponse = (given) => {
  given.status = 418;
};

const statusOf = (fields: readonly (readonly [string, string])[]): string[] =>
  fields.filter(([name]) => /^proxy-status$/i.test(name)).map(([, value]) => value);

describe.each(bothSpoken)('over %s', (spoken) => {
  const start = useProxy(spoken);

  describe('RFC 9209 §2.1: responses of the backend', () => {
    it.each<[name: string, options: ReverseItOptions, status: number, seen: string[]]>([
      ['off', {}, 200, []],
      ['true', { proxyStatus: true }, 200, ['ReverseIt; received-status=200']],
      ['a name', { proxyStatus: 'edge1.example' }, 503, ['edge1.example; received-status=503']],
      [
        'a hook that changes the status',
        { proxyStatus: true, onResponse: teapot },
        200,
        ['ReverseIt; received-status=200'],
      ],
      ['without a backend', { proxyStatus: true, respond: { body: 'hello' } }, 200, []],
    ])('%s', async (_name, options, status, seen) => {
      const bench = await start({
        options,
        origin: { script: answerEach(() => response(status, 'ok')) },
      });
      const answer = await (await bench.client()).request(request('GET /x'));
      expect(statusOf(answer.fields)).toEqual(seen);
    });

    it('stands after those of proxies behind', async () => {
      const bench = await start({
        options: { proxyStatus: true },
        origin: { script: answerEach(() => response(200, 'ok', ['Proxy-Status: cache; hit'])) },
      });
      const answer = await (await bench.client()).request(request('GET /x'));
      expect(statusOf(answer.fields)).toEqual(['cache; hit', 'ReverseIt; received-status=200']);
    });
  });

  describe('RFC 9209 §2.3: errors', () => {
    const lost = { script: [expectRequest(), reset()] };
    it.each<[name: string, options: ReverseItOptions, asked: string, status: number, type: string]>(
      [
        ['no route', { path: '/y' }, request('GET /x'), 404, 'destination_not_found'],
        [
          'a limit',
          { maxRequestBodySize: 1 },
          request('POST /x', ['Content-Length: 2'], 'ab'),
          413,
          'http_request_error',
        ],
        ['a loop', { via: 'us' }, request('GET /x', ['Via: 1.1 us']), 508, 'proxy_loop_detected'],
        [
          'a hook that throws',
          { onRequest: () => Promise.reject(new Error()) },
          request('GET /x'),
          500,
          'proxy_internal_error',
        ],
        [
          'the backend closes',
          { responseHeaderRetries: 0 },
          request('GET /x'),
          502,
          'connection_terminated',
        ],
        [
          'and errorResponse answers',
          { responseHeaderRetries: 0, errorResponse: { status: 599, headers: { 'X-A': '1' } } },
          request('GET /x'),
          599,
          'connection_terminated',
        ],
        [
          'and onErrorResponse answers',
          { responseHeaderRetries: 0, onErrorResponse: () => ({ status: 418 }) },
          request('GET /x'),
          418,
          'connection_terminated',
        ],
        [
          'nobody listens',
          { backend: 'http://127.0.0.1:1' },
          request('GET /x'),
          502,
          'connection_refused',
        ],
      ],
    )('%s', async (_name, options, asked, status, type) => {
      const bench = await start({ options: { proxyStatus: true, ...options }, origin: lost });
      const answer = await (await bench.client()).request(asked);
      expect([answer.status, statusOf(answer.fields)]).toEqual([
        status,
        [`ReverseIt; error=${type}`],
      ]);
    });
  });

  it('a header beyond its limit', async () => {
    const bench = await start({ options: { proxyStatus: true } });
    const asked = request('GET /x', [`A: ${'a'.repeat(9000)}`]);
    const answer = await (await bench.client()).request(asked);
    expect([answer.status, statusOf(answer.fields)]).toEqual([
      431,
      ['ReverseIt; error=http_request_error'],
    ]);
  });
});

describe('requests that are rejected while they arrive', () => {
  const start = useProxy();
  const long = 'a'.repeat(9000);
  it.each<[name: string, bytes: string, status: number]>([
    ['no Host', 'GET /x HTTP/1.1\r\n\r\n', 400],
    ['a header line beyond its limit', `GET /x HTTP/1.1\r\nA: ${long}`, 431],
    ['a target beyond its limit', `GET /${long}`, 414],
    ['a head that comes too slowly', 'GET /', 408],
    ['an unknown method', 'BAD\r\n\r\n', 501],
    [
      'a body that is malformed',
      request('POST /x', ['Transfer-Encoding: chunked'], 'no chunk\r\n'),
      400,
    ],
    ['a body that stops', request('POST /x', ['Content-Length: 2'], 'a'), 408],
  ])('%s', async (_name, bytes, status) => {
    const options = {
      proxyStatus: 'edge1',
      requestHeaderTimeout: 100,
      requestBodyReadTimeout: 100,
    };
    const bench = await start({ options });
    const client = await bench.connect();
    client.send(bytes);
    const answer = await client.readResponse();
    expect([answer.status, statusOf(answer.fields)]).toEqual([
      status,
      ['edge1; error=http_request_error'],
    ]);
    await client.close();
  });

  it('plain HTTP on a TLS port', async () => {
    const options = { proxyStatus: true, tls: testCertificates().server };
    const bench = await start({ options });
    const client = await bench.connect();
    client.send(request('GET /x'));
    const answer = await client.readResponse();
    expect([answer.status, statusOf(answer.fields)]).toEqual([
      400,
      ['ReverseIt; error=http_request_error'],
    ]);
    await client.close();
  });

  it('as the options are after a reload', async () => {
    const bench = await start({ options: { proxyStatus: true } });
    const client = await bench.connect();
    bench.proxy.reload({ backend: `http://${bench.authority}` });
    client.send('BAD\r\n\r\n');
    expect(statusOf((await client.readResponse()).fields)).toEqual([]);
    await client.close();
  });
});
