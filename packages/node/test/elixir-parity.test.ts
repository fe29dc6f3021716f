/**
 * What the tests of the Elixir original assert of HTTP, one for one and in their order. The WebSocket part
 * is in `websocket-elixir-parity.test.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerEach,
  chunkedResponse,
  connectRaw,
  deferred,
  end,
  expectRequest,
  type FriendlyOrigin,
  patternBytes,
  patternChunks,
  patternSha256,
  type RawClient,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  send,
  startFriendlyOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { createServer, type ReverseItOptions, type ReverseItStats } from '../src/index.ts';
import { request } from './harness.ts';

useCensus();
const use = useCleanup();
const MiB = 1024 * 1024;

interface Proxy {
  connect(): Promise<RawClient>;
  stats(): ReverseItStats;
}

async function startProxy(options: ReverseItOptions): Promise<Proxy> {
  const proxy = createServer({ logger: null, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  return {
    connect: async () => use(await connectRaw({ port })),
    stats: () => proxy.stats(),
  };
}

/** A proxy in front of a backend that is an ordinary server. */
async function friendly(
  options: ReverseItOptions = {},
): Promise<Proxy & { origin: FriendlyOrigin }> {
  const origin = use(await startFriendlyOrigin());
  return { ...(await startProxy({ backend: origin.url, ...options })), origin };
}

/** A proxy in front of a backend that does as it is told. */
async function scripted(
  origin: ScriptedOriginOptions,
  options: ReverseItOptions = {},
): Promise<Proxy & { origin: ScriptedOrigin }> {
  const backend = use(await startScriptedOrigin(origin));
  return { ...(await startProxy({ backend: backend.url, ...options })), origin: backend };
}

/** The same, where the way to the backend is a Unix socket that takes one request for each connection. */
async function overUnixSocket(script: ScriptedOriginOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
  use({ close: () => rm(folder, { recursive: true }) });
  const socketPath = join(folder, 'backend.sock');
  return scripted(
    { ...script, socketPath },
    {
      backend: 'http://provider-tunnel',
      unixSocket: socketPath,
      upstreamConnection: 'one-shot',
    },
  );
}

/** Sends the pattern in chunks of a megabyte, as its length is not known before. */
async function upload(client: RawClient, size: number): Promise<unknown> {
  client.send(request('POST /upload', ['Transfer-Encoding: chunked']));
  for (const piece of patternChunks(size, MiB)) {
    await client.write(`${piece.length.toString(16)}\r\n`);
    await client.write(piece);
    await client.write('\r\n');
  }
  await client.write('0\r\n\r\n');
  const answered = await client.readResponse();
  expect(answered.status).toBe(200);
  return answered.json();
}

const uploaded = (size: number) => ({ length: size, sha256: patternSha256(size) });

it('expectation consumed', async () => {
  const proxy = await scripted({ script: answerEach(response(200, 'ok')) });
  const client = await proxy.connect();
  client.send(request('POST /x', ['Expect: 100-continue', 'Content-Length: 3']));
  const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';
  expect(String(await client.reader.take(goOn.length))).toBe(goOn);
  client.send('abc');
  expect((await client.readResponse()).text).toBe('ok');
  const seen = await proxy.origin.request();
  expect([seen.text, seen.header('expect')]).toEqual(['abc', undefined]);
});

it('fresh Unix-socket upstream per request', async () => {
  const answering = (nth: number) => [expectRequest(), send(response(200, `response-${nth}`))];
  const proxy = await overUnixSocket({ scripts: [answering(1), answering(2)] });
  const client = await proxy.connect();
  for (const [target, content] of [
    ['/first', 'one'],
    ['/second', 'two'],
  ]) {
    const sent = request(`POST ${target}`, ['Content-Length: 3'], content);
    const nth = proxy.origin.requestCount + 1;
    expect((await client.request(sent)).text).toBe(`response-${nth}`);
  }
  const fresh = ['provider-tunnel', 'close'];
  expect(
    proxy.origin.connections.map(({ requests }) =>
      requests.map((one) => [one.target, one.text, one.header('host'), one.header('connection')]),
    ),
  ).toEqual([[['/first', 'one', ...fresh]], [['/second', 'two', ...fresh]]]);
});

it('bodyless semantics over a Unix socket', async () => {
  const answering = (head: string) => [expectRequest(), send(`${head}\r\n\r\n`), end()];
  const proxy = await overUnixSocket({
    scripts: [
      answering('HTTP/1.1 200 OK\r\ncontent-length: 7'),
      answering('HTTP/1.1 204 No Content'),
      answering('HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 7'),
      answering('HTTP/1.1 200 OK\r\ncontent-length: 0'),
    ],
  });
  // On one connection: content where there is none would be taken for the next response.
  const client = await proxy.connect();
  const got: unknown[] = [];
  for (const method of ['HEAD', 'GET', 'GET', 'GET']) {
    const answered = await client.request(request(`${method} /`), { method });
    got.push([answered.status, answered.header('content-length'), answered.text]);
  }
  expect(got).toEqual([
    [200, '7', ''],
    [204, undefined, ''],
    [304, '7', ''],
    [200, '0', ''],
  ]);
  expect(client.reader.unread).toHaveLength(0);
});

