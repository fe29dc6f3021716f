/** The admin listener: what it shows, what it does, and whom it refuses. */
import { once } from 'node:events';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { metricFamilies } from '@reverseit/admin';
import { connectRaw, eventually } from '@reverseit/test-servers';
import { describe, expect, it, test } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import { type TestProxy, useProxy } from './harness.ts';
import { until } from './until.ts';

const start = useProxy();

const token = '0123456789abcdef0123';

const startAdmin = (options: Partial<ReverseItOptions> = {}): Promise<TestProxy> =>
  start({
    options: ({ url }) => ({
      admin: { listen: '127.0.0.1:0' },
      routes: [{ name: 'all', backend: [url] }],
      ...options,
    }),
  });

const adminPort = ({ proxy }: TestProxy): number => {
  const address = proxy.adminAddress();
  if (address === null || !('port' in address)) throw new Error('no admin listener');
  return address.port;
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With any fields, `Host` among them, which `fetch` does not let one choose. */
async function ask(bench: TestProxy, options: RequestOptions): Promise<Answer> {
  const where = 'socketPath' in options ? {} : { host: '127.0.0.1', port: adminPort(bench) };
  const sent = httpRequest({ ...where, agent: false, ...options });
  sent.end();
  const [incoming] = await once(sent, 'response');
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  return { status: incoming.statusCode, headers: incoming.headers, text };
}

const get = async (bench: TestProxy): Promise<void> => {
  const client = await bench.connect();
  await client.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.close();
  await bench.whenIdle();
};

describe('shows', () => {
  it.each([
    ['/livez', 'text/plain; charset=utf-8', /^ok\n$/],
    ['/readyz', 'text/plain; charset=utf-8', /^ok\n$/],
    [
      '/metrics',
      'text/plain; version=0.0.4; charset=utf-8',
      /^reverseit_requests_total\{route="all",method="GET",status="2xx"\} 1$/m,
    ],
    ['/stats?x=1', 'application/json', /"format":1/],
    ['/backends', 'application/json', /^\[\{"route":"all","backend":"http/],
    ['/', 'text/html; charset=utf-8', /^<!doctype html>/i],
  ])('GET %s', async (path, type, text) => {
    const bench = await startAdmin();
    await get(bench);
    const answer = await ask(bench, { path });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
    expect(answer.text).toMatch(text);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    const head = await ask(bench, { path, method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-type']]).toEqual([200, '', type]);
  });

  it('OpenMetrics to who likes it better', async () => {
    const bench = await startAdmin();
    const accept =
      'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3';
    const { headers, text } = await ask(bench, { path: '/metrics', headers: { accept } });
    expect(headers['content-type']).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('HEAD /events: the head that a reader gets, and nothing more', async () => {
    const bench = await startAdmin();
    const { status, headers, text } = await ask(bench, { path: '/events', method: 'HEAD' });
    expect([status, headers['content-type'], text]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      '',
    ]);
    expect(await ask(bench, { path: '/events', method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('refused requests in the histograms, too', async () => {
    const bench = await startAdmin();
    const client = await bench.connect();
    await client.request('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    const { text } = await ask(bench, { path: '/metrics' });
    for (const line of [
      'reverseit_requests_total{route="(none)",method="other",status="4xx"} 1',
      'reverseit_request_duration_seconds_count{route="(none)"} 1',
      'reverseit_time_to_first_byte_seconds_count{route="(none)"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('every second how things are, as long as somebody reads', async () => {
    const bench = await startAdmin();
    const controller = new AbortController();
    const url = `http://127.0.0.1:${adminPort(bench)}/events`;
    const { body, headers } = await fetch(url, { signal: controller.signal });
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if ((text.match(/\n\n/g) ?? []).length >= 3) break;
    }
    expect(text).toMatch(/^retry: 2000\n\nevent: stats\ndata: \{"format":1,/);
    controller.abort();
  });
});

describe('does', () => {
  it('drain and enable a backend', async () => {
    const bench = await startAdmin();
    const [backend] = bench.proxy.backends();
    const path = `/backends/${encodeURIComponent(backend?.name ?? '')}`;
    const state = () => bench.proxy.backends()[0]?.state;
    expect(await ask(bench, { path: `${path}/drain`, method: 'POST' })).toMatchObject({
      status: 200,
    });
    expect(state()).toBe('draining');
    expect(await ask(bench, { path: '/readyz' })).toMatchObject({
      status: 503,
      text: 'no healthy backend\n',
    });
    expect(await ask(bench, { path: `${path}/enable`, method: 'POST' })).toMatchObject({
      status: 200,
    });
    expect(state()).toBe('healthy');
    expect(await ask(bench, { path: '/readyz' })).toMatchObject({ status: 200 });
  });

  it('reload by a function of the application, and after a reload', async () => {
    let reloads = 0;
    let fails = false;
    const onReload = async (asker: string): Promise<void> => {
      expect(asker).toBe('127.0.0.1');
      if (fails) throw new Error('no luck');
      reloads++;
      bench.proxy.reload({ logger: null, backend: bench.origin.url });
    };
    const bench: TestProxy = await startAdmin({ admin: { listen: '127.0.0.1:0', onReload } });
    const port = adminPort(bench);
    for (let nth = 1; nth <= 2; nth++) {
      expect(await ask(bench, { path: '/reload', method: 'POST' })).toMatchObject({
        status: 200,
        text: 'reloaded\n',
      });
      expect([reloads, adminPort(bench)]).toEqual([nth, port]);
    }
    fails = true;
    expect(await ask(bench, { path: '/reload', method: 'POST' })).toMatchObject({
      status: 500,
      text: 'no luck\n',
    });
  });

  it.each([
    ['GET', '/nothing', 404, 'not found\n'],
    ['POST', '/nothing', 404, 'not found\n'],
    ['POST', '/metrics', 405, 'method not allowed\n'],
    ['DELETE', '/stats', 405, 'method not allowed\n'],
    ['GET', '/backends/x/drain', 405, 'method not allowed\n'],
    ['HEAD', '/reload', 405, ''],
    ['POST', '/backends/%zz/drain', 404, 'not found\n'],
    ['POST', '/', 405, 'method not allowed\n'],
    ['POST', '/backends/x/drain', 404, 'no backend has the name "x"\n'],
    ['POST', '/reload', 501, 'nothing to reload; set the option admin.onReload\n'],
  ])('not %s %s', async (method, path, status, text) => {
    const bench = await startAdmin();
    expect(await ask(bench, { method, path })).toMatchObject({ status, text });
  });
});

it.each([
  ['PUT', '/metrics', 'GET, HEAD'],
  ['POST', '/stats', 'GET, HEAD'],
  ['OPTIONS', '/', 'GET, HEAD'],
  ['DELETE', '/backends/x/drain', 'POST'],
  ['GET', '/reload', 'POST'],
  ['PUT', '/nothing', undefined],
])(
  'Allow for %s %s names what the path has (RFC 9110 §10.2.1): %j',
  async (method, path, allow) => {
    const bench = await startAdmin();
    const { status, headers } = await ask(bench, { method, path });
    expect([status, headers.allow]).toEqual([allow === undefined ? 404 : 405, allow]);
  },
);

describe('refuses', () => {
  it.each([
    ['a name that is not its own', { path: '/stats', headers: { host: 'evil.example' } }, 421],
    ['it for the page as well', { path: '/', headers: { host: 'evil.example:4001' } }, 421],
    [
      'a POST of another site',
      { path: '/reload', method: 'POST', headers: { origin: 'http://evil.example' } },
      403,
    ],
    [
      'events and figures that a script of another site asks for: they cost time, and streams are few',
      { path: '/events', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } },
      403,
    ],
    [
      'one that says so',
      { path: '/reload', method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } },
      403,
    ],
  ])('%s', async (_, options, status) => {
    const bench = await startAdmin();
    expect(await ask(bench, options)).toMatchObject({ status });
  });

  it('who has no token, but for probes and the page, which has no figures', async () => {
    const bench = await startAdmin({ admin: { listen: '127.0.0.1:0', token } });
    const statusOf = async (path: string, authorization?: string, method = 'GET') =>
      (
        await ask(bench, {
          path,
          method,
          headers: authorization === undefined ? {} : { authorization },
        })
      ).status;
    for (const path of ['/stats', '/metrics', '/events', '/backends']) {
      expect([path, await statusOf(path)]).toEqual([path, 401]);
      expect([path, await statusOf(path, 'Bearer wrong')]).toEqual([path, 401]);
    }
    expect(await statusOf('/reload', undefined, 'POST')).toBe(401);
    expect(await statusOf('/stats', `Bearer ${token}`)).toBe(200);
    for (const path of ['/livez', '/readyz', '/']) expect(await statusOf(path)).toBe(200);
    // Another one, by a reload.
    const other = token.toUpperCase();
    bench.proxy.reload({
      logger: null,
      backend: bench.origin.url,
      admin: { listen: '127.0.0.1:0', token: other },
    });
    expect(await statusOf('/stats', `Bearer ${token}`)).toBe(401);
    expect(await statusOf('/stats', `Bearer ${other}`)).toBe(200);
  });

  it.each<[string, Partial<ReverseItOptions>, string]>([
    [
      'an address that others reach, without a token',
      { admin: { listen: ':4001' } },
      'admin.token: required',
    ],
    [
      'a short token',
      { admin: { token: 'short' } },
      'admin.token: a string of 5 characters is not accepted',
    ],
    ['a key that there is not', { admin: { tokn: token } as object }, 'admin.tokn: unknown option'],
    ['an address that is none', { admin: { listen: 'nowhere' } }, 'admin.listen'],
  ])('%s, as an option', (_, options, message) => {
    expect(() => createServer({ backend: 'http://h', ...options })).toThrow(message);
  });

  it('another address at a reload, and to be switched on there', async () => {
    const bench = await startAdmin();
    const backend = bench.origin.url;
    expect(() => bench.proxy.reload({ backend, admin: { listen: '127.0.0.1:9' } })).toThrow(
      'admin.listen: cannot change at a reload',
    );
    const without = await start();
    expect(() => without.proxy.reload({ backend, admin: {} })).toThrow(
      'admin: cannot be switched on at a reload',
    );
    expect(without.proxy.adminAddress()).toBeNull();
    expect(() => without.proxy.metrics()).toThrow('nothing is counted; set metrics: true');
  });
});

describe('is not harmed', () => {
  it('by a head that is too large, or never complete, nor is the proxy', async () => {
    const bench = await startAdmin();
    const port = adminPort(bench);
    const huge = await connectRaw({ port });
    const answer = await huge.request(
      `GET /stats HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer.status).toBe(431);
    await huge.close();
    const slow = await Promise.all(Array.from({ length: 20 }, () => open(port)));
    for (const socket of slow) socket.write('GET /stats HTTP/1.1\r\nHost: ');
    await get(bench);
    expect(await ask(bench, { path: '/livez' })).toMatchObject({ status: 200 });
    for (const socket of slow) socket.destroy();
  });

  it('by more connections than it takes, nor is the proxy', async () => {
    const bench = await startAdmin();
    const port = adminPort(bench);
    const sockets = await Promise.all(Array.from({ length: 600 }, () => open(port)));
    await eventually(
      () => sockets.filter(({ destroyed }) => destroyed).length >= 88,
      'connections beyond the limit to be closed',
    );
    await get(bench);
    for (const socket of sockets) socket.destroy();
    await until(
      async () => (await ask(bench, { path: '/livez' }).catch(() => null))?.status === 200,
      'the listener to answer',
    );
  });

  it('by strangers: who is refused keeps no connection', async () => {
    const bench = await startAdmin({ admin: { listen: '127.0.0.1:0', token } });
    for (const [status, fields] of [
      [401, 'GET /stats HTTP/1.1\r\nHost: localhost'],
      [421, 'GET /livez HTTP/1.1\r\nHost: evil.example'],
      [403, 'POST /reload HTTP/1.1\r\nHost: localhost\r\nOrigin: null'],
    ] as const) {
      const client = await connectRaw({ port: adminPort(bench) });
      expect((await client.request(`${fields}\r\n\r\n`)).status).toBe(status);
      await client.expectFin();
      await client.close();
    }
  });

  it('by readers of events that do not read: they miss some, and nothing is kept for them', async () => {
    const bench = await startAdmin();
    const port = adminPort(bench);
    const readers = await Promise.all(Array.from({ length: 40 }, () => open(port)));
    for (const socket of readers) {
      socket.pause();
      socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    }
    const isRefused = async (): Promise<boolean> => {
      const controller = new AbortController();
      const { signal } = controller;
      const { status } = await fetch(`http://127.0.0.1:${port}/events`, { signal });
      controller.abort();
      return status === 503;
    };
    await until(isRefused, 'readers beyond the limit to be refused');
    await get(bench);
    expect(await ask(bench, { path: '/stats' })).toMatchObject({ status: 200 });
    for (const socket of readers) socket.destroy();
  });
});

/** A connection whose errors are no concern. */
async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

test('listens on a Unix socket, for whatever name', async () => {
  const path = `/tmp/reverseit-admin-${process.pid}.sock`;
  const bench = await startAdmin({ admin: { listen: { path } } });
  const answer = await ask(bench, {
    socketPath: path,
    path: '/livez',
    headers: { host: 'anything' },
  });
  expect(answer.status).toBe(200);
  expect(bench.proxy.adminAddress()).toEqual({ path });
});

test('an address that is taken is an error, and nothing is left', async () => {
  const bench = await startAdmin();
  const proxy = createServer({
    logger: null,
    backend: bench.origin.url,
    listen: '127.0.0.1:0',
    admin: { listen: `127.0.0.1:${adminPort(bench)}` },
  });
  await expect(proxy.listen()).rejects.toThrow(
    /^admin: cannot listen on 127\.0\.0\.1:\d+: address already in use/,
  );
  expect(proxy.address()).toBeNull();
});

test('every family has samples whose labels are its own', async () => {
  const bench = await startAdmin();
  await get(bench);
  const stats = bench.proxy.metrics();
  for (const { name, labels, samples } of metricFamilies) {
    for (const [values] of samples(stats))
      expect([name, values.length]).toEqual([name, labels.length]);
  }
});
