/** Ways to the backend and to the proxy: IPv6, Unix sockets, TLS with certificates good and bad. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp2Server } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerEach,
  connectRaw,
  type RawClient,
  type RawResponse,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startFriendlyOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { type KeyPair, testCertificates } from '@reverseit/test-servers/certificates';
import { connectFrames } from '@reverseit/test-servers/frame-client';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import {
  createServer,
  type ListenAddress,
  type ReverseItOptions,
  type ReverseItServer,
} from '../src/index.ts';

useCensus();
const use = useCleanup();
const made = testCertificates();

interface Proxy {
  readonly server: ReverseItServer;
  readonly port: number;
  /** Level and message of each line that was logged. */
  readonly log: string[];
  get(target?: string): Promise<RawResponse>;
}

async function startProxy(
  options: ReverseItOptions,
  listen: ListenAddress = { host: '127.0.0.1', port: 0 },
): Promise<Proxy> {
  const log: string[] = [];
  const at = (level: string) => (_details: object, message: string) => {
    log.push(`${level}: ${message}`);
  };
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const server = createServer({ logger, ...options });
  use({ close: () => server.close({ timeout: 0 }) });
  const address = await server.listen(listen);
  const port = 'port' in address ? address.port : 0;
  const get = async (target = '/'): Promise<RawResponse> => {
    const client = use(await connectRaw({ port }));
    return ask(client, target);
  };
  return { server, port, log, get };
}

const ask = (client: RawClient, target = '/'): Promise<RawResponse> =>
  client.request(`GET ${target} HTTP/1.1\r\nHost: front\r\n\r\n`);

const startOrigin = async (options: ScriptedOriginOptions): Promise<ScriptedOrigin> =>
  use(await startScriptedOrigin({ script: answerEach(response(200, 'ok')), ...options }));

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reverseit-'));
  use({ close: () => rm(folder, { recursive: true }) });
  return join(folder, 'backend.sock');
}

describe('IPv6 literals (RFC 3986 §3.2.2)', () => {
  it('as a backend, for HTTP', async () => {
    const origin = await startOrigin({ host: '::1' });
    const backend = `http://[::1]:${origin.port}`;
    const proxy = await startProxy({ backend });
    expect((await proxy.get()).text).toBe('ok');
    expect((await origin.request()).header('host')).toBe(`[::1]:${origin.port}`);
    expect(proxy.server.stats().pools).toMatchObject([{ origins: [{ origin: backend }] }]);
  });

  it('as a backend, for WebSocket', async () => {
    const origin = use(await startFriendlyOrigin({ host: '::1' }));
    const { port } = await startProxy({ backend: `ws://[::1]:${origin.port}` });
    const client = use(await connectFrames({ port }));
    await client.text('six');
    expect((await client.readMessage()).payload.toString()).toBe('six');
  });

  it.each([
    ['an address that the certificate names', 'server', 'ok'],
    ['one that it does not', 'wrongName', 'Bad Gateway'],
  ] as const)('as a backend behind TLS, %s', async (_, certificate, text) => {
    const origin = await startOrigin({ host: '::1', tls: made[certificate] });
    const backend = `https://[::1]:${origin.port}`;
    const proxy = await startProxy({ backend, pool: { tls: { ca: made.ca } } });
    expect((await proxy.get()).text).toBe(text);
  });

  it.each<[string, string | ListenAddress]>([
    ['as a listener', { host: '::1', port: 0 }],
    ['as a listener, in brackets', '[::1]:0'],
  ])('%s', async (_, listen) => {
    const origin = await startOrigin({});
    const server = createServer({ logger: null, backend: origin.url, listen });
    use({ close: () => server.close({ timeout: 0 }) });
    const address = await server.listen();
    expect(address).toEqual({ host: '::1', port: expect.any(Number) });
    const port = 'port' in address ? address.port : 0;
    expect((await ask(use(await connectRaw({ host: '::1', port })))).text).toBe('ok');
    expect((await origin.request()).header('x-forwarded-for')).toBe('::1');
  });
});