it('GET', async () => {
  const proxy = await friendly();
  const answered = await (await proxy.connect()).request(request('GET /hello'));
  expect([answered.status, answered.text]).toEqual([200, 'Hello from the backend.\n']);
});

it('JSON', async () => {
  const proxy = await friendly();
  const answered = await (await proxy.connect()).request(request('GET /api/items/2'));
  expect([answered.status, answered.header('content-type')]).toEqual([200, 'application/json']);
  expect(answered.json()).toEqual({ id: 2, name: 'two' });
});

it('POST', async () => {
  const proxy = await friendly();
  const sent = request('POST /echo', ['Content-Length: 9'], 'test data');
  const answered = await (await proxy.connect()).request(sent);
  expect(answered.status).toBe(200);
  expect(answered.json()).toMatchObject({ method: 'POST', target: '/echo', body: 'test data' });
});

it('header forwarding', async () => {
  const proxy = await scripted({ script: answerEach(response(200, 'ok', ['X-Back: b'])) });
  const client = await proxy.connect();
  const answered = await client.request(
    'GET /x HTTP/1.1\r\nHost: front.example:81\r\nX-Own: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n',
  );
  expect(answered.header('x-back')).toBe('b');
  const seen = await proxy.origin.request();
  const names = ['host', 'x-own', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];
  expect(names.map((name) => seen.header(name))).toEqual([
    `127.0.0.1:${proxy.origin.port}`,
    'a',
    '1.1.1.1, 127.0.0.1',
    'http',
    'front.example:81',
  ]);
});

it('hop-by-hop stripping', async () => {
  const hopByHop = ['Keep-Alive: timeout=9', 'Proxy-Connection: keep-alive', 'TE: gzip'];
  const proxy = await scripted({
    script: answerEach(
      response(200, 'ok', ['Connection: x-secret', 'X-Secret: b', 'Keep-Alive: timeout=9']),
    ),
  });
  const client = await proxy.connect();
  const fields = ['Connection: x-secret, te', 'X-Secret: a', ...hopByHop, 'X-Open: a'];
  const answered = await client.request(request('GET /x', fields));
  const seen = await proxy.origin.request();
  for (const name of ['x-secret', 'keep-alive', 'proxy-connection', 'te']) {
    expect([name, seen.headers(name), answered.headers(name)]).toEqual([name, [], []]);
  }
  expect([seen.header('connection'), answered.header('connection')]).toEqual([
    'keep-alive',
    undefined,
  ]);
  expect(seen.header('x-open')).toBe('a');
});

it('replace forwarded headers', async () => {
  const proxy = await scripted(
    { script: answerEach(response(200, 'ok')) },
    { forwardedHeaders: 'replace' },
  );
  const client = await proxy.connect();
  const forged = ['For: 1.1.1.1', 'Proto: https', 'Host: b'].map((rest) => `X-Forwarded-${rest}`);
  await client.request(request('GET /x', forged));
  const seen = await proxy.origin.request();
  expect(['for', 'proto', 'host'].map((name) => seen.headers(`x-forwarded-${name}`))).toEqual([
    ['127.0.0.1'],
    ['http'],
    ['a'],
  ]);
});

it('body limit', async () => {
  const proxy = await friendly({ maxRequestBodySize: 1024 });
  const sent = request('POST /upload', ['Content-Length: 2048'], 'A'.repeat(2048));
  expect((await (await proxy.connect()).request(sent)).status).toBe(413);
  const chunked = request('POST /upload', ['Transfer-Encoding: chunked']);
  const piece = `800\r\n${'A'.repeat(2048)}\r\n0\r\n\r\n`;
  expect((await (await proxy.connect()).request(chunked + piece)).status).toBe(413);
  expect(proxy.origin.requests()).toBe(0);
});

it('response limit', async () => {
  const proxy = await friendly({ maxResponseBodySize: 1024 });
  const client = await proxy.connect();
  const answered = await client.request(request('GET /bytes/2048'));
  expect([answered.status, answered.text]).toEqual([502, 'Bad Gateway']);
  expect((await client.request(request('GET /bytes/1024'))).bodyLength).toBe(1024);
});

it('404', async () => {
  const proxy = await friendly();
  const client = await proxy.connect();
  const answered = await client.request(request('GET /nonexistent'));
  expect([answered.status, answered.text]).toEqual([404, 'not found\n']);
  expect((await client.request(request('GET /hello'))).status).toBe(200);
});

