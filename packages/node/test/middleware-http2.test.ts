/**
 * The proxy as middleware of `node:http2`, by its compatibility API: over TLS, over TLS beside HTTP/1.1, and
 * without.
 */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  answerEach,
  chunkedResponse,
  connectRaw,
  deferred,
  eventually,
  expectRequest,
  guarded,
  patternBytes,
  patternSha256,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  script,
  send,
  startFriendlyOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createHandler, type HandlerOptions, type ReverseItHandler } from '../src/index.ts';
import { ntlmOrigin } from './ntlm-origin.ts';
import { whenIdle } from './when-idle.ts';

useCensus();

type Listener = (request: http2.Http2ServerRequest, answer: http2.Http2ServerResponse) => void;

const servers = {
  'over TLS': (listener: Listener) => http2.createSecureServer(testCertificates().server, listener),
  'over TLS, beside HTTP/1.1': (listener: Listener) =>
    http2.createSecureServer({ ...testCertificates().server, allowHTTP1: true }, listener),
  'over TCP': (listener: Listener) => http2.createServer(listener),
};
type Make = (typeof servers)[keyof typeof servers];

interface Setup {
  readonly make?: Make;
  readonly options?: Partial<HandlerOptions>;
  readonly origin?: ScriptedOriginOptions;
  readonly listener?: (handler: ReverseItHandler) => Listener;
}

interface Got {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly trailers: http2.IncomingHttpHeaders | null;
  readonly body: Buffer;
}

class Rig {
  readonly origin: ScriptedOrigin;
  readonly handler: ReverseItHandler;
  readonly session: http2.ClientHttp2Session;
  readonly port: number;
  readonly #server: http2.Http2Server | http2.Http2SecureServer;

  constructor(
    origin: ScriptedOrigin,
    handler: ReverseItHandler,
    server: http2.Http2Server | http2.Http2SecureServer,
    session: http2.ClientHttp2Session,
  ) {
    this.origin = origin;
    this.handler = handler;
    this.#server = server;
    this.session = session;
    this.port = (server.address() as AddressInfo).port;
  }

  open(headers: http2.OutgoingHttpHeaders = {}, body?: Buffer): http2.ClientHttp2Stream {
    const stream = this.session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    return stream;
  }

  async request(headers: http2.OutgoingHttpHeaders = {}, body?: Buffer): Promise<Got> {
    return read(this.open(headers, body));
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.handler);
  }

  async close(): Promise<void> {
    try {
      await this.whenIdle();
      this.origin.assertScripts();
    } finally {
      this.session.destroy();
      await this.handler.close({ timeout: 0 });
      await this.origin.close();
      this.#server.close();
      await once(this.#server, 'close');
    }
  }
}

