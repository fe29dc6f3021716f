/** Backends that fail or do wrong: what the client gets, and that nothing of it is left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerEach,
  deferred,
  eventually,
  expectRequest,
  response,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { misbehaveByPath } from '@reverseit/test-servers/misbehaving-origin';
import { type MisbehaviourName, misbehaviourNames } from '@reverseit/test-servers/misbehaviours';
import { describe, expect, it } from 'vitest';
import {
  badGateway,
  declined,
  got,
  ok,
  okAndClose,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

describe('the keep-alive race', () => {
  const race = (method: string, content: string, ends: 'fin' | 'reset', retries: number) => ({
    name: `${method}${content === '' ? '' : ' with content'} on a used connection that ends by ${ends}, ${retries} retries allowed`,
    method,
    content,
    ends,
    retries,
  });
  it.each([
    race('GET', '', 'fin', 1),
    race('GET', '', 'reset', 1),
    race('GET', 'abc', 'fin', 1),
    race('HEAD', '', 'fin', 1),
    race('OPTIONS', '', 'fin', 1),
    race('GET', '', 'fin', 0),
    race('POST', '', 'fin', 1),
    race('POST', 'abc', 'reset', 1),
    race('PUT', 'abc', 'fin', 1),
    race('DELETE', '', 'fin', 1),
    race('TRACE', '', 'fin', 1),
  ])('RFC 9112 §9.3.1: $name', async ({ method, content, ends, retries }) => {
    const bench = await start({
      options: { responseHeaderRetries: retries },
      origin: {
        scripts: [
          [
            expectRequest(),
            (c) => c.send(response(200, 'first')),
            expectRequest(),
            (c) => (ends === 'fin' ? c.end() : c.reset()),
          ],
          answerEach(({ method: m }) => response(200, m === 'HEAD' ? '' : 'again')),
        ],
      },
    });
    const client = await bench.connect();
    expect((await client.request(request('GET /first'))).text).toBe('first');
    const fields = content === '' ? [] : [`Content-Length: ${content.length}`];
    const answered = await client.request(request(`${method} /x`, fields, content), { method });
    const repeated = retries > 0 && ['GET', 'HEAD', 'OPTIONS'].includes(method);
    expect(answered.status).toBe(repeated ? 200 : 502);
    const targets = bench.origin.requests.map((one) => `${one.method} ${one.target} ${one.text}`);
    const again = `${method} /x ${content}`;
    expect(targets).toEqual(['GET /first ', again, ...(repeated ? [again] : [])]);
    expect((await client.request(request('GET /y'))).status).toBe(200);
  });

  it('RFC 9112 §9.3.1: a GET whose first connection ends is not repeated', async () => {
    const bench = await start({ origin: { script: [expectRequest(), (c) => c.end()] } });
    const client = await bench.connect();
    expect(responseLines(await client.request(request('GET /x')))).toEqual([badGateway()]);
    expect(bench.origin.requestCount).toBe(1);
  });

  it('RFC 9112 §9.3.1: a GET is not repeated once a byte of its response has come', async () => {
    const bench = await start({
      origin: {
        scripts: [
          [
            expectRequest(),
            (c) => c.send(response(200, 'ok')),
            expectRequest(),
            (c) => c.send('HTTP/1.1 2'),
            (c) => c.end(),
          ],
          answerEach(response(200, 'ok')),
        ],
      },
    });
    const client = await bench.connect();
    await client.request(request('GET /first'));
    expect(responseLines(await client.request(request('GET /x')))).toEqual([badGateway()]);
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/first', '/x']);
  });
});

describe('backends that cannot be reached', () => {
  const down = 'http://127.0.0.1:1';
  const backSoon = got(
    '503 Service Unavailable',
    ['content-type: text/plain; charset=utf-8', 'date: now', 'content-length: 9'],
    'back soon',
  );
  runCases(start, [
    {
      name: 'RFC 9110 §15.6.3: a backend that is down is a 502',
      options: (origin) => ({ routes: [{ backend: down }, { path: '/up', backend: origin.url }] }),
      send: request('GET /x'),
      got: [badGateway()],
      again: '/up/again',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.6.3: and so for a POST, whose content has been read',
      options: (origin) => ({ routes: [{ backend: down }, { path: '/up', backend: origin.url }] }),
      send: request('POST /x', ['Content-Length: 3'], 'abc'),
      got: [badGateway()],
      again: '/up/again',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.6.3: a name that does not resolve is a 502',
      options: (origin) => ({
        routes: [{ backend: 'http://nowhere.invalid' }, { path: '/up', backend: origin.url }],
      }),
      send: request('GET /x'),
      got: [badGateway()],
      again: '/up/again',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.6.3: a Unix socket that is not there is a 502',
      options: (origin) => ({
        routes: [
          { backend: 'http://a', unixSocket: '/nowhere/at/all' },
          { path: '/up', backend: origin.url },
        ],
      }),
      send: request('GET /x'),
      got: [badGateway()],
      again: '/up/again',
      seen: [],
    },
    {
      name: 'RFC 9110 §15.6: errorResponse is what the client gets',
      options: { errorResponse: { status: 503, body: 'back soon: \u00e4' } },
      send: request('GET /x'),
      script: [expectRequest(), (c) => c.reset()],
      got: [
        got(
          '503 Service Unavailable',
          ['content-type: text/plain; charset=utf-8', 'date: now', 'content-length: 13'],
          'back soon: \xc3\xa4',
        ),
      ],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §9.3.2: errorResponse has no content for HEAD',
      send: request('HEAD /x'),
      script: [expectRequest(), (c) => c.reset()],
      got: [badGateway().slice(0, -1).concat('')],
      seen: [seen('HEAD /x')],
    },
    {
      name: 'RFC 9110 §15.6: errorResponse is not for what the backend answers itself',
      options: { errorResponse: { status: 503, body: 'back soon' } },
      send: request('GET /x'),
      answer: response(502, 'mine'),
      got: [got('502 Scripted', ['content-length: 4', 'date: now'], 'mine')],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §15.6: errorResponse is for a backend that is down',
      options: (origin) => ({
        errorResponse: { status: 503, body: 'back soon' },
        routes: [{ backend: down }, { path: '/up', backend: origin.url }],
      }),
      send: request('GET /x'),
      got: [backSoon],
      again: '/up/again',
      seen: [],
    },
    ...(
      [
        ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
        ['a malformed field', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n'],
        ['more content than maxResponseBodySize', response(200, 'x'.repeat(11))],
        ['a head beyond maxResponseHeaderBytes', response(200, '', [`A: ${'x'.repeat(300)}`])],
      ] as const
    ).map(([what, answer]) => ({
      name: `RFC 9110 §15.6.3: errorResponse is not for ${what}, which is a 502`,
      options: {
        errorResponse: { status: 503, body: 'back soon' },
        maxResponseBodySize: 10,
        maxResponseHeaderBytes: 300,
      },
      send: request('GET /x'),
      answer,
      got: [badGateway()],
      seen: [seen('GET /x')],
    })),
    {
      name: 'RFC 9110 §15.6: errorResponse is not for a timeout',
      options: { errorResponse: { status: 503, body: 'back soon' }, responseHeaderTimeout: 30 },
      send: request('GET /x'),
      script: [expectRequest(), (c) => c.whenPeerGone()],
      got: [declined('504 Gateway Timeout')],
      seen: [seen('GET /x')],
    },
  ]);
});

describe('connections to the backend', () => {
  it('RFC 9112 §9.3: one connection serves requests of many clients, one after the other', async () => {
    const bench = await start();
    for (let nth = 0; nth < 5; nth += 1) {
      const client = await bench.connect();
      expect((await client.request(request(`GET /${nth}`))).status).toBe(200);
      await client.close();
    }
    expect(bench.origin.connectionCount).toBe(1);
    expect(bench.pool).toMatchObject({ opened: 1, reused: 4 });
  });

  it('RFC 9112 §9.4: never more than poolSize connections, and those who wait are served in order', async () => {
    const release = deferred();
    let most = 0;
    const bench = await start({
      options: { pool: { poolSize: 3 } },
      origin: {
        script: [
          expectRequest(),
          () => release.promise,
          (c) => c.send(response(200, 'ok')),
          answerEach(response(200, 'ok')),
        ],
      },
    });
    const clients = [];
    for (let nth = 0; nth < 12; nth += 1) {
      const client = await bench.connect();
      client.send(request(`GET /${nth}`));
      await eventually(
        () => bench.pool.active + bench.pool.waiting === nth + 1,
        'the request to be admitted',
      );
      most = Math.max(most, bench.pool.open);
      clients.push(client);
    }
    expect(bench.pool).toMatchObject({ open: 3, active: 3, waiting: 9 });
    release.resolve();
    for (const client of clients) expect(responseLines(await client.readResponse())).toEqual([ok]);
    most = Math.max(most, bench.pool.open);
    expect([most, bench.origin.connectionCount]).toEqual([3, 3]);
    expect(bench.origin.requests.map(({ target }) => target).slice(3)).toEqual(
      Array.from({ length: 9 }, (_, i) => `/${i + 3}`),
    );
  });

  it('RFC 9112 §9.3: uploads, one after the other, leave nothing on their connection', async () => {
    const bench = await start({ options: { requestBodyBufferSize: 0 } });
    const client = await bench.connect();
    // Node warns of more than ten listeners, and a warning fails the test.
    for (let nth = 0; nth < 12; nth += 1) {
      client.send(request('POST /x', ['Content-Length: 3'], 'abc'));
      expect(responseLines(await client.readResponse())).toEqual([ok]);
    }
    expect(bench.pool).toMatchObject({ opened: 1, reused: 11 });
  });

  it('RFC 9112 §9.6: "one-shot" makes a fresh connection for each request', async () => {
    const bench = await start({ options: { upstreamConnection: 'one-shot' } });
    const client = await bench.connect();
    for (let nth = 0; nth < 3; nth += 1)
      expect(responseLines(await client.request(request('GET /x')))).toEqual([ok]);
    await bench.origin.whenIdle();
    expect(bench.origin.connectionCount).toBe(3);
    expect(bench.origin.requests.map((one) => one.header('connection'))).toEqual([
      'close',
      'close',
      'close',
    ]);
  });

  it('RFC 9110 §7.2: unixSocket is the way, backend stays the name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
    const socketPath = join(folder, 'backend.sock');
    const origin = await startScriptedOrigin({
      socketPath,
      script: answerEach(response(200, 'unix')),
    });
    const bench = await start({
      options: { backend: 'http://backend.example:8080/in', unixSocket: socketPath },
    });
    const client = await bench.connect();
    expect((await client.request(request('GET /x'))).text).toBe('unix');
    const forwarded = await origin.request(0);
    expect([forwarded.target, forwarded.header('host')]).toEqual(['/in/x', 'backend.example:8080']);
    await client.close();
    await origin.close();
    await rm(folder, { recursive: true });
  });

  it('RFC 9112 §9.6: the backend of a client that leaves is told at once, and the slot is free', async () => {
    const bench = await start({
      options: { pool: { poolSize: 1 } },
      origin: {
        scripts: [[expectRequest(), (c) => c.whenPeerGone()], answerEach(response(200, 'ok'))],
      },
    });
    const leaving = await bench.connect();
    leaving.send(request('GET /x'));
    await bench.origin.request(0);
    leaving.reset();
    await (await bench.origin.connection(0)).whenPeerGone();
    const next = await bench.connect();
    expect(responseLines(await next.request(request('GET /y', ['Connection: close'])))).toEqual([
      okAndClose,
    ]);
  });
});

/**
 * What comes of each misbehaviour: `bad` a 502, `slow` a 504, `cut` a head and then a reset, `fine` a whole
 * answer with that content.
 */
