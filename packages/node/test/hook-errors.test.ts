/** `onErrorResponse`: every refusal that has a head may be answered in the application's own words. */
import {
  answerEach,
  connectRaw,
  deferred,
  eventually,
  expectRequest,
  response,
  send,
  turn,
} from '@reverseit/test-servers';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import { describe, expect, it } from 'vitest';
import type {
  AccessRecord,
  DirectResponse,
  OnErrorResponse,
  ReverseItOptions,
} from '../src/index.ts';
import { got, request, responseLines, useProxy } from './harness.ts';
import { handshake } from './hook-cases.ts';
import { saidBy } from './http2-said.ts';

const start = useProxy();

const fails = (): never => {
  throw new Error('no');
};
const stuck = new Promise<never>(() => {});

interface ErrorCase {
  readonly name: string;
  readonly options?: ReverseItOptions;
  readonly script?: Script;
  readonly bytes?: string;
  readonly code: string;
  readonly status: number;
  readonly extra?: readonly string[];
  readonly closes?: boolean;
  /** Null where no route applied. */
  readonly route?: string | null;
}

const hello = request('GET /x');
const upload = (fields: readonly string[], content: string): string =>
  request('POST /x', fields, content);
const down = 'http://127.0.0.1:1';

const cases: readonly ErrorCase[] = [
  {
    name: 'RFC 9110 §15.5.5: no route',
    options: { path: '/elsewhere' },
    code: 'RIT_ERR_NO_ROUTE',
    status: 404,
    route: null,
  },
  {
    name: 'RFC 9112 §3.2: dot segments',
    options: { path: '/a', stripPath: '/a' },
    bytes: request('GET /a/../b'),
    code: 'RIT_ERR_TARGET',
    status: 400,
    closes: true,
    route: '/a',
  },
  {
    name: 'RFC 9110 §15.5.14: content-length beyond maxRequestBodySize',
    options: { maxRequestBodySize: 2 },
    bytes: upload(['Content-Length: 3'], 'abc'),
    code: 'RIT_ERR_BODY_TOO_LARGE',
    status: 413,
    closes: true,
  },
  {
    name: 'RFC 9110 §15.5.14: chunks beyond maxRequestBodySize',
    options: { maxRequestBodySize: 2 },
    bytes: upload(['Transfer-Encoding: chunked'], '3\r\nabc\r\n'),
    code: 'RIT_ERR_BODY_TOO_LARGE',
    status: 413,
    closes: true,
  },
  {
    name: 'RFC 9110 §15.5.9: a body that stalls',
    options: { requestBodyReadTimeout: 30 },
    bytes: upload(['Content-Length: 3'], 'a'),
    code: 'RIT_ERR_BODY_TIMEOUT',
    status: 408,
    closes: true,
  },
  {
    name: 'RFC 9112 §7.1: a malformed chunk',
    bytes: upload(['Transfer-Encoding: chunked'], '3\r\nabc\r\nx\r\n'),
    code: 'RIT_ERR_CHUNK_SYNTAX',
    status: 400,
    closes: true,
  },
  {
    name: 'RFC 9110 §7.6.3: a loop',
    options: { via: 'us' },
    bytes: request('GET /x', ['Via: 1.1 us']),
    code: 'RIT_ERR_LOOP_DETECTED',
    status: 508,
    closes: true,
  },
  {
    name: 'onRequest throws',
    options: { onRequest: fails },
    code: 'RIT_ERR_INTERNAL',
    status: 500,
    closes: true,
  },
  {
    name: 'onResponse throws',
    options: { onResponse: fails },
    code: 'RIT_ERR_INTERNAL',
    status: 500,
    closes: true,
  },
  {
    name: 'respond makes no response',
    options: { respond: () => false as never },
    code: 'RIT_ERR_INTERNAL',
    status: 500,
    closes: true,
  },
  {
    name: 'onRequest never settles',
    options: { onRequest: () => stuck, hookTimeout: 30 },
    code: 'RIT_ERR_HOOK_TIMEOUT',
    status: 504,
  },
  {
    name: 'RFC 9110 §15.6.3: a backend that is down',
    options: { backend: down },
    code: 'RIT_ERR_UPSTREAM_CONNECT',
    status: 502,
  },
  {
    name: 'RFC 9110 §15.6.3: a backend that is down, whatever errorResponse says',
    options: { backend: down, errorResponse: { status: 500, body: 'not this' } },
    code: 'RIT_ERR_UPSTREAM_CONNECT',
    status: 502,
  },
  {
    name: 'RFC 9110 §15.6.3: a malformed response',
    script: [expectRequest(), send('nonsense\r\n\r\n')],
    code: 'RIT_ERR_UPSTREAM_PROTOCOL',
    status: 502,
  },
  {
    name: 'RFC 9110 §15.6.5: a backend that is silent',
    options: { responseHeaderTimeout: 30 },
    script: [expectRequest(), (c) => c.whenPeerGone()],
    code: 'RIT_ERR_UPSTREAM_HEAD_TIMEOUT',
    status: 504,
  },
  {
    name: 'RFC 9110 §15.5.22: a version of WebSocket',
    bytes: handshake.replace('Version: 13', 'Version: 12'),
    code: 'RIT_ERR_WS_VERSION',
    status: 426,
    extra: ['sec-websocket-version: 13'],
    closes: true,
  },
  {
    name: 'RFC 6455 §4.2.2: a backend that cannot be reached for a WebSocket',
    options: { backend: down },
    bytes: handshake,
    code: 'RIT_ERR_UPSTREAM_CONNECT',
    status: 502,
    closes: true,
  },
];

