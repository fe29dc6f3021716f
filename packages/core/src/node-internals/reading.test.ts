import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { eventually, turn } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { afterEach, describe, expect, test } from 'vitest';
import { allowReading, pauseReading, resumeReading, stopReading } from './reading.ts';
import { usesNodeInternals } from './switch.ts';

const open: { destroy?(): unknown; close?(): unknown }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) (item.destroy ?? item.close)?.call(item);
});

const { server: certificate, ca } = testCertificates();

const kinds = {
  plain: [
    () => createServer(),
    'connection',
    (port: number) => connect({ port, host: '127.0.0.1' }),
  ],
  TLS: [
    () => createTlsServer(certificate),
    'secureConnection',
    (port: number) => connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' }),
  ],
} as const;

describe.each(Object.entries(kinds))('a %s socket', (_, [listen, event, dial]) => {
  /** One that has read a first byte, by its events. */
  async function setUp(): Promise<{ client: Socket; socket: Socket; read: () => number }> {
    const server = listen();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = dial((server.address() as AddressInfo).port);
    const [socket] = (await once(server, event)) as [Socket];
    open.push(server, client, socket);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    client.write('x');
    await eventually(() => bytes === 1, 'the first byte');
    return { client, socket, read: () => bytes };
  }

  // The canary: on a version of Node whose handles are others, it reads on.
  test.runIf(usesNodeInternals)('reads nothing after a pause, and goes on', async () => {
    const { client, socket, read } = await setUp();
    pauseReading(socket);
    await new Promise<void>((resolve) => client.write('abc', () => resolve()));
    for (let i = 0; i < 5; i++) await turn();
    expect([socket.readableLength, read()]).toEqual([0, 1]);
    resumeReading(socket);
    await eventually(() => read() === 4, 'the rest');
  });

  test('nothing is lost, however often it stops and goes on', async () => {
    const { client, socket, read } = await setUp();
    const total = 1_000_000;
    client.write(Buffer.alloc(total));
    while (read() < total + 1) {
      pauseReading(socket);
      pauseReading(socket);
      await turn();
      resumeReading(socket);
      await turn();
    }
    expect(read()).toBe(total + 1);
  });

  test('its handle is stopped and started beside its stream', async () => {
    const { client, socket, read } = await setUp();
    stopReading(socket);
    expect(socket.isPaused()).toBe(false);
    client.write('abc');
    allowReading(socket);
    await eventually(() => read() === 4, 'the rest');
  });
});

test('another stream than a socket is paused and resumed', async () => {
  const stream = new PassThrough();
  stream.on('data', () => {});
  pauseReading(stream);
  expect(stream.isPaused()).toBe(true);
  resumeReading(stream);
  expect(stream.isPaused()).toBe(false);
});
