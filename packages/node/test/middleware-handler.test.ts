/** The handler itself: where it is mounted, what it tells, and how it ends. */
import http from 'node:http';
import { usesNodeInternals } from '@reverseit/core/internal';
import {
  answerEach,
  deferred,
  eventually,
  expectRequest,
  guarded,
  response,
  script,
  waitFor,
} from '@reverseit/test-servers';
import connect from 'connect';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { type AccessRecord, createHandler } from '../src/index.ts';
import { appNotFound, type Host, hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

it('names the options that it cannot apply', () => {
  const options = { backend: 'http://a', listen: 4000 };
  expect(() => createHandler(options)).toThrow(
    'invalid option listen: not available in middleware; set it on your server',
  );
});

describe('where it is mounted', () => {
  const below: Record<string, Host> = {
    Express: (handler) => http.createServer(express().use('/api', handler)),
    Connect: (handler) => http.createServer(connect().use('/api', handler)),
  };

  it.each(Object.entries(below))('%s: the path that it strips is not seen', async (_name, host) => {
    const rig = await start({ host, options: { path: '/v1' } });
    expect((await rig.request(request('GET /api/v1/x?y'))).text).toBe('ok');
    expect((await rig.request(request('GET /v1/x'))).status).toBe(404);
    expect((await rig.request(request('GET /api/v2'))).status).toBe(404);
    expect(rig.origin.requests.map(({ target }) => target)).toEqual(['/v1/x?y']);
  });

  it.each(Object.entries(below))('%s: its root is a path', async (_name, host) => {
    const rig = await start({ host });
    for (const target of ['/api', '/api/', '/api?x']) await rig.request(request(`GET ${target}`));
    expect(rig.origin.requests.map(({ target }) => target)).toEqual(['/', '/', '/?x']);
  });

  it('serves several in one application, each with its routes', async () => {
    const first = await start({ options: { path: '/1' } });
    const second = await start({
      options: { path: '/2' },
      host: (handler) =>
        http.createServer((incoming, answer) =>
          first.handler(incoming, answer, () => handler(incoming, answer)),
        ),
    });
    for (const target of ['/1', '/2', '/3']) await second.request(request(`GET ${target}`));
    expect(first.origin.requests.map(({ target }) => target)).toEqual(['/1']);
    expect(second.origin.requests.map(({ target }) => target)).toEqual(['/2']);
  });
});

describe('without next', () => {
  const alone: Host = (handler) =>
    http.createServer((incoming, answer) => handler(incoming, answer));

  it('answers 404 where no route serves a request, and keeps the connection', async () => {
    const rig = await start({ host: alone, options: { path: '/api' } });
    const client = await rig.connect();
    const answer = await client.request(request('GET /other'));
    expect([answer.status, answer.text]).toEqual([404, '404 Not Found\n']);
    expect((await client.request(request('GET /api'))).status).toBe(200);
  });

  it('RFC 9110 §9.3.7: answers OPTIONS * itself', async () => {
    const rig = await start({ host: alone });
    const answer = await rig.request(request('OPTIONS *'));
    expect([answer.status, answer.header('allow')]).toEqual([204, expect.stringContaining('GET')]);
  });
});

it('leaves to the application what it would refuse, where no route serves it', async () => {
  const rig = await start({
    options: { path: '/api', maxRequestHeaders: 3 },
    host: hosts['Express 5'],
  });
  const many = ['A: 1', 'B: 1', 'C: 1', 'D: 1'];
  expect((await rig.request(request('GET /other', many))).text).toBe(appNotFound);
  expect((await rig.request(request('GET /api', many))).status).toBe(431);
  expect((await rig.request(request('OPTIONS *'))).status).toBe(404);
});

it('chooses routes by host, and by a target in absolute form', async () => {
  const rig = await start({
    options: {
      routes: [
        { host: 'a', respond: { body: 'for a' } },
        { host: 'b', path: '/b' },
      ],
    },
  });
  expect((await rig.request(request('GET /'))).text).toBe('for a');
  expect((await rig.request('GET http://b:80/b/x HTTP/1.1\r\nHost: b\r\n\r\n')).text).toBe('ok');
  expect((await rig.request('GET /b HTTP/1.1\r\nHost: c\r\n\r\n')).text).toBe(appNotFound);
  expect(rig.origin.requests[0]?.target).toBe('/b/x');
});

it('tells the backend of the client', async () => {
  const rig = await start({ options: { forwardedHeaders: 'append' }, host: hosts['node:https'] });
  await rig.request(request('GET /', ['X-Forwarded-For: 1.2.3.4']));
  expect(rig.origin.requests[0]?.header('x-forwarded-for')).toBe('1.2.3.4, 127.0.0.1');
  expect(rig.origin.requests[0]?.header('x-forwarded-proto')).toBe('https');
});

it.each([
  [
    'loopback',
    '1.2.3.4, 127.0.0.1',
    'for=1.2.3.4;host=a;proto=https, for=127.0.0.1;by=127.0.0.1;host=a;proto=http',
  ],
  ['private', '127.0.0.1', 'for=127.0.0.1;by=127.0.0.1;host=a;proto=http'],
])(
  'tells the backend what a proxy of %s says of the client',
  async (trustedProxies, chain, forwarded) => {
    const rig = await start({
      options: { forwardedHeaders: 'append', forwarded: true, trustedProxies },
    });
    const told = ['X-Forwarded-For: 9.9.9.9, 1.2.3.4', 'X-Forwarded-Proto: https'];
    await rig.request(request('GET /', told));
    const [got] = rig.origin.requests;
    expect([got?.header('x-forwarded-for'), got?.header('forwarded')]).toEqual([chain, forwarded]);
  },
);

describe('RFC 9110 §10.1.1: 100 (Continue)', () => {
  const waiting = ['Content-Length: 5', 'Expect: 100-continue'];
  const asked: Host = (handler) => http.createServer(handler).on('checkContinue', handler);

  // Only a private field tells whether Node has sent it; without, it is left to the client's patience.
  const senders: readonly [name: string, host: Host][] = [
    ['by Node', hosts['node:http']],
    ...(usesNodeInternals ? [['by the proxy, with checkContinue', asked] as [string, Host]] : []),
  ];

  it.each(senders)('is sent %s, once', async (_name, host) => {
    const rig = await start({ host });
    const client = await rig.connect();
    client.send(request('POST /', waiting));
    await client.reader.takeThrough('HTTP/1.1 100 Continue\r\n\r\n');
    const answer = await client.request('hello');
    expect([answer.interim, answer.text]).toEqual([[], 'ok']);
    expect(rig.origin.requests[0]?.body.toString()).toBe('hello');
  });

  it('is not sent where the content is refused, with checkContinue', async () => {
    const rig = await start({ host: asked, options: { maxRequestBodySize: 4 } });
    const client = await rig.connect();
    const answer = await client.request(request('POST /', waiting));
    expect([answer.status, answer.interim.length]).toEqual([413, 0]);
    await client.close();
  });
});

describe('HTTP/1.0', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';

  it('RFC 9112 §7.1: gets no chunks', async () => {
    const rig = await start({ origin: { script: answerEach(chunked) } });
    const client = await rig.connect();
    client.send('GET / HTTP/1.0\r\n\r\n');
    const whole = (await client.readUntilEnd()).toString();
    expect(whole).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n\r\nok$/is);
    expect(whole).not.toMatch(/transfer-encoding/i);
  });

  it('RFC 8297: gets no early hints, which others do', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: 1\r\n\r\n';
    const rig = await start({
      origin: { script: answerEach(Buffer.concat([Buffer.from(hints), response(200, 'ok')])) },
    });
    const one = await rig.request(request('GET /'));
    expect(one.interim.map(({ status }) => status)).toEqual([103]);
    expect(one.interim[0]?.fields[0]).toEqual(['Link', '</a>; rel=preload']);
    const zero = await rig.request('GET / HTTP/1.0\r\n\r\n');
    expect([zero.interim, zero.text]).toEqual([[], 'ok']);
  });

  it.each(['node:http', 'node:https', 'Express 5'] as const)(
    'RFC 9110 §15.2: others get every interim response, also those that Node has no name for: %s',
    async (host) => {
      const interims = [
        'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\nLINK: </b>\r\nConnection: x\r\nX: 1\r\n\r\n',
        'HTTP/1.1 102 Processing\r\n\r\n',
        'HTTP/1.1 104 Upload Resumption\r\nUpload-Offset: \xe9\r\n\r\n',
      ];
      const rig = await start({
        host: hosts[host],
        origin: {
          script: answerEach(
            Buffer.concat([Buffer.from(interims.join(''), 'latin1'), response(200, 'ok')]),
          ),
        },
      });
      const client = await rig.connect();
      for (let nth = 0; nth < 2; nth += 1) {
        const answer = await client.request(request('GET /'));
        expect(answer.interim.map(({ status, fields }) => [status, fields])).toEqual([
          [
            103,
            [
              ['Link', 'nonsense'],
              ['LINK', '</b>'],
            ],
          ],
          [102, []],
          [104, [['Upload-Offset', '\xe9']]],
        ]);
        expect([answer.status, answer.text]).toEqual([200, 'ok']);
      }
    },
  );
});

