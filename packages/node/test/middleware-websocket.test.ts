/** The proxy as middleware: WebSockets, by the `upgrade` event of Node's servers. */
import http from 'node:http';
import {
  answerEach,
  end,
  eventually,
  expectRequest,
  guarded,
  patternBytes,
  response,
  script,
  send,
  waitForPeerGone,
} from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  type AcceptOptions,
  acceptKey,
  connectFrames,
  type FrameClient,
  type FrameOrigin,
  HandshakeRefusedError,
  handshakeRequest,
  webSocket,
} from '@reverseit/test-servers/frame-client';
import { OPCODE } from '@reverseit/test-servers/frames';
import type { RawResponse } from '@reverseit/test-servers/response-reader';
import { createServer as createViteServer } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { AccessRecord } from '../src/index.ts';
import {
  type Host,
  hosts,
  type MiddlewareRig,
  type RigSetup,
  useMiddleware,
} from './middleware-rig.ts';

const start = useMiddleware();
const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const end of opened.splice(0)) await end.close();
});

/** The same with WebSockets. */
const upgrading =
  (host: Host): Host =>
  async (handler) => {
    const server = await host(handler);
    return server.on('upgrade', handler.upgrade);
  };

interface Ends {
  readonly rig: MiddlewareRig;
  /** Opens a WebSocket through the proxy. */
  readonly open: (early?: Uint8Array) => Promise<{ client: FrameClient; backend: FrameOrigin }>;
}

async function startEnds(setup: RigSetup = {}, accept: AcceptOptions = {}): Promise<Ends> {
  const accepted: FrameOrigin[] = [];
  const rig = await start({
    origin: { script: webSocket((peer) => accepted.push(peer), accept) },
    ...setup,
    host: upgrading(setup.host ?? hosts['node:http']),
  });
  const open: Ends['open'] = async (early) => {
    const tls = rig.secure ? { tls: { ca: testCertificates().ca, servername: 'localhost' } } : {};
    const nth = accepted.length;
    const client = await connectFrames({
      port: rig.port,
      ...tls,
      ...(early === undefined ? {} : { early }),
    });
    const backend = await eventually(() => accepted[nth], 'the backend to accept a WebSocket');
    opened.push(client, backend);
    return { client, backend };
  };
  return { rig, open };
}

/** The answer of a handshake that is not accepted. */
async function refusal(
  rig: MiddlewareRig,
  fields: readonly string[] = [],
  early = Buffer.alloc(0),
): Promise<RawResponse> {
  const refused = await connectFrames({ port: rig.port, fields, early }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refused instanceof HandshakeRefusedError)) throw new Error('the handshake was accepted');
  await refused.client.expectFin();
  return refused.response;
}

it('leaves bytes as they are that the application hears as well', async () => {
  const heard: { readonly chunk: Buffer; readonly copy: Buffer }[] = [];
  const { open } = await startEnds({
    host: async (handler) => {
      const server = await hosts['node:http'](handler);
      return server.on('upgrade', (_, socket) => {
        socket.on('data', (chunk: Buffer) => heard.push({ chunk, copy: Buffer.from(chunk) }));
      });
    },
  });
  const { client, backend } = await open();
  const large = patternBytes(1024 * 1024);
  void client.binary(large);
  expect((await backend.readMessage()).payload.equals(large)).toBe(true);
  expect(heard.some(({ copy }) => copy.length >= 16_384)).toBe(true);
  expect(heard.every(({ chunk, copy }) => chunk.equals(copy))).toBe(true);
});

describe.each(Object.entries(hosts))('%s', (_, host) => {
  it('passes frames both ways, large and small, and the end', async () => {
    const { rig, open } = await startEnds({ host });
    const { client, backend } = await open();
    expect(backend.request.target).toBe('/ws');
    const large = patternBytes(4 * 1024 * 1024);
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      await from.text('hello');
      expect((await to.readMessage()).payload.toString()).toBe('hello');
      void from.binary(large);
      expect((await to.readMessage()).payload.equals(large)).toBe(true);
      await from.ping('p');
      expect((await to.readFrame()).opcode).toBe(OPCODE.ping);
    }
    expect(rig.handler.stats()).toMatchObject({ webSockets: 1, activeExchanges: 0 });
    await client.sendClose(4001, 'bye');
    expect(await backend.readClose()).toEqual({ code: 4001, reason: 'bye' });
    await backend.sendClose(4001, 'bye');
    expect(await client.readClose()).toEqual({ code: 4001, reason: 'bye' });
    backend.socket.end();
    await guarded(client.reader.whenGone(), 'the client to be let go');
  });

  it('relays the answer of a backend that refuses', async () => {
    const { rig } = await startEnds({
      host,
      origin: { script: answerEach(response(403, 'not you', ['X-Why: because'])) },
    });
    if (rig.secure) return;
    const answer = await refusal(rig);
    expect([answer.status, answer.header('x-why'), answer.text]).toEqual([
      403,
      'because',
      'not you',
    ]);
  });
});