const inBothWays = [
  ['sync', <T>(value: T): T | Promise<T> => value],
  ['async', <T>(value: T): T | Promise<T> => turn().then(() => value)],
] as const;

describe('over HTTP/2', () => {
  const startHttp2 = useProxy('HTTP/2');
  it.each(cases.filter(({ bytes = hello }) => saidBy(bytes) !== null))('$name', async (one) => {
    const told: string[] = [];
    const records: AccessRecord[] = [];
    const bench = await startHttp2({
      options: {
        ...one.options,
        onErrorResponse: (error, { method, target }) => {
          told.push(`${error.code} ${method} ${target}`);
          return { headers: { 'content-type': 'text/html' }, body: `<h1>${error.code}</h1>` };
        },
        onFinish: (record) => records.push(record),
      },
      origin: { script: one.script ?? answerEach(response(200, 'ok')) },
    });
    const bytes = one.bytes ?? hello;
    const answer = await (await bench.client()).request(bytes);
    const [method, target] = bytes.split(' ');
    expect([answer.status, answer.header('content-type'), answer.text]).toEqual([
      one.status,
      'text/html',
      `<h1>${one.code}</h1>`,
    ]);
    expect(told).toEqual([`${one.code} ${method} ${target}`]);
    await eventually(() => records.length === 1, 'the record');
    expect(records).toMatchObject([
      { status: one.status, errorCode: one.code, httpVersion: '2.0' },
    ]);
  });
});

