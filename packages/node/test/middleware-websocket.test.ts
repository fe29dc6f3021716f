/** The proxy as middleware: WebSockets, by the `upgrade` event of Node's servers. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { usesNodeInternals } from '@reverseit/core/internal';
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
import connect from 'connect';
import express from 'express';
import { createServer as createViteServer } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { AccessRecord, ReverseItHandler } from '../src/index.ts';
import {
  type Host,
  hosts,
  type MiddlewareRig,
  type RigSetup,
  request,
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

interface EndsSetup extends RigSetup {
  /** The host listens to `upgrade` itself. */
  readonly upgrades?: false;
}

async function startEnds(setup: EndsSetup = {}, accept: AcceptOptions = {}): Promise<Ends> {
  const accepted: FrameOrigin[] = [];
  const rig = await start({
    origin: { script: webSocket((peer) => accepted.push(peer), accept) },
    ...setup,
    host:
      setup.upgrades === false && setup.host !== undefined
        ? setup.host
        : upgrading(setup.host ?? hosts['node:http']),
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

it('RFC 6455 §4.1: passes frames on that came right after the handshake', async () => {
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

describe('RFC 9110 §7.8: an offer of another protocol is as if it were not there', () => {
  /** A server whose application has a route of its own, where Node knows `shouldUpgradeCallback` and not. */
  const application =
    (make: (handler: ReverseItHandler, app: http.RequestListener) => http.Server): Host =>
    (handler) => {
      const server = make(handler, (incoming, answer) =>
        handler(incoming, answer, () => {
          answer.end(
            `${incoming.method} ${incoming.headers.upgrade} ${incoming.headers.connection}`,
          );
        }),
      );
      return server.on('upgrade', handler.upgrade);
    };
  const ways: [about: string, Host][] = [
    ['node:http', application((_, app) => http.createServer(app))],
    ['node:https', application((_, app) => https.createServer(testCertificates().server, app))],
    [
      'node:http2 beside HTTP/1.1',
      application((_, app) => {
        const options = { ...testCertificates().server, allowHTTP1: true };
        return http2.createSecureServer(options, app as never) as unknown as http.Server;
      }),
    ],
    [
      'node:http with serverOptions',
      application(({ serverOptions }, app) => http.createServer(serverOptions, app)),
    ],
  ];
  const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'];
  const tls = ['Upgrade: TLS/1.2', 'Connection: keep-alive,Upgrade'];

  describe.each(ways)('%s', (way, host) => {
    const byNode = way === 'node:http with serverOptions';

    it.each([
      ['h2c, as Java’s client sends it', h2c],
      ['TLS, as Apache’s client sends it', tls],
    ])(
      '%s: content, routes of the application and the connection are kept',
      async (_about, offer) => {
        const rig = await start({
          host,
          options: { path: '/api' },
          origin: { script: answerEach(({ body }) => response(200, `got ${body}`)) },
        });
        const client = await rig.connect();
        const post = (path: string) =>
          request(`POST ${path}`, [...offer, 'Content-Length: 5'], 'hello');
        for (const text of ['got hello', 'got hello']) {
          const answer = await client.request(post('/api/1'));
          expect([answer.status, answer.text]).toEqual([200, text]);
          expect(answer.header('connection')).not.toBe('close');
        }
        const chunked = ['Transfer-Encoding: chunked', ...offer];
        const answer = await client.request(
          request('PUT /api/2', chunked, '5\r\nhello\r\n0\r\n\r\n'),
        );
        expect(answer.text).toBe('got hello');
        expect((await client.request(request('GET /other', offer))).status).toBe(200);
        // Pipelined, but where Node decides: it loses what comes in one read with the request.
        const [one, two] = [request('GET /api/3', offer), request('GET /api/4')];
        if (byNode) await client.request(one);
        else client.send(one);
        expect((await client.request(two)).text).toBe('got ');
        if (!byNode) expect((await client.readResponse()).text).toBe('got ');
        await client.writeByBytes(post('/api/5'));
        expect((await client.readResponse()).text).toBe('got hello');
        expect(rig.origin.requests.map(({ target }) => target)).toEqual([
          '/api/1',
          '/api/1',
          '/api/2',
          '/api/3',
          '/api/4',
          '/api/5',
        ]);
        for (const { fields } of rig.origin.requests) {
          const names = fields.map(([name]) => name.toLowerCase());
          expect(names).not.toContain('upgrade');
          expect(names).not.toContain('http2-settings');
        }
      },
    );

    it.each([
      ['with a length', 'Content-Length: 10', 'helloworld'],
      [
        'in chunks',
        'Transfer-Encoding: chunked',
        '5\r\nhello\r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n',
      ],
    ])('content %s that comes later is read, and waited for', async (_about, framing, content) => {
      const rig = await start({
        host,
        options: { path: '/api' },
        origin: { script: answerEach(({ body }) => response(200, `got ${body}`)) },
      });
      for (const expected of [[], ['Expect: 100-continue']]) {
        const client = await rig.connect();
        client.send(request('POST /api', [...tls, framing, ...expected]));
        if (expected.length > 0) await client.reader.takeThrough('HTTP/1.1 100 Continue\r\n\r\n');
        await client.writeByBytes(content);
        expect((await client.readResponse()).text).toBe('got helloworld');
        await client.close();
      }
    });

    it('and a WebSocket is one beside it', async () => {
      const { rig, open } = await startEnds({ host: (handler) => host(handler), upgrades: false });
      const client = await rig.connect();
      expect(rig.origin.connectionCount).toBe(0);
      await client.close();
      const ends = await open();
      await ends.client.text('hello');
      expect((await ends.backend.readMessage()).payload.toString()).toBe('hello');
    });
  });

  it('its fields are those that were sent, to the byte', async () => {
    const { rig } = await startEnds({ origin: { script: answerEach(response(200, 'ok')) } });
    const fields = ['X-A: \xe9', 'x-a: 2', 'Connection: x-hop', 'X-Hop: 1'];
    expect((await rig.request(request('GET /x?y=%2F', [...fields, ...tls]))).status).toBe(200);
    expect(rig.origin.requests[0]?.fields.slice(2)).toEqual([
      ['X-A', '\xe9'],
      ['x-a', '2'],
    ]);
  });

  it('RFC 9112 §11.2: is refused where Node hides fields, which may frame content', async () => {
    const { rig } = await startEnds({
      host: (handler) => Object.assign(http.createServer(handler), { maxHeadersCount: 4 }),
    });
    const hiding = [...tls, 'A: 1', 'B: 2', 'Content-Length: 5'];
    const answer = await rig.request(request('POST /', hiding, 'hello'));
    expect(answer.status).toBe(431);
    expect(rig.origin.connectionCount).toBe(0);
  });

  it.runIf(usesNodeInternals)(
    'leaves nothing on a connection on which it comes with every request',
    async () => {
      const listeners: number[] = [];
      const rig = await start({
        host: (handler) => {
          const server = http.createServer(({ socket }, answer) => {
            const counts = socket.eventNames().map((name) => socket.listenerCount(name));
            listeners.push(counts.reduce((sum, count) => sum + count, 0));
            answer.end('mine');
          });
          return server.on('upgrade', handler.upgrade);
        },
      });
      const client = await rig.connect();
      for (let nth = 0; nth < 20; nth++) {
        expect((await client.request(request('GET /', tls))).text).toBe('mine');
      }
      expect(listeners.at(-1)).toBe(listeners[1]);
    },
  );

  it('is nothing for next, nor for a second handler', async () => {
    const passed: unknown[] = [];
    const served: (string | undefined)[] = [];
    const second = await start({ options: { path: '/b' } });
    const rig = await start({
      options: { path: '/a' },
      host: (handler) => {
        const server = http.createServer((incoming, answer) => {
          served.push(incoming.url);
          handler(incoming, answer, () => second.handler(incoming, answer));
        });
        for (const one of [handler, second.handler]) {
          server.on('upgrade', (incoming, socket, head) => {
            one.upgrade(incoming, socket, head, () => passed.push(incoming));
          });
        }
        return server;
      },
    });
    const client = await rig.connect();
    for (const path of ['/a', '/b', '/c']) {
      const answer = await client.request(request(`GET ${path}`, tls));
      expect(answer.status).toBe(path === '/c' ? 404 : 200);
    }
    expect(served).toEqual(['/a', '/b', '/c']);
    expect(passed).toEqual([]);
  });

  it('shouldUpgrade tells a WebSocket from it', async () => {
    const told: boolean[] = [];
    const rig = await start({
      host: (handler) =>
        http.createServer((incoming, answer) => {
          told.push(handler.shouldUpgrade(incoming));
          handler(incoming, answer);
        }),
    });
    await rig.request(request('GET /', tls));
    await rig.request(request('GET /', ['Connection: upgrade', 'Upgrade: h2c, WebSocket']));
    await rig.request(request('GET /', ['Upgrade: websocket']));
    expect(told).toEqual([false, true, false]);
  });
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

it('RIT_ERR_INTERNAL: is taken once, however many listen', async () => {
  const errors: string[] = [];
  const { open } = await startEnds({
    options: { onError: ({ code }) => errors.push(code) },
    host: async (handler) => {
      const server = await hosts['node:http'](handler);
      server.on('upgrade', handler.upgrade);
      // Where it does not serve, another handler has its own say, whoever has taken the request.
      return server.on('upgrade', (...given) => handler.upgradeBelow('/x')(...given, () => {}));
    },
  });
  const { client, backend } = await open();
  void client.text('a');
  expect(String((await backend.readMessage()).payload)).toBe('a');
  expect(errors).toEqual(['RIT_ERR_INTERNAL']);
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

describe('below a path at which the application mounts it', () => {
  const frameworks: [string, (handler: ReverseItHandler) => http.RequestListener][] = [
    ['Express', (handler) => express().use('/x', handler)],
    ['Connect', (handler) => connect().use('/x', handler)],
  ];

  it.each(frameworks)('%s: a WebSocket has the path that a request has', async (_name, mount) => {
    const rig = await start({
      options: { path: '/v1' },
      host: (handler) =>
        http.createServer(mount(handler)).on('upgrade', handler.upgradeBelow('/x')),
      origin: { script: answerEach(({ target }) => response(200, target)) },
    });
    for (const [target, seen] of [
      ['/x/v1/ws?y=1', '/v1/ws?y=1'],
      ['/X/v1', '/v1'],
      ['/x/v1//y', '/v1//y'],
      ['/v1/ws', null],
      ['/xx/v1', null],
      ['/x/v2', null],
      ['/x?v1', null],
      ['/x', null],
    ] as const) {
      const answers = [
        await rig.request(request(`GET ${target}`)),
        await rig.request(handshakeRequest({ target })),
      ];
      const got = answers.map(({ status, text }) => (status === 404 ? null : text));
      expect(got, target).toEqual([seen, seen]);
    }
    expect(rig.origin.requests.at(-1)?.header('upgrade')).toBe('websocket');
  });

  it('leaves to next what is not below it', async () => {
    const passed: (string | undefined)[] = [];
    const rig = await start({
      host: (handler) =>
        http.createServer().on('upgrade', (incoming, socket, head) => {
          handler.upgradeBelow('/x/')(incoming, socket, head, () => {
            passed.push(incoming.url);
            socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
          });
        }),
    });
    expect((await refusal(rig)).status).toBe(200);
    expect(passed).toEqual(['/ws']);
  });

  it('RIT_ERR_CONFIG: takes a path only', async () => {
    const { rig } = await startEnds();
    for (const path of ['x', '', undefined]) {
      expect(() => rig.handler.upgradeBelow(path as string)).toThrow(
        'upgradeBelow: expected a path',
      );
    }
  });
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
