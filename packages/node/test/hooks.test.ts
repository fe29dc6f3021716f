/** What hooks can do: change requests, responses and routes, share data, and hear of the end. */
import { createHook } from 'node:async_hooks';
import {
  answerEach,
  connectRaw,
  deferred,
  eventually,
  type RawClient,
  response,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import {
  type AccessRecord,
  createServer,
  type HookContext,
  type ReverseItError,
  type ReverseItOptions,
} from '../src/index.ts';
import { request } from './harness.ts';

useCensus();
const use = useCleanup();

interface Rig {
  readonly origin: ScriptedOrigin;
  readonly client: RawClient;
  readonly port: number;
}

async function start(
  options: (origin: ScriptedOrigin) => ReverseItOptions,
  answer = response(200, 'ok'),
): Promise<Rig> {
  const origin = use(await startScriptedOrigin({ script: answerEach(answer) }));
  const proxy = createServer({
    logger: null,
    backend: origin.url,
    forwardedHeaders: false,
    ...options(origin),
  });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? address.port : 0;
  return { origin, port, client: use(await connectRaw({ port })) };
}

describe('RFC 6455 §4.1: request.websocket is true of a handshake, and of nothing else', () => {
  const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
  it.each<[offer: readonly string[], websocket: boolean]>([
    [['Connection: Upgrade', 'Upgrade: websocket', ...key], true],
    [['Connection: keep-alive, upgrade', 'Upgrade: h2c, WebSocket', ...key], true],
    [
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP'],
      false,
    ],
    [['Connection: Upgrade', 'Upgrade: TLS/1.2'], false],
    [['Connection: Upgrade', 'Upgrade: tcp'], false],
    [['Connection: Upgrade', 'Upgrade: websocket/13', ...key], false],
    [['Upgrade: websocket', ...key], false],
    [[], false],
  ])('%j: %s', async (offer, websocket) => {
    const seen: boolean[] = [];
    const { client } = await start(() => ({
      onRequest: (incoming) => {
        seen.push(incoming.websocket);
        return { status: 204 };
      },
    }));
    expect((await client.request(request('GET /', offer))).status).toBe(204);
    expect(seen).toEqual([websocket]);
  });
});

it('RFC 3875 §4.1.18: what onRequest sets or deletes, a client does not bring back by _', async () => {
  const { origin, client } = await start(() => ({
    onRequest: ({ headers }) => {
      headers.set('X-User', '7');
      headers.delete('X-Role');
    },
  }));
  const sent = ['X_User: 1', 'x_role: admin', 'X-Role: admin', 'X_Other: a'];
  expect((await client.request(request('GET /', sent))).status).toBe(200);
  const { fields } = await origin.request();
  expect(fields.filter(([name]) => /^x/i.test(name))).toEqual([
    ['X_Other', 'a'],
    ['X-User', '7'],
  ]);
});

/** The same hook, at once and later. */
const inBothWays = [
  ['sync', <T>(value: T): T | Promise<T> => value],
  ['async', <T>(value: T): T | Promise<T> => new Promise((done) => setImmediate(done, value))],
] as const;

describe.each(inBothWays)('%s', (_, hand) => {
  it('onRequest changes header fields and target', async () => {
    const { origin, client } = await start(() => ({
      onRequest: (incoming) => {
        const { headers } = incoming;
        headers.set('X-API-Key', 'ours');
        headers.append('X-Many', 'c');
        headers.delete('Cookie');
        incoming.target = `${incoming.target}&b=2`;
        return hand(undefined);
      },
    }));
    const fields = ['x-api-key: theirs', 'X-Many: a', 'X-Many: b', 'Cookie: c', 'X-API-KEY: two'];
    await client.request(request('GET /x?a=1', fields));
    const seen = await origin.request();
    expect(seen.target).toBe('/x?a=1&b=2');
    expect(seen.headers('x-api-key')).toEqual(['ours']);
    expect(seen.headers('x-many')).toEqual(['a', 'b', 'c']);
    expect(seen.headers('cookie')).toEqual([]);
  });

  it.each(['undici', 'direct'] as const)(
    'onRequest cannot change the framing of a request (%s)',
    async (transport) => {
      const { origin, client } = await start(() => ({
        pool: { transport },
        onRequest: ({ headers }) => {
          headers.append('Content-Length', '9');
          headers.append('Transfer-Encoding', 'chunked');
          headers.append('Host', 'other');
          return hand(undefined);
        },
      }));
      const lengths = ['Content-Length: 5'];
      const answered = await client.request(request('POST /', lengths, 'hello'));
      expect([answered.status, answered.text]).toEqual([200, 'ok']);
      const seen = await origin.request();
      expect(seen.headers('content-length')).toEqual(['5']);
      expect(seen.headers('transfer-encoding')).toEqual([]);
      expect(seen.headers('host')).toHaveLength(1);
      expect(seen.text).toBe('hello');
    },
  );

  it('onRequest answers in place of the backend, and the connection goes on', async () => {
    const { origin, client } = await start(() => ({
      onRequest: ({ target }) =>
        target === '/health'
          ? hand({ status: 503, headers: { 'Retry-After': '7', a: ['b', 'c'] }, body: 'soon' })
          : undefined,
    }));
    const answered = await client.request(request('GET /health'));
    expect([answered.status, answered.header('retry-after'), answered.text]).toEqual([
      503,
      '7',
      'soon',
    ]);
    expect(answered.headers('a')).toEqual(['b', 'c']);
    expect(answered.header('content-length')).toBe('4');
    const head = await client.request(request('HEAD /health'), { method: 'HEAD' });
    expect([head.status, head.header('content-length'), head.text]).toEqual([503, '4', '']);
    expect((await client.request(request('GET /x'))).text).toBe('ok');
    expect(origin.requestCount).toBe(1);
  });

  it('onRequest chooses another route by its name', async () => {
    const { origin, client } = await start((backend) => ({
      routes: [
        {
          onRequest: ({ headers }, context) => {
            if (headers.get('x-beta') === '1') context.useRoute('beta');
            return hand(undefined);
          },
        },
        { path: '/beta', name: 'beta', backend: `${backend.url}/new`, addHeaders: { 'x-to': 'b' } },
      ],
    }));
    await client.request(request('GET /x', ['X-Beta: 1']));
    await client.request(request('GET /x'));
    const [beta, plain] = origin.requests;
    expect([beta?.target, beta?.header('x-to')]).toEqual(['/new/x', 'b']);
    expect([plain?.target, plain?.header('x-to')]).toEqual(['/x', undefined]);
  });

  it('onResponse changes status and header fields', async () => {
    const { client } = await start(
      () => ({
        onResponse: (outgoing) => {
          expect(outgoing.headers.get('server')).toBe('x');
          outgoing.status = 203;
          outgoing.headers.delete('server');
          outgoing.headers.set('Cache-Control', 'no-store');
          // Framing is the proxy's.
          outgoing.headers.set('Content-Length', '1000');
          outgoing.headers.append('Transfer-Encoding', 'chunked');
          return hand(undefined);
        },
      }),
      response(200, 'ok', ['Server: x', 'Set-Cookie: a=1', 'Set-Cookie: b=2']),
    );
    for (let nth = 0; nth < 2; nth += 1) {
      const answered = await client.request(request('GET /x'));
      expect([answered.status, answered.text, answered.framing]).toEqual([203, 'ok', 'length']);
      expect(answered.headers('set-cookie')).toEqual(['a=1', 'b=2']);
      expect(answered.headers('cache-control')).toEqual(['no-store']);
      expect(answered.headers('server')).toEqual([]);
    }
  });

  it.each([
    [204, undefined],
    [304, '2'],
    [203, '2'],
  ])(
    'RFC 9110 §8.6: onResponse changes the status to %d, content-length is %s',
    async (status, length) => {
      const { client } = await start(() => ({
        onResponse: (outgoing) => {
          outgoing.status = status;
          return hand(undefined);
        },
      }));
      for (let nth = 0; nth < 2; nth += 1) {
        const answered = await client.request(request('GET /x'));
        expect([answered.status, answered.header('content-length')]).toEqual([status, length]);
      }
    },
  );

  it('respond answers in place of a backend, and reads the request', async () => {
    const { origin, client } = await start(() => ({
      routes: [
        {
          path: '/own',
          respond: ({ method, target, authority }, { route, remoteAddress }) =>
            hand({ body: [method, target, authority, route, remoteAddress].join(' ') }),
        },
        { path: '/fixed', respond: { status: 301, headers: { location: '/own' } } },
      ],
    }));
    const own = await client.request(request('POST /own/x?y', ['Content-Length: 3'], 'abc'));
    expect(own.text).toBe('POST /own/x?y a /own 127.0.0.1');
    const fixed = await client.request(request('GET /fixed'));
    expect([fixed.status, fixed.header('location'), fixed.text]).toEqual([301, '/own', '']);
    expect(origin.requestCount).toBe(0);
  });

  it('hooks share data from one to the next, of one request only', async () => {
    let count = 0;
    const { client } = await start(() => ({
      onRequest: (_request, context) => {
        expect(context.data).toBe(undefined);
        count += 1;
        context.data = count;
        return hand(undefined);
      },
      onResponse: ({ headers }, { data }) => {
        headers.set('x-nth', String(data));
        return hand(undefined);
      },
    }));
    for (const nth of ['1', '2']) {
      expect((await client.request(request('GET /x'))).header('x-nth')).toBe(nth);
    }
  });
});

it('a body waits for an onRequest that is not done, and arrives whole', async () => {
  const decided = deferred();
  const asked = deferred();
  const { origin, client } = await start(() => ({
    onRequest: async () => {
      asked.resolve();
      await decided.promise;
    },
  }));
  client.send(request('POST /x', ['Content-Length: 3'], 'abc'));
  await asked.promise;
  expect(origin.connectionCount).toBe(0);
  decided.resolve();
  expect((await client.readResponse()).text).toBe('ok');
  expect((await origin.request()).text).toBe('abc');
});

it.each(['onRequest', 'onResponse'])(
  'a client that leaves during %s aborts its signal, and nothing is sent any more',
  async (hook) => {
    const waiting = deferred<HookContext>();
    const records: AccessRecord[] = [];
    const { client, origin } = await start(() => ({
      [hook]: async (_subject: unknown, context: HookContext) => {
        waiting.resolve(context);
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      },
      onFinish: (record) => records.push(record),
    }));
    client.send(request('GET /x'));
    const { signal } = await waiting.promise;
    client.reset();
    await eventually(() => signal.aborted, 'the signal');
    await eventually(() => records.length > 0, 'the record');
    expect(records.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [499, 'RIT_ERR_CLIENT_ABORTED'],
    ]);
    expect(origin.requestCount).toBe(hook === 'onRequest' ? 0 : 1);
  },
);

