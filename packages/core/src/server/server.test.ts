import { constants } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectRaw, deferred, eventually, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, test, vi } from 'vitest';
import { echoTarget, Requests, request, useRig } from '../../test/server-rig.ts';
import {
  createHttpServer,
  HttpServer,
  type RequestListener,
  type ServerOptions,
} from '../index.ts';
import { resolveServerOptions } from '../internal-server.ts';

const start = useRig();

/** The timer that runs for an accepted connection, as `proc(5)` has it. */
function kernelTimer(local: number, remote: number): string | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((one) => one.includes(`:${hex(local)} 0100007F:${hex(remote)} `));
  return { '00': 'none', '01': 'retransmission', '02': 'keep-alive' }[
    line?.trim().split(/\s+/)[5]?.slice(0, 2) ?? ''
  ];
}

describe('listen', () => {
  test('a taken address is RIT_ERR_LISTEN, and the next try may succeed', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
    });
    const server = createHttpServer({}, echoTarget);
    const here = { host: '127.0.0.1', port };
    await expect(server.listen(here)).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      name: 'ConfigError',
      message: `cannot listen on 127.0.0.1:${port}: address already in use (EADDRINUSE)`,
      cause: { code: 'EADDRINUSE' },
    });
    await new Promise((resolve) => blocker.close(resolve));
    expect(await server.listen(here)).toMatchObject({ port });
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    await server.close({ timeout: 0 });
    expect(server.address()).toBe(null);
  });

  test('a burst of connections has room to wait in', async () => {
    const listening = vi.spyOn(Server.prototype, 'listen');
    const server = createHttpServer({}, echoTarget);
    await server.listen({ host: '127.0.0.1', port: 0 });
    expect(listening.mock.calls[0]?.[0]).toMatchObject({ backlog: 4096 });
    listening.mockRestore();
    await server.close({ timeout: 0 });
  });

  test('a second address is RIT_ERR_LISTEN, also before the first is had', async () => {
    const server = createHttpServer({}, echoTarget);
    const here = { host: 'localhost', port: 0 };
    const outcomes = await Promise.allSettled([server.listen(here), server.listen(here)]);
    const refused = expect.objectContaining({
      code: 'RIT_ERR_LISTEN',
      message: 'cannot listen on localhost:0: listen() was already called',
    });
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: server.address() },
      { status: 'rejected', reason: refused },
    ]);
    await expect(server.listen(here)).rejects.toEqual(refused);
    await server.close({ timeout: 0 });
  });

  test('a close that nobody can tell the time of closes nothing', async () => {
    const server = createHttpServer({}, echoTarget);
    await server.listen({ host: '127.0.0.1', port: 0 });
    await expect(server.close({ timeout: Number.NaN })).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: expect.stringMatching(/^invalid option timeout: NaN is not accepted/),
    });
    expect(server.address()).not.toBe(null);
    await server.close({ timeout: 0 });
  });

  const wrong: readonly [
    name: string,
    target: { port: number; host?: string } | { path: string },
  ][] = [
    ['a port out of range', { port: 65536 }],
    ['an address that is not ours', { port: 0, host: '192.0.2.1' }],
    ['a path that cannot be', { path: join(tmpdir(), 'no', 'such', 'folder', 'socket') }],
    ['a path too long', { path: `/tmp/${'x'.repeat(200)}` }],
  ];

  test.for(wrong)('%s', async ([, target]) => {
    const server = createHttpServer({}, echoTarget);
    await expect(server.listen(target)).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    await server.close({ timeout: 0 });
  });

  test('without a host on every address, IPv4 included', async () => {
    const server = createHttpServer({}, echoTarget);
    const { address, port } = (await server.listen({ port: 0 })) as AddressInfo;
    expect(['::', '0.0.0.0']).toContain(address);
    const client = await connectRaw({ port, host: '127.0.0.1' });
    client.send('GET /here HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.readResponse()).text).toContain('/here');
    await client.close();
    await server.close();
  });

  test.runIf(process.platform === 'linux')(
    'the kernel asks clients that are silent whether they are there',
    async () => {
      const server = createHttpServer({}, echoTarget);
      const { port } = (await server.listen({ port: 0, host: '127.0.0.1' })) as AddressInfo;
      const client = await connectRaw({ port });
      await eventually(() => server.stats().connections === 1, 'the connection');
      expect(kernelTimer(port, client.socket.localPort ?? 0)).toBe('keep-alive');
      await client.close();
      await server.close();
    },
  );

  test('closed while it begins to listen', async () => {
    const server = createHttpServer({}, echoTarget);
    const listening = server.listen({ port: 0, host: 'localhost' });
    const outcome = expect(listening).rejects.toMatchObject({ code: 'RIT_ERR_LISTEN' });
    await server.close({ timeout: 0 });
    await outcome;
    await eventually(() => server.address() === null, 'the server to stop listening');
  });

  test('invalid options are refused, all of them at once', () => {
    const options = { maxConnections: -1, requestHeaderTimeout: 'x', nonsense: 1 };
    expect(() => createHttpServer(options as never, echoTarget)).toThrow(
      expect.objectContaining({
        code: 'RIT_ERR_CONFIG',
        message: expect.stringMatching(
          /maxConnections[\s\S]*requestHeaderTimeout[\s\S]*nonsense|nonsense/,
        ),
      }),
    );
  });

  test('a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rit-'));
    const path = join(folder, 'socket');
    try {
      const requests = new Requests();
      const rig = await start(requests.listener, {}, { path });
      const client = await rig.client();
      client.send(request('GET /'));
      const { exchange } = await requests.next();
      expect([exchange.remoteAddress, exchange.encrypted]).toEqual(['', false]);
      exchange.respond(200, [], 'over a path');
      expect((await client.readResponse()).text).toBe('over a path');
      client.send(request('GET /cut'));
      const cut = await requests.next();
      cut.exchange.sendHead(200, '', [], null);
      cut.exchange.reset();
      await client.reader.whenGone();
      await rig.close();
      expect(existsSync(path)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('maxConnections: the excess is closed at accept', async () => {
  const rig = await start(echoTarget, { maxConnections: 2 });
  const first = await rig.client();
  await first.request(request('GET /'));
  const second = await rig.client();
  await second.request(request('GET /'));
  const third = await rig.client();
  await third.reader.whenGone();
  expect(third.bytesReceived).toBe(0);
  await eventually(() => rig.server.stats().totalDropped === 1, 'the drop to be counted');
  await first.close();
  await eventually(() => rig.server.stats().connections === 1, 'a free place');
  expect((await (await rig.client()).request(request('GET /'))).status).toBe(200);
});

describe('close', () => {
  test('again, once all is closed, starts no timer', async () => {
    const server = createHttpServer({}, echoTarget);
    await server.listen({ host: '127.0.0.1', port: 0 });
    await server.close();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await server.close();
    expect(timers).not.toHaveBeenCalled();
    timers.mockRestore();
  });

  test('idle connections at once, one that is answered after its response', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const fresh = await rig.client();
    const idle = await rig.client();
    idle.send(request('GET /'));
    (await requests.next()).exchange.respond(200, [], '');
    await idle.readResponse();
    const active = await rig.client();
    active.send(request('GET /active') + request('GET /too-late'));
    const { exchange } = await requests.next();
    const partial = await rig.client();
    partial.send(`${request('GET /whole')}GET /partial HTTP/1.1\r\n`);
    (await requests.next()).exchange.respond(200, [], '');
    await partial.readResponse();
    let closed = false;
    const closing = rig.server.close({ timeout: Number.POSITIVE_INFINITY }).then(() => {
      closed = true;
    });
    await fresh.expectFin();
    await idle.expectFin();
    await expect(connectRaw(rig.address)).rejects.toThrow();
    expect(closed).toBe(false);
    exchange.respond(200, [], 'last');
    const response = await active.readResponse();
    expect(response.text).toBe('last');
    expect(response.fields).toContainEqual(['connection', 'close']);
    await active.expectFin();
    partial.send('Host: a\r\n\r\n');
    (await requests.next()).exchange.respond(200, [], 'begun before');
    const begun = await partial.readResponse();
    expect(begun.text).toBe('begun before');
    expect(begun.fields).toContainEqual(['connection', 'close']);
    await partial.expectFin();
    await guarded(closing, 'the server to close');
    expect(requests.count).toBe(4);
  });

  /** Lets what was put off to the next tick happen, and nothing of the network. */
  const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

  test.each(['TCP', 'TLS', 'a Unix socket'])(
    '%s: who has connected before is served',
    async (over) => {
      const { server, ca } = testCertificates();
      const path = join(mkdtempSync(join(tmpdir(), 'reverseit-')), 'socket');
      const rig = await start(
        echoTarget,
        over === 'TLS' ? { tls: server } : {},
        over === 'a Unix socket' ? { path } : { port: 0 },
      );
      const tls = over === 'TLS' ? { tls: { ca, servername: 'localhost' } } : {};
      const answers = Array.from({ length: 20 }, async (_, nth) => {
        const client = await connectRaw({ ...rig.address, ...tls });
        const answer = await client.request(request(`GET /${nth}`));
        await client.expectFin();
        return [answer.text, answer.header('connection')];
      });
      // By then the kernel has connected all of them, and we have accepted none.
      await tick();
      expect(rig.server.stats().totalConnections).toBe(0);
      const closing = rig.server.close({ timeout: 60_000 });
      expect(rig.server.address()).toBe(null);
      expect(await Promise.all(answers)).toEqual(answers.map((_, nth) => [`/${nth}`, 'close']));
      await guarded(closing, 'the server to close');
      await expect(connectRaw(rig.address)).rejects.toThrow();
      expect(rig.server.stats()).toMatchObject({ totalConnections: 20, totalExchanges: 20 });
    },
  );

  test('at once, whoever is about to connect', async () => {
    const rig = await start(echoTarget);
    const connecting = connectRaw(rig.address).catch(() => null);
    await tick();
    const closing = rig.server.close({ timeout: 60_000 });
    rig.server.close({ timeout: 0 });
    await closing;
    expect(rig.server.stats().totalConnections).toBe(0);
    await (await connecting)?.close();
  });

  test('a response under way is finished, although its head promised to stay', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    const { exchange } = await requests.next();
    exchange.sendHead(200, '', [], null);
    exchange.write(Buffer.from('abc'));
    const closing = rig.server.close({ timeout: Number.POSITIVE_INFINITY });
    exchange.end();
    expect((await client.readResponse()).text).toBe('abc');
    await client.expectFin();
    await closing;
  });

  test('the deadline cuts what is left', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(request('GET /'));
    const recorder = await requests.next();
    const closing = rig.server.close({ timeout: 30 });
    expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_SHUTDOWN' });
    await guarded(closing, 'the server to close');
    await client.reader.whenGone();
  });

  test('the deadline ends a client that lingers', async () => {
    const rig = await start(echoTarget, { maxRequestsPerConnection: 1 });
    const client = await rig.client();
    await client.request(request('GET /'));
    await client.reader.takeAll();
    expect(rig.server.stats().connections).toBe(1);
    await guarded(rig.server.close({ timeout: 30 }), 'the server to close');
  });

  test('twice, without connections, and before listen', async () => {
    const rig = await start(echoTarget);
    const first = rig.server.close({ timeout: 1000 });
    expect(rig.server.close({ timeout: 0 })).toBe(first);
    await first;
    const server = createHttpServer({}, echoTarget);
    await server.close({ timeout: 1000 });
  });
});

