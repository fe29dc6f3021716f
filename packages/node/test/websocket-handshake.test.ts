/** The opening handshake through the proxy (RFC 6455 §4), from each side. */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferred, patternBytes, type RawResponse } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  acceptFrames,
  acceptKey as acceptKeyOf,
  connectFrames,
  HandshakeRefusedError,
  handshakeRequest,
} from '@reverseit/test-servers/frame-client';
import { encodeFrame, OPCODE } from '@reverseit/test-servers/frames';
import { connectRaw } from '@reverseit/test-servers/raw-client';
import type { OriginConnection } from '@reverseit/test-servers/scripted-origin';
import { useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { createServer, type ReverseItOptions } from '../src/index.ts';
import { clients, overHttp2 } from './websocket-clients.ts';
import { atRest, useWebSocketRig, type WebSocketRig } from './websocket-rig.ts';

const start = useWebSocketRig();
const use = useCleanup();

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const usual = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Key: ${key}`,
  'Sec-WebSocket-Version: 13',
];
const without = (name: string): string[] => usual.filter((line) => !line.startsWith(name));
const replaced = (name: string, ...lines: string[]): string[] => [...without(name), ...lines];

/** The response to a handshake that is not accepted. */
async function refusal(rig: WebSocketRig, request: string | Uint8Array): Promise<RawResponse> {
  const client = use(await connectRaw({ port: rig.port }));
  const answer = await client.request(request);
  // What follows a handshake must not be taken for a request.
  expect(answer.header('connection')).toMatch(/^(?:upgrade, )?close$/);
  await client.reader.whenGone();
  return answer;
}

/** Where clients reach another proxy. */
async function startProxy(options: ReverseItOptions): Promise<number> {
  const proxy = createServer({ logger: null, ...clients.options, ...options });
  use({ close: () => proxy.close({ timeout: 0 }) });
  return use(await clients.open(await proxy.listen({ host: '127.0.0.1', port: 0 }), false)).port;
}

describe.skipIf(overHttp2)('RFC 6455 §4.2.1: a faulty handshake never reaches the backend', () => {
  it.each<[string, readonly string[], number]>([
    ['no key', without('Sec-WebSocket-Key'), 400],
    ['an empty key', replaced('Sec-WebSocket-Key', 'Sec-WebSocket-Key: '), 400],
    ['a short key', replaced('Sec-WebSocket-Key', 'Sec-WebSocket-Key: dGVzdA=='), 400],
    ['a long key', replaced('Sec-WebSocket-Key', `Sec-WebSocket-Key: ${key}AAAA`), 400],
    [
      'a key that is no base64',
      replaced('Sec-WebSocket-Key', 'Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=='),
      400,
    ],
    ['two keys', [...usual, `Sec-WebSocket-Key: ${key}`], 400],
    ['no version', without('Sec-WebSocket-Version'), 426],
    ['version 8', replaced('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 8'), 426],
    ['version 14', replaced('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 14'), 426],
    ['version 013', replaced('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 013'), 426],
    ['version 13, 13', replaced('Sec-WebSocket-Version', 'Sec-WebSocket-Version: 13, 13'), 426],
    ['two versions', [...usual, 'Sec-WebSocket-Version: 13'], 400],
    ['an empty list of subprotocols', [...usual, 'Sec-WebSocket-Protocol: '], 400],
    ['a subprotocol twice', [...usual, 'Sec-WebSocket-Protocol: a, a'], 400],
    ['a subprotocol that is no token', [...usual, 'Sec-WebSocket-Protocol: a b'], 400],
    ['extensions that are no list', [...usual, 'Sec-WebSocket-Extensions: a; =b'], 400],
    ['content', [...usual, 'Content-Length: 1'], 400],
    ['chunked content', [...usual, 'Transfer-Encoding: chunked'], 400],
  ])('%s', async (_, lines, status) => {
    const rig = await start();
    const answer = await refusal(rig, handshakeRequest({ onlyFields: lines }));
    expect(answer.status).toBe(status);
    // RFC 6455 §4.4
    expect(answer.header('sec-websocket-version')).toBe(status === 426 ? '13' : undefined);
    // RFC 9110 §15.5.22, §7.8
    expect(answer.header('upgrade')).toBe(status === 426 ? 'websocket' : undefined);
    expect(answer.header('connection')).toBe(status === 426 ? 'upgrade, close' : 'close');
    expect(rig.origin.connectionCount).toBe(0);
  });

  it('a method other than GET', async () => {
    const rig = await start();
    const request = handshakeRequest({ onlyFields: usual }).replace('GET', 'POST');
    const answer = await refusal(rig, request.replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'));
    expect(answer.status).toBe(400);
    expect(rig.origin.connectionCount).toBe(0);
  });
});

describe.skipIf(overHttp2)('RFC 6455 §4.2.1: a handshake in any spelling', () => {
  it.each<[string, readonly string[]]>([
    ['as usual', usual],
    ['names in lower case', usual.map((line) => line.replace(/^[^:]*/, (n) => n.toLowerCase()))],
    ['Upgrade in capitals', replaced('Upgrade', 'UPGRADE: WebSocket')],
    ['Connection: keep-alive, Upgrade', replaced('Connection', 'Connection: keep-alive, Upgrade')],
    ['Connection: UPGRADE', replaced('Connection', 'Connection: UPGRADE')],
    ['two lines of Connection', replaced('Connection', 'Connection: x', 'Connection: upgrade')],
    ['a list in Upgrade', replaced('Upgrade', 'Upgrade: foo, websocket')],
    ['an empty member', replaced('Connection', 'Connection: , ,Upgrade')],
    ['Content-Length: 0', [...usual, 'Content-Length: 0']],
    ['an unknown extension', [...usual, 'Sec-WebSocket-Extensions: x-webkit-deflate-frame']],
    [
      'an unknown extension whose value is no token (RFC 6455 §9.1)',
      [...usual, 'Sec-WebSocket-Extensions: foo; bar="x y", x; a="b,c"'],
    ],
    ['Origin and cookies', [...usual, 'Origin: http://a', 'Cookie: a=b']],
  ])('%s', async (_, onlyFields) => {
    const rig = await start();
    const client = use(await connectFrames({ port: rig.port, key, onlyFields }));
    expect(client.response.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(client.response.header('sec-websocket-extensions')).toBe(undefined);
    const { request } = await rig.backend();
    expect(request.header('upgrade')).toBe('websocket');
    expect(request.header('connection')).toBe('upgrade');
    expect(request.header('sec-websocket-version')).toBe('13');
    expect(request.header('sec-websocket-extensions')).toBe(undefined);
    // A key of our own: the backend proves that it understood us.
    expect(request.header('sec-websocket-key')).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(request.header('sec-websocket-key')).not.toBe(key);
  });

  it.each<[string, string]>([
    ['no Connection', handshakeRequest({ onlyFields: without('Connection') })],
    [
      'Connection without upgrade',
      handshakeRequest({ onlyFields: replaced('Connection', 'Connection: keep-alive') }),
    ],
    ['another protocol', handshakeRequest({ onlyFields: replaced('Upgrade', 'Upgrade: h2c') })],
    [
      'websocket/13',
      handshakeRequest({ onlyFields: replaced('Upgrade', 'Upgrade: websocket/13') }),
    ],
    ['HTTP/1.0', handshakeRequest({ onlyFields: usual }).replace('HTTP/1.1', 'HTTP/1.0')],
  ])('is an ordinary request: %s', async (_, request) => {
    const rig = await start({
      origin: {
        script: async (connection) => {
          const { fields } = await connection.expectRequest();
          expect(fields.map(([name]) => name.toLowerCase())).not.toContain('upgrade');
          await connection.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain');
        },
      },
    });
    const client = use(await connectRaw({ port: rig.port }));
    expect(await client.request(request)).toMatchObject({ status: 200, text: 'plain' });
  });
});

describe('RFC 6455 §4.2.2: what the backend chooses', () => {
  it.each<[string, readonly string[], string, string | undefined]>([
    ['the first subprotocol', ['a, b'], 'a', 'a'],
    ['the second subprotocol', ['a, b'], 'b', 'b'],
    ['one of two lines', ['a', 'b'], 'b', 'b'],
    ['one told apart by case', ['Chat, chat'], 'chat', 'chat'],
    ['none', ['a'], '', undefined],
  ])('%s', async (_, offered, chosen, told) => {
    const fields = chosen === '' ? [] : [`Sec-WebSocket-Protocol: ${chosen}`];
    const rig = await start({ accept: { fields } });
    const { client, backend } = await rig.open({
      fields: offered.map((line) => `Sec-WebSocket-Protocol: ${line}`),
    });
    expect(backend.request.header('sec-websocket-protocol')).toBe(offered.join(', '));
    expect(client.response.header('sec-websocket-protocol')).toBe(told);
  });

  it.each<[string, readonly string[]]>([
    ['an unoffered subprotocol', ['Sec-WebSocket-Protocol: c']],
    ['a subprotocol in other case', ['Sec-WebSocket-Protocol: A']],
    ['two subprotocols', ['Sec-WebSocket-Protocol: a, b']],
    ['two lines of subprotocols', ['Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: b']],
    ['an extension', ['Sec-WebSocket-Extensions: permessage-deflate']],
    ['an unknown extension', ['Sec-WebSocket-Extensions: x']],
    ['a second accept', ['Sec-WebSocket-Accept: x']],
    ['a second upgrade', ['Upgrade: h2c']],
  ])('%s is a 502', async (_, fields) => {
    const rig = await start({ accept: { fields } });
    const offer = ['Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Extensions: permessage-deflate'];
    const answer = await refusal(rig, handshakeRequest({ fields: offer }));
    expect([answer.status, answer.text]).toEqual([502, 'Bad Gateway']);
    const [connection] = rig.origin.connections;
    await connection?.whenPeerGone();
  });

  const accepted = (line: string, ...fields: string[]): string =>
    `HTTP/1.1 ${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

  it.each<[string, string]>([
    ['no accept', accepted('101 Yes', 'Upgrade: websocket', 'Connection: Upgrade')],
    [
      'a wrong accept',
      accepted(
        '101 Yes',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      ),
    ],
    ['no upgrade', accepted('101 Yes', 'Connection: Upgrade', 'Sec-WebSocket-Accept: x')],
    ['nothing but a status', accepted('101 Yes')],
    ['no HTTP', 'hello\r\n\r\n'],
  ])('%s is a 502, whatever errorResponse says', async (_, answer) => {
    const rig = await start({
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          await connection.send(answer);
          connection.end();
        },
      },
      proxy: { errorResponse: { status: 503, body: 'later' } },
    });
    const response = await refusal(rig, handshakeRequest());
    expect([response.status, response.text]).toEqual([502, 'Bad Gateway']);
  });

  it('a 101 is passed on with its end-to-end fields', async () => {
    const rig = await start({
      accept: { fields: ['X-One: 1', 'Set-Cookie: a=b', 'Set-Cookie: c=d', 'Keep-Alive: x'] },
      proxy: { via: 'rit' },
    });
    const { client } = await rig.open({ key });
    expect(client.response.fields.map(([name, value]) => [name.toLowerCase(), value])).toEqual([
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
      ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      ['x-one', '1'],
      ['set-cookie', 'a=b'],
      ['set-cookie', 'c=d'],
      ['via', '1.1 rit'],
    ]);
  });
});