type Outcome = 'bad' | 'slow' | 'cut' | { readonly fine: string; readonly status: number };
const fine = (text: string, status = 200): Outcome => ({ fine: text, status });

// biome-ignore format: a table
const outcomes: Record<MisbehaviourName, Outcome> = {
  'truncated-length': 'cut', 'truncated-length-reset': 'cut', 'truncated-chunked': 'cut', 'truncated-chunk': 'cut',
  'truncated-chunked-reset': 'cut', 'truncated-trailers': 'cut', 'truncated-head': 'bad', 'fin-before-head': 'bad',
  'reset-before-head': 'bad', 'until-close': fine('until the end'), 'until-close-reset': 'cut',

  'bad-status-line': 'bad', 'bad-status-code': 'bad', 'big-status-code': 'bad', 'status-99': 'bad', 'bad-version': 'bad',
  'another-protocol': 'bad', 'tls-alert': 'bad', 'reason-control': fine(''), 'bad-header': 'bad',
  'space-before-colon': 'bad', 'empty-name': 'bad', 'obs-fold': 'bad', 'bare-lf': 'bad', 'bare-lf-in-value': 'bad',
  'bare-cr-in-value': 'bad', 'control-character': 'bad', nul: 'bad', del: 'bad', 'bad-name': 'bad',

  'oversize-line': 'bad', 'oversize-head': 'bad', 'many-headers': fine(''), 'endless-head': 'bad', 'endless-reason': 'bad',
  'oversize-trailers': 'cut',

  'repeated-length-same': 'bad', 'repeated-length-different': 'bad', 'length-list': 'bad', 'bad-length': 'bad',
  'huge-length': 'bad', 'length-and-chunked': 'bad', 'gzip-coding': 'bad', 'chunked-not-last': 'bad', 'chunked-twice': 'bad',
  'chunked-1.0': 'bad', 'bad-chunk-size': 'cut', 'bad-chunk-end': 'cut', 'long-extension': 'cut',

  'head-with-body': fine('abc'), '204-with-length': fine('', 204), '204-with-body': fine('', 204),
  '204-chunked': fine('', 204), '304-with-length': fine('', 304), '304-with-body': fine('', 304), 'extra-bytes': fine('abc'),

  'unsolicited-101': 'bad', 'unsolicited-100': fine('abc'), 'flood-100': 'bad', 'flood-103': 'bad', 'drip-102': 'slow',
  'hints-then-answer': fine('abc'),

  silent: 'slow', 'silent-body': 'cut', 'stalled-body': 'cut', 'slow-head': 'slow', 'slow-body': fine('a'.repeat(100)),
  'endless-body': 'cut', 'endless-chunks': 'cut',

  'early-413': fine('too large', 413), 'early-413-open': fine('too large', 413), 'early-200-open': fine('early'),
  'never-reads': 'slow', 'reset-mid-upload': 'slow', 'fin-mid-upload': 'slow', 'reset-mid-body': 'cut',

  'fin-after-response': fine('last'), 'reset-after-response': fine('last'), 'close-announced': fine('last'),
  'racing-close': fine('first'), 'racing-reset': fine('first'), poison: fine('yours'), 'poison-later': fine('yours'),
  'poison-408': fine('yours'), http10: fine('abc'), 'http10-until-close': fine('abc'), 'http10-keep-alive': fine('abc'),
};

