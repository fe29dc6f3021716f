/** Several listeners of one proxy: addresses, TLS, redirects to https, permissions, reload. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRaw } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterAll, describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();

const { server: tls } = testCertificates();
const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const base: ReverseItOptions = { logger: null, respond: { body: 'here' } };

function make(options: ReverseItOptions) {
  const proxy = createServer({ ...base, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  return proxy;
}

async function started(options: ReverseItOptions) {
  const proxy = make(options);
  await proxy.listen();
  const ports = proxy.addresses().map((address) => ('port' in address ? address.port : 0));
  return { proxy, ports };
}

const connect = async (port: number | undefined, secure = false) =>
  use(
    await connectRaw({
      port: port ?? 0,
      ...(secure ? { tls: { rejectUnauthorized: false } } : {}),
    }),
  );

const get = (target: string, fields: readonly string[] = ['Host: example.org']) =>
  `${[`GET ${target} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`;

const loopback = { host: '127.0.0.1', port: 0 };

describe('several listeners', () => {
  it('have the TLS of the server unless they say otherwise, and figures of their own', async () => {
    const listen = ['127.0.0.1:0', { ...loopback, tls: null, maxRequestsPerConnection: 1 }];
    const { proxy, ports } = await started({ tls, listen });
    const secure = await connect(ports[0], true);
    expect((await secure.request(get('/'))).text).toBe('here');
    expect((await secure.request(get('/'))).header('connection')).toBeUndefined();
    const plain = await connect(ports[1]);
    expect((await plain.request(get('/'))).header('connection')).toBe('close');
    expect(proxy.address()).toEqual({ host: '127.0.0.1', port: ports[0] });
    expect(proxy.stats()).toMatchObject({
      totalExchanges: 3,
      listeners: [
        { address: { host: '127.0.0.1', port: ports[0] }, totalExchanges: 2 },
        { address: { host: '127.0.0.1', port: ports[1] }, totalExchanges: 1 },
      ],
    });
    await proxy.close({ timeout: 0 });
    expect([proxy.address(), proxy.addresses()]).toEqual([null, []]);
  });

  it('start all or none', async () => {
    const { ports } = await started({ listen: loopback });
    const proxy = make({ listen: [loopback, { ...loopback, port: ports[0] ?? 0 }] });
    await expect(proxy.listen()).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    expect(proxy.addresses()).toEqual([]);
    await proxy.listen([loopback, '127.0.0.1:0']);
    expect(proxy.addresses()).toHaveLength(2);
    await expect(proxy.listen()).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      message: expect.stringMatching(/^cannot listen on 127\.0\.0\.1:0, .* was already called$/),
    });
  });

  it('are given at the call as well', async () => {
    const proxy = make({ tls });
    await proxy.listen([{ ...loopback, tls: null }, loopback]);
    const [plain, secure] = proxy.addresses();
    for (const [address, isSecure] of [
      [plain, false],
      [secure, true],
    ] as const) {
      const port = address !== undefined && 'port' in address ? address.port : 0;
      expect((await (await connect(port, isSecure)).request(get('/'))).text).toBe('here');
    }
  });

  it('keep their addresses at a reload, and take what else they are told', async () => {
    const listen = [loopback, { ...loopback, redirectToHttps: { port: 1 } }];
    const { proxy, ports } = await started({ listen });
    const kept = await connect(ports[0]);
    await kept.request(get('/'));
    proxy.reload({ ...base, respond: { body: 'new' } });
    expect((await kept.request(get('/'))).text).toBe('new');
    const redirected = await connect(ports[1]);
    expect((await redirected.request(get('/'))).header('location')).toBe('https://example.org:1/');
    proxy.reload({
      ...base,
      listen: [
        { ...loopback, tls },
        { ...loopback, redirectToHttps: true },
      ],
    });
    expect((await redirected.request(get('/'))).header('location')).toBe(
      `https://example.org:${ports[0]}/`,
    );
    expect((await (await connect(ports[0], true)).request(get('/'))).text).toBe('here');
    for (const moved of [loopback, [loopback, loopback, loopback], [loopback, '127.0.0.1:1']]) {
      expect(() => proxy.reload({ ...base, listen: moved })).toThrow(
        'invalid option listen: cannot change at a reload; start another server',
      );
    }
  });
});

describe('redirectToHttps', () => {
  it('names the port of the first listener with TLS, and serves what is excepted', async () => {
    const records: unknown[] = [];
    const { ports } = await started({
      tls,
      protocols: ['http2', 'http1'],
      listen: [
        {
          ...loopback,
          redirectToHttps: { status: 301, except: ['/.well-known/acme-challenge/'] },
        },
        loopback,
      ],
      onFinish: ({ status, route, target }) => void records.push([status, route, target]),
    });
    const client = await connect(ports[0]);
    const answers: unknown[] = [];
    for (const target of [
      '/a?b=c',
      '//evil.example/',
      'http://example.org:80/abs',
      '/.well-known/acme-challenge/token',
      '/.well-known/acme-challenge/../../x',
      '/.well-known/acme-challenges',
    ]) {
      const answer = await client.request(get(target, ['Host: example.org:80']));
      answers.push([answer.status, answer.header('location')]);
    }
    const https = `https://example.org:${ports[1]}`;
    expect(answers).toEqual([
      [301, `${https}/a?b=c`],
      [301, `${https}//evil.example/`],
      [301, `${https}/abs`],
      [200, undefined],
      [301, `${https}/.well-known/acme-challenge/../../x`],
      [301, `${https}/.well-known/acme-challenges`],
    ]);
    expect(records.slice(2, 4)).toEqual([
      [301, null, '/abs'],
      [200, '/', '/.well-known/acme-challenge/token'],
    ]);
  });

  it('believes trusted proxies: what came by https is served, and the public host is named', async () => {
    const records: unknown[] = [];
    const { ports } = await started({
      listen: { ...loopback, redirectToHttps: true },
      trustedProxies: ['loopback'],
      onFinish: ({ status, remoteAddress }) => void records.push([status, remoteAddress]),
    });
    const client = await connect(ports[0]);
    const chain = 'X-Forwarded-For: 192.0.2.1';
    const hosts = ['Host: inner', chain, 'X-Forwarded-Host: example.org'];
    for (const proto of ['http', 'https']) {
      await client.request(get('/', [...hosts, `X-Forwarded-Proto: ${proto}`]));
    }
    const plain = await client.request(get('/x', hosts));
    expect(plain.header('location')).toBe('https://example.org/x');
    expect(records).toEqual([
      [308, '192.0.2.1'],
      [200, '192.0.2.1'],
      [308, '192.0.2.1'],
    ]);
  });

  it('keeps the connection behind a body, and needs a host', async () => {
    const { ports } = await started({
      proxyStatus: true,
      listen: { ...loopback, redirectToHttps: true },
    });
    const client = await connect(ports[0]);
    const posted = await client.request(
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    );
    expect([posted.status, posted.header('location')]).toEqual([308, 'https://a/x']);
    // RFC 9209 §2.1: no error, and no backend has answered.
    expect(posted.header('proxy-status')).toBeUndefined();
    const options = await client.request('OPTIONS * HTTP/1.1\r\nHost: a:80\r\n\r\n');
    expect([options.status, options.header('location')]).toEqual([308, 'https://a']);
    const old = await client.request('GET / HTTP/1.0\r\n\r\n');
    expect([old.status, old.header('location')]).toEqual([400, undefined]);
    expect(old.header('proxy-status')).toBe('ReverseIt; error=http_request_error');
  });
});

describe.skipIf(process.platform === 'win32')('Unix sockets', () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it.each([
    ['0660', '660'],
    [0o600, '600'],
    ['777', '777'],
  ])('mode %j', async (mode, expected) => {
    const path = join(folder, `mode-${expected}`);
    const before = process.umask();
    const { proxy } = await started({ listen: { path, mode } });
    expect([modeOf(path), proxy.address(), process.umask()]).toEqual([expected, { path }, before]);
  });

  it('beside a port', async () => {
    const path = join(folder, 'beside');
    const { proxy } = await started({ listen: [`unix:${path}`, loopback] });
    expect(proxy.addresses()).toEqual([{ path }, { host: '127.0.0.1', port: expect.any(Number) }]);
    const client = use(await connectRaw({ socketPath: path }));
    expect((await client.request(get('/'))).text).toBe('here');
  });
});
