/** The proxy as middleware: what goes wrong, on either side and in the application between. */
import http from 'node:http';
import {
  answerEach,
  deferred,
  destroy,
  eventually,
  expectRequest,
  guarded,
  patternBytes,
  response,
  script,
  send,
  turn,
  waitForPeerGone,
} from '@reverseit/test-servers';
import express from 'express';
import { describe, expect, it } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { endToEnd, type Host, hosts, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();
const mebibyte = 1024 * 1024;
const ends = { 'node:http': hosts['node:http'], 'Express 5': hosts['Express 5'] };
const streamed = { requestBodyBufferSize: 0 };

/** Records of requests that are over. */
function records(): { readonly onFinish: (record: AccessRecord) => void; readonly list: string[] } {
  const list: string[] = [];
  return { list, onFinish: ({ status, errorCode }) => list.push(`${status} ${errorCode}`) };
}

describe.each(Object.entries(ends))('%s: a backend', (_, host) => {
  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345', '1.1'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n', '1.1'],
    [
      'chunks, to a 1.0 client',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n',
      '1.0',
    ],
  ])(
    'RFC 9112 §8: that breaks off in content with %s never looks complete',
    async (_name, sent, version) => {
      const { onFinish, list } = records();
      const rig = await start({
        host,
        options: { onFinish },
        origin: { script: script(expectRequest(), send(sent), destroy()) },
      });
      const client = await rig.connect();
      client.send(request('GET /').replace('HTTP/1.1', `HTTP/${version}`));
      await client.reader.takeThrough('12345');
      await client.expectReset();
      await rig.whenIdle();
      expect(list).toEqual(['200 RIT_ERR_UPSTREAM_TRUNCATED']);
    },
  );

  it('that has not answered loses a client that leaves', async () => {
    const { onFinish, list } = records();
    const rig = await start({
      host,
      options: { onFinish },
      origin: {},
    });
    for (const leave of ['reset', 'end'] as const) {
      const client = await rig.connect();
      client.send(request('GET /'));
      const backend = await rig.origin.connection(list.length);
      await backend.expectRequest();
      client[leave]();
      await guarded(backend.whenPeerGone(), 'the backend to be let go');
      await rig.whenIdle();
    }
    expect(list).toEqual(['499 RIT_ERR_CLIENT_ABORTED', '499 RIT_ERR_CLIENT_ABORTED']);
  });

  it('that is answering loses a client that leaves', async () => {
    const rig = await start({
      host,
      origin: {
        script: script(
          expectRequest(),
          send('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n12345'),
          waitForPeerGone(),
        ),
      },
    });
    const client = await rig.connect();
    client.send(request('GET /'));
    await client.reader.takeThrough('12345');
    client.reset();
    await guarded((await rig.origin.connection()).whenPeerGone(), 'the backend to be let go');
  });

  it.each([
    ['with a length', ['Content-Length: 10'], '12345'],
    ['in chunks', ['Transfer-Encoding: chunked'], '5\r\n12345\r\n'],
  ])('never sees content %s as complete whose client leaves', async (_name, fields, sent) => {
    const rig = await start({
      host,
      options: streamed,
      origin: {},
    });
    const client = await rig.connect();
    client.send(request('POST /', fields, sent));
    const backend = await rig.origin.connection();
    await backend.reader.takeThrough('12345');
    client.reset();
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
    expect(backend.received.toString('latin1')).not.toMatch(/12345(\r\n)?0\r\n\r\n$/);
    expect(rig.origin.requestCount).toBe(0);
  });

  it('never sees content as complete that is malformed', async () => {
    const rig = await start({
      host,
      options: streamed,
      origin: {},
    });
    const client = await rig.connect();
    client.send(request('POST /', ['Transfer-Encoding: chunked'], '5\r\n12345\r\n'));
    const backend = await rig.origin.connection();
    await backend.reader.takeThrough('12345');
    client.send('zz\r\n');
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
    expect((await client.readResponse()).status).toBe(400);
    expect(rig.origin.requestCount).toBe(0);
  });

  it('is not read for a client that does not read', async () => {
    const total = 64 * mebibyte;
    let taken = 0;
    const rig = await start({
      host,
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
          while (taken < total && (await connection.send(patternBytes(mebibyte, taken)))) {
            taken += mebibyte;
          }
        },
      },
    });
    const client = await rig.connect({ maxUnreadBytes: 65536, maxRecordedBytes: 1024 });
    client.pauseReading();
    client.send(request('GET /'));
    // Until nothing more of it moves.
    for (let before = -1, still = 0; still < 200; still = before === taken ? still + 1 : 0) {
      before = taken;
      await turn();
    }
    expect(taken).toBeLessThan(total / 2);
    client.resumeReading();
    const { head } = await client.readHead();
    expect(head.status).toBe(200);
    for (let at = 0; at < total; at += mebibyte) {
      const piece = await client.reader.take(mebibyte);
      if (!piece.equals(patternBytes(mebibyte, at))) throw new Error(`other bytes after ${at}`);
    }
  });

  it('that does not read is not sent what its client sends', async () => {
    const total = 64 * mebibyte;
    const rig = await start({
      host,
      options: { ...streamed, upstreamIdleTimeout: 300 },
      origin: { script: (connection) => connection.pauseReading() },
    });
    const client = await rig.connect();
    client.send(request('POST /', [`Content-Length: ${total}`]));
    let sent = 0;
    const piece = patternBytes(mebibyte);
    client.socket.on('drain', () => {
      while (sent < total && client.socket.write(piece)) sent += mebibyte;
    });
    client.socket.emit('drain');
    const answer = await client.readResponse();
    expect(answer.status).toBe(504);
    expect(sent).toBeLessThan(total / 2);
    const backend = await rig.origin.connection();
    backend.resumeReading();
    await guarded(backend.reader.drain(), 'the backend to be let go');
    await client.close();
  });
});