it('sends a head by itself where the content waits', async () => {
  const more = deferred();
  const rig = await start({
    origin: {
      script: script(
        expectRequest(),
        (backend) => backend.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n'),
        waitFor(more.promise),
        (backend) => backend.send('ok'),
      ),
    },
  });
  const client = await rig.connect();
  client.send(request('GET /'));
  expect((await client.readHead()).head.status).toBe(200);
  more.resolve();
  expect((await client.reader.take(2)).toString()).toBe('ok');
  (await rig.origin.connection()).end();
});

it('runs hooks, answers by them, and tells of each request once', async () => {
  const records: AccessRecord[] = [];
  const rig = await start({
    options: {
      onFinish: (record) => records.push(record),
      routes: [
        {
          onRequest: (given) => {
            given.headers.set('X-Key', 'secret');
            if (given.target === '/health') return { body: 'fine' };
            if (given.target === '/throws') throw new Error('no');
            return undefined;
          },
          onResponse: async (answer) => {
            await Promise.resolve();
            answer.headers.set('X-Via', 'hook');
          },
        },
      ],
    },
  });
  const proxied = await rig.request(request('POST /x', ['Content-Length: 5'], 'hello'));
  expect([proxied.text, proxied.header('x-via')]).toEqual(['ok', 'hook']);
  expect(rig.origin.requests[0]?.header('x-key')).toBe('secret');
  expect((await rig.request(request('GET /health'))).text).toBe('fine');
  expect((await rig.request(request('GET /throws'))).status).toBe(500);
  await rig.whenIdle();
  expect(
    records.map(({ target, status, bytesReceived, bytesSent, remoteAddress, errorCode }) => [
      target,
      status,
      bytesReceived,
      bytesSent,
      remoteAddress,
      errorCode,
    ]),
  ).toEqual([
    ['/x', 200, 5, 2, '127.0.0.1', null],
    ['/health', 200, 0, 4, '127.0.0.1', null],
    ['/throws', 500, 0, 26, '127.0.0.1', 'RIT_ERR_INTERNAL'],
  ]);
  expect(rig.handler.stats()).toMatchObject({
    activeExchanges: 0,
    totalExchanges: 3,
    totalRefusals: 0,
    webSockets: 0,
    pools: [{ opened: 1 }],
  });
});

