/** `chooseBackend`: a hook says which backend gets a request, of the list or by URL. */
import { createServer as createHttpServer } from 'node:http';
import { eventually } from '@reverseit/test-servers';
import { acceptKey, connectFrames } from '@reverseit/test-servers/frame-client';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import {
  type AccessRecord,
  type ChooseBackend,
  createHandler,
  createServer,
  type ReverseItOptions,
} from '../src/index.ts';
import { type Backend, useBackends } from './backends-rig.ts';

const start = useBackends();
const use = useCleanup();

const named = (list: readonly Backend[]) => list.map(({ url }, i) => ({ url, name: `b${i}` }));
/** The client says what the hook returns. */
const byHeader: ChooseBackend = ({ headers }) => headers.get('x-backend');

describe('a backend of the list', () => {
  it.each<[string, ChooseBackend]>([
    ['at once', byHeader],
    ['later', async (request, context) => byHeader(request, context)],
  ])('gets the request, %s', async (_, chooseBackend) => {
    const it = await start(3, (list) => ({ backend: named(list), chooseBackend }));
    for (const number of [2, 0, 1]) {
      expect(await it.run(2, '/', { 'x-backend': `b${number}` })).toBe(`${number}${number}`);
    }
    const { status, text } = await it.ask('/', 'POST', { 'x-backend': 'b1' }, 'body');
    expect([status, text, it.list[1]!.bodies.at(-1)]).toEqual([200, '1', 'body']);
  });

  it.each([undefined, null])('%s leaves it to load balancing', async (nothing) => {
    const it = await start(2, (list) => ({
      backend: named(list),
      loadBalancing: 'round-robin',
      chooseBackend: () => nothing,
    }));
    expect([...(await it.run(4))].sort().join('')).toBe('0011');
  });

  it('without a name of its own goes by its URL, as text and as an object', async () => {
    const it = await start(2, { chooseBackend: byHeader });
    const { url } = it.list[1]!;
    expect(await it.run(2, '/', { 'x-backend': url })).toBe('11');
    expect(await it.run(2, '/', { 'x-backend': `${url}/` })).toBe('11');
    const other = await start(2, ([, b]) => ({
      ...{ backend: ['http://127.0.0.1:1', b!.url] },
      chooseBackend: () => new URL(b!.url),
    }));
    expect(await other.run(2)).toBe('11');
  });

  it('has a weight of 0 and gets what is chosen only', async () => {
    const it = await start(2, ([a, b]) => ({
      backend: [a!.url, { url: b!.url, name: 'canary', weight: 0 }],
      chooseBackend: byHeader,
    }));
    expect(await it.run(4)).toBe('0000');
    expect(await it.run(2, '/', { 'x-backend': 'canary' })).toBe('11');
  });

  it('is the only one of a route as well', async () => {
    const it = await start(1, ([only]) => ({ backend: only!.url, chooseBackend: byHeader }));
    expect(await it.run(1)).toBe('0');
    expect(await it.run(1, '/', { 'x-backend': it.list[0]!.url })).toBe('0');
  });

  it.each(['drained', 'full'])('that is %s: 503 at once, and nobody else gets it', async (why) => {
    const it = await start(2, ([a, b]) => ({
      backend: [a!.url, { url: b!.url, name: 'b', maxRequests: 1 }],
      chooseBackend: byHeader,
    }));
    const headers = { 'x-backend': 'b' };
    if (why === 'drained') it.proxy.drain('b');
    else {
      it.list[1]!.handler = () => {};
      it.ask('/', 'GET', headers).catch(() => {});
      await eventually(() => it.list[1]!.requests[0], 'the first request');
    }
    const { status, headers: got } = await it.ask('/', 'POST', headers, 'body');
    expect([status, got['retry-after']]).toEqual([503, '1']);
    expect(await it.run(1)).toBe('0');
    expect(it.list[0]!.requests).toEqual(['GET /']);
  });

  it('that cannot be reached is tried again, and nobody else', async () => {
    const records: AccessRecord[] = [];
    const it = await start(2, (list) => ({
      backend: named(list),
      chooseBackend: () => 'b1',
      retry: { attempts: 1, backOff: 1 },
      onFinish: (record) => {
        records.push(record);
      },
    }));
    await it.list[1]!.die();
    expect((await it.ask()).status).toBe(502);
    expect(records).toMatchObject([
      { backend: it.list[1]!.url, failedAttempts: [{ backend: 'b1' }, { backend: 'b1' }] },
    ]);
    expect(it.list[0]!.requests).toEqual([]);
  });

  it('binds nobody by the cookie of affinity, nor is bound by it', async () => {
    const it = await start(2, (list) => ({
      backend: named(list),
      affinity: { cookie: 'route' },
      loadBalancing: 'first',
      chooseBackend: byHeader,
    }));
    const chosen = await it.ask('/', 'GET', { 'x-backend': 'b1' });
    expect([chosen.text, chosen.headers['set-cookie']]).toEqual(['1', undefined]);
    const bound = await it.ask();
    const cookie = bound.headers['set-cookie']![0]!.split(';')[0]!;
    expect(bound.text).toBe('0');
    expect(await it.run(1, '/', { cookie, 'x-backend': 'b1' })).toBe('1');
    expect(await it.run(1, '/', { cookie })).toBe('0');
  });

  it('comes after onRequest and the route that it has selected, not before respond', async () => {
    const order: string[] = [];
    const it = await start(2, (list) => ({
      onRequest: (request, context) => {
        order.push('outer');
        if (request.target.startsWith('/x')) context.useRoute('other');
      },
      routes: [
        { backend: list[0]!.url },
        {
          ...{ path: null, name: 'other', backend: named(list) },
          onRequest: () => void order.push('other'),
          chooseBackend: (_, { route }) => {
            order.push(`choose in ${route}`);
            return 'b1';
          },
        },
        {
          path: '/said',
          respond: { body: 'said' },
          chooseBackend: () => void order.push('never'),
        },
      ],
    }));
    expect(await it.run(1, '/x')).toBe('1');
    expect(order).toEqual(['outer', 'other', 'choose in other']);
    expect(await it.run(1, '/said')).toBe('said');
    expect(await it.run(1, '/')).toBe('0');
    expect(order).not.toContain('never');
  });
});