describe('TLS', () => {
  const { key, cert } = testCertificates().server;
  const tls = { key, cert };
  const secure: RequestListener = (exchange) => {
    exchange.respond(200, [], `${exchange.encrypted} ${exchange.head.target}`);
  };

  test.each<[offer: string[] | undefined, chosen: string | false]>([
    [undefined, false],
    [['h2', 'http/1.1'], 'http/1.1'],
    [['http/1.0'], 'http/1.0'],
    [['http/1.0', 'http/1.1'], 'http/1.1'],
    [['http/0.9', 'http/1.0'], 'http/1.0'],
  ])('RFC 7301 §3.2: requests of a client that offers %j', async (offer, chosen) => {
    const rig = await start(secure, { tls });
    const { port } = rig.address as { port: number };
    const client = await connectRaw({
      port,
      tls: { rejectUnauthorized: false, ...(offer === undefined ? {} : { ALPNProtocols: offer }) },
    });
    expect((client.socket as TLSSocket).alpnProtocol).toBe(chosen);
    expect((await client.request(request('GET /1'))).text).toBe('true /1');
    expect((await client.request('GET /2 HTTP/1.0\r\n\r\n')).text).toBe('true /2');
    await client.expectFin();
    await eventually(() => rig.server.stats().connections === 0, 'the connection to end');
  });

  test('a graceful close resolves after the last TLS connection', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { tls });
    const { port } = rig.address as { port: number };
    const client = await connectRaw({ port, tls: { rejectUnauthorized: false } });
    client.send(request('GET /'));
    const { exchange } = await requests.next();
    const closing = rig.server.close({ timeout: Number.POSITIVE_INFINITY });
    exchange.respond(200, [], 'last');
    expect((await client.readResponse()).text).toBe('last');
    await client.expectFin();
    await guarded(closing, 'the server to close');
  });

  test.each(['h2', 'acme-tls/1', 'http/0.9'])(
    'RFC 7301 §3.2: a client that offers %s alone is refused with no_application_protocol',
    async (protocol) => {
      const rig = await start(secure, { tls });
      const { port } = rig.address as { port: number };
      await expect(
        connectRaw({ port, tls: { rejectUnauthorized: false, ALPNProtocols: [protocol] } }),
      ).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
    },
  );

  test.each([
    ['its own', tls],
    ['one by name', { certificates: [{ key, cert, names: ['localhost'] }] }],
    ['one with options of OpenSSL', { ...tls, secureOptions: constants.SSL_OP_NO_TICKET }],
  ])('RFC 9113 §9.2.1: no renegotiation, with a certificate that is %s', async (_, options) => {
    const rig = await start(secure, { tls: options });
    const { port } = rig.address as { port: number };
    const below = connect(port, '127.0.0.1');
    const client = connectTls({
      ...{ socket: below, servername: 'localhost', rejectUnauthorized: false },
      maxVersion: 'TLSv1.2',
    });
    await guarded(once(client, 'secureConnect'), 'the handshake');
    const renegotiated = deferred<Error | null>();
    client.on('error', renegotiated.resolve);
    client.renegotiate({}, (error) => renegotiated.resolve(error));
    const error = await guarded(renegotiated.promise, 'the end of the second handshake');
    expect(error).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    below.destroy();
  });

  /** A server and the errors that it reports. */
  async function reporting(options: ServerOptions) {
    const codes: string[] = [];
    const server = new HttpServer(resolveServerOptions({ tls, ...options }), secure, (error) => {
      codes.push(error.code);
    });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;
    return { server, codes, port };
  }

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'CONNECT'])(
    'plain HTTP on a TLS port is told so: %s',
    async (method) => {
      const { server, codes, port } = await reporting({});
      const client = await connectRaw({ port });
      const answer = await client.request(request(`${method} /`, ['X: '.padEnd(4000, 'x')]), {
        method: 'GET',
      });
      expect([answer.status, answer.header('connection'), answer.text]).toEqual([
        400,
        'close',
        'plain HTTP request on a TLS port: use https\n',
      ]);
      await client.expectFin();
      expect(codes).toEqual(['RIT_ERR_PLAIN_HTTP']);
      expect(server.stats()).toMatchObject({ totalExchanges: 0, totalRefusals: 1 });
      await guarded(server.close({ timeout: 60_000 }), 'the server to close');
    },
  );

  test('plain HTTP whose client does not read ends as well', async () => {
    const { server, port } = await reporting({});
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw({ port })));
    for (const client of clients) {
      client.pauseReading();
      client.send(request('POST /', ['Content-Length: 1000000']));
      client.send(Buffer.alloc(1_000_000));
    }
    await eventually(() => server.stats().totalRefusals === 20, 'the refusals');
    await guarded(server.close({ timeout: 60_000 }), 'the server to close');
    for (const client of clients) await client.close();
  });

  test('who connects to a TLS port and leaves is no failure', async () => {
    const { server, codes, port } = await reporting({});
    for (const how of ['end', 'reset'] as const) {
      const client = await connectRaw({ port });
      client[how]();
      await client.close();
    }
    await guarded(server.close({ timeout: 60_000 }), 'the server to close');
    expect(codes).toEqual([]);
  });

  test('a handshake that never ends: requestHeaderTimeout', async () => {
    const rig = await start(secure, { tls, requestHeaderTimeout: 50 });
    const client = await rig.client();
    await client.reader.whenGone();
    expect(client.bytesReceived).toBe(0);
  });

  test('a handshake that never ends does not hold close up', async () => {
    const rig = await start(secure, { tls });
    const client = await rig.client();
    client.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    await guarded(rig.server.close({ timeout: 30 }), 'the server to close');
    await client.reader.whenGone();
  });

  test('TLS on a plain port is a malformed request', async () => {
    const rig = await start(secure);
    const { port } = rig.address as { port: number };
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => socket.on('error', resolve));
    await eventually(() => rig.server.stats().totalRefusals === 1, 'the refusal');
    socket.destroy();
  });

  test('a client that leaves is noticed', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { tls });
    const { port } = rig.address as { port: number };
    for (const how of ['close', 'reset'] as const) {
      const client = await connectRaw({ port, tls: { rejectUnauthorized: false } });
      client.send(request('GET /'));
      const recorder = await requests.next();
      recorder.exchange.sendInterim(103, []);
      await client.reader.takeThrough('\r\n\r\n');
      if (how === 'reset') client.reset();
      else await client.close();
      expect(await recorder.aborted()).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
      await client.close();
    }
    await eventually(() => rig.server.stats().connections === 0, 'the connections to end');
  });
});
