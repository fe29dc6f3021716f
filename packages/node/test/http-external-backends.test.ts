/** Servers of other makers behind the proxy; those that are not installed are skipped by name. */
import {
  patternBytes,
  patternSha256,
  type RawClient,
  startFriendlyOrigin,
} from '@reverseit/test-servers';
import {
  available,
  startHaproxy,
  startNginx,
  startPython,
} from '@reverseit/test-servers/external-servers';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();

const MiB = 1024 * 1024;
const size = 8 * MiB;
const files = { hello: 'hello\n', 'sub/big': patternBytes(size) };

const behind = async (url: string) => {
  const bench = await start({ options: { backend: url, forwardedHeaders: 'append', via: 'edge' } });
  return { bench, client: await bench.connect() };
};

async function put(client: RawClient, target: string, chunked: boolean, method = 'PUT') {
  const bytes = patternBytes(size);
  client.send(
    request(`${method} ${target}`, [
      chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`,
    ]),
  );
  for (let at = 0; at < size; at += 64_000) {
    const piece = bytes.subarray(at, at + 64_000);
    if (chunked) client.send(`${piece.length.toString(16)}\r\n`);
    await client.write(piece);
    if (chunked) client.send('\r\n');
  }
  if (chunked) client.send('0\r\n\r\n');
  return client.readResponse();
}

async function servesFiles(client: RawClient): Promise<void> {
  const small = await client.request(request('GET /hello'));
  expect([small.status, small.text, small.header('via')]).toEqual([200, 'hello\n', '1.1 edge']);
  const big = await client.request(request('GET /sub/big'), { keepBody: false });
  expect([big.status, big.sha256]).toEqual([200, patternSha256(size)]);
  const head = await client.request(request('HEAD /sub/big'), { method: 'HEAD' });
  expect([head.status, head.header('content-length'), head.bodyLength]).toEqual([
    200,
    String(size),
    0,
  ]);
  expect((await client.request(request('GET /nothing'))).status).toBe(404);
  const since = big.header('last-modified') ?? '';
  const unchanged = await client.request(request('GET /sub/big', [`If-Modified-Since: ${since}`]));
  expect([unchanged.status, unchanged.bodyLength]).toEqual([304, 0]);
}

describe('nginx', () => {
  const installed = available('nginx');
  it.skipIf(!installed)(
    'RFC 9110 §9: serves files, ranges and uploads in both framings',
    async () => {
      const { client } = await behind(use(await startNginx({ files })).url);
      await servesFiles(client);
      const range = await client.request(request('GET /sub/big', ['Range: bytes=100-199']));
      expect([range.status, range.body.equals(patternBytes(100, 100))]).toEqual([206, true]);
      for (const chunked of [false, true]) {
        expect((await put(client, `/upload/${chunked}`, chunked)).status).toBe(201);
        const read = await client.request(request(`GET /upload/${chunked}`), { keepBody: false });
        expect(read.sha256).toBe(patternSha256(size));
      }
      expect((await client.request(request('DELETE /upload/true'))).status).toBe(204);
      expect((await client.request(request('DELETE /upload/true'))).status).toBe(404);
    },
  );

  it.skipIf(!installed)('RFC 9112 §9: serves 50 clients at once', async () => {
    const { bench } = await behind(use(await startNginx({ files })).url);
    const clients = await Promise.all(Array.from({ length: 50 }, () => bench.connect()));
    await Promise.all(
      clients.map(async (client, id) => {
        for (let round = 0; round < 5; round += 1) {
          const from = id * 1000 + round;
          const range = await client.request(
            request('GET /sub/big', [`Range: bytes=${from}-${from + 999}`]),
          );
          expect([range.status, range.body.equals(patternBytes(1000, from))]).toEqual([206, true]);
        }
      }),
    );
  });

  it.skipIf(!installed)('RFC 9112 §3.2: what nginx would refuse is refused before it', async () => {
    const { bench, client } = await behind(use(await startNginx({ files })).url);
    expect((await client.request('GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).status).toBe(
      400,
    );
    await client.expectFin();
    expect(bench.pool.opened).toBe(0);
  });
});

describe('Node', () => {
  it('RFC 9110 §9: echoes, streams, trailers, hints and uploads in both framings', async () => {
    const origin = use(await startFriendlyOrigin());
    const { client } = await behind(origin.url);
    const echoed = await client.request(
      request('POST /echo?x=1', ['X-A: 1', 'Content-Length: 5', 'Cookie: a', 'Cookie: b'], 'abcde'),
    );
    expect(echoed.json()).toMatchObject({
      method: 'POST',
      target: '/echo?x=1',
      httpVersion: '1.1',
      body: 'abcde',
      rawHeaders: [
        'host',
        origin.url.slice('http://'.length),
        'connection',
        'keep-alive',
        'X-A',
        '1',
        'Cookie',
        'a',
        'Cookie',
        'b',
        'x-forwarded-for',
        '127.0.0.1',
        'x-forwarded-proto',
        'http',
        'x-forwarded-host',
        'a',
        'via',
        '1.1 edge',
        'content-length',
        '5',
      ],
    });
    for (const path of [`/bytes/${size}`, `/chunked/${size}`]) {
      const down = await client.request(request(`GET ${path}`), { keepBody: false });
      expect([down.status, down.sha256]).toEqual([200, patternSha256(size)]);
    }
    for (const chunked of [false, true]) {
      expect((await put(client, '/upload', chunked, 'POST')).json()).toEqual({
        length: size,
        sha256: patternSha256(size),
      });
    }
    const trailed = await client.request(request('GET /trailers', ['TE: trailers']));
    expect([trailed.text, trailed.trailers]).toEqual([
      'with trailers\n',
      [
        ['x-checksum', 'abc123'],
        ['x-count', '1'],
      ],
    ]);
    const hinted = await client.request(request('GET /early-hints'));
    expect([hinted.interim.map(({ status }) => status), hinted.text]).toEqual([
      [103],
      'after the hints\n',
    ]);
    const cookies = await client.request(request('GET /headers?n=3'));
    expect(cookies.headers('set-cookie')).toEqual(['a=1; Path=/', 'b=2; HttpOnly']);
    for (const status of [204, 304, 404, 500, 503]) {
      expect((await client.request(request(`GET /status/${status}`))).status).toBe(status);
    }
  });

  it('RFC 9112 §7.1: chunks reach the client as they are made', async () => {
    const origin = use(await startFriendlyOrigin());
    const { client } = await behind(origin.url);
    client.send(request('GET /sse?n=3&ms=30'));
    const { head } = await client.readHead();
    expect(head.status).toBe(200);
    await client.reader.takeThrough('data: event 0\n\n');
    // The backend has not made them yet.
    expect(client.received.toString()).not.toContain('event 2');
    await client.reader.takeThrough('data: event 2\n\n');
    await client.reader.takeThrough('0\r\n\r\n');
  });

  it('RFC 9112 §9.3.1: a backend that closes idle connections early costs no request', async () => {
    const origin = use(await startFriendlyOrigin({ keepAliveTimeoutMs: 5 }));
    const { client } = await behind(origin.url);
    for (let nth = 0; nth < 100; nth += 1) {
      expect((await client.request(request('GET /hello'))).status).toBe(200);
      if (nth % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});

describe('Python', () => {
  it.skipIf(!available('python'))(
    'RFC 9110 §9: serves files, and refuses what it does not know',
    async () => {
      const { client } = await behind(use(await startPython({ files })).url);
      await servesFiles(client);
      const refusal = await client.request(request('POST /hello', ['Content-Length: 3'], 'abc'));
      expect(refusal.status).toBe(501);
    },
  );
});

describe('HAProxy', () => {
  it.skipIf(!available('haproxy'))(
    'RFC 9110 §3.7: proxies of two makers, one behind the other',
    async () => {
      const origin = use(await startFriendlyOrigin());
      const { client } = await behind(use(await startHaproxy({ proxyTo: origin.url })).url);
      for (const chunked of [false, true]) {
        expect((await put(client, '/upload', chunked, 'POST')).json()).toEqual({
          length: size,
          sha256: patternSha256(size),
        });
      }
      const down = await client.request(request(`GET /chunked/${size}`), { keepBody: false });
      expect(down.sha256).toBe(patternSha256(size));
    },
  );
});
