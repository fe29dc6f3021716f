import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { usesNodeInternals } from '@reverseit/core/internal';
import { expect, onTestFinished, test } from 'vitest';
import { serveAgain } from './connection-listener.ts';

test('a server serves a connection that it had let go of, and tells nobody of it twice', async () => {
  let connections = 0;
  const server = createServer((_: IncomingMessage, response: ServerResponse) =>
    response.end('again'),
  );
  server.on('connection', () => connections++);
  server.on('upgrade', (_: IncomingMessage, socket: Socket) => {
    socket.unshift(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
    serveAgain(server, socket);
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  client.on('data', (chunk) => {
    answer += String(chunk);
  });
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await once(client, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*again/);
  expect(connections).toBe(usesNodeInternals ? 1 : 2);
});
