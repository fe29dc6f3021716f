/** When a client's connection stays and when it ends (RFC 9112 §9), and the order of answers. */
import { eventually, response } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  badGateway,
  declined,
  got,
  type HttpCase,
  ok,
  okAndClose,
  request,
  responseLines,
  runCases,
  seen,
  useProxy,
} from './harness.ts';

const start = useProxy();

const with11 = (fields: readonly string[]): string => request('GET /x', fields);
const with10 = (fields: readonly string[]): string =>
  ['GET /x HTTP/1.0', 'Host: a', ...fields, '', ''].join('\r\n');
const kept10 = got(
  '200 Scripted',
  ['content-length: 2', 'date: now', 'connection: keep-alive'],
  'ok',
);

const closes = (name: string, send: string): HttpCase => ({
  name: `RFC 9112 §9.3: ${name}`,
  send: send + request('GET /never'),
  got: [okAndClose],
  fate: 'closed',
  seen: [seen('GET /x')],
});
const keeps = (name: string, send: string, answer = ok): HttpCase => ({
  name: `RFC 9112 §9.3: ${name}`,
  send,
  got: [answer],
  seen: [seen('GET /x')],
});

describe('keep-alive', () => {
  runCases(start, [
    keeps('HTTP/1.1 stays', with11([])),
    keeps('HTTP/1.1 with keep-alive stays', with11(['Connection: keep-alive'])),
    keeps('HTTP/1.1 with another option stays', with11(['Connection: x-y'])),
    closes('HTTP/1.1 with close ends', with11(['Connection: close'])),
    closes('close in capitals ends', with11(['Connection: CLOSE'])),
    closes('close in a list ends', with11(['Connection: x-y, close'])),
    closes('close on a second line ends', with11(['Connection: keep-alive', 'Connection: close'])),
    closes('close wins over keep-alive', with11(['Connection: close, keep-alive'])),
    closes('close before a tab ends', with11(['Connection: close\t'])),
    closes('close after an empty member ends', with11(['Connection: ,close'])),
    closes('HTTP/1.0 ends', with10([])),
    keeps('HTTP/1.0 with keep-alive stays', with10(['Connection: keep-alive']), kept10),
    keeps(
      'HTTP/1.0 with keep-alive in a list stays',
      with10(['Connection: x, Keep-Alive']),
      kept10,
    ),
    closes('HTTP/1.0 with both ends', with10(['Connection: keep-alive, close'])),
    closes('Proxy-Connection keeps nothing', with10(['Proxy-Connection: keep-alive'])),
    {
      name: 'RFC 9112 §9.3: an error of the backend does not end the connection of the client',
      send: request('GET /x'),
      script: [(c) => c.expectRequest(), (c) => c.reset()],
      got: [badGateway()],
      seen: [seen('GET /x')],
    },
    {
      name: 'RFC 9110 §15.5.5: a request without a route does not end the connection',
      options: (origin) => ({ routes: [{ path: '/in', backend: origin.url }] }),
      send: request('GET /x'),
      got: [declined('404 Not Found')],
      again: '/in/again',
      seen: [],
    },
    {
      name: 'RFC 9112 §9.3: the last request of maxRequestsPerConnection is told so',
      options: { maxRequestsPerConnection: 2 },
      send: request('GET /x') + request('GET /y') + request('GET /never'),
      got: [ok, okAndClose],
      fate: 'closed',
      seen: [seen('GET /x'), seen('GET /y')],
    },
  ]);
});

