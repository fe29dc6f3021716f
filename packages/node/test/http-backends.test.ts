/** Several backends of one route. */
import { createServer as createHttpServer } from 'node:http';
import { eventually } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import {
  type AccessRecord,
  createHandler,
  createServer,
  type RouteBackendChange,
} from '../src/index.ts';
import { useBackends } from './backends-rig.ts';

const start = useBackends();
const sorted = (text: string): string => [...text].sort().join('');

describe('a list of backends', () => {
  it('shares the requests', async () => {
    const it = await start(3, { loadBalancing: 'round-robin' });
    expect(sorted(await it.run(9))).toBe('000111222');
    expect(it.proxy.backends().map(({ route, totalRequests }) => [route, totalRequests])).toEqual([
      ['/', 3],
      ['/', 3],
      ['/', 3],
    ]);
  });

  it.each(['least-requests', 'random', 'latency'] as const)('%s asks everybody', async (policy) => {
    const it = await start(2, { loadBalancing: policy });
    expect(sorted(await it.run(30))).toMatch(/^0+1+$/);
  });

  it('sends the Host, and the path prefix, of the one that was chosen', async () => {
    const it = await start(2, ([a, b]) => ({
      backend: [`${a!.url}/one`, `${b!.url}/two`],
      path: '/api',
      stripPath: '/api',
      loadBalancing: 'round-robin',
    }));
    await it.run(2, '/api/x?y');
    await it.run(2, '/api');
    const [a, b] = it.list;
    expect(a!.requests).toEqual(['GET /one/x?y', 'GET /one']);
    expect(b!.requests).toEqual(['GET /two/x?y', 'GET /two']);
    expect(a!.headers.map(({ host }) => host)).toEqual([a!.authority, a!.authority]);
    expect(b!.headers.map(({ host }) => host)).toEqual([b!.authority, b!.authority]);
  });

  it.each([
    [{ preserveHostHeader: true }, 'public.test'],
    [{ addHeaders: { host: 'fixed.test' } }, 'fixed.test'],
  ])('the Host with %j', async (options, host) => {
    const it = await start(2, (list) => ({ backend: list.map(({ url }) => url), ...options }));
    await it.run(2, '/', { host: 'public.test' });
    const hosts = it.list.flatMap(({ headers }) => headers.map((one) => one.host));
    expect(hosts).toEqual([host, host]);
  });

  it('makes locations of the one that was chosen public', async () => {
    const it = await start(2, { loadBalancing: 'round-robin' });
    for (const backend of it.list) {
      backend.handler = (_request, response) => {
        response.writeHead(302, { location: `${backend.url}/next` }).end();
      };
    }
    for (let i = 0; i < 2; i++) {
      const { headers } = await it.ask('/', 'GET', { host: 'public.test' });
      expect(headers.location).toBe('http://public.test/next');
    }
  });

  it('refuses dot segments before anybody is asked', async () => {
    const it = await start(2, (list) => ({
      backend: list.map(({ url }) => `${url}/base`),
      path: '/api',
      stripPath: '/api',
    }));
    expect((await it.ask('/api/%2e%2e/x')).status).toBe(400);
    expect(it.list.flatMap(({ requests }) => requests)).toEqual([]);
  });

  it.each([
    ['client-address', {}],
    ['header:X-User', { 'x-user': 'me' }],
    ['cookie:user', { cookie: 'a=b; user=me' }],
    [(request: { target: string }) => request.target.slice(0, 2), {}],
  ])('hash on %s', async (hashOn, headers) => {
    const it = await start(4, { loadBalancing: 'hash', hashOn: hashOn as never });
    expect(await it.run(6, '/a', headers)).toMatch(/^(.)\1{5}$/);
  });

  it('hash on the path spreads paths', async () => {
    const it = await start(3, { loadBalancing: 'hash', hashOn: 'path' });
    let all = '';
    for (let i = 0; i < 24; i++) {
      const answer = await it.run(2, `/${i}?${i}`);
      expect(answer[0]).toBe(answer[1]);
      all += answer[0];
    }
    expect(new Set(all).size).toBe(3);
  });

  it('a hash function that throws is answered 500, and nothing is left', async () => {
    const it = await start(2, {
      loadBalancing: 'hash',
      hashOn: () => {
        throw new Error('of the application');
      },
    });
    expect((await it.ask()).status).toBe(500);
    expect((await it.ask('/', 'POST', {}, 'hello')).status).toBe(500);
  });
});