describe('a slow client', () => {
  it('RFC 9110 §15.5.9: that stalls in its content is answered 408', async () => {
    const { onFinish, list } = records();
    const rig = await start({ options: { requestBodyReadTimeout: 50, onFinish } });
    const client = await rig.connect();
    client.send(request('POST /', ['Content-Length: 10'], '12345'));
    const answer = await client.readResponse();
    expect([answer.status, answer.header('connection')]).toEqual([408, 'close']);
    expect(rig.origin.connectionCount).toBe(0);
    expect(list).toEqual(['408 RIT_ERR_BODY_TIMEOUT']);
    await client.close();
  });

  it('that takes nothing of its response for responseSendTimeout is cut off', async () => {
    const { onFinish, list } = records();
    const body = patternBytes(32 * mebibyte);
    const rig = await start({
      options: { responseSendTimeout: 100, onFinish },
      origin: { script: script(expectRequest(), send(response(200, body)), waitForPeerGone()) },
    });
    const client = await rig.connect({ maxUnreadBytes: 1024 });
    client.pauseReading();
    client.send(request('GET /'));
    await guarded((await rig.origin.connection()).whenPeerGone(), 'the backend to be let go');
    await rig.whenIdle();
    expect(list).toEqual(['200 RIT_ERR_SEND_TIMEOUT']);
    client.resumeReading();
    await client.expectReset();
  });

  it('gets the whole of a response that is done long before it has read it', async () => {
    const body = patternBytes(mebibyte);
    const rig = await start({
      options: { responseSendTimeout: 5000 },
      origin: { script: answerEach(response(200, body)) },
    });
    const client = await rig.connect({ maxUnreadBytes: 1024 });
    client.pauseReading();
    client.send(request('GET /'));
    await rig.origin.request();
    client.resumeReading();
    expect((await client.readResponse()).body.equals(body)).toBe(true);
  });
});

