/** Options that are replaced while the proxy runs (`reload`). */
import type { TLSSocket } from 'node:tls';
import {
  answerEach,
  connectRaw,
  deferred,
  eventually,
  response,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const use = useCleanup();
const { key, cert } = testCertificates().server;

const answering = async (text: string) =>
  use(await startScriptedOrigin({ script: answerEach(response(200, text)) }));

/** What a bench gives unless it is told otherwise; a reload is given all of it. */
const base = { logger: null, forwardedHeaders: false } as const;

describe('reload', () => {
  it('leads requests to other backends on the same client connection, and closes what is unused', async () => {
    const bench = await start();
    const other = await answering('other');
    const client = await bench.connect();
    expect((await client.request(request('GET /'))).text).toBe('ok');
    bench.proxy.reload({ ...base, backend: other.url });
    expect((await client.request(request('GET /'))).text).toBe('other');
    await eventually(() => bench.origin.openConnections === 0, 'the former connection to close');
    expect(bench.proxy.stats().pools).toHaveLength(1);
  });

  it('keeps the connections of what stays', async () => {
    const bench = await start({
      options: ({ url }) => ({ routes: [{ backend: url, pool: { poolSize: 3 } }] }),
    });
    const client = await bench.connect();
    for (let times = 0; times < 20; times++) {
      bench.proxy.reload({
        ...base,
        routes: [
          { path: '/', backend: bench.origin.url, pool: { poolSize: 3 } },
          { path: `/${times}`, respond: { status: 200, body: `${times}` } },
        ],
      });
      expect((await client.request(request('GET /'))).text).toBe('ok');
      expect((await client.request(request(`GET /${times}`))).text).toBe(`${times}`);
    }
    expect(bench.pool).toMatchObject({ opened: 1, reused: 19 });
    expect(bench.proxy.stats().pools).toHaveLength(1);
  });

  it('lets what is under way end by what it began with', async () => {
    const go = deferred();
    const records: string[] = [];
    const bench = await start({
      options: ({ url }) => ({
        routes: [{ name: 'former', path: '/', backend: url }],
        onRequest: () => go.promise,
        onFinish: ({ route }) => {
          records.push(`former ${route}`);
        },
      }),
    });
    const other = await answering('other');
    const [early, late] = [await bench.connect(), await bench.connect()];
    const before = early.request(request('GET /'));
    await eventually(() => bench.proxy.stats().activeExchanges === 1, 'the hook');
    for (let times = 0; times < 3; times++) {
      bench.proxy.reload({
        ...base,
        routes: [{ name: 'new', path: '/', backend: other.url, pool: { poolSize: 1 + times } }],
        onFinish: ({ route }) => {
          records.push(`new ${route}`);
        },
      });
    }
    expect((await late.request(request('GET /'))).text).toBe('other');
    go.resolve();
    expect((await before).text).toBe('ok');
    await eventually(() => records.length === 2, 'the records');
    expect(records).toEqual(['new new', 'former former']);
    await eventually(() => bench.origin.openConnections === 0, 'the former connection to close');
  });

  it('applies limits to connections that come, and timeouts to all', async () => {
    const bench = await start();
    const former = await bench.connect();
    expect((await former.request(request('GET /'))).status).toBe(200);
    bench.proxy.reload({ ...base, backend: bench.origin.url, maxRequestTargetBytes: 10 });
    const long = request('GET /longer-than-ten');
    expect((await former.request(long)).status).toBe(200);
    expect((await (await bench.connect()).request(long)).status).toBe(414);
    bench.proxy.reload({ ...base, backend: bench.origin.url, keepAliveTimeout: 20 });
    expect((await former.request(request('GET /'))).status).toBe(200);
    await former.expectFin();
  });

  it.each<[string, (url: string) => ReverseItOptions & Record<string, unknown>, RegExp]>([
    ['an unknown option', (backend) => ({ backend, bakend: 1 }), /bakend/],
    ['where it listens', (backend) => ({ backend, listen: 1 }), /listen: cannot change/],
    ['workers', (backend) => ({ backend, workers: 2 }), /workers: cannot change/],
    [
      'a pool that cannot be made',
      (backend) => ({ backend, pool: { tls: { ciphers: 'none of them' } } }),
      /tls/,
    ],
    [
      'TLS that cannot be used',
      (backend) => ({ backend, tls: { key, cert, ciphers: 'none of them' } }),
      /tls/,
    ],
  ])('changes nothing where it is given %s that is wrong', async (_, options, message) => {
    const bench = await start();
    const client = await bench.connect();
    expect((await client.request(request('GET /'))).text).toBe('ok');
    const other = await answering('other');
    expect(() => bench.proxy.reload({ ...base, ...options(other.url) })).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringMatching(message) }),
    );
    expect((await client.request(request('GET /'))).text).toBe('ok');
    expect(bench.pool).toMatchObject({ opened: 1, reused: 1, open: 1 });
    expect(other.connections).toHaveLength(0);
  });

  it('may be told again where it listens', async () => {
    const bench = await start({ options: { listen: 0 } });
    bench.proxy.reload({ ...base, backend: bench.origin.url, listen: 0 });
    expect((await (await bench.connect()).request(request('GET /'))).text).toBe('ok');
  });

  it('swaps certificates, and TLS itself', async () => {
    const bench = await start();
    const plain = await bench.connect();
    const secure = async (): Promise<string> => {
      const client = use(
        await connectRaw({ port: bench.port, tls: { rejectUnauthorized: false } }),
      );
      const answered = await client.request(request('GET /'));
      const { subject } = (client.socket as TLSSocket).getPeerCertificate();
      await client.close();
      return `${answered.text} ${subject.CN}`;
    };
    const { client: another } = testCertificates();
    bench.proxy.reload({ ...base, backend: bench.origin.url, tls: { key, cert } });
    const first = await secure();
    bench.proxy.reload({ ...base, backend: bench.origin.url, tls: another });
    const second = await secure();
    expect([first.slice(0, 2), second.slice(0, 2)]).toEqual(['ok', 'ok']);
    expect(second).not.toBe(first);
    expect((await plain.request(request('GET /'))).text).toBe('ok');
    bench.proxy.reload({ ...base, backend: bench.origin.url });
    expect((await (await bench.connect()).request(request('GET /'))).text).toBe('ok');
  });
});