describe('close', () => {
  it('lets what is under way finish, and refuses what is new', async () => {
    const more = deferred();
    const rig = await start({
      origin: {
        script: script(expectRequest(), waitFor(more.promise), (backend) =>
          backend.send(response(200, 'late')),
        ),
      },
    });
    const client = await rig.connect();
    client.send(request('GET /'));
    await rig.origin.request();
    const closing = rig.handler.close();
    expect(rig.handler.stats().activeExchanges).toBe(1);
    const refused = await rig.request(request('GET /'));
    expect([refused.status, refused.header('connection')]).toEqual([503, 'close']);
    more.resolve();
    expect((await client.readResponse()).text).toBe('late');
    await guarded(closing, 'the handler to close');
    expect(rig.handler.stats().pools[0]?.open).toBe(0);
    (await rig.origin.connection()).end();
    // Harmless a second time.
    await rig.handler.close();
  });

  it.each([0, 50])('cuts what is left after %i ms', async (timeout) => {
    const records: (string | null)[] = [];
    const rig = await start({
      options: { onFinish: ({ errorCode }) => records.push(errorCode) },
      origin: {},
    });
    const client = await rig.connect();
    client.send(request('GET /'));
    await (await rig.origin.connection()).expectRequest();
    await guarded(rig.handler.close({ timeout }), 'the handler to close');
    await client.expectReset();
    expect(records).toEqual(['RIT_ERR_SHUTDOWN']);
    expect(rig.handler.stats()).toMatchObject({ activeExchanges: 0, pools: [{ open: 0 }] });
  });

  it('leaves alone what the application answers by itself', async () => {
    const rig = await start({ options: { path: '/api' } });
    await rig.handler.close();
    expect((await rig.request(request('GET /other'))).text).toBe(appNotFound);
  });
});

it('can be injected with requests of Fastify’s own', async () => {
  const rig = await start();
  const app = fastify();
  app.addHook('onRequest', ({ raw }, reply, done) => rig.handler(raw, reply.raw, done));
  app.post('/', (_request, reply) => reply.send('never'));
  const answer = await app.inject({ method: 'POST', url: '/', payload: 'hello' });
  expect([answer.statusCode, answer.payload]).toEqual([200, 'ok']);
  expect(rig.origin.requests[0]?.body.toString()).toBe('hello');
  await app.close();
});

it('does not hold a response for an application that has gone on', async () => {
  const left = deferred();
  const rig = await start({
    host: (handler) =>
      http.createServer((incoming, answer) => {
        answer.on('close', () => {
          handler(incoming, answer);
          left.resolve();
        });
      }),
  });
  const client = await rig.connect();
  client.send(request('GET /'));
  await eventually(() => client.socket.writableLength === 0, 'the request to be sent');
  client.reset();
  await guarded(left.promise, 'the application to see it');
  expect(rig.handler.stats().totalExchanges).toBe(0);
});
