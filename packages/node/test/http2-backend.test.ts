/** Backends that speak HTTP/2 behind the whole proxy (RFC 9113); clients are answered in HTTP/1.1. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { eventually, patternBytes, patternSha256 } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();
const { ca, server: pair } = testCertificates();

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

async function behind(
  onStream: OnStream,
  { secure = true, ...options }: Partial<ReverseItOptions> & { secure?: boolean } = {},
) {
  const server = secure ? createSecureServer({ ...pair, allowHTTP1: true }) : createServer();
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  use({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  const { port } = server.address() as AddressInfo;
  const bench = await start({
    options: {
      backend: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
      pool: { protocols: secure ? ['http1', 'http2'] : ['http2'], tls: { ca } },
      ...options,
    } as ReverseItOptions,
  });
  return { bench, sessions, port, server: server as Http2Server, client: await bench.connect() };
}

const answer = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200, 'content-length': 2 });
  stream.end('ok');
};

describe.each([
  ['TLS', true],
  ['h2c', false],
])('%s', (_, secure) => {
  it('RFC 9110 §7.6.3: Via names the version by which the response came', async () => {
    const { client } = await behind(answer, { secure, via: 'edge' });
    expect((await client.request(request('GET /'))).header('via')).toBe('2.0 edge');
  });

  it('RFC 9113 §8.3: the request line and Host become pseudo-header fields', async () => {
    const seen: Record<string, unknown>[] = [];
    const { client, port } = await behind(
      (stream, headers) => {
        seen.push(Object.fromEntries(Object.entries(headers)));
        stream.respond({ ':status': 203, 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] });
        stream.end('content');
      },
      { secure },
    );
    const fields = ['X-A: 1', 'Cookie: a=1; b=2', 'TE: trailers', 'Connection: x-hop', 'X-Hop: 1'];
    const got = await client.request(request('GET /a?b', fields));
    expect([got.version, got.status, got.reason, got.text]).toEqual([
      '1.1',
      203,
      'Non-Authoritative Information',
      'content',
    ]);
    expect(got.fields.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual([
      'a=1',
      'b=2',
    ]);
    expect(seen).toEqual([
      {
        ':method': 'GET',
        ':scheme': secure ? 'https' : 'http',
        ':authority': `127.0.0.1:${port}`,
        ':path': '/a?b',
        'x-a': '1',
        cookie: 'a=1; b=2',
        te: 'trailers',
      },
    ]);
  });

  it('RFC 9113 §5: 100 clients at once, over one connection', async () => {
    const held: ServerHttp2Stream[] = [];
    const { bench, sessions } = await behind(
      (stream) => {
        held.push(stream);
        if (held.length === 100) for (const each of held) answer(each);
      },
      { secure },
    );
    const clients = await Promise.all(Array.from({ length: 100 }, () => bench.connect()));
    const got = await Promise.all(clients.map((client) => client.request(request('GET /'))));
    expect(got.every(({ status, text }) => status === 200 && text === 'ok')).toBe(true);
    expect(sessions).toHaveLength(1);
    expect(bench.pool.opened).toBe(1);
  });

  it.each(['sized', 'chunked'])('RFC 9113 §8.1: an upload and its echo, %s', async (framing) => {
    const { client } = await behind(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.pipe(stream);
      },
      { secure },
    );
    const size = 3_000_000;
    const bytes = Buffer.from(patternBytes(size));
    const sized = framing === 'sized';
    client.send(
      request('POST /', [sized ? `Content-Length: ${size}` : 'Transfer-Encoding: chunked']),
    );
    const got = client.readResponse({ keepBody: false });
    for (let at = 0; at < size; at += 60_000) {
      const piece = bytes.subarray(at, at + 60_000);
      if (!sized) client.send(`${piece.length.toString(16)}\r\n`);
      await client.write(piece);
      if (!sized) client.send('\r\n');
    }
    if (!sized) client.send('0\r\n\r\n');
    expect((await got).sha256).toBe(patternSha256(size));
    expect((await client.request(request('POST /', ['Content-Length: 2'], 'hi'))).text).toBe('hi');
  });
});

describe('what a backend does wrong', () => {
  it('RFC 9113 §5.4.2: a reset before the head is 502, and the connections stay', async () => {
    let resets = 1;
    const { bench, client } = await behind((stream) =>
      resets-- > 0 ? stream.close(2) : answer(stream),
    );
    expect((await client.request(request('GET /'))).status).toBe(502);
    expect((await client.request(request('GET /'))).status).toBe(200);
    expect(bench.pool.opened).toBe(1);
  });

  it('RFC 9113 §5.4.2: a reset within the content never looks complete', async () => {
    const { client } = await behind((stream) => {
      stream.respond({ ':status': 200 });
      // `close` would send END_STREAM first.
      stream.write('part', () => stream.destroy(new Error('broken')));
    });
    client.send(request('GET /'));
    await client.expectReset();
    expect(client.received.toString()).not.toMatch(/0\r\n\r\n$/);
  });

  it('RFC 9113 §8.7: a refused stream is sent again once, then 503', async () => {
    let streams = 0;
    let refusals = 1;
    const { client } = await behind((stream) => {
      streams++;
      if (refusals-- > 0) stream.close(7);
      else answer(stream);
    });
    expect((await client.request(request('POST /', ['Content-Length: 2'], 'hi'))).status).toBe(200);
    expect(streams).toBe(2);
    refusals = 2;
    expect((await client.request(request('GET /'))).status).toBe(503);
    expect(streams).toBe(4);
  });

  it('RFC 9113 §6.8: GOAWAY sends what follows to another connection', async () => {
    const { bench, client, sessions } = await behind(answer);
    expect((await client.request(request('GET /'))).status).toBe(200);
    sessions[0]!.goaway(0);
    await eventually(() => bench.pool.open === 0, 'the connection to be closed');
    expect((await client.request(request('GET /'))).status).toBe(200);
    expect(sessions).toHaveLength(2);
  });

  it('RFC 9110 §15.6.5: silence is 504', async () => {
    const { client } = await behind(() => {}, { responseHeaderTimeout: 50 });
    expect((await client.request(request('GET /'))).status).toBe(504);
  });

  it('RFC 9110 §15.6.3: too many header bytes are 502', async () => {
    const { client } = await behind(
      (stream) => {
        stream.respond({ ':status': 200, 'x-long': 'v'.repeat(1000) });
        stream.end();
      },
      { maxResponseHeaderBytes: 900 },
    );
    expect((await client.request(request('GET /'))).status).toBe(502);
  });
});

it('RFC 9110 §15.2: interim responses pass', async () => {
  const { client } = await behind((stream) => {
    stream.additionalHeaders({ ':status': 102 });
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
    stream.additionalHeaders({ ':status': 104, 'upload-offset': '5' });
    answer(stream);
  });
  const got = await client.request(request('GET /'));
  expect(got.status).toBe(200);
  expect(got.interim.map(({ status, fields }) => [status, fields])).toEqual([
    [102, []],
    [103, [['link', '</a.css>']]],
    [104, [['upload-offset', '5']]],
  ]);
});

it('RFC 9113 §5.4.2: a client that leaves ends its stream and no other', async () => {
  const held: ServerHttp2Stream[] = [];
  const { bench, client, sessions } = await behind((stream, headers) => {
    if (headers[':path'] === '/held') held.push(stream);
    else answer(stream);
  });
  client.send(request('GET /held'));
  await eventually(() => held.length === 1, 'the stream');
  client.reset();
  await eventually(() => held[0]!.closed, 'the end of the stream');
  expect(held[0]!.rstCode).toBe(8);
  expect((await (await bench.connect()).request(request('GET /'))).status).toBe(200);
  expect(sessions).toHaveLength(1);
});

it('RFC 6455 §4: a WebSocket goes over HTTP/1.1', async () => {
  const { bench, client, server } = await behind(answer);
  const alpn: unknown[] = [];
  server.on('upgrade', (upgrade, socket: Duplex) => {
    alpn.push(upgrade.socket.alpnProtocol);
    socket.on('error', () => {});
    const key = `${upgrade.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('end', () => socket.end()).resume();
  });
  expect((await client.request(request('GET /'))).status).toBe(200);
  const other = await bench.connect();
  other.send(
    request('GET /ws', [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]),
  );
  await eventually(() => other.received.includes('101 Switching'), 'the 101');
  expect(alpn).toEqual(['http/1.1']);
  other.reset();
});

describe.each([
  ['collected', {}],
  ['streamed', { requestBodyBufferSize: 0 }],
])('RFC 9113 §8.1: trailers of a request and of its response, %s', (_, options) => {
  it.each([
    ['some', ['X-Sum: 1', 'Host: b', 'Authorization: c'], { 'x-sum': '1' }],
    ['none that pass', ['Host: b'], null],
    ['none', [], null],
  ])('%s', async (_name, trailers, wanted) => {
    const seen: unknown[] = [];
    const { client } = await behind((stream, headers) => {
      let got: object | null = null;
      stream.on('trailers', (fields) => {
        got = Object.fromEntries(Object.entries(fields));
      });
      stream.resume().on('end', () => {
        seen.push(headers.te, got);
        stream.respond({ ':status': 200, trailer: 'x-end' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'e', 'set-cookie': 'a' }));
        stream.end('ok');
      });
    }, options);
    const answered = await client.request(
      request(
        'POST /',
        ['Transfer-Encoding: chunked', 'TE: trailers'],
        ['3', 'abc', '0', ...trailers, '', ''].join('\r\n'),
      ),
    );
    expect(seen).toEqual(['trailers', wanted]);
    expect([answered.text, answered.header('trailer'), answered.trailers]).toEqual([
      'ok',
      'x-end',
      [['x-end', 'e']],
    ]);
  });
});