describe('unixSocket', () => {
  it('is pooled like any other backend', async () => {
    const path = await socketPath();
    const origin = await startOrigin({ socketPath: path });
    const proxy = await startProxy({ backend: 'http://name.example', unixSocket: path });
    for (let nth = 0; nth < 3; nth += 1) expect((await proxy.get()).text).toBe('ok');
    expect(origin.connectionCount).toBe(1);
    expect(proxy.server.stats().pools).toMatchObject([{ opened: 1, reused: 2 }]);
  });

  it('carries TLS, verified for the authority of the backend', async () => {
    const path = await socketPath();
    await startOrigin({ socketPath: path, tls: made.server });
    const pool = { tls: { ca: made.ca } };
    const good = await startProxy({ backend: 'https://localhost', unixSocket: path, pool });
    expect((await good.get()).text).toBe('ok');
    const bad = await startProxy({ backend: 'https://name.example', unixSocket: path, pool });
    expect((await bad.get()).status).toBe(502);
  });

  it('carries HTTP/2', async () => {
    const path = await socketPath();
    const server = createHttp2Server((request, answer) => answer.end(request.httpVersion));
    await once(server.listen(path), 'listening');
    use({ close: () => new Promise((resolve) => server.close(resolve)) });
    const proxy = await startProxy({
      backend: 'http://name.example',
      unixSocket: path,
      pool: { protocols: ['http2'] },
    });
    expect((await proxy.get()).text).toBe('2.0');
    await proxy.server.close({ timeout: 0 });
  });
});

describe('a backend whose certificate is not good: 502, and a log line that says why', () => {
  const { ca, server, expired, notYetValid, selfSigned, wrongName } = made;
  it.each([
    ['ended', expired, { tls: { ca } }, 'CERT_HAS_EXPIRED'],
    ['not begun', notYetValid, { tls: { ca } }, 'CERT_NOT_YET_VALID'],
    ['for another name', wrongName, { tls: { ca } }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of an unknown authority', server, {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['signed by itself', selfSigned, {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('%s', async (_, tls, pool, reason) => {
    const origin = await startOrigin({ tls });
    const backend = `https://localhost:${origin.port}`;
    const proxy = await startProxy({ backend, pool });
    const answered = await proxy.get();
    expect([answered.status, answered.text]).toEqual([502, 'Bad Gateway']);
    expect(proxy.log).toEqual([`warn: TLS handshake with the backend failed: ${reason}`]);
    expect(origin.requestCount).toBe(0);
  });
});

describe('client certificates', () => {
  const { ca, server } = made;
  /** Without what the certificate tells of itself. */
  const pairOf = ({ key, cert }: KeyPair): KeyPair => ({ key, cert });

  /** A proxy to a backend that wants one. */
  async function behind(tls: object): Promise<{ proxy: Proxy; origin: ScriptedOrigin }> {
    const origin = await startOrigin({
      tls: { ...pairOf(server), ca, requestCert: true, rejectUnauthorized: true },
    });
    const backend = `https://localhost:${origin.port}`;
    return { proxy: await startProxy({ backend, pool: { tls: { ca, ...tls } } }), origin };
  }

  it('are shown to a backend that asks', async () => {
    const { proxy } = await behind(pairOf(made.client));
    expect((await proxy.get()).text).toBe('ok');
  });

  it.each([
    ['none', {}, 'TLS to the backend failed: ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
    // Node ends the connection without an alert that would say more.
    [
      'one of an unknown authority',
      pairOf(made.strangeClient),
      'backend closed the connection before responding',
    ],
  ])('%s: 502 and a log line', async (_, tls, reason) => {
    const { proxy, origin } = await behind(tls);
    expect((await proxy.get()).status).toBe(502);
    expect(proxy.log).toEqual([`warn: ${reason}`]);
    expect(origin.requestCount).toBe(0);
  });
});

describe('the TLS listener', () => {
  it('SNICallback chooses by name; one that throws fails that handshake, and is logged', async () => {
    const origin = await startOrigin({});
    const proxy = await startProxy({
      backend: origin.url,
      tls: {
        ...made.server,
        SNICallback: (name, done) => {
          if (name === 'other.example') throw new Error('no such certificate');
          done(null);
        },
      },
    });
    const shake = (servername: string): Promise<RawClient> =>
      connectRaw({ port: proxy.port, tls: { ca: made.ca, servername } });
    await expect(shake('other.example')).rejects.toThrow();
    expect(proxy.log).toEqual(['error: tls.SNICallback threw']);
    expect((await ask(use(await shake('localhost')))).text).toBe('ok');
  });
});
