import { createServer } from 'node:net';
import { connectRaw, eventually, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { freePort } from '@reverseit/test-servers/free-port';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, test } from 'vitest';
import { request } from '../../../test/server-rig.ts';
import { HttpServer, type RequestListener, type ServerOptions } from '../../index.ts';
import { resolveServerOptions } from '../../internal-server.ts';

useCensus();
const use = useCleanup();
const { server: tls } = testCertificates();
const loopback = { host: '127.0.0.1', port: 0 } as const;

const named =
  (name: string): RequestListener =>
  (exchange) =>
    exchange.respond(200, [], `${name} ${exchange.encrypted} ${exchange.head.target}`);

/** A server with a listener for each set of options, which answers by its number. */
async function serverOf(...options: ServerOptions[]) {
  const rules = options.map((one, nth) => ({
    options: resolveServerOptions(one),
    listener: named(`#${nth}`),
  }));
  const server = new HttpServer(rules, named('nobody'));
  use({ close: () => server.close({ timeout: 0 }) });
  await server.listen(options.map(() => loopback));
  const ports = server
    .addresses()
    .map((address) => (typeof address === 'string' ? 0 : address.port));
  return { server, ports, rules };
}

const client = async (port: number | undefined, secure = false) =>
  use(
    await connectRaw({
      port: port ?? 0,
      ...(secure ? { tls: { rejectUnauthorized: false } } : {}),
    }),
  );