it('RFC 6455 §4.1: passes frames on that came right behind the handshake', async () => {
  const { open } = await startEnds();
  const frame = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('early')]);
  const { backend } = await open(frame);
  expect((await backend.readMessage()).payload.toString()).toBe('early');
});

it('holds what comes before the backend has answered, up to maxWebsocketPendingBytes', async () => {
  let accept = (): void => {};
  const accepting = new Promise<void>((resolve) => {
    accept = resolve;
  });
  const { rig } = await startEnds({
    options: { maxWebsocketPendingBytes: 200_000 },
    origin: {
      script: async (connection) => {
        const request = await connection.expectRequest();
        await accepting;
        const key = request.header('sec-websocket-key') ?? '';
        await connection.send(
          `HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
        );
      },
    },
  });
  const client = await rig.connect();
  const frame = (length: number) =>
    Buffer.concat([
      Buffer.from([0x82, 0xfe, length >> 8, length & 255, 0, 0, 0, 0]),
      patternBytes(length),
    ]);
  client.send(handshakeRequest());
  await rig.origin.request();
  for (let i = 0; i < 3; i++) client.send(frame(60_000));
  await eventually(() => client.socket.writableLength === 0, 'the frames to be sent');
  accept();
  expect((await client.readResponse()).status).toBe(101);
  const backend = await rig.origin.connection();
  expect((await backend.reader.take(3 * 60_008)).length).toBe(3 * 60_008);
  await client.close();
  backend.destroy();
});

it('RFC 6455 §7.4.1: closes with 1009 what is more than that', async () => {
  const { rig, open } = await startEnds({ options: { maxWebsocketPendingFrames: 1 } });
  const frame = [0x81, 0x80, 0, 0, 0, 0];
  const { client, backend } = await open(Buffer.from([...frame, ...frame]));
  expect((await client.readClose()).code).toBe(1009);
  await client.close();
  await backend.close();
  await rig.whenIdle();
});

it.each([
  ['RFC 6455 §4.4: another version', ['Sec-WebSocket-Version: 12'], 426],
  ['RFC 6455 §4.2.1: no key', ['Sec-WebSocket-Version: 13'], 400],
])('refuses a handshake with %s', async (_name, fields, status) => {
  const { rig } = await startEnds();
  const refused = await connectFrames({
    port: rig.port,
    onlyFields: ['Upgrade: websocket', 'Connection: Upgrade', ...fields],
  }).catch((error: unknown) => error);
  if (!(refused instanceof HandshakeRefusedError)) throw new Error('it was accepted');
  const { response } = refused;
  expect([response.status, response.header('connection'), response.header('upgrade')]).toEqual(
    status === 426 ? [426, 'upgrade, close', 'websocket'] : [400, 'close', undefined],
  );
  await refused.client.expectFin();
  expect(rig.origin.connectionCount).toBe(0);
});

it.each([
  ['that never comes', ''],
  ['of which a part comes', 'hel'],
  ['and what follows', 'hello, world'],
])('RFC 9112 §6.3: refuses content with it, %s', async (_, early) => {
  const { rig } = await startEnds();
  const answer = await refusal(rig, ['Content-Length: 5'], Buffer.from(early));
  expect(answer.status).toBe(400);
  expect(rig.handler.stats().totalRefusals).toBe(1);
  expect(rig.origin.connectionCount).toBe(0);
});

it('RFC 9110 §7.8: serves another protocol’s upgrade as an ordinary request', async () => {
  const { rig } = await startEnds({ origin: { script: answerEach(response(200, 'plain')) } });
  const client = await rig.connect();
  const fields = ['Host: a', 'Upgrade: h2c', 'Connection: Upgrade', 'HTTP2-Settings: AA'];
  const answer = await client.request(['GET /x HTTP/1.1', ...fields, '', ''].join('\r\n'));
  expect([answer.status, answer.text, answer.header('connection')]).toEqual([
    200,
    'plain',
    'close',
  ]);
  await client.expectFin();
});

it('sends much to a client that reads slowly, as an ordinary response', async () => {
  const body = patternBytes(8 * 1024 * 1024);
  const { rig } = await startEnds({ origin: { script: answerEach(response(403, body)) } });
  const client = await rig.connect({ maxUnreadBytes: 1024, maxRecordedBytes: 1024 });
  client.pauseReading();
  client.send(handshakeRequest());
  await rig.origin.request();
  client.resumeReading();
  expect((await client.readResponse()).body.equals(body)).toBe(true);
  await client.expectFin();
});

it.each(['reset', 'end'] as const)(
  'lets the backend go when the client leaves by %s before the switch',
  async (leave) => {
    const records: string[] = [];
    const { rig } = await startEnds({
      options: { onFinish: ({ status, errorCode }) => records.push(`${status} ${errorCode}`) },
      origin: { script: script(expectRequest(), waitForPeerGone()) },
    });
    const client = await rig.connect();
    client.send(handshakeRequest());
    await rig.origin.request();
    client[leave]();
    await rig.whenIdle();
    expect(records).toEqual(['499 RIT_ERR_CLIENT_ABORTED']);
  },
);

it('answers a backend that breaks off or is too slow', async () => {
  const { rig } = await startEnds({
    options: { websocketBackendUpgradeTimeout: 100 },
    origin: {
      scripts: [script(expectRequest(), end()), script(expectRequest(), waitForPeerGone())],
    },
  });
  expect((await refusal(rig)).status).toBe(502);
  expect((await refusal(rig)).status).toBe(504);
});

it('a truncated refusal never looks complete', async () => {
  const { rig } = await startEnds({
    origin: {
      script: script(
        expectRequest(),
        send('HTTP/1.1 403 No\r\ncontent-length: 10\r\n\r\n123'),
        end(),
      ),
    },
  });
  const client = await rig.connect();
  client.send(handshakeRequest());
  await client.reader.takeThrough('123');
  await client.expectReset();
});

it('answers 404 where no route serves it, and leaves it to next where there is one', async () => {
  const { rig } = await startEnds({ options: { path: '/api' } });
  expect((await refusal(rig)).status).toBe(404);
  const passed: string[] = [];
  const other = await start({
    options: { path: '/api' },
    host: (handler) =>
      http.createServer(handler).on('upgrade', (request, socket, head) => {
        handler.upgrade(request, socket, head, () => {
          passed.push(request.url ?? '');
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        });
      }),
  });
  expect((await refusal(other)).status).toBe(200);
  expect(passed).toEqual(['/ws']);
});

it('tells hooks and records of it', async () => {
  const seen: unknown[] = [];
  const finished: AccessRecord[] = [];
  const { rig, open } = await startEnds({
    options: {
      onRequest: (request, context) => {
        seen.push([request.websocket, context.remoteAddress]);
        request.headers.set('X-Hooked', '1');
      },
      onFinish: (record) => finished.push(record),
    },
  });
  const { client, backend } = await open();
  expect(seen).toEqual([[true, '127.0.0.1']]);
  expect(backend.request.header('x-hooked')).toBe('1');
  await client.close();
  await backend.readClose();
  await backend.close();
  await rig.whenIdle();
  expect(finished.map(({ status, route }) => [status, route])).toEqual([[101, '/']]);
});

it('closes what is open with 1001 when the handler closes', async () => {
  const { rig, open } = await startEnds();
  const { client, backend } = await open();
  const closing = rig.handler.close({ timeout: 5000 });
  for (const peer of [client, backend]) {
    expect((await peer.readClose()).code).toBe(1001);
    await peer.sendClose(1001);
  }
  backend.socket.end();
  client.socket.end();
  await guarded(closing, 'the handler to close');
  expect(rig.handler.stats().webSockets).toBe(0);
  const late = await refusal(rig);
  expect(late.status).toBe(503);
});

it('cuts what does not close in time', async () => {
  const { rig, open } = await startEnds();
  const { client } = await open();
  await guarded(rig.handler.close({ timeout: 50 }), 'the handler to close');
  await guarded(client.reader.drain(), 'the client to be let go');
});

it('shares the upgrades of a dev server of Vite with its own WebSocket', async () => {
  const { rig } = await startEnds({ options: { path: '/api' } });
  const vite = await createViteServer({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, watch: null },
    optimizeDeps: { noDiscovery: true },
    appType: 'custom',
    plugins: [
      {
        name: 'reverseit',
        configureServer(server) {
          server.middlewares.use(rig.handler);
          server.httpServer?.on('upgrade', (request, socket, head) =>
            rig.handler.upgrade(request as http.IncomingMessage, socket, head, () => {}),
          );
        },
      },
    ],
  });
  try {
    await vite.listen(0);
    const address = vite.httpServer?.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const hot = new WebSocket(
      `ws://127.0.0.1:${port}/?token=${vite.config.webSocketToken}`,
      'vite-hmr',
    );
    const [first] = await new Promise<string[]>((resolve, reject) => {
      hot.on('message', (data) => resolve([data.toString()]));
      hot.on('error', reject);
    });
    expect(JSON.parse(first ?? '')).toEqual({ type: 'connected' });
    const ours = await connectFrames({ port, target: '/api/ws' });
    opened.push(ours);
    await ours.ping('p');
    await ours.sendClose(1000);
    hot.terminate();
    await ours.close();
    (await rig.origin.connection()).destroy();
    await rig.whenIdle();
  } finally {
    await vite.close();
  }
});