it('truncated body never completes', async () => {
  const halfWay = deferred();
  const proxy = await scripted(
    {
      scripts: [
        // The client leaves within its content.
        async (connection) => {
          await connection.expectHead();
          await connection.reader.take(1000);
          halfWay.resolve();
          await connection.whenPeerGone();
        },
        // The backend does, in either framing.
        [expectRequest(), send('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'), end()],
        [expectRequest(), send(chunkedResponse(200, ['abc']).subarray(0, -5)), end()],
      ],
    },
    { requestBodyBufferSize: 0 },
  );
  const leaving = await proxy.connect();
  leaving.send(request('POST /x', ['Content-Length: 5000'], 'A'.repeat(1000)));
  await halfWay.promise;
  leaving.end();
  const upstream = await proxy.origin.connection();
  await upstream.whenPeerGone();
  expect(upstream.reader.unread).toHaveLength(0);
  expect((await leaving.readUntilEnd().catch(() => Buffer.alloc(0))).toString()).toBe('');

  for (const target of ['/length', '/chunked']) {
    const client = await proxy.connect();
    client.send(request(`GET ${target}`));
    const { head } = await client.readHead();
    expect(head.status).toBe(200);
    await client.expectReset();
  }
  proxy.origin.assertScripts();
});

it('replay-safe retry', async () => {
  // Each connection serves one request and ends, without a byte, when it has read the next.
  const proxy = await scripted({
    script: [expectRequest(), send(response(200, 'ok')), expectRequest(), end()],
  });
  const client = await proxy.connect();
  const statusOf = async (method: string, target: string): Promise<number> =>
    (await client.request(request(`${method} ${target}`, ['Content-Length: 0']), { method }))
      .status;
  expect(await statusOf('GET', '/1')).toBe(200);
  expect(await statusOf('GET', '/2')).toBe(200);
  expect(await statusOf('POST', '/3')).toBe(502);
  expect(proxy.origin.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /1',
    'GET /2',
    'GET /2',
    'POST /3',
  ]);
});

it('large upload through the pool', async () => {
  const proxy = await friendly();
  const size = 15 * MiB;
  expect(await upload(await proxy.connect(), size)).toEqual(uploaded(size));
  expect(proxy.stats().pools).toMatchObject([{ opened: 1 }]);
});

it('client connection reusable after an upload', async () => {
  const proxy = await friendly();
  const client = await proxy.connect();
  const size = 2 * MiB;
  client.send(request('POST /upload', [`Content-Length: ${size}`]));
  await client.write(patternBytes(size));
  expect((await client.readResponse()).json()).toEqual(uploaded(size));
  expect((await client.request(request('GET /hello'))).text).toBe('Hello from the backend.\n');
});

it('pooled reuse for uploads', async () => {
  const proxy = await friendly();
  const client = await proxy.connect();
  for (const size of [2 * MiB, 1024, 3 * MiB]) {
    expect(await upload(client, size)).toEqual(uploaded(size));
  }
  expect(proxy.stats().pools).toMatchObject([{ opened: 1, reused: 2 }]);
});

it('large download', async () => {
  const proxy = await friendly();
  const client = await proxy.connect();
  const size = 20 * MiB;
  for (const route of ['bytes', 'chunked']) {
    const got = await client.request(request(`GET /${route}/${size}`), { keepBody: false });
    expect([got.status, got.bodyLength, got.sha256]).toEqual([200, size, patternSha256(size)]);
  }
});

it('concurrent streaming', async () => {
  const proxy = await friendly();
  const sizes = [12 * MiB, 12 * MiB + 1, 12 * MiB + 2];
  const clients = await Promise.all(sizes.map(() => proxy.connect()));
  const answers = clients.map((client, nth) => upload(client, sizes[nth] ?? 0));
  expect(await Promise.all(answers)).toEqual(sizes.map(uploaded));
});

it('request and response streamed together', async () => {
  const piece = 64 * 1024;
  const proxy = await scripted(
    {
      script: async (connection) => {
        await connection.expectHead();
        await connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${16 * piece}\r\n\r\n`);
        for (let nth = 0; nth < 16; nth += 1) {
          await connection.send(await connection.reader.take(piece));
        }
      },
    },
    { requestBodyBufferSize: 0 },
  );
  const client = await proxy.connect();
  client.send(request('POST /x', [`Content-Length: ${16 * piece}`]));
  // Each piece comes back before the next is sent: neither direction waits for the end of the other.
  for (let nth = 0; nth < 16; nth += 1) {
    const bytes = patternBytes(piece, nth * piece);
    await client.write(bytes);
    if (nth === 0) expect((await client.readHead()).head.status).toBe(200);
    expect((await client.reader.take(piece)).equals(bytes)).toBe(true);
  }
  proxy.origin.assertScripts();
});