describe('pipelining', () => {
  const many = Array.from({ length: 20 }, (_, i) => `/p${i}`);
  runCases(start, [
    {
      name: 'RFC 9112 §9.3.2: twenty requests at once are answered in their order',
      send: many.map((path) => request(`GET ${path}`)).join(''),
      answer: ({ target }) => response(200, target),
      got: many.map((path) =>
        got('200 Scripted', [`content-length: ${path.length}`, 'date: now'], path),
      ),
      seen: many.map((path) => seen(`GET ${path}`)),
    },
    {
      name: 'RFC 9112 §9.3.2: content between pipelined requests is told apart',
      send: [
        request('POST /a', ['Content-Length: 3'], 'abc'),
        request('GET /b'),
        request('PUT /c', ['Transfer-Encoding: chunked'], '2\r\nde\r\n0\r\n\r\n'),
        request('HEAD /d'),
        request('GET /e', ['Connection: close']),
      ].join(''),
      methods: ['POST', 'GET', 'PUT', 'HEAD', 'GET'],
      answer: ({ method, target }) =>
        method === 'HEAD'
          ? 'HTTP/1.1 200 Scripted\r\ncontent-length: 9\r\n\r\n'
          : response(200, target),
      got: [
        got('200 Scripted', ['content-length: 2', 'date: now'], '/a'),
        got('200 Scripted', ['content-length: 2', 'date: now'], '/b'),
        got('200 Scripted', ['content-length: 2', 'date: now'], '/c'),
        got('200 Scripted', ['content-length: 9', 'date: now']),
        got('200 Scripted', ['content-length: 2', 'date: now', 'connection: close'], '/e'),
      ],
      fate: 'closed',
      seen: [
        seen('POST /a', ['content-length: 3'], 'abc'),
        seen('GET /b'),
        seen('PUT /c', ['content-length: 2'], 'de'),
        seen('HEAD /d'),
        seen('GET /e'),
      ],
    },
    {
      name: 'RFC 9112 §2.2: empty lines between requests',
      send: `${request('GET /a')}\r\n${request('GET /b')}`,
      got: [ok, ok],
      seen: [seen('GET /a'), seen('GET /b')],
    },
  ]);

  it('RFC 9112 §9.3.2: the second request waits, unseen, until the first is answered', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bench = await start({
      origin: {
        script: [
          (c) => c.expectRequest(),
          () => gate,
          (c) => c.send(response(200, 'one')),
          (c) => c.expectRequest(),
          (c) => c.send(response(200, 'two')),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('GET /one') + request('GET /two'));
    await bench.origin.request(0);
    // Whatever is wrong would have come with the first, on this or on another connection.
    expect(bench.seenBytes).toBe(
      seen('GET /one').join('\r\n').replace('{origin}', bench.authority),
    );
    expect(bench.origin.connectionCount).toBe(1);
    expect(bench.proxy.stats().activeExchanges).toBe(1);
    release();
    expect((await client.readResponse()).text).toBe('one');
    expect((await client.readResponse()).text).toBe('two');
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/one', '/two']);
  });

  it('RFC 9112 §9.3.2: what a client pipelines beyond a bound is not read', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bench = await start({
      origin: {
        script: [
          (c) => c.expectRequest(),
          () => gate,
          async (c) => {
            await c.send(response(200, 'ok'));
            while (await c.reader.hasMore()) {
              await c.expectRequest();
              await c.send(response(200, 'ok'));
            }
          },
        ],
      },
    });
    const client = await bench.connect();
    const one = request('GET /x', Array(7).fill(`X-Pad: ${'x'.repeat(8000)}`));
    const count = 300;
    const written = client.write(one.repeat(count));
    await bench.origin.request(0);
    let taken = false;
    void written.then(() => {
      taken = true;
    });
    // 17 MB do not fit into the buffers of the kernel, and the proxy, which has time to read, does not.
    const other = await bench.connect();
    for (let nth = 0; nth < count; nth += 1) {
      expect((await other.request('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(204);
    }
    expect(taken).toBe(false);
    release();
    for (let nth = 0; nth < count; nth += 1) expect((await client.readResponse()).status).toBe(200);
    expect(await written).toBe(true);
    expect(bench.origin.requestCount).toBe(count);
  });
});

describe('half-closed clients', () => {
  it('RFC 9112 §9.6: a client that ends its side after the request is answered', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('GET /x'));
    client.end();
    expect(responseLines(await client.readResponse())[0]?.[0]).toBe('HTTP/1.1 200 Scripted');
    await client.expectFin();
    expect(bench.seenBytes).toBe(seen('GET /x').join('\r\n').replace('{origin}', bench.authority));
  });

  it('RFC 9112 §9.6: so is one with several requests', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('GET /a') + request('GET /b') + request('GET /c'));
    client.end();
    for (let nth = 0; nth < 3; nth += 1) expect((await client.readResponse()).status).toBe(200);
    await client.expectFin();
    expect(bench.origin.requests.map(({ target }) => target)).toEqual(['/a', '/b', '/c']);
  });

  it('RFC 9112 §8: a client that ends inside its content gets nothing, and neither does the backend', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 5'], 'abc'));
    client.end();
    await client.expectClosed();
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §8: a client that ends inside a head gets nothing', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.send('GET /x HTTP/1.1\r\nHost: a\r\n');
    client.end();
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §9.6: a client that ends without a request gets nothing', async () => {
    const bench = await start();
    const client = await bench.connect();
    client.end();
    await client.expectFin();
  });
});