describe.each(inBothWays)('%s', (_, hand) => {
  it.each(cases)('$name', async (one) => {
    const told: string[] = [];
    const records: AccessRecord[] = [];
    const { route = '/' } = one;
    const bench = await start({
      options: {
        ...one.options,
        onErrorResponse: (error, { method, target }, context) => {
          told.push(`${error.code} ${method} ${target} ${context.route}`);
          expect(context.signal.aborted).toBe(false);
          return hand({ headers: { 'content-type': 'text/html' }, body: `<h1>${error.code}</h1>` });
        },
        onFinish: (record) => records.push(record),
      },
      origin: { script: one.script ?? answerEach(response(200, 'ok')) },
    });
    const client = await bench.connect();
    const bytes = one.bytes ?? hello;
    const answer = await client.request(bytes);
    const [method, target] = bytes.split(' ');
    const body = `<h1>${one.code}</h1>`;
    const lines = responseLines(answer)[0] ?? [];
    const extra = (one.extra ?? []).filter((line) => lines.includes(line));
    expect(lines.filter((line) => !/^upgrade:/i.test(line))).toEqual(
      got(
        `${answer.status} ${answer.reason}`,
        [
          'content-type: text/html',
          ...extra,
          'date: now',
          `content-length: ${body.length}`,
          // RFC 9110 §7.8: who sends Upgrade says so in Connection.
          ...(one.closes === true
            ? [`connection: ${answer.status === 426 ? 'upgrade, close' : 'close'}`]
            : []),
        ],
        body,
      ),
    );
    expect(answer.status).toBe(one.status);
    expect(extra).toEqual(one.extra ?? []);
    if (one.closes === true) await client.expectFin();
    expect(told).toEqual([`${one.code} ${method} ${target} ${route}`]);
    await eventually(() => records.length === 1, 'the record');
    expect(records.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [one.status, one.code],
    ]);
  });

  it('the default is sent where it returns nothing', async () => {
    const bench = await start({ options: { path: '/y', onErrorResponse: () => hand(undefined) } });
    const answer = await (await bench.connect()).request(hello);
    expect([answer.status, answer.text]).toEqual([404, '404 Not Found\n']);
  });

  it('a route’s own is asked first, then the one beside routes, then errorResponse', async () => {
    const outer = (): Promise<DirectResponse> | DirectResponse => hand({ body: 'outer' });
    const nothing = () => hand(undefined);
    const bench = await start({
      options: {
        backend: down,
        errorResponse: { status: 503, body: 'plain' },
        onErrorResponse: (_error, { target }) => (target.endsWith('plain') ? nothing() : outer()),
        routes: [
          { path: '/own', onErrorResponse: () => hand({ status: 500, body: 'own' }) },
          { path: '/outer', onErrorResponse: [nothing, nothing] },
        ],
      },
    });
    const client = await bench.connect();
    const seen: [number, string][] = [];
    for (const target of ['/own', '/outer', '/outer/plain', '/none']) {
      const { status, text } = await client.request(request(`GET ${target}`));
      seen.push([status, text]);
    }
    expect(seen).toEqual([
      [500, 'own'],
      [502, 'outer'],
      [503, 'plain'],
      [404, 'outer'],
    ]);
  });

  it.each<[string, OnErrorResponse, string]>([
    ['throws', () => fails(), 'onErrorResponse threw'],
    ['rejects', () => Promise.reject(new Error('no')), 'onErrorResponse threw'],
    ['returns no response', () => hand(404) as never, 'onErrorResponse returned an invalid'],
    ['never settles', () => stuck, 'onErrorResponse took longer than hookTimeout (30 ms)'],
  ])('where it %s, the default is sent and both are told', async (_name, hook, message) => {
    const errors: string[] = [];
    const bench = await start({
      options: {
        backend: down,
        hookTimeout: 30,
        onErrorResponse: hook,
        onError: (error) => errors.push(error.message),
      },
    });
    const client = await bench.connect();
    for (let nth = 0; nth < 2; nth++) {
      const answer = await client.request(hello);
      expect([answer.status, answer.text]).toEqual([502, 'Bad Gateway']);
    }
    await eventually(() => errors.length === 4, 'the errors');
    expect(errors.slice(0, 2)).toEqual([
      expect.stringContaining(message),
      'backend cannot be reached',
    ]);
  });
});

it('RFC 9110 §15.6.4: Retry-After stays unless the application says otherwise', async () => {
  const bench = await start({
    options: {
      pool: { poolSize: 1, poolCount: 1 },
      poolTimeout: 30,
      onErrorResponse: (_error, { target }) =>
        target === '/own' ? { headers: { 'Retry-After': '9' } } : { body: 'busy' },
    },
    origin: { script: [expectRequest(), (c) => c.whenPeerGone()] },
  });
  const holder = await bench.connect();
  holder.send(hello);
  await bench.origin.request();
  const client = await bench.connect();
  const standard = await client.request(hello);
  const own = await client.request(request('GET /own'));
  expect([standard.status, standard.headers('retry-after')]).toEqual([503, ['1']]);
  expect([own.status, own.headers('retry-after')]).toEqual([503, ['9']]);
  holder.reset();
});