describe('design §7: a rejection is relayed', () => {
  const answering = (answer: string | Uint8Array) => ({
    script: async (connection: OriginConnection) => {
      await connection.expectRequest();
      await connection.send(answer);
    },
  });

  const answer200: [number, string, string] = [200, 'Content-Length: 4\r\n', 'fine'];

  it.each<[number, string, string]>([
    [401, 'WWW-Authenticate: Basic realm="a"\r\nContent-Length: 4\r\n', 'who?'],
    [403, 'Content-Length: 2\r\nX-Reason: no\r\n', 'no'],
    [404, 'Content-Length: 0\r\n', ''],
    [302, 'Location: /elsewhere\r\nContent-Length: 0\r\n', ''],
    // Over HTTP/2 it would say that the tunnel stands (RFC 8441 §5).
    ...(overHttp2 ? [] : [answer200]),
    [426, 'Sec-WebSocket-Version: 14\r\nContent-Length: 0\r\n', ''],
    [503, 'Retry-After: 7\r\nContent-Length: 4\r\n', 'busy'],
    [500, 'Transfer-Encoding: chunked\r\n', '4\r\nfour\r\n0\r\n\r\n'],
  ])('%i', async (status, fields, body) => {
    const rig = await start({
      origin: answering(`HTTP/1.1 ${status} Because\r\n${fields}Upgrade: websocket\r\n\r\n${body}`),
    });
    const answer = await refusal(rig, handshakeRequest());
    expect(answer.status).toBe(status);
    // HTTP/2 has none.
    if (!overHttp2) expect(answer.reason).toBe('Because');
    expect(answer.text).toBe(status === 500 ? 'four' : body);
    for (const line of fields.split('\r\n').slice(0, -1)) {
      const [name = '', value] = line.split(': ');
      if (overHttp2 && name === 'Transfer-Encoding') continue;
      expect(answer.header(name.toLowerCase())).toBe(value);
    }
    expect(answer.header('upgrade')).toBe(undefined);
  });

  it('with a large body, streamed', async () => {
    const body = patternBytes(3_000_000);
    const head = `HTTP/1.1 403 No\r\nContent-Length: ${body.length}\r\n\r\n`;
    const rig = await start({ origin: answering(Buffer.concat([Buffer.from(head), body])) });
    expect((await refusal(rig, handshakeRequest())).body.equals(body)).toBe(true);
  });

  it('and what the client sent behind its handshake is no request', async () => {
    const rig = await start({ origin: answering('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n') });
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const client = use(await connectRaw({ port: rig.port }));
    const answer = await client.request(handshakeRequest() + smuggled);
    expect(answer.status).toBe(403);
    await client.expectClosed();
    expect(rig.origin.requestCount).toBe(1);
  });
});