describe('a backend by URL', () => {
  const chooses = (at: number): ((list: readonly Backend[]) => ReverseItOptions) => {
    return (list) => ({
      backend: list[0]!.url,
      allowBackends: list.map(({ url }) => url),
      chooseBackend: () => list[at]!.url,
    });
  };

  it('gets Host, path prefix and connections of its own, and its locations become public', async () => {
    const records: AccessRecord[] = [];
    const it = await start(2, (list) => ({
      ...chooses(1)(list),
      path: '/api',
      stripPath: '/api',
      chooseBackend: () => new URL(`${list[1]!.url}/base/`),
      onFinish: (record) => {
        records.push(record);
      },
    }));
    const [, b] = it.list;
    b!.handler = (_, response) => {
      response.writeHead(302, { location: `${b!.url}/base/next` }).end();
    };
    const { status, headers } = await it.ask('/api/x?y', 'GET', { host: 'public.test' });
    expect([status, headers.location]).toEqual([302, 'http://public.test/api/next']);
    await it.ask('/api/x?y');
    expect(b!.requests).toEqual(['GET /base/x?y', 'GET /base/x?y']);
    expect(b!.headers.map(({ host }) => host)).toEqual([b!.authority, b!.authority]);
    expect(records).toMatchObject([
      { backend: b!.url, attempts: 1, failedAttempts: [] },
      { backend: b!.url, attempts: 1 },
    ]);
    expect(it.proxy.stats().pools[0]).toMatchObject({ opened: 1, reused: 1 });
    expect((await it.ask('/api/%2e%2e/x')).status).toBe(400);
  });

  it.each([
    [{ preserveHostHeader: true }, 'public.test'],
    [{ addHeaders: { host: 'fixed.test' } }, 'fixed.test'],
  ])('the Host with %j', async (options, host) => {
    const it = await start(2, (list) => ({ ...chooses(1)(list), ...options }));
    await it.run(1, '/', { host: 'public.test' });
    expect(it.list[1]!.headers[0]!.host).toBe(host);
  });

  it('needs no backend of the route; without a choice there is none: 503', async () => {
    const it = await start(1, ([only]) => ({
      backend: null,
      allowBackends: [only!.url],
      chooseBackend: byHeader,
    }));
    expect(await it.run(1, '/', { 'x-backend': it.list[0]!.url })).toBe('0');
    const { status, headers } = await it.ask('/', 'POST', {}, 'body');
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  it('sends bodies, whole and streamed', async () => {
    const it = await start(2, (list) => ({ ...chooses(1)(list), requestBodyBufferSize: 10 }));
    for (const body of ['short', 'long'.repeat(100)]) {
      const { text } = await it.ask('/', 'POST', {}, body);
      expect([text, it.list[1]!.bodies.at(-1)]).toEqual(['1', body]);
    }
  });

  it('that cannot be reached: 502, and nobody else gets the request', async () => {
    const it = await start(2, chooses(1));
    await it.list[1]!.die();
    expect((await it.ask()).status).toBe(502);
    expect(it.list[0]!.requests).toEqual([]);
  });

  it('gets no cookie of affinity', async () => {
    const it = await start(2, (list) => ({ ...chooses(1)(list), affinity: { cookie: 'route' } }));
    const { text, headers } = await it.ask();
    expect([text, headers['set-cookie']]).toEqual(['1', undefined]);
  });

  it('maxOrigins: the oldest unused one is closed; while all are in use: 503 at once', async () => {
    const it = await start(3, (list) => ({
      backend: null,
      allowBackends: list.map(({ url }) => url),
      chooseBackend: byHeader,
      maxOrigins: 2,
    }));
    const to = (at: number) => ({ 'x-backend': it.list[at]!.url });
    const known = () => it.proxy.stats().pools[0]!.origins.map(({ origin }) => origin);
    const answers: (() => void)[] = [];
    for (const backend of it.list) {
      backend.handler = (_, response) => answers.push(() => response.end(`${backend.number}`));
    }
    const first = it.ask('/', 'GET', to(0));
    const second = it.ask('/', 'GET', to(1));
    await eventually(() => answers.length === 2, 'two requests');
    const refused = await it.ask('/', 'GET', to(2));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    // A third request to the same two needs no more.
    const again = it.ask('/', 'GET', to(1));
    await eventually(() => answers.length === 3, 'the third');
    for (const answer of answers.splice(0)) answer();
    expect((await first).text + (await second).text + (await again).text).toBe('011');
    const third = it.ask('/', 'GET', to(2));
    await eventually(() => answers[0], 'the one that came later');
    answers[0]!();
    expect((await third).text).toBe('2');
    await eventually(() => known().length === 2, 'the oldest to be forgotten');
    expect(known()).toContain(it.list[2]!.url);
  });

  it('is forgotten with its connections', async () => {
    const it = await start(2, (list) => ({ ...chooses(1)(list), pool: { connMaxIdleTime: 20 } }));
    await it.run(1);
    const chosen = it.list[1]!.url;
    await eventually(
      () => it.proxy.stats().pools[0]!.origins.every(({ origin }) => origin !== chosen),
      'the origin to be forgotten',
    );
    expect(await it.run(1)).toBe('1');
  });

  it('a reload keeps the connections of what is still allowed, and closes the others', async () => {
    const options = (list: readonly Backend[], allowed: readonly number[]): ReverseItOptions => ({
      logger: null,
      backend: list[0]!.url,
      allowBackends: allowed.map((at) => list[at]!.url),
      chooseBackend: byHeader,
    });
    const it = await start(3, (list) => options(list, [1, 2]));
    const to = (at: number) => ({ 'x-backend': it.list[at]!.url });
    await it.run(1, '/', to(1));
    await it.run(1, '/', to(2));
    it.proxy.reload(options(it.list, [1]));
    await eventually(
      () => it.proxy.stats().pools[0]!.origins.every(({ origin }) => origin !== it.list[2]!.url),
      'the one that is not allowed to be closed',
    );
    expect(await it.run(1, '/', to(1))).toBe('1');
    expect(it.proxy.stats().pools[0]!.reused).toBe(1);
    expect((await it.ask('/', 'GET', to(2))).status).toBe(500);
    const { allowBackends: _none, chooseBackend: _no, ...plain } = options(it.list, []);
    it.proxy.reload(plain);
    expect(await it.run(1, '/', to(1))).toBe('0');
    await eventually(
      () => it.proxy.stats().pools[0]!.origins.every(({ origin }) => origin !== it.list[1]!.url),
      'the last chosen one to be closed',
    );
  });
});

describe('what is no backend is never asked', () => {
  it.each<[string, unknown]>([
    ['a name that is not in the list', 'nobody'],
    ['an empty name', ''],
    ['a URL that is not allowed', 'http://127.0.0.1:9'],
    ['an address, by a wildcard', 'http://10.0.0.1'],
    ['the name of a wildcard itself', 'http://allowed.test'],
    ['another scheme than http', 'ftp://a.allowed.test'],
    ['credentials', 'http://user:secret@a.allowed.test'],
    ['a query', 'http://a.allowed.test/?x'],
    ['a fragment', new URL('http://a.allowed.test/#x')],
    ['dot segments', 'http://a.allowed.test/%2e%2e'],
    ['an object', { url: 'http://a.allowed.test' }],
    ['false', false],
    ['0', 0],
    ['an array', ['b0']],
  ])('%s: 500 RIT_ERR_BACKEND_NOT_ALLOWED', async (_, value) => {
    const records: AccessRecord[] = [];
    const it = await start(1, (list) => ({
      backend: named(list),
      allowBackends: ['*.allowed.test'],
      chooseBackend: () => value as string,
      onFinish: (record) => {
        records.push(record);
      },
    }));
    const { status, text } = await it.ask('/', 'POST', {}, 'body');
    expect([status, text]).toEqual([500, '500 Internal Server Error\n']);
    const [record] = records;
    expect(record).toMatchObject({
      errorCode: 'RIT_ERR_BACKEND_NOT_ALLOWED',
      backend: null,
      attempts: 0,
    });
    expect(record!.error!.message).toMatch(/^chooseBackend returned /);
    expect(record!.error!.message).not.toContain('secret');
    expect(it.list[0]!.requests).toEqual([]);
  });

  it('a hook that throws: 500; one that takes too long: 504', async () => {
    const it = await start(1, (list) => ({
      backend: named(list),
      hookTimeout: 20,
      chooseBackend: ({ target }) => {
        if (target === '/throw') throw new Error('of the application');
        return new Promise<string>(() => {});
      },
    }));
    expect((await it.ask('/throw')).status).toBe(500);
    expect((await it.ask('/wait')).status).toBe(504);
    expect(it.list[0]!.requests).toEqual([]);
  });
});

it('a WebSocket goes to the one that was chosen, by name and by URL, and counts while it is open', async () => {
  const it = await start(2, (list) => ({
    backend: [{ url: list[0]!.url, name: 'b0' }],
    allowBackends: [list[1]!.url],
    chooseBackend: byHeader,
    maxOrigins: 1,
  }));
  for (const { server, number } of it.list) {
    server.on('upgrade', (request, socket) => {
      const key = String(request.headers['sec-websocket-key']);
      socket.write(
        [
          'HTTP/1.1 101 Switching Protocols',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Accept: ${acceptKey(key)}`,
          `X-Number: ${number}`,
          '',
          '',
        ].join('\r\n'),
      );
      socket
        .on('error', () => {})
        .on('end', () => socket.end())
        .resume();
    });
  }
  const open = async (value: string) =>
    use(await connectFrames({ port: it.port, fields: [`X-Backend: ${value}`] }));
  const byName = await open('b0');
  const byUrl = await open(it.list[1]!.url);
  expect([byName, byUrl].map(({ response }) => response.header('x-number'))).toEqual(['0', '1']);
  expect(it.proxy.stats()).toMatchObject({ webSockets: 2 });
});

it('middleware has it', async () => {
  const it = await start(2);
  const handler = createHandler({
    logger: null,
    backend: it.list[0]!.url,
    allowBackends: [it.list[1]!.url],
    chooseBackend: async ({ target }) => (target === '/b' ? it.list[1]!.url : undefined),
  });
  const server = createHttpServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  expect((await ask('/a')) + (await ask('/b')) + (await ask('/a'))).toBe('010');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await handler.close();
});

it.each([
  [{ backend: 'http://a', chooseBackend: 'b' }, /chooseBackend/],
  [{ backend: 'http://a', allowBackends: '*.a' }, /allowBackends/],
  [{ backend: 'http://a', allowBackends: ['*'] }, /allowBackends/],
  [{ backend: 'http://a', allowBackends: ['http://a/path'] }, /allowBackends/],
  [{ backend: 'http://a', maxOrigins: 0 }, /maxOrigins/],
  [{ backend: 'http://a', router: () => 'http://b' }, /chooseBackend.*allowBackends/],
  [{ backend: 'http://a', chooseBackends: () => 'a' }, /did you mean chooseBackend/],
])('refused: %j', (options, message) => {
  expect(() => createServer(options as never)).toThrow(message);
});
