import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Tunnel } from '@reverseit/core';
import { resolveServerOptions } from '@reverseit/core/internal/server';
import { afterEach, expect, test } from 'vitest';
import { memoryInUse } from '../../test/garbage.ts';
import { readNodeHead } from './fields/node-head.ts';
import { NodeUpgrade } from './node-upgrade.ts';
import { OpenExchanges } from './open-exchanges.ts';

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const noTunnel: Tunnel = { shutdown() {}, destroy() {} };

/** A request for a switch of protocols, as a server of Node tells of it. */
async function upgrade(early: string): Promise<{ exchange: NodeUpgrade; socket: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(`GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n${early}`);
  const [request, socket, bytes] = (await once(server, 'upgrade')) as [
    IncomingMessage,
    Socket,
    Buffer,
  ];
  const owner = new OpenExchanges(0, () => {});
  ends.push(
    () => client.destroy(),
    () => socket.destroy(),
    () => server.close(),
    () => owner.deadlines.dispose(),
  );
  const limits = resolveServerOptions();
  const { head } = readNodeHead(request, limits);
  return { exchange: new NodeUpgrade(owner, head, request, socket, bytes, limits), socket };
}

test('what comes before the answer is handed over, in its order', async () => {
  const { exchange, socket } = await upgrade('one ');
  for (const text of ['two ', 'three']) socket.emit('data', Buffer.from(text));
  expect(exchange.switchProtocols([], noTunnel).early.toString()).toBe('one two three');
});

test('what comes byte by byte takes little more than its size', async () => {
  const { exchange, socket } = await upgrade('');
  const before = await heldBytes();
  for (let i = 0; i < 60_000; i++) socket.emit('data', Buffer.from([i]));
  expect((await heldBytes()) - before).toBeLessThan(1024 * 1024);
  const { early } = exchange.switchProtocols([], noTunnel);
  expect(early).toHaveLength(60_000);
  expect([...early.subarray(250, 260)]).toEqual([250, 251, 252, 253, 254, 255, 0, 1, 2, 3]);
});

async function heldBytes(): Promise<number> {
  const { heapUsed, external } = await memoryInUse();
  return heapUsed + external;
}