describe('the header rules of the route', () => {
  it('hold for a handshake as for any request', async () => {
    const rig = await start({
      proxy: {
        forwardedHeaders: 'append',
        via: 'rit',
        addHeaders: { 'x-added': 'yes', 'user-agent': 'ours' },
        removeHeaders: ['cookie'],
      },
    });
    const { backend } = await rig.open({
      target: '/path?query',
      hostField: 'example.org',
      fields: [
        'User-Agent: theirs',
        'Cookie: a=b',
        'X-Forwarded-For: 192.0.2.1',
        'Keep-Alive: 5',
        'X-Kept: 1',
      ],
    });
    const { request } = backend;
    expect(request.target).toBe('/path?query');
    expect(request.header('host')).toBe(`127.0.0.1:${rig.origin.port}`);
    expect(request.header('x-forwarded-for')).toBe('192.0.2.1, 127.0.0.1');
    expect(request.header('x-forwarded-host')).toBe('example.org');
    expect(request.header('via')).toBe(overHttp2 ? '2.0 rit' : '1.1 rit');
    expect(request.header('x-added')).toBe('yes');
    expect(request.header('user-agent')).toBe('ours');
    expect(request.header('x-kept')).toBe('1');
    expect(request.header('cookie')).toBe(undefined);
    expect(request.header('keep-alive')).toBe(undefined);
  });

  it('may take the subprotocols away', async () => {
    const rig = await start({ proxy: { removeHeaders: ['sec-websocket-protocol'] } });
    const { backend, client } = await rig.open({ fields: ['Sec-WebSocket-Protocol: a'] });
    expect(backend.request.header('sec-websocket-protocol')).toBe(undefined);
    expect(client.response.header('sec-websocket-protocol')).toBe(undefined);
  });

  it('may offer others, of which the client is not told', async () => {
    const rig = await start({
      proxy: { addHeaders: { 'sec-websocket-protocol': 'inner' } },
      accept: { fields: ['Sec-WebSocket-Protocol: inner'] },
    });
    const { backend, client } = await rig.open({ fields: ['Sec-WebSocket-Protocol: a'] });
    expect(backend.request.header('sec-websocket-protocol')).toBe('inner');
    expect(client.response.header('sec-websocket-protocol')).toBe(undefined);
  });

  it.each<[string, { path?: string; stripPath?: string }, string, string, string]>([
    ['no rules', {}, '', '/ws?a=b', '/ws?a=b'],
    ['a prefix of the backend', {}, '/base', '/ws', '/base/ws'],
    ['a prefix that is stripped', { path: '/in', stripPath: '/in' }, '', '/in/ws', '/ws'],
    ['both', { path: '/in', stripPath: '/in' }, '/base', '/in/ws?q', '/base/ws?q'],
  ])('paths: %s', async (_, options, base, target, seen) => {
    const rig = await start();
    const port = await startProxy({ backend: rig.origin.url + base, ...options });
    const client = use(await connectFrames({ port, target }));
    expect((await rig.backend()).request.target).toBe(seen);
    await client.close();
    if (options.path === undefined) return;
    const outside = await connectFrames({ port, target: '/other' }).catch((error) => error);
    expect(outside).toBeInstanceOf(HandshakeRefusedError);
    expect(outside.response.status).toBe(404);
    await outside.client.close();
  });
});