describe('promises', () => {
  /** How many are made from each call of a hook to the end of what follows at once. */
  async function countPromises(options: (count: () => void) => ReverseItOptions) {
    let made = 0;
    const counts: number[] = [];
    const counter = createHook({
      init: (_id, type) => {
        if (type === 'PROMISE') made += 1;
      },
    });
    const { client } = await start(() =>
      options(() => {
        made = 0;
        counter.enable();
        process.nextTick(() => {
          counter.disable();
          counts.push(made);
        });
      }),
    );
    for (let nth = 0; nth < 3; nth += 1) {
      expect((await client.request(request('GET /x'))).status).toBe(200);
    }
    return counts;
  }

  it.each<[string, (count: () => void) => ReverseItOptions]>([
    ['onRequest', (count) => ({ onRequest: count })],
    ['onResponse', (count) => ({ onResponse: count })],
    [
      'respond',
      (count) => ({
        respond: () => {
          count();
          return { body: 'ours' };
        },
      }),
    ],
  ])('%s makes none where it is not async', async (_, options) => {
    expect(await countPromises(options)).toEqual([0, 0, 0]);
  });

  it('an async hook makes some, or nothing was counted above', async () => {
    const counts = await countPromises((count) => ({ onRequest: async () => count() }));
    expect(counts).toHaveLength(3);
    for (const count of counts) expect(count).toBeGreaterThan(0);
  });
});

