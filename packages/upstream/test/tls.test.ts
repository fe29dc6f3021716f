import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import type { PoolOptions } from '../src/index.ts';
import { FakeNetwork, type Fate } from './fake-network.ts';
import { type Bench, bench, turns } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import { type OriginConnection, startRawOrigin } from './raw-origin.ts';
import { get } from './recorder.ts';

const certificates = testCertificates();
const { ca, server, client } = certificates;
const reply = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const answer = (connection: OriginConnection) => connection.write(reply);

function tlsBench(pool: PoolOptions, tls: object = server, onRequest = answer): Promise<Bench> {
  return bench(onRequest, { origin: { tls }, pool });
}

test('a verified backend', async () => {
  const it = await tlsBench({ tls: { ca } });
  expect((await it.send().done).body).toBe('ok');
  await turns(2);
  expect((await it.send().done).body).toBe('ok');
  expect(it.origin.connections).toHaveLength(1);
  expect(it.pool.stats().reused).toBe(1);
});

test('SNI is the backend’s host, never the request’s Host, which may change on one connection', async () => {
  const names: unknown[] = [];
  const it = await bench(answer, { origin: { tls: server }, pool: { tls: { ca } } });
  const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
  it.origin.server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername));
  for (const host of ['evil.example', 'other.example', 'localhost']) {
    const sent = await it.send(get('/', { fields: ['Host', host] }), null, to).done;
    expect(sent.body).toBe('ok');
    await turns(2);
  }
  expect(names).toEqual(['localhost']);
  expect(it.origin.connections).toHaveLength(1);
});

test('no SNI for an address (RFC 6066 §3)', async () => {
  const it = await tlsBench({ tls: { ca } });
  await it.send().done;
  expect((it.origin.connections[0]!.socket as TLSSocket).servername).toBe(false);
});

test.each([
  ['an unknown authority', {}, server],
  ['another name', { tls: { ca } }, certificates.wrongName],
  ['expired', { tls: { ca } }, certificates.expired],
  ['not yet valid', { tls: { ca } }, certificates.notYetValid],
  ['self-signed', { tls: { ca } }, certificates.selfSigned],
  [
    'a servername that the certificate does not bear',
    { tls: { ca, servername: 'other.example' } },
    server,
  ],
])('refused: %s', async (_, pool, pair) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const it = await tlsBench(pool, { ...pair, minVersion: version, maxVersion: version });
    // Three times: a session of a refused connection must not be resumed, for then nobody checks the name.
    for (let i = 0; i < 3; i++) {
      const sent = await it.send().done;
      expect(sent.events).toEqual(['UPSTREAM_TLS']);
      expect(sent.error?.status).toBe(502);
      expect(sent.error?.message).toMatch(/: (ERR_TLS|CERT_|UNABLE_|DEPTH_|SELF_)\w+$/);
    }
    await it.settle({ open: 0 });
    for (const { received } of it.origin.connections) expect(received).toBe('');
  }
});

test.each([
  ['verifyTls: false', { verifyTls: false }, certificates.selfSigned],
  ['servername', { tls: { ca, servername: 'other.example' } }, certificates.wrongName],
])('accepted by option: %s', async (_, pool, pair) => {
  const it = await tlsBench(pool, pair);
  expect((await it.send().done).body).toBe('ok');
});

describe('a backend that asks for a certificate', () => {
  const asking = { ...server, ca, requestCert: true, rejectUnauthorized: true };
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  test.each(versions)('is shown ours, %s', async (version) => {
    const tls = { ca, cert: client.cert, key: client.key };
    const it = await tlsBench({ tls }, { ...asking, minVersion: version, maxVersion: version });
    expect((await it.send().done).body).toBe('ok');
  });

  // TLS 1.3 tells of a refusal only after the handshake, when requests have been sent (RFC 8446 §4.4.2.4).
  test.each([
    ['TLSv1.2', 'TLS handshake with the backend failed: '],
    ['TLSv1.3', 'TLS to the backend failed: '],
  ] as const)('and refuses to go on without one, %s', async (version, text) => {
    const range = { minVersion: version, maxVersion: version };
    const it = await tlsBench({ tls: { ca } }, { ...asking, ...range });
    for (const request of [get(), get('/', { method: 'POST', body: Buffer.alloc(100) })]) {
      const sent = await it.send(request).done;
      expect(sent.events).toEqual(['UPSTREAM_TLS']);
      expect(sent.error?.message).toMatch(new RegExp(`^${text}ERR_SSL_\\S+$`));
      expect(sent.error?.status).toBe(502);
    }
    await it.settle({ open: 0 });
  });
});