describe('transports', () => {
  it('a backend on a unix socket', async () => {
    const socketPath = join(tmpdir(), `reverseit-ws-${process.pid}.sock`);
    await rm(socketPath, { force: true });
    const rig = await start({
      origin: { socketPath },
      proxy: { backend: 'http://backend.example', unixSocket: socketPath },
    });
    const { client, backend } = await rig.open();
    expect(backend.request.header('host')).toBe('backend.example');
    await client.text('over a unix socket');
    expect((await backend.readMessage()).payload.toString()).toBe('over a unix socket');
  });

  it('a client on a unix socket', async () => {
    const path = join(tmpdir(), `reverseit-ws-in-${process.pid}.sock`);
    await rm(path, { force: true });
    const rig = await start({ listen: { path } });
    const { client, backend } = await rig.open({ socketPath: path });
    await backend.text('over a unix socket');
    expect((await client.readMessage()).payload.toString()).toBe('over a unix socket');
  });

  it.each(['https', 'wss'])('a backend behind TLS, %s:', async (scheme) => {
    const { server, ca } = testCertificates();
    const rig = await start({ origin: { tls: server } });
    const port = await startProxy({
      backend: `${scheme}://localhost:${rig.origin.port}/`,
      pool: { tls: { ca } },
    });
    const client = use(await connectFrames({ port }));
    const backend = await rig.backend();
    const bytes = patternBytes(1_000_000);
    await client.binary(bytes);
    expect((await backend.readMessage()).payload.equals(bytes)).toBe(true);
    await backend.binary(bytes);
    expect((await client.readMessage()).payload.equals(bytes)).toBe(true);
    await client.sendClose(1000);
    await backend.readClose();
    await backend.sendClose(1000);
    expect(await client.readClose()).toEqual({ code: 1000, reason: '' });
    await client.expectClosed();
  });

  it('a client behind TLS', async () => {
    const { server, ca } = testCertificates();
    const rig = await start({ proxy: { tls: server } });
    const { client, backend } = await rig.open({ tls: { ca, servername: 'localhost' } });
    const bytes = patternBytes(1_000_000);
    await client.binary(bytes);
    expect((await backend.readMessage()).payload.equals(bytes)).toBe(true);
    await backend.binary(bytes);
    expect((await client.readMessage()).payload.equals(bytes)).toBe(true);
    await backend.sendClose(1000);
    await client.readClose();
    await client.sendClose(1000);
    await backend.readClose();
    backend.socket.end();
  });

  it.skipIf(overHttp2)('a connection of the pool that was used before', async () => {
    const rig = await start({
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          await connection.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
          const peer = await acceptFrames(connection);
          await peer.text('hello');
        },
      },
      proxy: { pool: { poolSize: 1 } },
    });
    const plain = use(await connectRaw({ port: rig.port }));
    await plain.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const client = use(await connectFrames({ port: rig.port }));
    expect((await client.readMessage()).payload.toString()).toBe('hello');
    expect(rig.origin.connectionCount).toBe(1);
    // The switched socket takes no place in the pool.
    const [pool] = rig.proxy.stats().pools;
    expect(pool).toMatchObject({ open: 0, switched: 1 });
  });
});