describe('onFinish', () => {
  it('tells what an access log needs', async () => {
    const records: AccessRecord[] = [];
    const before = Date.now();
    const { client, origin } = await start(
      () => ({ path: '/x', name: 'the route', onFinish: (record) => records.push(record) }),
      response(201, 'hello'),
    );
    await client.request(request('POST /x?y', ['Content-Length: 3'], 'abc'));
    await client.request(request('GET /elsewhere'));
    await eventually(() => records.length === 2, 'two records');
    const [served, unserved] = records;
    expect(served).toEqual({
      requestId: null,
      traceId: null,
      method: 'POST',
      target: '/x?y',
      authority: 'a',
      httpVersion: '1.1',
      remoteAddress: '127.0.0.1',
      peerAddress: '127.0.0.1',
      scheme: 'http',
      route: 'the route',
      backend: origin.url,
      attempts: 1,
      failedAttempts: [],
      status: 201,
      bytesReceived: 3,
      bytesSent: 5,
      startedAt: expect.any(Number),
      durations: {
        total: expect.any(Number),
        request: expect.any(Number),
        backend: expect.any(Number),
        response: expect.any(Number),
      },
      errorCode: null,
      error: null,
    });
    const { total, request: asking, backend, response: answering } = served!.durations;
    expect(total).toBeCloseTo((asking ?? 0) + (backend ?? 0) + (answering ?? 0), 3);
    expect(served!.startedAt).toBeGreaterThanOrEqual(before);
    expect(unserved).toMatchObject({
      route: null,
      backend: null,
      attempts: 0,
      status: 404,
      errorCode: 'RIT_ERR_NO_ROUTE',
      durations: { request: null, backend: null, response: null },
    });
  });

  it('tells the target that the client sent, whatever a hook made of it', async () => {
    const records: AccessRecord[] = [];
    const { client, origin } = await start(() => ({
      onRequest: (incoming) => {
        incoming.target = '/changed';
      },
      onFinish: (record) => records.push(record),
    }));
    await client.request(request('GET /x'));
    await eventually(() => records.length === 1, 'a record');
    expect([records[0]?.target, (await origin.request()).target]).toEqual(['/x', '/changed']);
  });
});

