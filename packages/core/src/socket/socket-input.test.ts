import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { eventually, patternBytes } from '@reverseit/test-servers';
import { afterEach, expect, test } from 'vitest';
import { usesNodeInternals } from '../node-internals/switch.ts';
import { SocketInput, type SocketInputOwner } from './socket-input.ts';

const open: { destroy?(): unknown; close?(): unknown }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) (item.destroy ?? item.close)?.call(item);
});

class Owner implements SocketInputOwner {
  readonly expectsBody = true;
  readonly input: SocketInput;
  readonly kept: Buffer[] = [];
  readonly seen: Buffer[] = [];
  readonly #keep: (input: SocketInput, bytes: Buffer) => Buffer;

  constructor(socket: Socket, keep: (input: SocketInput, bytes: Buffer) => Buffer) {
    this.#keep = keep;
    this.input = new SocketInput(socket, this);
  }

  onBytes(bytes: Buffer): void {
    this.seen.push(bytes);
    this.kept.push(this.#keep(this.input, bytes));
  }

  get length(): number {
    return this.kept.reduce((sum, piece) => sum + piece.length, 0);
  }
}

async function pair(): Promise<{ client: Socket; socket: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [socket] = (await once(server, 'connection')) as [Socket];
  open.push(server, client, socket);
  return { client, socket };
}

/** A socket that cannot be told where to read. */
const stream = () => new Duplex({ read() {}, write() {} }) as Socket;

const content = patternBytes(1_000_000);

test.each<[string, (input: SocketInput, bytes: Buffer) => Buffer]>([
  ['kept', (input, bytes) => input.beginSlice(bytes)],
  ['copied', (input, bytes) => (input.onLoan ? Buffer.from(bytes) : bytes)],
])('what is %s stays, though every read goes into the same memory', async (_, keep) => {
  const { client, socket } = await pair();
  const owner = new Owner(socket, keep);
  client.write(content);
  await eventually(() => owner.length === content.length, 'all of it');
  expect(Buffer.concat(owner.kept).equals(content)).toBe(true);
});

test.runIf(usesNodeInternals)('small reads of all sockets go into one buffer', async () => {
  const owners: Owner[] = [];
  for (const letter of ['a', 'b']) {
    const { client, socket } = await pair();
    const owner = new Owner(socket, (input, bytes) => input.beginSlice(bytes));
    owners.push(owner);
    client.write(letter);
    await eventually(() => owner.length === 1, letter);
  }
  expect(owners.map(({ kept }) => String(kept[0]))).toEqual(['a', 'b']);
  expect(owners[0]?.seen[0]?.buffer).toBe(owners[1]?.seen[0]?.buffer);
});

test('a pause within a read stops it, and a socket that is given away is a stream', async () => {
  const { client, socket } = await pair();
  const owner = new Owner(socket, (input, bytes) => {
    input.pause();
    return input.beginSlice(bytes);
  });
  client.write('first');
  await eventually(() => owner.length === 5, 'the first bytes');
  client.write('second');
  owner.input.detachSocket();
  const [chunk] = (await once(socket.resume(), 'data')) as [Buffer];
  expect(String(chunk)).toBe('second');
  client.end(content);
  const rest: Buffer[] = [];
  for await (const piece of socket) rest.push(piece as Buffer);
  expect(Buffer.concat(rest).equals(content)).toBe(true);
  expect(owner.length).toBe(5);
});

test('where a socket cannot be told, its events are heard, and their bytes need no copy', async () => {
  const socket = stream();
  const owner = new Owner(socket, (input, bytes) => input.beginSlice(bytes));
  const bytes = Buffer.from('bytes');
  socket.push(bytes);
  await eventually(() => owner.length === 5, 'the bytes');
  expect(owner.kept[0]).toBe(bytes);
  expect(owner.input.onLoan).toBe(false);
  owner.input.detachSocket();
  expect(socket.listenerCount('data')).toBe(0);
  expect(socket.isPaused()).toBe(true);
});
