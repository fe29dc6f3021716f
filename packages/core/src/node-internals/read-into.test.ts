import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { afterEach, describe, expect, test } from 'vitest';
import { letReadInto } from './read-into.ts';
import { usesNodeInternals } from './switch.ts';

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

const { server: certificate, ca } = testCertificates();

const kinds = {
  plain: () =>
    accepted(createServer({ allowHalfOpen: true }), 'connection', (port) =>
      connect({ port, host: '127.0.0.1' }),
    ),
  TLS: () =>
    accepted(createTlsServer({ ...certificate, allowHalfOpen: true }), 'secureConnection', (port) =>
      connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' }),
    ),
};

describe.each(Object.entries(kinds))('an accepted %s socket', (_, make) => {
  test.runIf(usesNodeInternals)(
    'reads into the buffers that it is given, and needs no data events',
    async () => {
      const { client, socket } = await make();
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
      await once(socket, 'end');
    },
  );

  test('is left as it is where it has read already', async () => {
    const { client, socket } = await make();
    client.write('x');
    await once(socket, 'readable');
    const into = { buffer: () => Buffer.alloc(1), callback: () => true };
    expect(letReadInto(socket, into)).toBe(false);
  });
});

test.runIf(usesNodeInternals)(
  'pause and resume stop a plain one and let it go on, and an answer of false stops it',
  async () => {
    const { client, socket } = await kinds.plain();
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
  },
);

test.runIf(usesNodeInternals)(
  'a TLS one reports the rest of its read after a pause, and then no more',
  async () => {
    const { client, socket } = await kinds.TLS();
    const buffer = Buffer.alloc(16_384);
    const records: string[] = [];
    let reached = (): void => {};
    const stopped = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const callback = (length: number): boolean => {
      records.push(buffer.toString('latin1', 0, length));
      socket.pause();
      reached();
      return true;
    };
    expect(letReadInto(socket, { buffer: () => buffer, callback })).toBe(true);
    for (const letter of 'abc') client.write(letter);
    await stopped;
    await new Promise((resolve) => setImmediate(resolve));
    const before = records.join('');
    expect('abc'.startsWith(before)).toBe(true);
    await new Promise<void>((resolve) => client.write('def', () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(records.join('')).toBe(before);
    socket.resume();
    while (records.join('').length < 6) {
      await new Promise((resolve) => setImmediate(resolve));
      socket.resume();
    }
    expect(records.join('')).toBe('abcdef');
  },
);

test('another stream than one of Node’s sockets is left as it is', () => {
  const other = new Duplex({ read() {}, write() {} });
  const into = { buffer: () => Buffer.alloc(1), callback: () => true };
  expect(letReadInto(other as Socket, into)).toBe(false);
});
