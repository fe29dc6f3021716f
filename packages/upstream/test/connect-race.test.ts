/** Backends whose name has several addresses (RFC 8305). */
import { createServer } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { patternBytes } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test } from 'vitest';
import type { PoolOptions } from '../src/index.ts';
import { codedError, FakeNetwork, type Fate } from './fake-network.ts';
import { type Bench, bench, turn, turns } from './harness.ts';
import { type Http2Setup, http2Bench } from './http2-rig.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

const { ca, server: tls } = testCertificates();
const answer = (connection: OriginConnection) =>
  connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

const slow = '192.0.2.1';
const dead = '192.0.2.2';
const good = '192.0.2.3';

async function race(
  fates: Record<string, Fate>,
  { secure = false, pool = {} }: { secure?: boolean; pool?: PoolOptions } = {},
  onRequest = answer,
) {
  const network = new FakeNetwork(fates);
  const it = await bench(onRequest, {
    network,
    pool: { tls: { ca }, ...pool },
    origin: secure ? { tls } : {},
  });
  const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
  const send = (request = get()) => it.send(request, null, to);
  return { it, network, to, send };
}

/** Waits until so many connections have been tried. */
async function tried(network: FakeNetwork, count: number): Promise<void> {
  while (network.attempts.length < count) await turn();
}

const destroyed = ({ attempts }: FakeNetwork) => attempts.map(({ socket }) => socket.destroyed);