describe('when backends fail', () => {
  it('no request is lost by one that is gone, whatever its method', async () => {
    const it = await start(3, { loadBalancing: 'round-robin' });
    await it.run(3);
    await it.list[1]!.die();
    for (let i = 0; i < 6; i++) {
      const answer = await it.ask('/', 'POST', {}, `body ${i}`);
      expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^[02]$/)]);
    }
    const bodies = it.list.flatMap((one) => one.bodies).filter((body) => body !== '');
    expect(bodies.sort()).toEqual(Array.from({ length: 6 }, (_, i) => `body ${i}`));
  });

  it('one that was killed in the middle of a load loses no GET with retry on reset', async () => {
    const it = await start(3, { retry: { attempts: 2, on: ['connect', 'reset'] } });
    const dying = it.list[0]!;
    dying.handler = (_request, response) => setImmediate(() => response.end('0'));
    const answers = Array.from({ length: 200 }, async (_, i) => {
      if (i === 100) await dying.die();
      return (await it.ask(`/${i}`)).status;
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  });

  it('all are gone: 502 while they are asked, 503 with Retry-After once nobody is left', async () => {
    const it = await start(2, { retry: { attempts: 1 } });
    for (const backend of it.list) await backend.die();
    expect((await it.ask()).status).toBe(502);
    it.proxy.drain(it.list[0]!.url);
    it.proxy.drain(it.list[1]!.url);
    const { status, headers } = await it.ask();
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  it('one that is ejected comes back', async () => {
    const changes: RouteBackendChange[] = [];
    const it = await start(2, {
      loadBalancing: 'round-robin',
      outlierDetection: { consecutiveFailures: 2, ejectionTime: 50 },
      onBackendState: (change) => changes.push(change),
    });
    it.list[0]!.handler = (_request, response) => response.writeHead(503).end('no');
    await it.run(4);
    const [first] = changes;
    expect(first).toMatchObject({
      route: '/',
      name: it.list[0]!.url,
      state: 'ejected',
      previous: 'healthy',
      reason: 'status 503',
    });
    it.list[0]!.handler = null;
    await eventually(() => changes.find(({ state }) => state === 'healthy'), 'the end of it');
    expect(sorted(await it.run(4))).toBe('0011');
  });

  it('health checks take one out and bring it back', async () => {
    const it = await start(2, {
      healthCheck: {
        path: '/health',
        interval: 20,
        timeout: 1000,
        healthyThreshold: 1,
        unhealthyThreshold: 1,
      },
    });
    const sick = it.list[0]!;
    const stateOf = () => it.proxy.backends('/')[0]!.state;
    sick.handler = (_request, response) => response.writeHead(500).end();
    await eventually(() => (stateOf() === 'unhealthy' ? true : undefined), 'unhealthy');
    expect(await it.run(5)).toBe('11111');
    expect(it.proxy.backends('/')[0]!.reason).toBe('status 500');
    sick.handler = null;
    await eventually(() => (stateOf() === 'healthy' ? true : undefined), 'healthy');
    expect(sorted(await it.run(20))).toMatch(/^0+1+$/);
  });

  it('the record says who was asked, and what failed', async () => {
    const records: AccessRecord[] = [];
    const it = await start(2, (list) => ({
      backend: list.map(({ url }, i) => ({ url, name: `b${i}` })),
      loadBalancing: 'first',
      onFinish: (record) => {
        records.push(record);
      },
    }));
    await it.list[0]!.die();
    await it.ask();
    const record = await eventually(() => records[0], 'the record');
    expect(record).toMatchObject({
      backend: it.list[1]!.url,
      failedAttempts: [{ backend: 'b0', errorCode: 'RIT_ERR_UPSTREAM_CONNECT', status: 0 }],
    });
    expect(record.attempts).toBe(2);
  });
});

describe('sticky sessions', () => {
  const cookieOf = (headers: { 'set-cookie'?: string[] | undefined }): string =>
    headers['set-cookie']?.[0]?.split(';')[0] ?? '';

  it('a cookie binds a client to its backend, and is written once', async () => {
    const it = await start(3, { affinity: { cookie: 'route' } });
    const { text, headers } = await it.ask();
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^route=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const cookie = cookieOf(headers);
    for (let i = 0; i < 5; i++) {
      const again = await it.ask('/', 'GET', { cookie: `other=1; ${cookie}` });
      expect([again.text, again.headers['set-cookie']]).toEqual([text, undefined]);
    }
  });

  it('it is rewritten when the backend is gone', async () => {
    const it = await start(2, { affinity: { cookie: 'route', secret: 'of the operator 123' } });
    const { text, headers } = await it.ask();
    it.proxy.drain(it.list[Number(text)]!.url);
    const again = await it.ask('/', 'GET', { cookie: cookieOf(headers) });
    expect(again.text).not.toBe(text);
    expect(cookieOf(again.headers)).toMatch(/^route=/);
    expect(cookieOf(again.headers)).not.toBe(cookieOf(headers));
  });

  it('what is no id of ours is ignored', async () => {
    const it = await start(2, { affinity: { cookie: 'route' } });
    for (const cookie of ['route=', 'route=xx', `route=${'a'.repeat(22)}`]) {
      const { status, headers } = await it.ask('/', 'GET', { cookie });
      expect([status, cookieOf(headers)]).toEqual([
        200,
        expect.stringMatching(/^route=[\w-]{22}$/),
      ]);
    }
  });
});

describe('at run time', () => {
  it('drain and enable', async () => {
    const it = await start(2, { loadBalancing: 'round-robin' });
    const name = it.list[0]!.url;
    it.proxy.drain(name);
    expect(await it.run(4)).toBe('1111');
    expect(it.proxy.backends('/').map(({ state }) => state)).toEqual(['draining', 'healthy']);
    it.proxy.enable(name);
    expect(sorted(await it.run(4))).toBe('0011');
  });

  it('what is under way with one that drains goes on', async () => {
    const it = await start(2, { loadBalancing: 'first' });
    let finish = (): void => {};
    it.list[0]!.handler = (_request, response) => {
      finish = () => response.end('slow');
    };
    const slow = it.ask();
    await eventually(() => it.list[0]!.requests[0], 'the request');
    it.proxy.drain(it.list[0]!.url);
    expect(await it.run(1)).toBe('1');
    finish();
    expect((await slow).text).toBe('slow');
  });

  it('setBackends: blue to green without a lost request', async () => {
    const it = await start(2, ([blue]) => ({ backend: [blue!.url] }));
    expect(await it.run(3)).toBe('000');
    it.proxy.setBackends('/', [it.list[1]!.url]);
    expect(await it.run(3)).toBe('111');
    expect(it.proxy.backends().map(({ url }) => url)).toEqual([it.list[1]!.url]);
  });

  it('says what is wrong, and changes nothing', async () => {
    const it = await start(1);
    expect(() => it.proxy.setBackends('/', ['ftp://a'])).toThrow(/backends\[0\]/);
    expect(() => it.proxy.setBackends('/x', ['http://a'])).toThrow(
      /no route "\/x".*expected one of "\/"/,
    );
    expect(() => it.proxy.drain('http://a')).toThrow(/no backend has the name/);
    expect(() => it.proxy.enable('http://a')).toThrow(/no backend has the name/);
    expect(await it.run(1)).toBe('0');
  });

  it('a route with one URL has no group', async () => {
    const it = await start(1, ([only]) => ({ backend: only!.url }));
    expect(await it.run(2)).toBe('00');
    expect(it.proxy.backends()).toEqual([]);
    expect(() => it.proxy.backends('/')).toThrow(/no route has a list of backends/);
  });

  it('one URL with a health check has', async () => {
    const it = await start(1, ([only]) => ({ backend: only!.url, healthCheck: {} }));
    expect(it.proxy.backends('/')).toMatchObject([{ name: it.list[0]!.url, state: 'healthy' }]);
    expect(await it.run(1)).toBe('0');
  });
});

it('middleware has the same', async () => {
  const it = await start(2);
  const handler = createHandler({
    backend: it.list.map(({ url }) => url),
    logger: null,
    loadBalancing: 'first',
  });
  const server = createHttpServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(await ask()).toBe('0');
  handler.drain(it.list[0]!.url);
  expect(await ask()).toBe('1');
  expect(handler.backends('/')).toHaveLength(2);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await handler.close();
});

it.each([
  [{ backend: [] }, /backend/],
  [{ backend: ['http://a', 'http://a'] }, /has the name of/],
  [{ backend: ['http://a'], unixSocket: '/run/a.sock' }, /unixSocket/],
  [{ backend: 'http://a', hashOn: 'cookie:' }, /hashOn/],
  [{ backend: 'http://a', hashOn: 'cookie:a b' }, /hashOn/],
  [{ backend: [{ url: 'http://a', weigth: 2 }] }, /weigth.*did you mean weight/],
  [{ backend: 'http://a', retry: { attempts: 11 } }, /retry\.attempts/],
])('refused: %j', (options, message) => {
  expect(() => createServer(options as never)).toThrow(message);
});

describe('of clients that a trusted proxy tells of', () => {
  it('hashing goes by the address of the client', async () => {
    const rig = await start(3, { loadBalancing: 'hash', trustedProxies: 'loopback' });
    const chosen = new Set<string>();
    for (let i = 0; i < 24; i++) {
      const [first, again] = await rig.run(2, '/', { 'x-forwarded-for': `192.0.2.${i}` });
      expect(again).toBe(first);
      chosen.add(first as string);
    }
    expect(chosen.size).toBe(3);
  });

  it('RFC 6265 §4.1.2.5: the cookie is secure where the client uses TLS', async () => {
    const rig = await start(2, { affinity: { cookie: 'at' }, trustedProxies: 'loopback' });
    const secure = await rig.ask('/', 'GET', { 'x-forwarded-proto': 'https' });
    expect(secure.headers['set-cookie']?.[0]).toMatch(/; Secure/);
    const plain = await rig.ask('/');
    expect(plain.headers['set-cookie']?.[0]).not.toMatch(/; Secure/);
  });
});