it('RFC 9112 §9.3.2: pipelined requests are not taken in without bound', async () => {
  const release = deferred();
  let taken = 0;
  const rig = await start({
    host: (handler) =>
      http.createServer((incoming, answer) => {
        taken++;
        handler(incoming, answer);
      }),
    origin: {
      script: async (backend) => {
        await backend.expectRequest();
        await release.promise;
        await backend.send(response(200, 'ok'));
        await answerEach(response(200, 'ok'))(backend);
      },
    },
  });
  const client = await rig.connect();
  const total = 4000;
  client.send(request('GET /', [`X-Padding: ${'x'.repeat(1000)}`]).repeat(total));
  await rig.origin.connection();
  await eventually(() => taken > 1, 'requests after the first');
  for (let before = 0, still = 0; still < 200; still = before === taken ? still + 1 : 0) {
    before = taken;
    await turn();
  }
  expect(taken).toBeLessThan(total / 2);
  const more = taken + 200;
  release.resolve();
  for (let nth = 0; nth < more; nth++) expect((await client.readResponse()).text).toBe('ok');
  client.reset();
});

describe('an application that reads the body first', () => {
  const parsed =
    (withNext: boolean): Host =>
    (handler) => {
      const app = express();
      app.use(express.json());
      app.use((request, answer, next) => {
        if (withNext) handler(request, answer, next);
        else handler(request, answer);
      });
      app.use(
        (
          error: { code: string; status: number; message: string },
          _request: express.Request,
          answer: express.Response,
          _next: express.NextFunction,
        ) => {
          answer.status(error.status).json([error.code, error.message]);
        },
      );
      return http.createServer(app);
    };
  const json = request('POST /', ['Content-Type: application/json', 'Content-Length: 2'], '{}');
  const advice =
    'the request body was read before the proxy got it: mount the proxy before body parsers';

  it('is told by next(error) what to do', async () => {
    const told: string[] = [];
    const rig = await start({
      host: parsed(true),
      options: { onError: ({ code }) => told.push(code) },
    });
    const answer = await rig.request(json);
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual(['RIT_ERR_BODY_CONSUMED', advice]);
    expect(told).toEqual(['RIT_ERR_BODY_CONSUMED']);
    expect(rig.origin.connectionCount).toBe(0);
  });

  it('gets 500 where there is no next', async () => {
    const told: string[] = [];
    const rig = await start({
      host: parsed(false),
      options: { onError: ({ message }) => told.push(message) },
    });
    const answer = await rig.request(json);
    expect([answer.status, answer.text]).toEqual([500, '500 Internal Server Error\n']);
    expect(told).toEqual([advice]);
    expect(rig.origin.connectionCount).toBe(0);
  });

  it.each([
    [
      'a body that the parser left alone',
      request('POST /', ['Content-Type: text/csv', 'Content-Length: 2'], '{}'),
      '{}',
    ],
    ['a request without body', request('GET /'), ''],
    [
      'an empty body',
      request('POST /', ['Content-Type: application/json', 'Content-Length: 0']),
      '',
    ],
  ])('passes %s', async (_name, sent, body) => {
    const rig = await start({ host: parsed(true) });
    expect((await rig.request(sent)).status).toBe(200);
    expect(rig.origin.requests[0]?.body.toString()).toBe(body);
  });

  it('may not have set an encoding, which destroys bytes', async () => {
    const rig = await start({
      host: (handler) =>
        http.createServer((incoming, answer) => {
          incoming.setEncoding('utf8');
          handler(incoming, answer);
        }),
    });
    expect((await rig.request(request('POST /', ['Content-Length: 2'], '{}'))).status).toBe(500);
  });
});