describe.each([
  ['TCP', false],
  ['TLS', true],
])('over %s', (_, secure) => {
  test('RFC 8305 §5: an attempt that is slow goes on, and wins a second later', async () => {
    const { it, network, send } = await race({ [slow]: 'waits', [dead]: 'waits' }, { secure });
    const sent = send();
    await tried(network, 1);
    it.clock.advance(249);
    expect(network.addresses).toEqual([slow]);
    it.clock.advance(1);
    expect(network.addresses).toEqual([slow, dead]);
    it.clock.advance(750);
    network.attempts[0]!.release();
    expect((await sent.done).body).toBe('ok');
    expect(destroyed(network)).toEqual([false, true]);
    expect(it.origin.connections).toHaveLength(1);
    await it.settle({ open: 1, idle: 1 });
    expect((await send().done).body).toBe('ok');
    expect(it.pool.stats()).toMatchObject({ opened: 1, reused: 1 });
  });

  test('RFC 8305 §5: the next one is tried after 250 ms, and wins', async () => {
    const { it, network, send } = await race({ [dead]: 'waits', [good]: 'connects' }, { secure });
    const sent = send();
    await tried(network, 1);
    it.clock.advance(250);
    expect((await sent.done).body).toBe('ok');
    expect(network.addresses).toEqual([dead, good]);
    expect(destroyed(network)).toEqual([true, false]);
  });

  test.each<Fate>(['refuses', 'throws'])(
    'RFC 8305 §5: where one %s, the next is tried at once',
    async (fate) => {
      const { network, send } = await race(
        { [dead]: fate, '192.0.2.9': fate, [good]: 'connects' },
        { secure },
      );
      expect((await send().done).body).toBe('ok');
      expect(network.addresses.at(-1)).toBe(good);
    },
  );

  test('one address: one connection, and no other is ever tried', async () => {
    const { it, network, send } = await race({ '127.0.0.1': 'connects' }, { secure });
    expect((await send().done).body).toBe('ok');
    it.clock.advance(1000);
    // TLS connects by itself, as it did.
    expect(network.addresses).toEqual(secure ? [] : ['127.0.0.1']);
    expect(it.origin.connections).toHaveLength(1);
  });

  test('all fail: one error, which counts them and names the last', async () => {
    const { it, network, send } = await race({ [dead]: 'refuses', [slow]: 'waits' }, { secure });
    const sent = send();
    await tried(network, 2);
    network.attempts[1]!.socket.destroy(codedError('EHOSTUNREACH'));
    expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT']);
    const { message, cause, status } = sent.error!;
    expect(message).toBe(
      'backend cannot be reached: all 2 addresses failed, the last with EHOSTUNREACH',
    );
    expect((cause as AggregateError).errors).toMatchObject([
      { code: 'ECONNREFUSED' },
      { code: 'EHOSTUNREACH' },
    ]);
    expect(status).toBe(502);
    await it.settle({ open: 0 });
  });

  test('connectTimeout bounds them all', async () => {
    const { it, network, send } = await race({ [dead]: 'waits', [slow]: 'waits' }, { secure });
    const sent = send();
    await tried(network, 1);
    it.clock.advance(250);
    it.clock.advance(4750);
    expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT_TIMEOUT']);
    expect(destroyed(network)).toEqual([true, true]);
    await it.settle({ open: 0 });
  });

  test('destroy while several are tried', async () => {
    const { it, network, send } = await race({ [dead]: 'waits', [slow]: 'waits' }, { secure });
    const sent = send();
    await tried(network, 1);
    it.clock.advance(250);
    await it.pool.destroy();
    expect(destroyed(network)).toEqual([true, true]);
    expect(sent.events).toEqual(['UPSTREAM_CLOSED']);
    await it.settle({ open: 0 });
    expect(it.clock.timers.size).toBe(0);
  });

  test('abort while several are tried: the winner is kept', async () => {
    const { it, network, send } = await race({ [dead]: 'waits', [slow]: 'waits' }, { secure });
    const sent = send();
    await tried(network, 1);
    it.clock.advance(250);
    sent.abort();
    network.attempts[1]!.release();
    await it.settle({ open: 1, idle: 1, active: 0 });
    expect(destroyed(network)).toEqual([true, false]);
    expect(sent.events).toEqual([]);
    expect((await send().done).body).toBe('ok');
    expect(it.origin.connections).toHaveLength(1);
  });

  test('abort during the look-up: the connection is kept', async () => {
    const { it, network, send } = await race({ [dead]: 'refuses', [good]: 'connects' }, { secure });
    network.isHeld = true;
    send().abort();
    expect(it.counts).toMatchObject({ open: 1, active: 0 });
    network.answer();
    await it.settle({ open: 1, idle: 1 });
  });

  test.each(['destroy', 'time out'] as const)('%s during the look-up', async (how) => {
    const { it, network, send } = await race({ [dead]: 'waits', [slow]: 'waits' }, { secure });
    network.isHeld = true;
    send();
    expect(it.counts).toMatchObject({ open: 1, active: 1 });
    if (how === 'destroy') await it.pool.destroy();
    else it.clock.advance(5000);
    await turns(2);
    expect(it.counts).toMatchObject({ open: 0, active: 0 });
    network.answer();
    await turns(2);
    expect(network.attempts).toEqual([]);
  });

  test('errors of DNS are what they were', async () => {
    const { it, network, send } = await race({}, { secure });
    network.error = codedError('ENOTFOUND', { syscall: 'getaddrinfo' });
    expect((await send().done).events).toEqual(['UPSTREAM_DNS']);
    network.error = null;
    expect((await send().done).events).toEqual(['UPSTREAM_DNS']);
    await it.settle({ open: 0 });
  });

  test('a burst: each connection is raced for by itself, and poolSize holds', async () => {
    const { it, network, send } = await race(
      { [dead]: 'refuses', [good]: 'connects' },
      { secure, pool: { poolSize: 3 } },
    );
    const all = Array.from({ length: 12 }, () => send());
    expect(it.counts).toMatchObject({ open: 3, waiting: 9 });
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    expect(it.origin.mostOpen).toBe(3);
    expect(network.addresses.filter((address) => address === good)).toHaveLength(3);
  });

  test('long content over the winner', async () => {
    const content = patternBytes(3_000_000).toString('latin1');
    const { network, send } = await race(
      { [dead]: 'refuses', [good]: 'connects' },
      { secure },
      (connection) => {
        connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n${content}`);
      },
    );
    for (let i = 0; i < 2; i++) {
      const sent = await send().done;
      expect([sent.bytes, sent.events.at(-1)]).toEqual([content.length, 'end']);
      await turns(3);
    }
    // Plain sockets read into buffers of ours, whichever wins.
    expect(network.attempts.map(({ readsInto }) => readsInto)).toEqual([!secure, !secure]);
  });
});

test.each([
  ['2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2', '2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2'],
  ['192.0.2.1 2001:db8::1 2001:db8::2', '192.0.2.1 2001:db8::1 2001:db8::2'],
  ['192.0.2.3 192.0.2.1 192.0.2.2', '192.0.2.3 192.0.2.1 192.0.2.2'],
])('RFC 8305 §4: families in turn, the resolver’s order within each: %s', async (given, order) => {
  const fates = given.split(' ').map((address): [string, Fate] => [address, 'refuses']);
  const { network, send } = await race(Object.fromEntries(fates));
  expect((await send().done).events).toEqual(['UPSTREAM_CONNECT']);
  expect(network.addresses).toEqual(order.split(' '));
});

test('an address or a unix socket is not looked up', async () => {
  const network = new FakeNetwork({ '127.0.0.1': 'connects' });
  const it = await bench(answer, { network });
  expect((await it.send().done).body).toBe('ok');
  expect(network.lookups).toEqual([]);
});

describe('TLS over the winner', () => {
  const fates: Record<string, Fate> = { [dead]: 'refuses', [good]: 'connects' };

  test('SNI and certificate are those of the name (RFC 6066 §3)', async () => {
    const { it, send } = await race(fates, { secure: true });
    expect((await send().done).body).toBe('ok');
    expect((it.origin.connections[0]!.socket as TLSSocket).servername).toBe('localhost');
  });

  test('a certificate of another name is refused, and the connection closed', async () => {
    const { it, send } = await race(fates, {
      secure: true,
      pool: { tls: { ca, servername: 'other.example' } },
    });
    expect((await send().done).events).toEqual(['UPSTREAM_TLS']);
    await it.settle({ open: 0 });
    await it.origin.untilAllClosed();
  });

  test('sessions are resumed', async () => {
    const { it, send } = await race(fates, { secure: true });
    const resumed: boolean[] = [];
    it.origin.server.on('secureConnection', (socket: TLSSocket) => {
      resumed.push(socket.isSessionReused());
    });
    for (let i = 0; i < 2; i++) {
      expect((await send().done).body).toBe('ok');
      it.origin.connections[i]!.socket.destroy();
      await it.settle({ open: 0 });
    }
    expect(resumed).toEqual([false, true]);
  });

  test.each(['fin', 'reset'] as const)(
    'a backend that leaves in the handshake: %s',
    async (how) => {
      const server = createServer();
      server.on('connection', (socket) => {
        if (how === 'fin') socket.end();
        else socket.once('data', () => socket.resetAndDestroy());
      });
      const { it } = await race(fates);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const sent = it.send(get(), null, it.pool.origin(`https://localhost:${port}`));
      expect((await sent.done).events).toEqual(['UPSTREAM_TLS']);
      await it.settle({ open: 0 });
      await new Promise((resolve) => server.close(resolve));
    },
  );

  test('connectTimeout includes the handshake', async () => {
    const server = createServer();
    const accepted = new Promise((resolve) => server.once('connection', resolve));
    const { it } = await race(fates);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const sent = it.send(get(), null, it.pool.origin(`https://localhost:${port}`));
    await accepted;
    it.clock.advance(5000);
    expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT_TIMEOUT']);
    await it.settle({ open: 0 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe.each([
  ['h2c', false],
  ['TLS', true],
])('HTTP/2 over %s', (_, secure) => {
  const start = async (fates: Record<string, Fate>, pool: PoolOptions = {}) => {
    const network = new FakeNetwork(fates);
    const setup: Http2Setup = { tls: secure, network, pool };
    const it = await http2Bench((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }, setup);
    const to = it.pool.origin(it.backend.url.replace('127.0.0.1', 'localhost'));
    return { it, network, to };
  };

  test('a burst goes over one connection, to the address that is slow', async () => {
    const { it, network, to } = await start({ [slow]: 'waits', [dead]: 'waits' });
    const all = Array.from({ length: 5 }, () => sendTo(it, to));
    await tried(network, 1);
    it.clock.advance(250);
    it.clock.advance(750);
    expect(network.addresses).toEqual([slow, dead]);
    network.attempts[0]!.release();
    for (const sent of all) expect((await sent.done).body).toBe('ok');
    expect(it.backend.connections).toBe(1);
    expect(destroyed(network)).toEqual([false, true]);
  });

  test('all fail', async () => {
    const { it, to } = await start({ [slow]: 'refuses', [dead]: 'refuses' });
    const all = Array.from({ length: 3 }, () => sendTo(it, to));
    for (const sent of all) expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT']);
    await it.settle({ open: 0 });
  });

  test('destroy while several are tried, and during the look-up', async () => {
    const { it, network, to } = await start({ [slow]: 'waits', [dead]: 'waits' });
    sendTo(it, to);
    await tried(network, 1);
    network.isHeld = true;
    const late = sendTo(it, it.pool.origin(it.backend.url.replace('127.0.0.1', 'other.test')));
    await it.pool.destroy();
    network.answer();
    await turns(2);
    expect(late.events).toEqual(['UPSTREAM_CLOSED']);
    expect(destroyed(network)).toEqual([true]);
  });

  test.runIf(secure)('ALPN decides for HTTP/1.1: the winner goes on', async () => {
    const network = new FakeNetwork({ [dead]: 'refuses', [good]: 'connects' });
    const it = await bench(answer, {
      network,
      pool: { tls: { ca }, protocols: ['http1', 'http2'] },
      origin: { tls },
    });
    const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
    expect((await it.send(get(), null, to).done).body).toBe('ok');
    expect(it.origin.connections).toHaveLength(1);
  });
});

function sendTo(
  it: Awaited<ReturnType<typeof http2Bench>>,
  to: Bench['to'],
): ReturnType<Bench['send']> {
  return it.send(get(), {}, to);
}

test('the machine’s own network: localhost, on whichever family it listens', async () => {
  const it = await bench(answer);
  const to = it.pool.origin(it.origin.url.replace('127.0.0.1', 'localhost'));
  expect((await it.send(get(), null, to).done).body).toBe('ok');
  expect(it.pool.stats().opened).toBe(1);
});