describe('graceful close', () => {
  it('RFC 9112 §9.6: a request under way is answered, with the end announced; no new client is let in', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bench = await start({
      origin: {
        script: [(c) => c.expectRequest(), () => gate, (c) => c.send(response(200, 'ok'))],
      },
    });
    const [busy, idle] = [await bench.connect(), await bench.connect()];
    busy.send(request('GET /x'));
    await bench.origin.request(0);
    const closed = bench.proxy.close({ timeout: 10_000 });
    await idle.expectFin();
    await expect(bench.connect()).rejects.toThrow();
    release();
    expect(responseLines(await busy.readResponse())).toEqual([okAndClose]);
    await busy.expectFin();
    await closed;
    expect(bench.proxy.address()).toBe(null);
    expect(bench.pool).toMatchObject({ open: 0, active: 0, waiting: 0 });
  });

  it('RFC 9112 §9.6: a body under way is received, sent on and answered', async () => {
    const bench = await start({ options: { requestBodyBufferSize: 0 } });
    const client = await bench.connect();
    client.send(request('POST /x', ['Content-Length: 6'], 'abc'));
    await (await bench.origin.connection(0)).reader.whenReceived(1);
    const closed = bench.proxy.close({ timeout: 10_000 });
    client.send('def');
    expect(responseLines(await client.readResponse())).toEqual([okAndClose]);
    await client.expectFin();
    await closed;
    expect((await bench.origin.request(0)).text).toBe('abcdef');
  });

  it('RFC 9112 §9.6: a response under way is finished', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const bench = await start({
      origin: {
        script: [
          (c) => c.expectRequest(),
          (c) => c.send('HTTP/1.1 200 Scripted\r\ncontent-length: 6\r\n\r\nabc'),
          () => gate,
          (c) => c.send('def'),
        ],
      },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    await client.readHead();
    const closed = bench.proxy.close({ timeout: 10_000 });
    release();
    expect((await client.reader.take(6)).toString()).toBe('abcdef');
    await client.expectFin();
    await closed;
  });

  it('RFC 9112 §9.6: what is left at the deadline is cut off', async () => {
    const bench = await start({
      origin: { script: [(c) => c.expectRequest(), (c) => c.whenPeerGone()] },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    await bench.origin.request(0);
    await bench.proxy.close({ timeout: 20 });
    await client.expectClosed();
    await bench.origin.whenIdle();
  });

  it('RFC 9112 §9.6: a second call of close may be more impatient', async () => {
    const bench = await start({
      origin: { script: [(c) => c.expectRequest(), (c) => c.whenPeerGone()] },
    });
    const client = await bench.connect();
    client.send(request('GET /x'));
    await bench.origin.request(0);
    const patient = bench.proxy.close({ timeout: 60_000 });
    await bench.proxy.close({ timeout: 0 });
    await patient;
    await client.expectClosed();
  });

  it('RFC 9112 §9.6: of 50 clients that send without pause, each request gets an answer or an announced end', async () => {
    const bench = await start();
    const clients = await Promise.all(Array.from({ length: 50 }, () => bench.connect()));
    let asked = 0;
    const run = async (client: (typeof clients)[number]): Promise<void> => {
      for (;;) {
        asked += 1;
        const answered = await client.request(request('GET /x'));
        expect(answered.text).toBe('ok');
        if (answered.header('connection') === 'close') return client.expectFin();
      }
    };
    const runs = Promise.allSettled(clients.map(run));
    await eventually(() => asked > 200, 'some requests');
    await bench.proxy.close({ timeout: 10_000 });
    const failed = (await runs).filter(({ status }) => status === 'rejected');
    // Only a request that crossed the end of an idle connection may go without an answer.
    expect(bench.origin.requestCount).toBe(asked - failed.length);
  });
});

describe('stats', () => {
  it('counts clients, requests, refusals and connections to the backend', async () => {
    const bench = await start();
    const client = await bench.connect();
    await client.request(request('GET /x'));
    await client.request(request('GET /y'));
    expect(bench.proxy.stats()).toMatchObject({
      connections: 1,
      activeExchanges: 0,
      totalConnections: 1,
      totalExchanges: 2,
      totalRefusals: 0,
      totalDropped: 0,
    });
    expect(bench.pool).toMatchObject({
      open: 1,
      idle: 1,
      active: 0,
      waiting: 0,
      opened: 1,
      reused: 1,
    });
    await client.request('GET /x HTTP/1.1\r\n\r\n');
    await client.expectFin();
    await bench.whenIdle();
    expect(bench.proxy.stats()).toMatchObject({
      connections: 0,
      totalExchanges: 2,
      totalRefusals: 1,
    });
  });

  it('tells of clients beyond maxConnections, which are closed at once', async () => {
    const bench = await start({ options: { maxConnections: 1 } });
    const first = await bench.connect();
    const second = await bench.connect();
    await second.expectClosed();
    expect((await first.request(request('GET /x'))).status).toBe(200);
    expect(bench.proxy.stats()).toMatchObject({ connections: 1, totalDropped: 1 });
  });
});