/** After these the connection must be given up by the proxy itself. */
const leaving: ReadonlySet<MisbehaviourName> = new Set([
  'extra-bytes',
  'poison',
  'poison-later',
  'poison-408',
  'fin-after-response',
  'reset-after-response',
  'close-announced',
  '204-with-length',
  '204-with-body',
  '204-chunked',
  '304-with-body',
  'http10',
]);

describe('misbehaviours', () => {
  const options = {
    responseHeaderTimeout: 700,
    upstreamIdleTimeout: 500,
    maxResponseBodySize: 4 * 1024 * 1024,
    pool: { poolSize: 2 },
  };

  it.each(misbehaviourNames)('RFC 9112 §4: %s', async (name) => {
    const wanted = outcomes[name];
    const bench = await start({ options, origin: { script: misbehaveByPath } });
    const client = await bench.connect();
    client.send(request(`GET /${name}`));
    if (wanted === 'cut') {
      expect((await client.readHead()).head.status).toBe(200);
      await client.reader.drain();
      await client.expectReset();
    } else {
      const answered = await client.readResponse();
      const lines = responseLines(answered).at(-1);
      if (wanted === 'bad') expect(lines).toEqual(badGateway());
      else if (wanted === 'slow') expect(lines).toEqual(declined('504 Gateway Timeout'));
      else expect([answered.status, answered.text]).toEqual([wanted.status, wanted.fine]);
    }
    await client.close();
    // The next request shows that nothing of it has got into another exchange, nor keeps its slot.
    if (!name.startsWith('racing')) {
      if (!leaving.has(name)) for (const backend of bench.origin.connections) backend.destroy();
      await eventually(() => bench.pool.open === 0, 'the connection to be given up');
    }
    const next = await bench.connect();
    expect((await next.request(request('GET /'))).text).toContain('/truncated-length: ');
    // Scripts that found their peer gone have seen what they should.
    bench.origin.failures.length = 0;
  });

  it.each([
    'early-413',
    'early-413-open',
    'early-200-open',
    'never-reads',
    'reset-mid-upload',
    'fin-mid-upload',
  ] as const)('RFC 9112 §9.5: %s, against 16 MiB', async (name) => {
    const bench = await start({
      options: { ...options, requestBodyBufferSize: 0 },
      origin: { script: misbehaveByPath },
    });
    const client = await bench.connect();
    const size = 16 * 1024 * 1024;
    const written = client.write(
      request(`POST /${name}`, [`Content-Length: ${size}`]) + 'x'.repeat(size),
    );
    const answered = await client.readResponse();
    const status = {
      'early-413': 413,
      'early-413-open': 413,
      'early-200-open': 200,
      'never-reads': 504,
      'reset-mid-upload': 502,
      'fin-mid-upload': 502,
    };
    expect(answered.status).toBe(status[name]);
    await client.close();
    await written;
    for (const backend of bench.origin.connections) backend.destroy();
    await bench.whenIdle();
    bench.origin.failures.length = 0;
  });
});
