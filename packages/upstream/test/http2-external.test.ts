/** nginx and h2o as backends over HTTP/2; those that are not installed are skipped by name. */
import { patternBytes } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  available,
  type ExternalServer,
  startH2o,
  startNginx,
} from '@reverseit/test-servers/external-servers';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test } from 'vitest';
import { createPool, type PoolOptions } from '../src/index.ts';
import { Sent } from './harness.ts';
import { get, limits } from './recorder.ts';

const use = useCleanup();
const { ca, server: tls } = testCertificates();
const size = 3_000_000;
const files = { hello: 'hello\n', big: patternBytes(size) };

function poolTo(server: ExternalServer, secure: boolean, options: PoolOptions) {
  const pool = createPool({ tls: { ca }, ...options });
  use({ close: () => pool.destroy() });
  const to = pool.origin(`${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`);
  const send = (request = get()): Sent => {
    const sent = new Sent();
    sent.exchange = to.dispatch(request, limits, sent);
    sent.dispatched = true;
    return sent;
  };
  return { pool, send };
}

const servers = [
  ['nginx, TLS', 'nginx', true, () => startNginx({ files, tls })],
  ['nginx, h2c', 'nginx', false, () => startNginx({ files, h2c: true })],
  ['h2o, TLS', 'h2o', true, () => startH2o({ files, tls })],
  ['h2o, h2c', 'h2o', false, () => startH2o({ files })],
] as const;

describe.each(servers)('%s', (_, name, secure, start) => {
  const installed = available(name);
  const protocols = secure ? (['http1', 'http2'] as const) : (['http2'] as const);

  test.skipIf(!installed)('files, HEAD, conditions, 100 at once over one connection', async () => {
    const { pool, send } = poolTo(use(await start()), secure, { protocols: [...protocols] });
    expect((await send(get('/hello')).done).body).toBe('hello\n');
    const big = await send(get('/big')).done;
    expect([big.bytes, big.events.at(-1)]).toEqual([size, 'end']);
    const head = await send(get('/big', { method: 'HEAD' })).done;
    expect(head.events).toEqual(['head 200', 'end']);
    expect((await send(get('/nothing')).done).events[0]).toBe('head 404');
    const modified = big.head?.fields[(big.head.fields.indexOf('last-modified') ?? -1) + 1] ?? '';
    const since = await send(get('/big', { fields: ['Host', 'a', 'If-Modified-Since', modified] }))
      .done;
    expect(since.events).toEqual(['head 304', 'end']);
    const all = Array.from({ length: 100 }, () => send(get('/hello')));
    for (const sent of all) expect((await sent.done).body).toBe('hello\n');
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1, opened: 1 });
  });

  test.skipIf(!installed)('50 large responses at once, some aborted', async () => {
    const { pool, send } = poolTo(use(await start()), secure, {
      protocols: [...protocols],
      poolSize: 2,
    });
    const all = Array.from({ length: 50 }, () => send(get('/big')));
    for (const [i, sent] of all.entries()) {
      if (i % 5 === 0) {
        await sent.headSeen;
        if (!sent.over) sent.abort();
      }
    }
    for (const sent of all) {
      if (!sent.aborted)
        expect([(await sent.done).events.at(-1), sent.bytes]).toEqual(['end', size]);
    }
    expect(pool.stats()).toMatchObject({ active: 0, waiting: 0 });
  });
});

describe('nginx', () => {
  const installed = available('nginx');

  test.skipIf(!installed)('uploads, sized and not', async () => {
    const { send } = poolTo(use(await startNginx({ files, tls })), true, { protocols: ['http2'] });
    const bytes = Buffer.from(patternBytes(size));
    for (const contentLength of [size, null]) {
      const source = {
        contentLength,
        start(sink: { write(chunk: Buffer): boolean; end(): void }) {
          let at = 0;
          source.resume = () => {
            while (at < size) {
              const piece = bytes.subarray(at, at + 60_000);
              at += piece.length;
              if (!sink.write(piece) && at < size) return;
            }
            sink.end();
          };
          source.resume();
        },
        resume: () => {},
        cancel: () => {},
      };
      const put = await send(get(`/upload/${contentLength}`, { method: 'PUT', body: source })).done;
      expect(put.events[0]).toBe('head 201');
      expect((await send(get(`/upload/${contentLength}`)).done).bytes).toBe(size);
    }
    const put = await send(get('/upload/buffer', { method: 'PUT', body: bytes })).done;
    expect(put.events[0]).toBe('head 201');
    expect((await send(get('/upload/buffer')).done).bytes).toBe(size);
  });

  test.skipIf(!installed)('without h2 on offer: HTTP/1.1', async () => {
    const server = use(await startNginx({ files }));
    const { send } = poolTo(server, false, { protocols: ['http1', 'http2'] });
    expect((await send(get('/hello')).done).body).toBe('hello\n');
    const { send: h2c } = poolTo(server, false, { protocols: ['http2'] });
    expect((await h2c(get('/hello')).done).events).toEqual(['UPSTREAM_PROTOCOL']);
  });
});