describe('an application that answers as well', () => {
  it('before: is told by next(error)', async () => {
    const errors: unknown[] = [];
    const rig = await start({
      host: (handler) =>
        http.createServer((incoming, answer) => {
          answer.writeHead(200).end('mine');
          handler(incoming, answer, (error) => errors.push(error));
          handler(incoming, answer);
        }),
    });
    expect((await rig.request(request('GET /'))).text).toBe('mine');
    expect(errors).toEqual([expect.objectContaining({ code: 'RIT_ERR_INTERNAL' })]);
    expect(rig.handler.stats()).toMatchObject({ totalExchanges: 0, totalRefusals: 2 });
  });

  it('meanwhile: has the last word, and the backend is let go', async () => {
    const { onFinish, list } = records();
    let answerNow = (): void => {};
    const rig = await start({
      options: { onFinish },
      host: (handler) =>
        http.createServer((incoming, answer) => {
          if (incoming.url === '/slow') answerNow = () => answer.writeHead(503).end('too slow');
          handler(incoming, answer);
        }),
      origin: {
        scripts: [script(expectRequest(), waitForPeerGone()), answerEach(response(200, 'ok'))],
      },
    });
    const client = await rig.connect();
    client.send(request('GET /slow'));
    const backend = await rig.origin.connection();
    await rig.origin.request();
    answerNow();
    expect((await client.readResponse()).text).toBe('too slow');
    await guarded(backend.whenPeerGone(), 'the backend to be let go');
    expect((await client.request(request('GET /'))).text).toBe('ok');
    await rig.whenIdle();
    expect(list).toEqual(['0 RIT_ERR_INTERNAL', '200 null']);
  });

  it('meanwhile, with the head only: the backend is let go', async () => {
    const { onFinish, list } = records();
    const rig = await start({
      options: { onFinish },
      host: (handler) =>
        http.createServer((incoming, answer) => {
          handler(incoming, answer);
          answer.writeHead(200, { 'content-length': 4 }).write('mi');
          answer.end('ne');
        }),
    });
    expect((await rig.request(request('GET /'))).text).toBe('mine');
    await rig.whenIdle();
    expect(list).toEqual([expect.stringMatching(/RIT_ERR_INTERNAL$/)]);
  });

  it('fields it has set stay, but frame nothing', async () => {
    const rig = await start({
      host: (handler) =>
        http.createServer((incoming, answer) => {
          answer.setHeader('X-App', '1');
          answer.setHeader('X-End', 'mine');
          answer.setHeader('Content-Length', '1');
          handler(incoming, answer);
        }),
      origin: {
        script: answerEach(({ target }) =>
          target === '/sized'
            ? response(200, 'ok', ['X-End: 1', 'X-End: 2'])
            : 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
        ),
      },
    });
    const sized = await rig.request(request('GET /sized'));
    expect(sized.text).toBe('ok');
    expect(endToEnd(sized).sort()).toEqual([
      'X-App: 1',
      'X-End: 1',
      'X-End: 2',
      'content-length: 2',
    ]);
    const chunked = await rig.request(request('GET /chunked'));
    expect(chunked.text).toBe('ok');
    expect(endToEnd(chunked).sort()).toEqual([
      'X-App: 1',
      'X-End: mine',
      'transfer-encoding: chunked',
    ]);
  });

  it('a coding it has set does not frame the response', async () => {
    const rig = await start({
      host: (handler) =>
        http.createServer((incoming, answer) => {
          answer.setHeader('Transfer-Encoding', 'chunked');
          handler(incoming, answer);
        }),
    });
    const answer = await rig.request(request('GET /'));
    expect(answer.text).toBe('ok');
    expect(endToEnd(answer)).toEqual(['content-length: 2']);
  });
});

