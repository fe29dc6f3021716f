/** HTTP/2 clients through the whole proxy: what the backend gets, and what comes back. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import {
  answerEach,
  chunkedResponse,
  deferred,
  end,
  eventually,
  expectRequest,
  guarded,
  patternBytes,
  script,
  send,
  waitForPeerGone,
} from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { afterEach, describe, expect, test } from 'vitest';
import { type AccessRecord, createServer } from '../src/index.ts';
import { useProxy } from './harness.ts';
import {
  answerOf,
  ask,
  closeSessions,
  type ListenerKind,
  listenerKinds,
  listeners,
  openSession,
} from './http2-clients-rig.ts';

const start = useProxy();
afterEach(closeSessions);

describe.each(listenerKinds)('%s', (kind: ListenerKind) => {
  const begin = async (setup: Parameters<typeof start>[0] = {}) => {
    const { options = {}, origin } = setup;
    const bench = await start({
      ...(origin === undefined ? {} : { origin }),
      options: (its) => ({
        ...listeners[kind](),
        ...(typeof options === 'function' ? options(its) : options),
      }),
    });
    return { bench, session: await openSession(kind, bench.port) };
  };

  test('a request is that of HTTP/1.1 which says the same', async () => {
    const { bench, session } = await begin({ options: { forwardedHeaders: 'append' } });
    const { status, headers, body } = await ask(session, {
      ':path': '/a?b=c',
      'x-one': ['1', '2'],
      cookie: ['a=1', 'b=2'],
    });
    expect([status, String(body)]).toEqual([200, 'ok']);
    expect(Object.keys(headers)).not.toContain('connection');
    const [seen] = bench.origin.requests;
    expect(seen).toMatchObject({ method: 'GET', target: '/a?b=c', version: '1.1' });
    const proto = kind === 'over TLS' ? 'https' : 'http';
    expect(seen?.fields).toEqual(
      expect.arrayContaining([
        ['host', bench.authority],
        ['x-one', '1'],
        ['x-one', '2'],
        ['cookie', 'a=1; b=2'],
        ['x-forwarded-for', '127.0.0.1'],
        ['x-forwarded-proto', proto],
        ['x-forwarded-host', `127.0.0.1:${bench.port}`],
      ]),
    );
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s with content', async (method) => {
    const { bench, session } = await begin();
    await ask(session, { ':method': method, ':path': '/x', 'content-length': 3 }, 'abc');
    await ask(session, { ':method': method, ':path': '/y' }, 'abcdef');
    expect(bench.origin.requests.map(({ body }) => String(body))).toEqual(['abc', 'abcdef']);
  });

  test('HEAD, OPTIONS * and TRACE', async () => {
    const { session, bench } = await begin();
    const head = await ask(session, { ':method': 'HEAD', ':path': '/x' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '2', 0]);
    expect((await ask(session, { ':method': 'OPTIONS', ':path': '*' })).status).toBe(204);
    expect((await ask(session, { ':method': 'TRACE', ':path': '/x' })).status).toBe(200);
    expect(bench.origin.requests.map(({ method }) => method)).toEqual(['HEAD', 'TRACE']);
  });

  test('fields of the response, 103 and trailers', async () => {
    const { session } = await begin({
      options: { via: 'edge' },
      origin: {
        script: answerEach(
          'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
            'HTTP/1.1 200 OK\r\nX-Upper: A\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n' +
            '3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n',
        ),
      },
    });
    const { interim, headers, trailers, body } = await ask(session, {
      ':path': '/',
      te: 'trailers',
    });
    expect(interim).toMatchObject([{ ':status': 103, link: '</a>' }]);
    expect(headers).toMatchObject({
      'x-upper': 'A',
      'set-cookie': ['a=1', 'b=2'],
      via: '1.1 edge',
    });
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining(['x-hop', 'keep-alive', 'transfer-encoding']),
    );
    expect(trailers).toMatchObject({ 'x-end': '1' });
    expect(String(body)).toBe('abc');
  });

  test('Via names the version by which the request came', async () => {
    const { bench, session } = await begin({ options: { via: 'edge' } });
    await ask(session, { ':path': '/' });
    expect(bench.origin.requests[0]?.fields).toContainEqual(['via', '2.0 edge']);
  });

  test('trailers of a request', async () => {
    const { bench, session } = await begin({
      options: { requestBodyBufferSize: 0, pool: { transport: 'direct' } },
    });
    const stream = session.request(
      { ':method': 'POST', ':path': '/', trailer: 'x-end' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': '1' }));
    stream.end('abc');
    expect((await answerOf(stream)).status).toBe(200);
    expect(bench.seenBytes).toContain('x-end: 1');
  });

  test('long bodies both ways at once', async () => {
    const long = patternBytes(3_000_000);
    const { bench, session } = await begin({
      origin: { script: answerEach(chunkedResponse(200, [long.toString('latin1')])) },
      options: { requestBodyBufferSize: 65_536 },
    });
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => ask(session, { ':method': 'POST', ':path': '/' }, long)),
    );
    for (const { body } of answers) expect(body.equals(long)).toBe(true);
    for (const { body } of bench.origin.requests) expect(body.equals(long)).toBe(true);
  });

  test('a hundred requests at once on one connection', async () => {
    const { session, bench } = await begin();
    const paths = Array.from({ length: 100 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => ask(session, { ':path': path })));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(bench.proxy.stats()).toMatchObject({ connections: 1, totalExchanges: 100 });
  });

  test('hooks and records', async () => {
    const records: AccessRecord[] = [];
    const versions: string[] = [];
    const { session } = await begin({
      options: {
        onRequest: (request) => {
          versions.push(request.httpVersion);
          return request.target === '/own' ? { status: 201, body: 'own' } : undefined;
        },
        onFinish: (record) => {
          records.push(record);
        },
      },
    });
    await ask(session, { ':path': '/x' });
    expect(await ask(session, { ':path': '/own' })).toMatchObject({ status: 201 });
    expect(versions).toEqual(['2.0', '2.0']);
    expect(records).toMatchObject([
      { httpVersion: '2.0', status: 200 },
      { httpVersion: '2.0', status: 201 },
    ]);
  });

  test('what fails is answered, and the connection goes on', async () => {
    const { session } = await begin({
      options: (origin) => ({
        routes: [
          { path: '/', backend: origin.url },
          { path: '/down', backend: 'http://127.0.0.1:1' },
          { path: '/small', backend: origin.url, maxRequestBodySize: 2 },
        ],
      }),
    });
    expect((await ask(session, { ':path': '/down' })).status).toBe(502);
    expect((await ask(session, { ':method': 'POST', ':path': '/small' }, 'abc')).status).toBe(413);
    expect((await ask(session, { ':path': '/' })).status).toBe(200);
  });

  test('a response that breaks off resets its stream alone', async () => {
    const { session } = await begin({
      origin: {
        script: script(
          expectRequest(),
          send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
          end(),
        ),
      },
    });
    await expect(ask(session, { ':path': '/' })).rejects.toThrow(
      /NGHTTP2_INTERNAL_ERROR|closed with 2/,
    );
    expect(session.destroyed).toBe(false);
  });

  test('a client that cancels aborts its backend request', async () => {
    const arrived = deferred();
    const aborted = deferred<string>();
    const { session } = await begin({
      origin: { script: script(expectRequest(), waitForPeerGone()) },
      options: {
        onRequest: () => arrived.resolve(),
        onFinish: ({ error }) => aborted.resolve(error?.code ?? 'none'),
      },
    });
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await guarded(arrived.promise, 'the request');
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await guarded(aborted.promise, 'the abort')).toBe('RIT_ERR_CLIENT_ABORTED');
    expect(session.destroyed).toBe(false);
  });

  test('stats and metrics count connections and streams', async () => {
    const arrived = deferred();
    const { bench, session } = await begin({
      options: {
        metrics: true,
        onRequest: ({ target }) => void (target === '/x' && arrived.resolve()),
      },
      origin: { script: script(expectRequest(), waitForPeerGone()) },
    });
    const stream = session.request({ ':path': '/x' });
    stream.on('error', () => {});
    await guarded(arrived.promise, 'the request');
    const open = {
      http2Connections: 1,
      http2Streams: 1,
      totalHttp2Connections: 1,
      totalHttp2Streams: 1,
    };
    expect(bench.proxy.stats()).toMatchObject({ ...open, listeners: [open] });
    expect(bench.proxy.metrics().http2).toEqual({
      connections: 1,
      accepted: 1,
      streams: 1,
      streamsOpened: 1,
    });
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => bench.proxy.stats().http2Streams === 0, 'the stream to be closed');
    session.destroy();
    await eventually(() => bench.proxy.stats().http2Connections === 0, 'the end');
    expect(bench.proxy.stats()).toMatchObject({ totalHttp2Connections: 1, totalHttp2Streams: 1 });
    if (kind === 'over TLS') {
      const { ca } = testCertificates();
      const old = connectTls({
        port: bench.port,
        host: '127.0.0.1',
        ca,
        ALPNProtocols: ['http/1.1'],
      });
      await once(old, 'secureConnect');
      await eventually(() => bench.proxy.stats().connections === 1, 'a connection of HTTP/1.1');
      expect(bench.proxy.stats()).toMatchObject({ http2Connections: 0, totalHttp2Connections: 1 });
      old.destroy();
    }
  });

  test('reload keeps the connection, and its next request goes by the new options', async () => {
    const { bench, session } = await begin();
    await ask(session, { ':path': '/' });
    bench.proxy.reload({
      logger: null,
      backend: bench.origin.url,
      ...listeners[kind](),
      onResponse: ({ headers }) => headers.set('x-new', '1'),
    });
    expect((await ask(session, { ':path': '/' })).headers['x-new']).toBe('1');
  });

  test('close: GOAWAY, and the request under way is answered', async () => {
    const { bench, session } = await begin();
    await ask(session, { ':path': '/' });
    const away = deferred();
    session.on('goaway', () => away.resolve());
    await bench.proxy.close();
    await guarded(away.promise, 'the GOAWAY');
  });

  test('curl', async () => {
    const { bench } = await begin();
    const how = kind === 'over TLS' ? ['--http2', '-k'] : ['--http2-prior-knowledge'];
    const scheme = kind === 'over TLS' ? 'https' : 'http';
    const { stdout } = await promisify(execFile)('curl', [
      ...['-s', '-i', ...how, '--data-binary', 'abc'],
      `${scheme}://127.0.0.1:${bench.port}/curl`,
    ]);
    expect(stdout).toMatch(/^HTTP\/2 200/);
    expect(bench.origin.requests.map(({ body }) => String(body))).toEqual(['abc']);
  });
});

test('the certificate of a client goes to the backend, as over HTTP/1.1 (RFC 9440)', async () => {
  const { ca, server, client } = testCertificates();
  const bench = await start({
    options: {
      protocols: ['http2'],
      tls: { ...server, ca, requestCert: true },
      clientCertificate: true,
    },
  });
  const session = await openSession('over TLS', bench.port, client);
  await ask(session, { ':path': '/' });
  const names = bench.origin.requests[0]?.fields.map(([name]) => name.toLowerCase());
  expect(names).toContain('client-cert');
});

describe('which protocol is spoken', () => {
  const tls = (): object => ({ tls: testCertificates().server });
  const versionOf = async (port: number, ...how: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('curl', [
      ...['-s', '-k', '-o', '/dev/null', '-w', '%{http_version}', ...how],
      `https://127.0.0.1:${port}/`,
    ]);
    return stdout;
  };

  test.each([
    [['http2', 'http1'], '--http2', '2'],
    [['http2', 'http1'], '--http1.1', '1.1'],
    [['http1', 'http2'], '--http2', '1.1'],
    [['http1'], '--http2', '1.1'],
  ] as const)('by ALPN: %j, curl %s: %s (RFC 9113 §3.2)', async (protocols, how, version) => {
    const bench = await start({ options: { ...tls(), protocols: [...protocols] } });
    expect(await versionOf(bench.port, how)).toBe(version);
  });

  test('http2 alone over TLS refuses who offers something else', async () => {
    const bench = await start({ options: { ...tls(), protocols: ['http2'] } });
    await expect(versionOf(bench.port, '--http1.1')).rejects.toThrow();
    expect(await versionOf(bench.port, '--http2')).toBe('2');
  });

  test('http2 alone over TLS is spoken with who offers nothing', async () => {
    const bench = await start({ options: { ...tls(), protocols: ['http2'] } });
    await expect(versionOf(bench.port, '--no-alpn')).rejects.toThrow();
    const session = await openSession('over TLS', bench.port, {
      createConnection: () => connectTls({ port: bench.port, rejectUnauthorized: false }),
    });
    expect((await ask(session, { ':path': '/' })).status).toBe(200);
  });

  test('both without TLS are refused at start', () => {
    const make = () =>
      createServer({ backend: 'http://127.0.0.1:1', protocols: ['http2', 'http1'] });
    expect(make).toThrow(/invalid option protocols: without tls/);
  });

  test('HTTP/1.1 on a port of HTTP/2 is closed', async () => {
    const bench = await start({ options: { protocols: ['http2'] } });
    const client = connect(bench.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    client.resume();
    await guarded(once(client, 'close'), 'the close');
  });
});

describe('what an HTTP/2 client says that HTTP/1.1 has another word for', () => {
  const begin = async (setup: Parameters<typeof start>[0] = {}) => {
    const { options = {}, origin } = setup;
    const bench = await start({
      ...(origin === undefined ? {} : { origin }),
      options: (its) => ({
        protocols: ['http2'],
        ...(typeof options === 'function' ? options(its) : options),
      }),
    });
    return { bench, session: await openSession('in the clear', bench.port) };
  };

  test(':scheme is no proof of TLS: X-Forwarded-Proto says how the connection came', async () => {
    const { bench, session } = await begin({ options: { forwardedHeaders: 'replace' } });
    await ask(session, { ':path': '/', ':scheme': 'https', 'x-forwarded-proto': 'https' });
    expect(bench.origin.requests[0]?.fields).toContainEqual(['x-forwarded-proto', 'http']);
    expect(bench.seenBytes).not.toMatch(/: https/);
  });

  test('values that hooks set have no blanks at their ends (RFC 9113 §8.2.1)', async () => {
    const { session } = await begin({
      options: { onResponse: (response) => response.headers.set('x-set', ' a b\t') },
    });
    expect((await ask(session, { ':path': '/' })).headers['x-set']).toBe('a b');
  });

  test('trailers that frame, route or authenticate are dropped (RFC 9110 §6.5.1)', async () => {
    const { bench, session } = await begin({
      options: { requestBodyBufferSize: 0, pool: { transport: 'direct' } },
    });
    const stream = session.request(
      { ':method': 'POST', ':path': '/' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'content-length': '3',
        host: 'evil',
        authorization: 'Basic QQ==',
        'x-forwarded-for': '1.2.3.4',
        'x-end': '1',
      }),
    );
    stream.end('abc');
    expect((await answerOf(stream)).status).toBe(200);
    expect(bench.origin.requests[0]?.trailers).toEqual([['x-end', '1']]);
  });

  test.each([204, 304])('a %i of the backend ends its stream with its head', async (status) => {
    const { session } = await begin({
      origin: { script: answerEach(`HTTP/1.1 ${status} X\r\nX-A: 1\r\n\r\n`) },
    });
    const { headers, body } = await ask(session, { ':path': '/' });
    expect([headers[':status'], headers['x-a'], body.length]).toEqual([status, '1', 0]);
    expect((await ask(session, { ':path': '/' })).status).toBe(status);
  });

  test('an upload that goes on after its response is reset with NO_ERROR (RFC 9113 §8.1)', async () => {
    const { session } = await begin({ options: { maxRequestBodySize: 10 } });
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    stream.on('error', () => {});
    const closed = once(stream, 'close');
    stream.write(Buffer.alloc(200_000));
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(413);
    stream.resume();
    await guarded(closed, 'the reset');
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect((await ask(session, { ':path': '/' })).status).toBe(200);
  });
});
