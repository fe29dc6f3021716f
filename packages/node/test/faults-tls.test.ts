/** A client of a TLS listener fails in the handshake or after it. */
import { connect } from 'node:net';
import { deferred, eventually, guarded, type RawClient } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { expectPrompt, fine, get, head, post, type Rig, useRig } from './fault-rig.ts';

useCensus();
const rig = useRig();
const { ca, server } = testCertificates();
const soon = 150;

const startTls = (proxy: Partial<ReverseItOptions> = {}): Promise<Rig> =>
  rig({ proxy: { tls: server, ...proxy } });
const secure = (rig: Rig): Promise<RawClient> =>
  rig.client({ tls: { ca, servername: 'localhost' } });

const socketsNow = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** The sockets of a broken handshake are no connections yet: they are counted one by one. */
async function expectSockets(count: number): Promise<void> {
  await eventually(
    () => socketsNow() === count,
    () => `${count} sockets; there are ${socketsNow()}`,
    2000,
  );
}

/** The first flight of a client, to be sent in part. */
async function clientHello(): Promise<Buffer> {
  const running = await rig({ scheme: 'https' });
  const client = await running.client();
  client.send(get());
  const backend = await running.backend();
  await backend.reader.whenReceived(100);
  return backend.received;
}

const beginnings = [
  ['without a byte', (_: Buffer) => ''],
  ['inside the record header', (hello: Buffer) => hello.subarray(0, 3)],
  ['inside the ClientHello', (hello: Buffer) => hello.subarray(0, 60)],
  ['after the ClientHello', (hello: Buffer) => hello],
] as const;

describe.each(beginnings)('in the handshake, %s, the client', (_, part) => {
  it.each(['FIN', 'RST'])('leaves with %s: nothing stays', async (how) => {
    const running = await startTls();
    const bytes = part(await clientHello());
    const before = socketsNow();
    const client = await running.client();
    await client.write(bytes);
    await eventually(() => socketsNow() >= before + 2, 'the accept');
    if (how === 'RST') client.reset();
    await client.close();
    await expectSockets(before);
    await running.expectQuiet();
  });

  it('ends its sending side: nothing stays', async () => {
    const running = await startTls();
    const bytes = part(await clientHello());
    const before = socketsNow();
    const client = await running.client();
    await client.write(bytes);
    client.end();
    await expectPrompt(client.reader.whenGone(), 'the end');
    await client.close();
    await expectSockets(before);
    await running.expectQuiet();
  });

  it('stalls: it is closed by requestHeaderTimeout', async () => {
    const running = await startTls({ requestHeaderTimeout: soon });
    const bytes = part(await clientHello());
    const before = socketsNow();
    const client = await running.client();
    await client.write(bytes);
    await client.reader.whenGone();
    await client.close();
    await expectSockets(before);
    await running.expectQuiet();
  });

  it.each([0, soon])('is cut when the proxy is closed with a timeout of %i', async (timeout) => {
    const running = await startTls();
    const bytes = part(await clientHello());
    const before = socketsNow();
    const client = await running.client();
    await client.write(bytes);
    await eventually(() => socketsNow() >= before + 2, 'the accept');
    await guarded(running.proxy.close({ timeout }), 'the close');
    await client.reader.whenGone();
  });
});

describe('in the handshake', () => {
  it.each([
    ['plain HTTP', get()],
    ['noise', '\x16\x03\x01\xff\xff\xff\xff'],
  ])('%s ends the connection, and the next client is served', async (_, bytes) => {
    const running = await startTls();
    const before = socketsNow();
    const client = await running.client();
    client.send(bytes);
    await expectPrompt(client.reader.whenGone(), 'the end');
    await client.close();
    await expectSockets(before);
    const honest = await secure(running);
    honest.send(get());
    const backend = await running.backend();
    await backend.expectRequest();
    await backend.send(fine);
    expect((await honest.readResponse()).text).toBe('fine');
  });

  it('hundreds that come and go leave nothing', async () => {
    const running = await startTls();
    const before = socketsNow();
    const gone = Array.from({ length: 300 }, (_, i) => {
      const done = deferred();
      const socket = connect({ port: running.port, host: '127.0.0.1' }, () => {
        if (i % 3 === 0) socket.write('\x16\x03\x01');
        if (i % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      });
      socket.on('error', () => {}).on('close', () => done.resolve());
      return done.promise;
    });
    await Promise.all(gone);
    await expectSockets(before);
    await running.expectQuiet();
  });
});

describe('after the handshake, the client', () => {
  const stages: readonly [string, (rig: Rig, client: RawClient) => Promise<unknown>][] = [
    ['without a byte', async () => {}],
    ['inside the head', (_, client) => client.write('GET / HTTP/1.1\r\nhost: ')],
    ['inside its body', (_, client) => client.write(`${post('/', 'content-length: 10')}half`)],
    [
      'waiting for the head',
      async (rig, client) => {
        client.send(get());
        await (await rig.backend()).expectRequest();
      },
    ],
    [
      'inside the content',
      async (rig, client) => {
        client.send(get());
        const backend = await rig.backend();
        await backend.expectRequest();
        await backend.send(`${head('content-length: 8')}half`);
        await client.reader.takeThrough('half');
      },
    ],
  ];

  it.each(
    stages.flatMap(([name, reach]) =>
      (['FIN', 'RST', 'close_notify'] as const).map((how) => ({ name, how, reach })),
    ),
  )('$name, leaves with $how', async ({ how, reach }) => {
    const running = await startTls();
    const client = await secure(running);
    await reach(running, client);
    const [backend] = running.origin.connections;
    if (how === 'RST') {
      client.reset();
      await client.reader.whenClosed();
    } else if (how === 'close_notify') client.end();
    await client.close();
    if (backend !== undefined)
      await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    await running.expectQuiet();
    await running.expectEmptyPool();
  });

  it('ends its sending side and gets its response', async () => {
    const running = await startTls();
    const client = await secure(running);
    client.send(get());
    client.end();
    const backend = await running.backend();
    await backend.expectRequest();
    await backend.send(head('content-length: 8'));
    await client.readHead();
    await backend.send('all fine');
    expect((await client.readUntilEnd()).toString()).toBe('all fine');
  });
});

describe('plain HTTP on a TLS port', () => {
  it('is told so, and reported', async () => {
    const codes: unknown[] = [];
    const lines: string[] = [];
    const log = (_: object, message: string): void => void lines.push(message);
    const silent = (): void => {};
    const running = await startTls({
      logger: { debug: silent, info: silent, warn: log, error: silent },
      onError: (error, record) => void codes.push([error.code, record]),
    });
    const client = await running.client();
    const answer = await client.request(get());
    expect([answer.status, answer.text]).toEqual([
      400,
      'plain HTTP request on a TLS port: use https\n',
    ]);
    await client.expectFin();
    expect(codes).toEqual([['RIT_ERR_PLAIN_HTTP', null]]);
    expect(lines).toEqual(['plain HTTP request on a TLS port: use https']);
    await running.expectQuiet();
  });
});