describe('what Node lets through', () => {
  const lenient: Host = (handler) =>
    http.createServer({ insecureHTTPParser: true, requireHostHeader: false }, handler);

  it.each([
    [
      'RFC 9112 §6.1: two framings',
      ['Host: a', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\n',
      400,
    ],
    ['RFC 9112 §3.2: no Host', [], '', 400],
    ['RFC 9112 §3.2: two Hosts', ['Host: a', 'Host: b'], '', 400],
    ['RFC 9110 §5.5: a control character in a value', ['Host: a', 'X: a\x01b'], '', 400],
    ['RFC 9110 §10.1.1: another expectation', ['Host: a', 'Expect: gold'], '', 417],
  ])('%s: is refused', async (_name, fields, content, status) => {
    const rig = await start({
      host: (handler) => {
        const server = lenient(handler) as http.Server;
        return server.on('checkExpectation', handler);
      },
    });
    const client = await rig.connect();
    const answer = await client.request(['POST / HTTP/1.1', ...fields, '', content].join('\r\n'));
    expect([answer.status, answer.header('connection')]).toEqual([status, 'close']);
    await client.expectFin();
    expect(rig.origin.connectionCount).toBe(0);
    expect(rig.handler.stats().totalRefusals).toBe(1);
  });

  it.each([
    ['RFC 9112 §2.3: another version', 'GET / HTTP/2.0', 505],
    ['RFC 9112 §2.3: another protocol', 'DESCRIBE / RTSP/1.0', 501],
  ])('%s: is refused', async (_name, line, status) => {
    const rig = await start();
    expect((await rig.request(`${line}\r\nHost: a\r\n\r\n`)).status).toBe(status);
    expect(rig.origin.connectionCount).toBe(0);
  });

  it('RFC 6585 §5: fields that Node may have hidden from us', async () => {
    const rig = await start({
      host: (handler) => {
        const server = http.createServer(handler);
        server.maxHeadersCount = 3;
        return server;
      },
    });
    expect((await rig.request(request('GET /', ['A: 1']))).status).toBe(200);
    const hidden = await rig.request(request('GET /', ['A: 1', 'B: 2', 'Content-Length: 0']));
    expect(hidden.status).toBe(431);
    expect(rig.origin.requestCount).toBe(1);
  });

  it.each([
    ['maxRequestTargetBytes', 414, request(`GET /${'x'.repeat(20)}`)],
    ['maxRequestHeaderLineBytes', 431, request('GET /', [`X: ${'x'.repeat(40)}`])],
    [
      'maxRequestHeaderBytes',
      431,
      request(
        'GET /',
        Array.from({ length: 4 }, () => `X: ${'x'.repeat(30)}`),
      ),
    ],
    ['maxRequestHeaders', 431, request('GET /', ['A: 1', 'B: 1', 'C: 1', 'D: 1', 'E: 1'])],
  ])('%s: binds on what was parsed', async (_name, status, sent) => {
    const rig = await start({
      options: {
        maxRequestTargetBytes: 20,
        maxRequestHeaderLineBytes: 40,
        maxRequestHeaderBytes: 100,
        maxRequestHeaders: 5,
        proxyStatus: true,
      },
    });
    expect((await rig.request(request('GET /'))).status).toBe(200);
    const answer = await rig.request(sent);
    expect(answer.status).toBe(status);
    expect(answer.header('proxy-status')).toBe('ReverseIt; error=http_request_error');
    expect(rig.origin.requestCount).toBe(1);
  });

  it('RFC 9110 §7.8: an upgrade that no `upgrade` listener takes is an ordinary request', async () => {
    const rig = await start();
    const answer = await rig.request(
      request('GET /', [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Version: 13',
      ]),
    );
    expect(answer.text).toBe('ok');
    expect(rig.origin.requests[0]?.headers('upgrade')).toEqual([]);
  });

  it.each([['/a b'], ['/é'], ['/a\r\nX: y'], ['']])(
    'a target that the application has rewritten to %j is refused',
    async (url) => {
      const rig = await start({
        host: (handler) =>
          http.createServer((incoming, answer) => {
            incoming.url = url;
            handler(incoming, answer);
          }),
      });
      expect((await rig.request(request('GET /'))).status).toBe(400);
      expect(rig.origin.connectionCount).toBe(0);
    },
  );
});