it('RFC 9110 §9.3.2: a response to HEAD has no content', async () => {
  const bench = await start({ options: { path: '/y', onErrorResponse: () => ({ body: 'page' }) } });
  const client = await bench.connect();
  for (let nth = 0; nth < 2; nth++) {
    const answer = await client.request(request('HEAD /x'), { method: 'HEAD' });
    expect([answer.status, answer.text, answer.header('content-length')]).toEqual([404, '', '4']);
  }
});

it('shares data with the hooks before it', async () => {
  const bench = await start({
    options: {
      onRequest: (_, context) => {
        context.data = 'shared';
        throw new Error('no');
      },
      onErrorResponse: (_error, _request, { data }) => ({ body: String(data) }),
    },
  });
  expect((await (await bench.connect()).request(hello)).text).toBe('shared');
});

describe('is not asked', () => {
  const refuse = (told: string[]) => (error: { readonly code: string }) => {
    told.push(error.code);
    return { body: 'not this' };
  };

  it.each<[string, string, number]>([
    ['a malformed request line', 'GET\r\n\r\n', 400],
    ['a malformed field', 'GET / HTTP/1.1\r\nHost: a\r\nb c: d\r\n\r\n', 400],
  ])('before there is a head: %s', async (_, bytes, status) => {
    const told: string[] = [];
    const bench = await start({ options: { onErrorResponse: refuse(told) } });
    const answer = await (await bench.connect()).request(bytes);
    expect([answer.status, told]).toEqual([status, []]);
  });

  it('after the head of a response', async () => {
    const told: string[] = [];
    const bench = await start({
      options: { onErrorResponse: refuse(told) },
      origin: {
        script: [
          expectRequest(),
          send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
          (c) => c.reset(),
        ],
      },
    });
    const client = await bench.connect();
    client.send(hello);
    await client.expectReset();
    expect(told).toEqual([]);
  });

  it('when nothing failed', async () => {
    const told: string[] = [];
    const bench = await start({ options: { onErrorResponse: refuse(told) } });
    expect((await (await bench.connect()).request(hello)).text).toBe('ok');
    expect(told).toEqual([]);
  });
});

it('a client that leaves meanwhile aborts its signal, and nothing is sent', async () => {
  const asked = deferred<AbortSignal>();
  const records: AccessRecord[] = [];
  const bench = await start({
    options: {
      path: '/y',
      onErrorResponse: (_error, _request, { signal }) => {
        asked.resolve(signal);
        return stuck;
      },
      onFinish: (record) => records.push(record),
    },
  });
  const client = await connectRaw({ port: bench.port });
  client.send(hello);
  const signal = await asked.promise;
  client.reset();
  await eventually(() => signal.aborted, 'the signal');
  expect(records.map(({ status, errorCode }) => [status, errorCode])).toEqual([
    [499, 'RIT_ERR_NO_ROUTE'],
  ]);
  await client.close();
});

describe('errorResponse.headers', () => {
  it.each<[string, ReverseItOptions['errorResponse'], [string, string][]]>([
    [
      'text/plain unless told',
      { headers: { 'Retry-After': '5' } },
      [
        ['content-type', 'text/plain; charset=utf-8'],
        ['retry-after', '5'],
      ],
    ],
    [
      'HTML',
      { headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: '<p>soon</p>' },
      [['content-type', 'text/html; charset=utf-8']],
    ],
    [
      'several of a name',
      {
        headers: [
          ['a', '1'],
          ['A', '2'],
        ],
      },
      [
        ['content-type', 'text/plain; charset=utf-8'],
        ['a', '1'],
        ['a', '2'],
      ],
    ],
  ])('%s', async (_, errorResponse, fields) => {
    const bench = await start({ options: { backend: down, errorResponse } });
    const client = await bench.connect();
    for (let nth = 0; nth < 2; nth++) {
      const answer = await client.request(hello);
      expect(answer.status).toBe(502);
      const all = answer.fields.map(([name, value]) => [name.toLowerCase(), value]);
      expect(all.filter(([name]) => !['date', 'content-length'].includes(name ?? ''))).toEqual(
        fields,
      );
    }
  });
});