describe('waiting for the backend', () => {
  it('a handshake without an answer is a 504', async () => {
    const errors: string[] = [];
    const rig = await start({
      origin: { script: async (connection) => void (await connection.expectRequest()) },
      proxy: {
        websocketBackendUpgradeTimeout: 50,
        onError: ({ code, message }) => errors.push(`${code}: ${message}`),
      },
    });
    expect((await refusal(rig, handshakeRequest())).status).toBe(504);
    // Whoever meets it has to find the option.
    expect(errors).toEqual([
      'RIT_ERR_WS_UPGRADE_TIMEOUT: backend did not answer the handshake within websocketBackendUpgradeTimeout (50 ms)',
    ]);
    await rig.origin.connections[0]?.whenPeerGone();
  });

  it('responseHeaderTimeout does not count', async () => {
    const asked = deferred<OriginConnection>();
    const rig = await start({
      origin: {
        script: async (connection) => {
          asked.resolve(connection);
          await acceptFrames(connection);
        },
      },
      proxy: { responseHeaderTimeout: 1 },
    });
    const client = use(await connectFrames({ port: rig.port }));
    expect(client.response.status).toBe(101);
  });

  it('nobody listens: errorResponse', async () => {
    const rig = await start();
    await rig.origin.close();
    const answer = await refusal(rig, handshakeRequest());
    expect([answer.status, answer.text]).toEqual([502, 'Bad Gateway']);
  });

  it('no answer, but the end of the connection: errorResponse', async () => {
    const rig = await start({
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          connection.end();
        },
      },
      proxy: { errorResponse: { status: 503, body: 'later' } },
    });
    const answer = await refusal(rig, handshakeRequest());
    expect([answer.status, answer.text]).toEqual([503, 'later']);
  });

  it('no place in the pool: 503', async () => {
    const rig = await start({
      origin: { script: async (connection) => void (await connection.expectRequest()) },
      proxy: { pool: { poolSize: 1 }, poolTimeout: 20 },
    });
    const first = use(await connectRaw({ port: rig.port }));
    first.send(handshakeRequest());
    await rig.origin.request();
    const answer = await refusal(rig, handshakeRequest());
    expect([answer.status, answer.header('retry-after')]).toEqual([503, '1']);
    await first.close();
  });

  it('a client that leaves aborts the handshake', async () => {
    const rig = await start({
      origin: { script: async (connection) => void (await connection.expectRequest()) },
    });
    const client = use(await connectRaw({ port: rig.port }));
    client.send(handshakeRequest());
    await rig.origin.request();
    client.reset();
    await (await rig.origin.connection()).whenPeerGone();
    await rig.whenIdle();
  });
});