// The end may come in one read with the last records, though reading has stopped meanwhile.
test.each([
  ['a length', 'content-length: 300000', 'end'],
  ['chunks', 'transfer-encoding: chunked', 'end'],
  ['the end of the connection', 'connection: close', 'end'],
  ['a length that is not reached', 'content-length: 300001', 'UPSTREAM_TRUNCATED'],
])(
  'a reader that stops at each chunk gets all of a response, bounded by %s',
  async (_, field, end) => {
    const content = 'x'.repeat(300_000);
    const body = field.includes('chunked') ? `493e0\r\n${content}\r\n0\r\n\r\n` : content;
    const it = await tlsBench({ tls: { ca } }, server, ({ socket }) => {
      socket.end(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n${body}`);
    });
    for (let i = 0; i < 20; i++) {
      const sent = it.send();
      sent.onChunk = () => {
        sent.exchange.pause();
        setImmediate(() => sent.exchange.resume());
      };
      await sent.done;
      expect(sent.events).toEqual(['head 200', 'data', end]);
      expect(sent.bytes).toBe(300_000);
    }
    await it.settle({ open: 0 });
  },
);

test('an exchange is aborted whose reader has stopped, and whose backend has left meanwhile', async () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n';
  const it = await tlsBench({ tls: { ca } }, server, ({ socket }) => {
    socket.end(head + 'x'.repeat(40_000));
  });
  for (let wait = 0; wait < 8; wait++) {
    const sent = it.send();
    sent.onChunk = () => sent.exchange.pause();
    await sent.headSeen;
    await turns(wait);
    sent.abort();
  }
  await it.settle({ open: 0 });
});

test('sessions are resumed', async () => {
  const it = await bench(answer, {
    origin: { tls: server },
    pool: { tls: { ca } },
    via: { connection: 'one-shot' },
  });
  const resumed: boolean[] = [];
  it.origin.server.on('secureConnection', (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused());
  });
  for (let i = 0; i < 3; i++) {
    await it.send().done;
    await it.settle({ open: 0 });
  }
  expect(resumed).toEqual([false, true, true]);
});

test.each([
  ['plain HTTP', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ['the end', ''],
])('a backend that speaks no TLS but %s', async (_, bytes) => {
  const plain = createServer((socket) => socket.on('error', () => {}).end(bytes));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const address = plain.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const it = await bench();
  const sent = await it.send(get(), null, it.pool.origin(`https://127.0.0.1:${port}`)).done;
  expect(sent.events).toEqual(['UPSTREAM_TLS']);
  await it.settle({ open: 0 });
  plain.close();
});

test('a TLS backend spoken to in plain HTTP', async () => {
  const secure = await startRawOrigin(answer, { tls: server });
  const it = await bench();
  const sent = await it.send(get(), null, it.pool.origin(secure.url.replace('https', 'http'))).done;
  expect(['UPSTREAM_RESET', 'UPSTREAM_PROTOCOL']).toContain(sent.events[0]);
  await secure.close();
});

test('truncation, resets, uploads and early answers over TLS', async () => {
  const it = await tlsBench({ tls: { ca } }, server, (connection) => {
    if (connection.received.includes('/cut'))
      connection.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok');
    else if (connection.received.includes('/reset')) connection.reset();
    else if (connection.received.includes('/early'))
      connection.end('HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno');
    else connection.write(reply);
  });
  expect((await it.send(get('/cut')).done).events).toEqual([
    'head 200',
    'data',
    'UPSTREAM_TRUNCATED',
  ]);
  expect((await it.send(get('/reset')).done).events).toEqual(['UPSTREAM_RESET']);
  const source = {
    contentLength: null,
    start: (sink: { write(chunk: Buffer): boolean }) => void sink.write(Buffer.alloc(100_000)),
    resume() {},
    cancel() {},
  };
  const early = await it.send(get('/early', { method: 'POST', body: source })).done;
  expect(early.events).toEqual(['head 413', 'data', 'end']);
  await it.settle({ open: 0 });
});

test('responseHeaderTimeout counts from when the request has left', async () => {
  const it = await bench(() => {}, {
    origin: { tls: server },
    pool: { tls: { ca } },
    limits: { responseHeaderTimeout: 300, upstreamIdleTimeout: 10_000 },
  });
  const sent = it.send();
  const connection = await it.origin.connection();
  await connection.until(() => connection.requests === 1);
  it.clock.advance(300);
  expect(sent.events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
});

describe('RFC 6066 §3: SNI of a name that ends with a dot is without it', () => {
  const alone: Record<string, Fate> = { '127.0.0.1': 'connects' };
  const raced: Record<string, Fate> = { '192.0.2.1': 'refuses', '192.0.2.2': 'connects' };

  test.each([
    ['one address', alone],
    ['several', raced],
  ])('HTTP/1.1, %s', async (_, fates) => {
    const network = new FakeNetwork(fates);
    const names: unknown[] = [];
    const checkServerIdentity = (name: string) => void names.push(name);
    const it = await bench(answer, {
      network,
      origin: { tls: server },
      pool: { tls: { ca, checkServerIdentity } },
    });
    const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost.'));
    const fields = ['Host', 'localhost.'];
    expect((await it.send(get('/', { fields }), null, to).done).body).toBe('ok');
    const [connection] = it.origin.connections;
    expect((connection!.socket as TLSSocket).servername).toBe('localhost');
    expect(names).toEqual(['localhost']);
    // Both others are as they were written.
    expect(connection!.received).toContain('host: localhost.\r\n');
    expect(network.lookups).toEqual(['localhost.']);
  });

  test('HTTP/2; the certificate is that of the name', async () => {
    const it = await http2Bench(
      (stream, headers) => {
        stream.respond({ ':status': 200 });
        stream.end(headers[':authority']);
      },
      { tls: true, network: new FakeNetwork(alone) },
    );
    const names: unknown[] = [];
    it.backend.server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername));
    const to = it.pool.origin(it.backend.url.replace('127.0.0.1', 'localhost.'));
    const sent = await it.send(get('/', { fields: ['Host', 'localhost.:1'] }), {}, to).done;
    expect(sent.body).toBe('localhost.:1');
    expect(names).toEqual(['localhost']);
  });

  test.each(['127.0.0.1', '::1'])('an address is no SNI name: %s', async (host) => {
    const it = await bench(answer, { origin: { tls: server, host }, pool: { tls: { ca } } });
    expect((await it.send().done).body).toBe('ok');
    expect((it.origin.connections[0]!.socket as TLSSocket).servername).toBe(false);
  });

  test('a certificate of another name is refused with the dot as without', async () => {
    const it = await bench(answer, {
      network: new FakeNetwork(alone),
      origin: { tls: certificates.wrongName },
      pool: { tls: { ca } },
    });
    const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost.'));
    expect((await it.send(get(), null, to).done).events).toEqual(['UPSTREAM_TLS']);
  });
});
