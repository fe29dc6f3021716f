/** Clients of other languages talk through the proxy: Java's `java.net.http` and Go's `net/http`. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createBackend } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { find } from '@reverseit/test-servers/external-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { createServer } from '../src/index.ts';

useCensus();
const use = useCleanup();
const run = promisify(execFile);

const source = (name: string): string =>
  fileURLToPath(new URL(`../../../test-servers/clients/${name}`, import.meta.url));

/** The compilers take their time on a busy machine. */
const patience = 300_000;

/** A proxy before a backend that does what the clients ask for. */
async function startProxy(): Promise<string> {
  const server = createBackend((request, response) => {
    switch (request.url) {
      case '/hello':
        response.end('hello');
        break;
      case '/echo':
        request.pipe(response);
        break;
      case '/early-hints':
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('hinted');
        break;
      case '/trailers':
        response.writeHead(200, { trailer: 'X-Sum' });
        response.addTrailers({ 'X-Sum': '42' });
        response.end('body');
        break;
      default:
        response.writeHead(404).end();
    }
  });
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
  });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  use({
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  });
  const { port } = server.address() as AddressInfo;
  const proxy = createServer({ logger: null, backend: `http://127.0.0.1:${port}` });
  use({ close: () => proxy.close({ timeout: 0 }) });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${'port' in address ? address.port : 0}`;
}

const lines = (output: string): string[] => output.trim().split('\n');

describe('a client in Java', () => {
  const java = find('javac') === undefined ? undefined : find('java');

  it.skipIf(java === undefined)('gets what it asks for', { timeout: patience }, async () => {
    const { stdout } = await run(java ?? '', [source('JavaClient.java'), await startProxy()]);
    expect(lines(stdout)).toEqual([
      'get: 200 HTTP_1_1 5',
      'length: 200 true',
      'chunked: 200 true',
      'expect: 200 true',
      'head: 200 HTTP_1_1 0',
      'missing: 404 HTTP_1_1 0',
      'many: 50',
      'subprotocol: chat',
      'text: true',
      'pong: 2',
      'binary: true',
      'close: 4321 bye',
    ]);
  });
});

describe('a client in Go', () => {
  const go = find('go');

  it.skipIf(go === undefined)('gets what it asks for', { timeout: patience }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
    try {
      const client = join(folder, 'client');
      await run(go ?? '', ['build', '-o', client, source('client.go')]);
      const { stdout } = await run(client, [await startProxy()]);
      expect(lines(stdout)).toEqual([
        'get: 200 OK 5',
        'head: 200 OK 0',
        'missing: 404 Not Found 0',
        'length: 200 OK true',
        'chunked: 200 OK true',
        'expect: 200 OK true',
        'early hints: [103] 200 OK',
        'trailers: 200 OK body 42',
        'many: 500',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