describe('frames before the 101', () => {
  /** A backend that accepts when it is told to. */
  async function startHesitating(proxy = {}) {
    const go = deferred();
    const early = deferred<Buffer>();
    const rig = await start({
      origin: {
        script: async (connection) => {
          await connection.expectRequest();
          await go.promise;
          early.resolve(connection.reader.unread);
          await connection.send(acceptOf(connection));
        },
      },
      proxy,
    });
    return { rig, go, early: early.promise };
  }

  const acceptOf = (connection: OriginConnection): string => {
    const asked = connection.requests[0]?.header('sec-websocket-key') ?? '';
    return [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKeyOf(asked)}`,
      '\r\n',
    ].join('\r\n');
  };

  const frameOf = (payload: string | Uint8Array): Buffer =>
    encodeFrame({ opcode: OPCODE.binary, payload }, true);

  type EarlyCase = [name: string, bytes: Buffer, options: Partial<ReverseItOptions>];

  it.each<EarlyCase>([
    ['one', frameOf('early'), {}],
    ['sixteen', Buffer.concat(Array.from({ length: 16 }, () => frameOf('early'))), {}],
    ['a beginning of one', frameOf('early').subarray(0, 7), {}],
    ['a megabyte', frameOf(patternBytes(1_048_576 - 14)), {}],
    ['as many bytes as may be', frameOf('12345678'), { maxWebsocketPendingBytes: 14 }],
    ['as many frames as may be', frameOf(''), { maxWebsocketPendingFrames: 1 }],
  ])('are held and passed on: %s', async (_, bytes, proxy) => {
    const { rig, go, early } = await startHesitating(proxy);
    const client = use(await connectRaw({ port: rig.port }));
    client.send(Buffer.concat([Buffer.from(handshakeRequest()), bytes]));
    await rig.origin.request();
    go.resolve();
    expect((await client.readHead()).head.status).toBe(101);
    // Nothing went to the backend before it had accepted.
    expect((await early).length).toBe(0);
    const connection = await rig.origin.connection();
    expect((await connection.reader.take(bytes.length)).equals(bytes)).toBe(true);
  });

  const megabytes: EarlyCase = ['megabytes', frameOf(patternBytes(24 * 1_048_576)), {}];

  it.each<EarlyCase>([
    ['bytes', frameOf('123456789'), { maxWebsocketPendingBytes: 14 }],
    ['any byte', frameOf(''), { maxWebsocketPendingBytes: 0 }],
    // So many that the client cannot get rid of them, once the proxy has stopped reading. Over HTTP/2 its window
    // makes it wait instead.
    ...(overHttp2 ? [] : [megabytes]),
    ['frames', Buffer.concat([frameOf('a'), frameOf('b')]), { maxWebsocketPendingFrames: 1 }],
    ['any frame', frameOf(''), { maxWebsocketPendingFrames: 0 }],
    ['seventeen frames', Buffer.concat(Array.from({ length: 17 }, () => frameOf(''))), {}],
  ])('too many: %s', async (_, bytes, proxy) => {
    const { rig, go } = await startHesitating(proxy);
    const client = use(await connectRaw({ port: rig.port }));
    client.send(Buffer.concat([Buffer.from(handshakeRequest()), bytes]));
    const connection = await rig.origin.connection();
    await rig.origin.request();
    await atRest(client);
    go.resolve();
    expect((await client.readHead()).head.status).toBe(101);
    expect((await client.reader.take(4)).subarray(2).readUInt16BE()).toBe(1009);
    const [opcode, length] = await connection.reader.take(2);
    expect([opcode, (length ?? 0) & 0x80]).toEqual([0x88, 0x80]);
    await client.reader.whenGone();
  });
});