it('onError and the logger hear of every error, each at its level', async () => {
  const errors: [string, boolean][] = [];
  const lines: string[] = [];
  const at = (level: string) => (details: object) => {
    lines.push(`${level} ${Reflect.get(details, 'code')}`);
  };
  const { port } = await start((origin) => ({
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    onError: ({ code }: ReverseItError, record) => errors.push([code, record !== null]),
    routes: [
      { path: '/ok', backend: origin.url },
      { path: '/down', backend: 'http://127.0.0.1:1' },
      {
        path: '/hook',
        onRequest: () => {
          throw new Error('no');
        },
      },
    ],
  }));
  const statuses: number[] = [];
  for (const target of ['/ok', '/none', '/down', '/hook', '/\x01']) {
    const client = use(await connectRaw({ port }));
    statuses.push((await client.request(request(`GET ${target}`))).status);
  }
  expect(statuses).toEqual([200, 404, 502, 500, 400]);
  expect(lines).toEqual([
    'debug RIT_ERR_NO_ROUTE',
    'warn RIT_ERR_UPSTREAM_CONNECT',
    'error RIT_ERR_INTERNAL',
    expect.stringMatching(/^debug RIT_ERR_/),
  ]);
  // A request that was refused while it was parsed has no record.
  expect(errors.map(([, hasRecord]) => hasRecord)).toEqual([true, true, true, false]);
});

it('takes the logger of pino, which is that of Fastify', async () => {
  const lines: { level: number; msg: string; code: string; err: { code: string } }[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const app = fastify({ logger: { level: 'debug', stream } });
  use({ close: () => app.close() });
  const { client } = await start(() => ({ backend: 'http://127.0.0.1:1', logger: app.log }));
  expect((await client.request(request('GET /x'))).status).toBe(502);
  const code = 'RIT_ERR_UPSTREAM_CONNECT';
  const msg = 'backend cannot be reached';
  expect(lines).toMatchObject([{ level: 40, msg, code, err: { code }, method: 'GET', route: '/' }]);
});

it('a logger that fails harms nobody', async () => {
  const fails = (): never => {
    throw new Error('disk full');
  };
  const { client } = await start(() => ({
    backend: 'http://127.0.0.1:1',
    logger: { debug: fails, info: fails, warn: fails, error: fails },
  }));
  for (let nth = 0; nth < 2; nth += 1) {
    expect((await client.request(request('GET /x'))).status).toBe(502);
  }
});