async function read(stream: http2.ClientHttp2Stream): Promise<Got> {
  let headers: Got['headers'] = {};
  let trailers: Got['trailers'] = null;
  stream.on('response', (given) => {
    headers = given;
  });
  stream.on('trailers', (given) => {
    trailers = given;
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { headers, trailers, body: Buffer.concat(chunks) };
}

const open: Rig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

async function start(setup: Setup = {}): Promise<Rig> {
  const {
    make = servers['over TCP'],
    options = {},
    origin,
    listener = (handler) => handler,
  } = setup;
  const backend = await startScriptedOrigin(origin ?? { script: answerEach(response(200, 'ok')) });
  const handler = createHandler({
    logger: null,
    backend: backend.url,
    forwardedHeaders: false,
    // Whether content is held must not depend on how busy the machine is.
    requestBodyBufferDelay: 0,
    ...options,
  });
  const server = make(listener(handler));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const scheme = make === servers['over TCP'] ? 'http' : 'https';
  const session = http2.connect(`${scheme}://localhost:${port}`, {
    ca: testCertificates().ca,
    maxSessionMemory: 64,
    lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const rig = new Rig(backend, handler, server, session);
  open.push(rig);
  await once(session, 'connect');
  return rig;
}

describe.each(Object.entries(servers))('HTTP/2 %s', (_, make) => {
  it('RFC 9113 §8.3.1: becomes HTTP/1.1 towards the backend', async () => {
    const rig = await start({
      make,
      options: { forwardedHeaders: 'append' },
      origin: {
        script: answerEach(
          response(200, 'ok', [
            'X-B: 1',
            'Set-Cookie: a=1',
            'X-b: 2',
            'Set-Cookie: b=2',
            'Connection: x-hop',
            'X-Hop: 1',
          ]),
        ),
      },
    });
    const { headers, body } = await rig.request({
      ':path': '/x?y=%2F',
      'x-one': '1',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
    });
    expect(rig.origin.requests[0]).toMatchObject({ method: 'GET', target: '/x?y=%2F' });
    expect(rig.origin.requests[0]?.fields).toEqual([
      ['host', `127.0.0.1:${rig.origin.port}`],
      ['connection', 'keep-alive'],
      ['x-one', '1'],
      ['cookie', 'a=1; b=2'],
      ['te', 'trailers'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', make === servers['over TCP'] ? 'http' : 'https'],
      ['x-forwarded-host', `localhost:${rig.port}`],
    ]);
    expect(body.toString()).toBe('ok');
    expect(headers).toMatchObject({
      ':status': 200,
      'set-cookie': ['a=1', 'b=2'],
      'x-b': '1, 2',
      'content-length': '2',
    });
    expect(headers).not.toHaveProperty('x-hop');
  });

  it('passes content with a length and without, and none', async () => {
    const rig = await start({ make });
    await rig.request(
      { ':method': 'POST', ':path': '/1', 'content-length': 5 },
      Buffer.from('hello'),
    );
    await rig.request({ ':method': 'POST', ':path': '/2' }, Buffer.from('hello'));
    await rig.request({ ':method': 'POST', ':path': '/3' });
    await rig.request({ ':method': 'POST', ':path': '/4' }, Buffer.alloc(0));
    expect(rig.origin.requests.map(({ target, body }) => [target, body.toString()])).toEqual([
      ['/1', 'hello'],
      ['/2', 'hello'],
      ['/3', ''],
      ['/4', ''],
    ]);
  });

  it('streams much both ways, in several streams at a time', async () => {
    const large = 4 * 1024 * 1024;
    const backend = await startFriendlyOrigin();
    try {
      const rig = await start({ make, options: { backend: backend.url } });
      const bytes = patternBytes(large);
      const uploads = [1, 2, 3].map(() =>
        rig.request({ ':method': 'POST', ':path': '/upload' }, bytes),
      );
      const downloads = ['bytes', 'chunked'].map((kind) =>
        rig.request({ ':path': `/${kind}/${large}` }),
      );
      for (const { body } of await Promise.all(uploads)) {
        expect(JSON.parse(body.toString())).toEqual({
          length: large,
          sha256: patternSha256(large),
        });
      }
      for (const { body } of await Promise.all(downloads)) expect(body.equals(bytes)).toBe(true);
      await rig.whenIdle();
      await rig.handler.close();
    } finally {
      await backend.close();
    }
  });
});

it('ALPN: serves a client of HTTP/1.1 on the same server', async () => {
  const rig = await start({ make: servers['over TLS, beside HTTP/1.1'] });
  const client = await connectRaw({
    port: rig.port,
    tls: { ca: testCertificates().ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] },
  });
  const answer = await client.request('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
  expect([answer.status, answer.text]).toEqual([200, 'ok']);
  expect(rig.origin.requests[0]?.body.toString()).toBe('hi');
  await client.close();
});

it.each([
  ['HEAD', 200, ['Content-Length: 7']],
  ['GET', 204, []],
  ['GET', 304, ['ETag: "a"', 'Content-Length: 7']],
])('RFC 9113 §8.1: %s %i ends with its head', async (method, status, fields) => {
  const head = [`HTTP/1.1 ${status} Fine`, ...fields, '', ''].join('\r\n');
  const rig = await start({ origin: { script: answerEach(head) } });
  for (const path of ['/1', '/2']) {
    const { headers, body } = await rig.request({ ':method': method, ':path': path });
    expect([headers[':status'], body.length]).toEqual([status, 0]);
    expect(headers['content-length']).toBe(fields.length > 0 ? '7' : undefined);
  }
});

it('RFC 9110 §6.5: passes trailers and early hints on', async () => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n';
  const answer = chunkedResponse(200, ['ab'], [], ['X-Sum: 1', 'x-sum: 2']);
  const rig = await start({
    origin: { script: answerEach(Buffer.concat([Buffer.from(hint), answer])) },
  });
  const stream = rig.open();
  const hints: unknown[] = [];
  stream.on('headers', (headers) => hints.push([headers[':status'], headers.link]));
  const { trailers } = await read(stream);
  expect(trailers).toMatchObject({ 'x-sum': '1, 2' });
  expect(hints).toEqual([[103, '</a>; rel=preload']]);
});

it('RFC 9110 §15.2: passes every interim response on', async () => {
  const interims = [
    'HTTP/1.1 102 Processing\r\n\r\n',
    'HTTP/1.1 104 Upload\r\nUpload-Offset: 5\r\nConnection: x\r\nX: 1\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\nLink: </b>\r\n\r\n',
  ].join('');
  const rig = await start({
    origin: { script: answerEach(Buffer.concat([Buffer.from(interims), response(200, 'ok')])) },
  });
  const stream = rig.open();
  const seen: unknown[] = [];
  stream.on('headers', (headers) => seen.push(Object.fromEntries(Object.entries(headers))));
  const { headers, body } = await read(stream);
  expect([headers[':status'], body.toString()]).toEqual([200, 'ok']);
  expect(seen).toEqual([
    { ':status': 102 },
    { ':status': 104, 'upload-offset': '5' },
    { ':status': 103, link: 'nonsense, </b>' },
  ]);
});

it('RFC 9110 §5.5: bytes beyond ASCII pass as they are, in fields, hints and trailers', async () => {
  const value = `\xe9 ${Buffer.from('é – 漢').toString('latin1')}`;
  const text = [
    'HTTP/1.1 103 Early Hints',
    'Link: </a>; rel=preload',
    `X-Name: ${value}`,
    '',
    'HTTP/1.1 200 OK',
    `Content-Disposition: ${value}`,
    'Transfer-Encoding: chunked',
    '',
    '2\r\nok\r\n0',
    `X-Sum: ${value}`,
    '',
    '',
  ];
  const rig = await start({ origin: { script: answerEach(text.join('\r\n')) } });
  const stream = rig.open({ 'x-name': value });
  const hints: unknown[] = [];
  stream.on('headers', (fields) => hints.push(fields['x-name']));
  const { headers, trailers } = await read(stream);
  expect(hints).toEqual([value]);
  expect([headers['content-disposition'], trailers?.['x-sum']]).toEqual([value, value]);
  expect(rig.origin.requests[0]?.header('x-name')).toBe(value);
});

describe('what the application has done to request.headers counts', () => {
  const changed = (change: (headers: http2.IncomingHttpHeaders) => void, setup: Setup = {}) =>
    start({
      ...setup,
      listener: (handler) => (request, answer) => {
        change(request.headers);
        handler(request, answer);
      },
    });

  it('a field set, one changed, one deleted', async () => {
    const rig = await changed((headers) => {
      headers['x-user'] = '7';
      headers['x-list'] = '3';
      delete headers['x-role'];
    });
    await rig.request({ 'x-role': 'admin', 'x-list': ['1', '2'], cookie: ['a=1', 'b=2'] });
    expect(rig.origin.requests[0]?.fields.slice(2)).toEqual([
      ['x-list', '3'],
      ['x-user', '7'],
      ['cookie', 'a=1; b=2'],
    ]);
  });

  it.each(['host', ':authority'])('RFC 9113 §8.3.1: another %s', async (name) => {
    const change = (headers: http2.IncomingHttpHeaders) => {
      headers[name] = 'b';
    };
    const rig = await changed(change, { options: { preserveHostHeader: true, host: 'b' } });
    expect((await rig.request({ ':authority': 'a' })).headers[':status']).toBe(200);
    expect(rig.origin.requests[0]?.headers('host')).toEqual(['b']);
  });
});

it('RFC 6265 §3, RFC 9110 §12.5.5: cookies and Vary of the application are joined with the backend’s', async () => {
  const rig = await start({
    listener: (handler) => (request, answer) => {
      answer.setHeader('Set-Cookie', ['c=1', 'd=2']);
      answer.setHeader('Vary', 'Origin');
      answer.setHeader('ETag', '"app"');
      answer.setHeader('X-App', '1');
      handler(request, answer);
    },
    origin: {
      script: answerEach(
        response(200, 'ok', [
          'Set-Cookie: a=1',
          'set-cookie: b=2',
          'Vary: A',
          'vary: B',
          'ETag: "b"',
        ]),
      ),
    },
  });
  const { headers } = await rig.request();
  expect(headers).toMatchObject({
    'set-cookie': ['c=1', 'd=2', 'a=1', 'b=2'],
    vary: 'Origin, A, B',
    etag: '"b"',
    'x-app': '1',
  });
});

it('RFC 9113 §8.8.4: fields that may stand once only are joined, not a failure', async () => {
  const rig = await start({
    origin: {
      script: answerEach(
        response(200, 'ok', ['Content-Encoding: a', 'content-encoding: b', 'Age: 1', 'Age: 2']),
      ),
    },
  });
  const { headers } = await rig.request();
  expect(headers).toMatchObject({ ':status': 200, 'content-encoding': 'a, b', age: '1, 2' });
});

it.each([
  ['another Host beside :authority', { ':authority': 'a', host: 'b' }, 400],
  ['CONNECT', { ':method': 'CONNECT', ':authority': 'a' }, 405],
  ['TRACE', { ':method': 'TRACE', 'max-forwards': '0' }, 405],
  ['a target that is too long', { ':path': `/${'x'.repeat(8192)}` }, 414],
])('refuses %s', async (_name, headers, status) => {
  const rig = await start();
  // Node's own client would not send two authorities that differ.
  const stream = rig.open(headers);
  const got = await read(stream);
  expect(got.headers[':status']).toBe(status);
  expect(rig.origin.connectionCount).toBe(0);
});

it('takes a Host that is the same as :authority, and one alone', async () => {
  const rig = await start({ options: { preserveHostHeader: true } });
  expect((await rig.request({ ':authority': 'a', host: 'a' })).headers[':status']).toBe(200);
  expect(rig.origin.requests[0]?.headers('host')).toEqual(['a']);
});

it('leaves to the application what no route serves', async () => {
  const rig = await start({
    options: { path: '/api' },
    listener: (handler) => (request, answer) =>
      handler(request, answer, () => {
        answer.statusCode = 404;
        answer.end('mine');
      }),
  });
  expect((await rig.request({ ':path': '/other' })).body.toString()).toBe('mine');
  expect((await rig.request({ ':path': '/api' })).body.toString()).toBe('ok');
});

describe('when it goes wrong', () => {
  const streamed = { requestBodyBufferSize: 0 };

  it.each([
    ['a length', 'content-length: 10\r\n\r\n12345'],
    ['chunks', 'transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n'],
  ])(
    'RFC 9113 §8.1.1: a response with %s that breaks off resets the stream',
    async (_name, sent) => {
      const rig = await start({
        origin: {
          script: script(expectRequest(), send(`HTTP/1.1 200 OK\r\n${sent}`), (c) => c.destroy()),
        },
      });
      const stream = rig.open();
      await expect(read(stream)).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
      expect(stream.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
      // The session serves others.
      expect(rig.session.destroyed).toBe(false);
    },
  );

  it('a client that gives up a response lets the backend go', async () => {
    const rig = await start({ origin: {} });
    const stream = rig.open();
    const backend = await rig.origin.connection();
    await backend.expectRequest();
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
  });

  it('a client that gives up its upload never looks complete', async () => {
    const rig = await start({ options: streamed, origin: {} });
    for (const [nth, length] of [undefined, 10].entries()) {
      const fields = length === undefined ? {} : { 'content-length': length };
      const stream = rig.session.request({ ':method': 'POST', ...fields }, { endStream: false });
      stream.on('error', () => {});
      stream.write('12345');
      const backend = await rig.origin.connection(nth);
      await backend.reader.takeThrough('12345');
      // Node's `close` would first end the stream in good order.
      stream.destroy(new Error('given up'));
      await guarded(backend.whenPeerGone(), 'the backend to be let go');
      expect(backend.received.toString('latin1')).not.toMatch(/12345(\r\n)?0\r\n\r\n$/);
    }
  });

  it('a client that vanishes lets the backend go, and its record says who it was', async () => {
    const records: unknown[] = [];
    const rig = await start({
      origin: {},
      options: {
        onFinish: ({ remoteAddress, errorCode, status }) =>
          records.push([remoteAddress, errorCode, status]),
      },
    });
    rig.open().on('error', () => {});
    const backend = await rig.origin.connection();
    await backend.expectRequest();
    rig.session.destroy();
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
    await rig.whenIdle();
    expect(records).toEqual([['127.0.0.1', 'RIT_ERR_CLIENT_ABORTED', 499]]);
  });

  it('a client that has left while the application was at it is not served', async () => {
    const served = deferred();
    const rig = await start({
      origin: {},
      listener: (handler) => (request, answer) => {
        answer.on('close', () => {
          handler(request, answer);
          served.resolve();
        });
      },
    });
    rig.open().on('error', () => {});
    await once(rig.session, 'remoteSettings');
    rig.session.destroy();
    await guarded(served.promise, 'the application to see it');
    expect(rig.handler.stats().totalExchanges).toBe(0);
  });

  it('RFC 9113 §8.1: a refusal stops the upload, and the session goes on', async () => {
    const rig = await start({ options: { ...streamed, maxRequestBodySize: 100_000 } });
    const stream = rig.session.request({ ':method': 'POST' }, { endStream: false });
    stream.write(patternBytes(200_000));
    const { headers, body } = await read(stream);
    expect(headers[':status']).toBe(413);
    expect(body.toString()).toBe('413 Content Too Large\n');
    expect((await rig.request()).headers[':status']).toBe(200);
    // The upload has not ended, and is not waited for.
    await rig.whenIdle();
  });

  it('a client that reads nothing is not written to without bound', async () => {
    const total = 64 * 1024 * 1024;
    let taken = 0;
    const rig = await start({
      options: { responseSendTimeout: 300 },
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
          const chunk = patternBytes(1024 * 1024);
          while (taken < total && (await connection.send(chunk))) taken += chunk.length;
        },
      },
    });
    const stream = rig.open();
    stream.on('error', () => {});
    const closed = new Promise((resolve) => stream.on('close', resolve));
    await once(stream, 'response');
    await guarded((await rig.origin.connection()).whenPeerGone(), 'the backend to be let go');
    expect(taken).toBeLessThan(total / 2);
    stream.resume();
    await guarded(closed, 'the stream to be reset');
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
  });
});

it('clients share a connection: nobody is logged in by it, nor served for another (RFC 4559)', async () => {
  const rig = await start({ origin: ntlmOrigin });
  const ask = async (headers: http2.OutgoingHttpHeaders) =>
    (await rig.request(headers)).headers[':status'];
  expect(await ask({ authorization: 'NTLM one' })).toBe(401);
  expect(await ask({ authorization: 'NTLM three-a' })).toBe(200);
  expect(await ask({})).toBe(401);
  await eventually(() => rig.origin.openConnections === 0, 'every connection to close');
});

describe('a gRPC call whose two sides wait for each other', () => {
  it.each([
    ['a backend of HTTP/2', { protocols: ['http2'] }],
    ['a backend of HTTP/1.1, over direct', { transport: 'direct' }],
    ['a backend of HTTP/1.1, over undici', { transport: 'undici' }],
  ] as const)('%s', async (_, pool) => {
    const backend =
      'protocols' in pool
        ? http2.createServer((request, answer) => echo(request, answer))
        : http.createServer((request, answer) => echo(request, answer));
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    try {
      const { port } = backend.address() as AddressInfo;
      const rig = await start({ options: { backend: `http://127.0.0.1:${port}`, pool } });
      const stream = rig.session.request({
        ':method': 'POST',
        ':path': '/service/method',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const chunks: string[] = [];
      let trailers: http2.IncomingHttpHeaders = {};
      stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
      stream.on('trailers', (fields) => {
        trailers = fields;
      });
      for (const text of ['one', 'two', 'three']) {
        stream.write(text);
        await eventually(
          () => chunks.join('').endsWith(text),
          () => `the echo of ${text}`,
        );
      }
      stream.end();
      await once(stream, 'close');
      // What comes together may come in one chunk.
      expect(chunks.join('')).toBe('te: trailersonetwothree');
      expect(trailers['grpc-status']).toBe('0');
      await rig.handler.close();
    } finally {
      backend.close();
    }
  });
});

/** Answers with each chunk as it comes. */
function echo(
  request: http.IncomingMessage | http2.Http2ServerRequest,
  answer: http.ServerResponse | http2.Http2ServerResponse,
): void {
  // Both kinds have the same methods.
  const sink = answer as http.ServerResponse;
  sink.write(`te: ${request.headers.te}`);
  request.on('data', (chunk: Buffer) => sink.write(chunk));
  request.on('end', () => {
    sink.addTrailers({ 'grpc-status': '0' });
    sink.end();
  });
}
