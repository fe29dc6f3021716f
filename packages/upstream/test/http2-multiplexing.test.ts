/** How a pool shares HTTP/2 connections: admission, concurrency, ALPN, idle time (RFC 9113 §5.1.2, §9.1). */
import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import { turns } from './harness.ts';
import {
  block,
  frame,
  frameBench,
  HEADERS,
  http1Bench,
  http2Bench,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32,
} from './http2-rig.ts';
import { get } from './recorder.ts';

const answer = (stream: ServerHttp2Stream) => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};

/** Holds its streams until so many are open. */
function together(count: number) {
  const held: ServerHttp2Stream[] = [];
  let most = 0;
  return {
    get most() {
      return most;
    },
    held,
    onStream: (stream: ServerHttp2Stream) => {
      held.push(stream);
      most = Math.max(most, held.length);
      if (held.length === count) for (const each of held.splice(0)) answer(each);
    },
  };
}

describe('multiplexing', () => {
  test.each([
    ['TLS', true],
    ['h2c', false],
  ])('100 requests at once, over one connection: %s', async (_, tls) => {
    // No response comes before every request has.
    const barrier = together(100);
    const it = await http2Bench(barrier.onStream, { tls });
    const all = Array.from({ length: 100 }, () => it.send());
    for (const sent of all) expect((await sent.done).events).toEqual(['head 200', 'data', 'end']);
    expect(it.backend.connections).toBe(1);
    expect(it.pool.stats()).toMatchObject({ opened: 1, reused: 99 });
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('the 101st goes on a connection of its own; with poolSize 1 it waits', async () => {
    const barrier = together(100);
    const it = await http2Bench(barrier.onStream, { pool: { poolSize: 1 } });
    const all = Array.from({ length: 101 }, () => it.send());
    expect(it.counts).toMatchObject({ open: 1, active: 100, waiting: 1 });
    await all[0]!.done;
    await it.until(() => barrier.held.length === 1);
    answer(barrier.held[0]!);
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    expect(barrier.most).toBe(100);

    const two = together(101);
    const wide = await http2Bench(two.onStream, { pool: { poolSize: 2 } });
    const many = Array.from({ length: 101 }, () => wide.send());
    for (const sent of many) expect((await sent.done).body).toBe('ok');
    expect(wide.backend.connections).toBe(2);
  });

  test('SETTINGS_MAX_CONCURRENT_STREAMS is heeded, and poolSize connections are used', async () => {
    const open = new Map<unknown, number>();
    let most = 0;
    const it = await http2Bench(
      (stream) => {
        const { session } = stream;
        const count = (open.get(session) ?? 0) + 1;
        open.set(session, count);
        most = Math.max(most, count);
        stream.on('close', () => open.set(session, (open.get(session) ?? 0) - 1));
        setImmediate(answer, stream);
      },
      { pool: { poolSize: 3 }, server: { settings: { maxConcurrentStreams: 4 } } },
    );
    const all = Array.from({ length: 60 }, () => it.send());
    for (const sent of all) expect((await sent.done).events).toEqual(['head 200', 'data', 'end']);
    expect(most).toBeLessThanOrEqual(4);
    expect(it.backend.connections).toBe(3);
    await it.settle({ open: 3, idle: 3, active: 0, waiting: 0 });
  });

  test('what was given to a connection before its SETTINGS waits in order of arrival', async () => {
    const paths: unknown[] = [];
    const it = await http2Bench(
      (stream, headers) => {
        paths.push(headers[':path']);
        answer(stream);
      },
      { pool: { poolSize: 1 }, server: { settings: { maxConcurrentStreams: 1 } } },
    );
    const names = ['/1', '/2', '/3', '/4', '/5'];
    const all = names.map((name) => it.send(get(name)));
    await it.until(() => it.counts.waiting === 4);
    const late = it.send(get('/6'));
    for (const sent of [...all, late]) await sent.done;
    expect(paths).toEqual([...names, '/6']);
  });

  test('a backend that allows no streams: poolTimeout', async () => {
    const it = await frameBench(
      { settings: Buffer.concat([Buffer.from([0, 3]), uint32(0)]) },
      { pool: { poolSize: 2 }, limits: { poolTimeout: 1000 } },
    );
    const sent = it.send();
    await it.settle({ open: 2, waiting: 1 });
    it.clock.advance(1000);
    expect((await sent.done).events).toEqual(['UPSTREAM_QUEUE_TIMEOUT']);
  });

  test('SETTINGS that allow more later', async () => {
    const it = await frameBench(
      {
        settings: Buffer.concat([Buffer.from([0, 3]), uint32(0)]),
        onRequest: (to, id) => to.write(frame(HEADERS, 5, id, block(':status', '204'))),
      },
      { pool: { poolSize: 1 } },
    );
    const sent = it.send();
    await it.settle({ waiting: 1 });
    it.backend.peers[0]!.write(
      frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 3]), uint32(5)])),
    );
    expect((await sent.done).events).toEqual(['head 204', 'end']);
  });

  test('an aborted request makes room at once', async () => {
    const it = await frameBench(
      {
        settings: Buffer.concat([Buffer.from([0, 3]), uint32(1)]),
        onRequest: (peer, id) => {
          if (id === 3) peer.write(frame(HEADERS, 5, id, block(':status', '204')));
        },
      },
      { pool: { poolSize: 1 } },
    );
    const [first, second] = [it.send(), it.send()];
    await it.settle({ active: 1, waiting: 1 });
    const [peer] = it.backend.peers;
    await peer!.until(({ type }) => type === HEADERS);
    first.abort();
    expect((await second.done).events).toEqual(['head 204', 'end']);
    const reset = await peer!.until(({ type }) => type === RST_STREAM);
    expect([reset.id, reset.payload.readUInt32BE()]).toEqual([1, 8]);
    expect(it.backend.connections).toBe(1);
  });

  test('all that wait for a connection are told that there is none', async () => {
    const it = await http2Bench(answer);
    await it.backend.close();
    const all = Array.from({ length: 5 }, () => it.send());
    for (const sent of all) expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT']);
    expect(it.counts).toMatchObject({ open: 0, active: 0, waiting: 0 });
  });

  test('abort of all before the connection stands: it is kept for the next', async () => {
    const it = await http2Bench(answer);
    for (const sent of [it.send(), it.send()]) sent.abort();
    await it.settle({ open: 1, idle: 1, active: 0 });
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(1);
  });

  test('abort of all before the connection stands, then close: it is closed', async () => {
    const it = await http2Bench(answer);
    it.send().abort();
    await it.pool.close();
    await it.settle({ open: 0, active: 0 });
    expect(it.counts).toMatchObject({ open: 0 });
  });
});

