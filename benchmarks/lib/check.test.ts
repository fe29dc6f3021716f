import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type CheckedRequest, checkHttp, checkWebSocket } from './check.ts';

const servers = new Set<Server>();

afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  servers.clear();
});

async function listen(server: Server): Promise<number> {
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const checked: CheckedRequest = {
  method: 'POST',
  prefix: '/r/1',
  path: '/hello',
  headers: { Cookie: 'a=b' },
  body: Buffer.from('content'),
  bodyBytes: 24,
};

/** What a target and the backend behind it make of a request, right unless told otherwise. */
interface Behaviour {
  readonly status?: number;
  readonly type?: string;
  readonly content?: string;
  readonly close?: boolean;
  readonly seenTarget?: string;
  readonly seenCookie?: string;
  readonly seenBody?: string;
}

function serve(behaviour: Behaviour): (request: IncomingMessage, response: ServerResponse) => void {
  const { status = 200, type = 'text/plain; charset=utf-8', content = 'a'.repeat(24) } = behaviour;
  return (request, response) => {
    let received = '';
    request.on('data', (chunk) => {
      received += chunk;
    });
    request.on('end', () => {
      const { method, url = '', headers } = request;
      const hash = createHash('sha1').update(behaviour.seenBody ?? received);
      const seen = `${method} ${behaviour.seenTarget ?? url} HTTP/1.1\r\nCOOKIE: ${behaviour.seenCookie ?? headers.cookie}\r\n\r\n${hash.digest('hex')}`;
      const body = url.includes('/seen?') ? seen : content;
      response.writeHead(status, {
        'Content-Type': type,
        'Content-Length': body.length,
        Connection: behaviour.close ? 'close' : 'keep-alive',
      });
      response.end(body);
    });
  };
}

describe('checkHttp', () => {
  it('takes a target that changes nothing', async () => {
    const port = await listen(createServer(serve({})));
    await expect(checkHttp(port, checked)).resolves.toBeUndefined();
  });

  it.each<[string, Behaviour]>([
    ['answers 502', { status: 502 }],
    ['changes Content-Type', { type: 'text/html' }],
    ['changes Content-Length', { content: 'a' }],
    ['changes the content of a response', { content: `${'a'.repeat(23)}b` }],
    ['does not keep a connection alive', { close: true }],
    ['asks the backend for POST /seen?name=value HTTP/1.1', { seenTarget: '/seen?name=value' }],
    ['does not pass Cookie on', { seenCookie: 'a=c' }],
    ['changes the content of a request', { seenBody: 'other' }],
  ])('refuses one that %s', async (message, behaviour) => {
    const port = await listen(createServer(serve(behaviour)));
    await expect(checkHttp(port, checked)).rejects.toThrow(message);
  });
});

describe('checkWebSocket', () => {
  /** Accepts any handshake and answers the first frame. */
  const echo = (answer: Buffer | null) =>
    createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.once('data', () => (answer === null ? socket.destroy() : socket.write(answer)));
      });
    });
  const text = Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('aaaaa')]);

  it('takes the frame that was sent, unmasked', async () => {
    const port = await listen(echo(text));
    await expect(checkWebSocket(port, 5, true)).resolves.toBeUndefined();
  });

  it.each([
    ['of another kind', Buffer.from([0x82, ...text.subarray(1)])],
    ['of another content', Buffer.from([...text.subarray(0, -1), 0x62])],
  ])('refuses a frame %s', async (_, answer) => {
    const port = await listen(echo(answer));
    await expect(checkWebSocket(port, 5, true)).rejects.toThrow('changes a frame');
  });

  it('refuses a WebSocket that is closed', async () => {
    const port = await listen(echo(null));
    await expect(checkWebSocket(port, 5, true)).rejects.toThrow('closes a WebSocket');
  });
});
