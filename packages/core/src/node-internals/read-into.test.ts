import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { afterEach, expect, test } from 'vitest';
import { letReadInto } from './read-into.ts';

const open: { destroy?(): unknown; close?(): unknown }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) (item.destroy ?? item.close)?.call(item);
});

async function accepted(server: Server, event: string, dial: (port: number) => Socket) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = dial((server.address() as AddressInfo).port);
  const [socket] = (await once(server, event)) as [Socket];
  open.push(server, client, socket);
  return { client, socket };
}

const plain = () =>
  accepted(createServer({ allowHalfOpen: true }), 'connection', (port) =>
    connect({ port, host: '127.0.0.1' }),
  );

test('an accepted socket reads into the buffers that it is given, and needs no data events', async () => {
  const { client, socket } = await plain();
  const buffers = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)];
  const reads: string[] = [];
  let nth = 0;
  const done = new Promise<void>((resolve) => {
    const callback = (length: number): boolean => {
      reads.push((buffers[nth++] as Buffer).toString('latin1', 0, length));
      if (reads.join('').length === 10) resolve();
      return true;
    };
    expect(letReadInto(socket, { buffer: () => buffers[nth] as Buffer, callback })).toBe(true);
  });
  client.end('0123456789');
  await done;
  expect(reads).toEqual(['0123', '4567', '89']);
  expect(socket.bytesRead).toBe(10);
  await once(socket, 'end');
});

test('pause and resume stop it and let it go on, and an answer of false stops it', async () => {
  const { client, socket } = await plain();
  const buffer = Buffer.alloc(1);
  let text = '';
  let last = '';
  let reached = (): void => {};
  const until = (wanted: string) => {
    last = wanted;
    return new Promise<void>((resolve) => {
      reached = resolve;
    });
  };
  const callback = (): boolean => {
    const letter = buffer.toString('latin1');
    text += letter;
    if (letter === 'b') socket.pause();
    if (letter === last) reached();
    return letter !== 'd';
  };
  letReadInto(socket, { buffer: () => buffer, callback });
  let reading = until('b');
  client.write('abcdef');
  for (const [stop, goOn] of [
    ['b', 'd'],
    ['d', 'f'],
  ] as const) {
    await reading;
    // A turn of the event loop in which it could have read.
    await new Promise((resolve) => setImmediate(resolve));
    expect(text.endsWith(stop)).toBe(true);
    reading = until(goOn);
    socket.resume();
  }
  await reading;
  expect(text).toBe('abcdef');
});

test('a TLS socket is left as it is', async () => {
  const { server, ca } = testCertificates();
  const { socket } = await accepted(createTlsServer(server), 'secureConnection', (port) =>
    connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' }),
  );
  expect(letReadInto(socket, { buffer: () => Buffer.alloc(1), callback: () => true })).toBe(false);
});

test('and so is one that has read already, or is none of Node’s', async () => {
  const { client, socket } = await plain();
  const into = { buffer: () => Buffer.alloc(1), callback: () => true };
  client.write('x');
  await once(socket, 'readable');
  expect(letReadInto(socket, into)).toBe(false);
  const other = new Duplex({ read() {}, write() {} });
  expect(letReadInto(other as Socket, into)).toBe(false);
});