describe('the pool’s life', () => {
  test('connMaxIdleTime', async () => {
    const it = await http2Bench(answer, { pool: { connMaxIdleTime: 1000 } });
    await it.send().done;
    await it.settle({ idle: 1 });
    it.clock.advance(999);
    await it.send().done;
    await it.settle({ idle: 1 });
    it.clock.advance(999);
    expect(it.counts).toMatchObject({ open: 1 });
    it.clock.advance(1);
    await it.settle({ open: 0, idle: 0 });
    expect(it.backend.connections).toBe(1);
  });

  test('close: what was accepted ends, what is new is refused', async () => {
    const held: ServerHttp2Stream[] = [];
    const it = await http2Bench((stream) => held.push(stream));
    const sent = it.send();
    await it.until(() => held.length === 1);
    const closed = it.pool.close();
    expect((await it.send().done).events).toEqual(['UPSTREAM_CLOSED']);
    answer(held[0]!);
    expect((await sent.done).body).toBe('ok');
    await closed;
    expect(it.counts).toMatchObject({ open: 0 });
  });

  test('destroy: everything fails at once', async () => {
    const it = await http2Bench(() => {});
    const all = [it.send(), it.send()];
    await it.until(() => it.backend.sessions.length === 1);
    await it.pool.destroy();
    for (const sent of all) expect((await sent.done).events).toEqual(['UPSTREAM_CLOSED']);
  });

  test('one-shot: a connection for each request', async () => {
    const it = await http2Bench(answer, { via: { connection: 'one-shot' }, pool: { poolSize: 2 } });
    const all = Array.from({ length: 6 }, () => it.send());
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    expect(it.backend.connections).toBe(6);
    await it.settle({ open: 0 });
  });

  test('a session that does not answer PING is replaced (RFC 9113 §6.7)', async () => {
    const it = await frameBench({
      answersPing: false,
      onRequest: (peer, id) => {
        if (peer === it.backend.peers[1])
          peer.write(frame(HEADERS, 5, id, block(':status', '204')));
      },
    });
    const [first, second] = [it.send(), it.send(get(), { responseHeaderTimeout: 0 })];
    await it.until(
      () => it.backend.peers[0]?.frames.filter(({ type }) => type === HEADERS).length === 2,
    );
    it.clock.advance(5000);
    expect((await first.done).events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
    await it.backend.peers[0]!.until(({ type }) => type === PING);
    // Nothing is given to it meanwhile.
    expect((await it.send().done).events).toEqual(['head 204', 'end']);
    it.clock.advance(5000);
    expect((await second.done).events).toEqual(['UPSTREAM_RESET']);
    await it.settle({ open: 1, idle: 1 });
  });

  test('one that does is kept', async () => {
    let silent = true;
    const it = await frameBench(
      {
        onRequest: (peer, id) => {
          if (!silent) peer.write(frame(HEADERS, 5, id, block(':status', '204')));
        },
      },
      { pool: { poolSize: 1 } },
    );
    const first = it.send();
    await it.until(() => it.backend.peers[0]?.frames.some(({ type }) => type === HEADERS) === true);
    it.clock.advance(5000);
    expect((await first.done).events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
    silent = false;
    expect((await it.send().done).events).toEqual(['head 204', 'end']);
    expect(it.backend.connections).toBe(1);
    await it.settle({ open: 1, idle: 1 });
  });
});

describe('ALPN (RFC 9113 §3.2)', () => {
  const protocols = ['http1', 'http2'] as const;

  test('h2 is preferred', async () => {
    const it = await http2Bench(answer, {
      tls: true,
      pool: { protocols: [...protocols] },
      server: { allowHTTP1: true },
    });
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.sessions).toHaveLength(1);
  });

  test.each(['undici', 'direct'] as const)(
    'http/1.1 makes connections of one exchange at a time: %s',
    async (transport) => {
      let open = 0;
      let most = 0;
      const it = await http1Bench(
        (_, response) => {
          most = Math.max(most, ++open);
          setImmediate(() => {
            open--;
            response.end('one');
          });
        },
        { tls: true, pool: { protocols: [...protocols], poolSize: 3, transport } },
      );
      const all = Array.from({ length: 12 }, () => it.send());
      for (const sent of all) expect((await sent.done).body).toBe('one');
      expect(most).toBeLessThanOrEqual(3);
      expect(it.pool.stats().opened).toBeLessThanOrEqual(3);
      await it.settle({ idle: it.pool.stats().open, active: 0 });
      // The next burst opens what it needs at once.
      await Promise.all(Array.from({ length: 3 }, () => it.send().done));
      await it.settle({ open: 3, idle: 3 });
    },
  );

  test('a body survives the decision', async () => {
    const it = await http1Bench((request, response) => request.pipe(response), {
      tls: true,
      pool: { protocols: [...protocols] },
    });
    const body = Buffer.alloc(100_000, 'b');
    const sent = await it.send(get('/', { method: 'POST', body })).done;
    expect(sent.bytes).toBe(100_000);
  });

  test('["http2"] and a backend that speaks only HTTP/1.1', async () => {
    const it = await http1Bench((_, response) => response.end('one'), { tls: true });
    expect((await it.send().done).error?.code).toMatch(/^RIT_ERR_UPSTREAM_(TLS|PROTOCOL)$/);
    await it.settle({ open: 0 });
  });

  test('a certificate that does not verify', async () => {
    const it = await http2Bench(answer, { tls: true, pool: { tls: {} } });
    expect((await it.send().done).events).toEqual(['UPSTREAM_TLS']);
    await it.settle({ open: 0 });
    const lax = await http2Bench(answer, { tls: true, pool: { tls: {}, verifyTls: false } });
    expect((await lax.send().done).body).toBe('ok');
  });

  test.each([
    ['TLSv1.2', ['http2']],
    ['TLSv1.3', ['http2']],
    ['TLSv1.3', ['http1', 'http2']],
  ] as const)('a backend that wants a certificate of ours, %s, %j', async (version, offered) => {
    const it = await http2Bench(answer, {
      tls: true,
      server: {
        ca: testCertificates().ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      },
      pool: { protocols: [...offered] },
    });
    const sent = [it.send(), it.send(get('/', { method: 'POST', body: Buffer.alloc(100) }))];
    for (const one of sent) {
      expect((await one.done).events).toEqual(['UPSTREAM_TLS']);
      expect(one.error?.message).toMatch(/^TLS handshake with the backend failed: ERR_SSL_\S+$/);
    }
    await it.settle({ open: 0 });
  });

  test('["http1", "http2"] on http is HTTP/1.1', async () => {
    const it = await http1Bench((_, response) => response.end('one'), {
      pool: { protocols: [...protocols] },
    });
    expect((await it.send().done).body).toBe('one');
  });
});

describe('WebSocket', () => {
  test.each(['undici', 'direct'] as const)(
    'goes over HTTP/1.1, beside a session: %s',
    async (transport) => {
      const it = await http2Bench(answer, {
        tls: true,
        pool: { protocols: ['http1', 'http2'], transport, poolSize: 2 },
        server: { allowHTTP1: true },
      });
      const alpn: unknown[] = [];
      it.backend.server.on('upgrade', (request, socket: Duplex) => {
        alpn.push(request.socket.alpnProtocol);
        socket.on('error', () => {});
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
        );
      });
      await it.send().done;
      const sent = await it.upgrade().done;
      expect(sent.events).toEqual(['switch 101']);
      expect(alpn).toEqual(['http/1.1']);
      expect(it.counts).toMatchObject({ open: 1, switched: 1 });
      sent.socket!.on('error', () => {});
      sent.socket!.destroy();
      await it.settle({ switched: 0 });
    },
  );

  test('an idle session makes room for it', async () => {
    const it = await http2Bench(answer, {
      tls: true,
      pool: { protocols: ['http1', 'http2'], poolSize: 1 },
      server: { allowHTTP1: true },
    });
    it.backend.server.on('request', (request, response) => {
      if (request.httpVersion === '1.1') response.writeHead(403).end();
    });
    await it.send().done;
    await it.settle({ idle: 1 });
    const sent = await it.upgrade().done;
    expect(sent.events[0]).toBe('head 403');
    await turns(2);
    expect((await it.send().done).body).toBe('ok');
  });
});