describe('several listeners', () => {
  test('each has its own TLS, limits and figures; totals are of all', async () => {
    const { server, ports } = await serverOf({}, { tls }, { maxConnections: 1 });
    const plain = await client(ports[0]);
    expect((await plain.request(request('GET /a'))).text).toBe('#0 false /a');
    const secure = await client(ports[1], true);
    expect((await secure.request(request('GET /b'))).text).toBe('#1 true /b');
    expect((await secure.request(request('GET /c'))).text).toBe('#1 true /c');
    const only = await client(ports[2]);
    expect((await only.request(request('GET /d'))).text).toBe('#2 false /d');
    const excess = await client(ports[2]);
    await excess.reader.whenGone();
    await eventually(() => server.stats().totalDropped === 1, 'the drop to be counted');
    expect(server.address()).toEqual(server.addresses()[0]);
    expect(server.stats()).toMatchObject({
      connections: 3,
      totalConnections: 3,
      totalExchanges: 4,
      totalDropped: 1,
      listeners: [
        { address: { port: ports[0] }, connections: 1, totalExchanges: 1, totalDropped: 0 },
        { address: { port: ports[1] }, connections: 1, totalExchanges: 2, totalDropped: 0 },
        { address: { port: ports[2] }, connections: 1, totalExchanges: 1, totalDropped: 1 },
      ],
    });
    await Promise.all([plain, secure, only].map((one) => one.close()));
  });

  test('one address that cannot be had: none listens, and the next try may succeed', async () => {
    const blocker = createServer();
    use({ close: () => new Promise((resolve) => blocker.close(resolve)) });
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
    });
    const options = resolveServerOptions({});
    const rules = [
      { options, listener: named('a') },
      { options, listener: named('b') },
    ];
    const server = new HttpServer(rules, named('nobody'));
    use({ close: () => server.close({ timeout: 0 }) });
    await expect(server.listen([loopback, { host: '127.0.0.1', port }])).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      message: `cannot listen on 127.0.0.1:${port}: address already in use (EADDRINUSE)`,
    });
    expect([server.address(), server.addresses()]).toEqual([null, []]);
    await server.listen([loopback, loopback]);
    expect(server.addresses()).toHaveLength(2);
    await expect(server.listen([loopback, loopback])).rejects.toMatchObject({
      message: 'cannot listen on 127.0.0.1:0, 127.0.0.1:0: listen() was already called',
    });
  });

  test('every address of IPv4 and of IPv6, at one port', async ({ skip }) => {
    const rules = ['four', 'six'].map((name) => ({
      options: resolveServerOptions({}),
      listener: named(name),
    }));
    const server = new HttpServer(rules, named('nobody'));
    use({ close: () => server.close({ timeout: 0 }) });
    const port = await freePort();
    try {
      await server.listen([
        { host: '0.0.0.0', port },
        { host: '::', port },
      ]);
    } catch (error) {
      skip(`no IPv6 on this machine: ${String(error)}`);
    }
    for (const [host, name] of [
      ['127.0.0.1', 'four'],
      ['::1', 'six'],
    ] as const) {
      const one = use(await connectRaw({ host, port }));
      expect((await one.request(request('GET /'))).text).toBe(`${name} false /`);
      await one.close();
    }
  });

  test('a path that is too long', async () => {
    const server = new HttpServer(resolveServerOptions({}), named('one'));
    const path = `/tmp/${'x'.repeat(150)}`;
    const room = process.platform === 'linux' ? 107 : 103;
    await expect(server.listen({ path })).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      message: `cannot listen on unix:${path}: the path is too long for a Unix socket; ${room} bytes fit`,
    });
    await server.close();
  });

  test('as many addresses as listeners', async () => {
    const server = new HttpServer(resolveServerOptions({}), named('one'));
    await expect(server.listen([loopback, loopback])).rejects.toMatchObject({
      code: 'RIT_ERR_LISTEN',
      message: 'cannot listen: expected 1 addresses, one for each listener',
    });
    await server.close();
  });

  test('an update changes each by its own rules, or none of them', async () => {
    const { server, ports, rules } = await serverOf({}, { tls });
    const held = await client(ports[0]);
    await held.request(request('GET /before'));
    const [first, second] = rules;
    if (first === undefined || second === undefined) throw new Error('two rules');
    const bad = { ...second, options: { ...second.options, tls: { ...tls, minVersion: 'none' } } };
    expect(() => server.update([{ ...first, listener: named('new') }, bad as never])).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG' }),
    );
    expect((await held.request(request('GET /kept'))).text).toBe('#0 false /kept');
    const onePerConnection = { ...second.options, maxRequestsPerConnection: 1 };
    server.update([
      { ...first, listener: named('new') },
      { ...second, options: onePerConnection },
    ]);
    expect((await held.request(request('GET /new'))).text).toBe('new false /new');
    const secure = await client(ports[1], true);
    const answer = await secure.request(request('GET /last'));
    expect([answer.text, answer.header('connection')]).toEqual(['#1 true /last', 'close']);
    await held.close();
    await secure.close();
  });

  test('close waits for the connections of all', async () => {
    const { server, ports } = await serverOf({}, {});
    const idle = await client(ports[0]);
    const inside = await client(ports[1]);
    inside.send('GET /late HTTP/1.1\r\n');
    await eventually(() => server.stats().connections === 2, 'both connections');
    await idle.request(request('GET /'));
    const closing = server.close({ timeout: 60_000 });
    expect(server.addresses()).toEqual([]);
    await idle.expectFin();
    await idle.close();
    inside.send('Host: a\r\n\r\n');
    const answer = await inside.readResponse();
    expect([answer.text, answer.header('connection')]).toEqual(['#1 false /late', 'close']);
    await inside.close();
    await guarded(closing, 'the server to close');
  });

  test('areOver asks all of them', async () => {
    const finish: (() => void)[] = [];
    const options = resolveServerOptions({});
    const waits: RequestListener = (exchange) => {
      exchange.handler = { onBody() {}, onBodyEnd() {}, onDrain() {}, onAbort() {} };
      finish.push(() => exchange.respond(200, [], 'done'));
    };
    const rules = [
      { options, listener: named('a') },
      { options, listener: waits },
    ];
    const server = new HttpServer(rules, named('nobody'));
    use({ close: () => server.close({ timeout: 0 }) });
    await server.listen([loopback, loopback]);
    const [, address] = server.addresses();
    const waiting = await client(typeof address === 'object' ? address.port : 0);
    waiting.send(request('GET /'));
    await eventually(() => finish.length === 1, 'the request');
    expect([server.areOver(0), server.areOver(1)]).toEqual([true, false]);
    finish[0]?.();
    await waiting.readResponse();
    expect(server.areOver(1)).toBe(true);
    await waiting.close();
  });
});
