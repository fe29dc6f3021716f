/** The proxy as middleware: a request as the application has left it. */
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connectFrames, type FrameOrigin, webSocket } from '@reverseit/test-servers/frame-client';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { createServer, type HookContext } from '../src/index.ts';
import { type Host, hosts, type MiddlewareRig, request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

/** What an application does to a request before it calls the proxy. */
type Change = (headers: IncomingHttpHeaders, request: IncomingMessage) => void;

const changing =
  (change: Change): Host =>
  (handler) =>
    http.createServer((incoming, answer) => {
      change(incoming.headers, incoming);
      handler(incoming, answer);
    });

const sent = ['x-role: admin', 'X-List: 1', 'x-list: 2', 'Cookie: a=1', 'X-Keep: k'];

/** Each change, and the fields that are left of the above, in order. */
const changes: [about: string, change: Change, fields: string[]][] = [
  ['nothing', () => {}, sent],
  [
    'a field set and one deleted',
    (headers) => {
      headers['x-user'] = '7';
      delete headers['x-role'];
    },
    ['X-List: 1', 'x-list: 2', 'Cookie: a=1', 'X-Keep: k', 'x-user: 7'],
  ],
  [
    'a field changed, in its place and as the client spells it',
    (headers) => {
      headers['x-list'] = '3';
    },
    ['x-role: admin', 'X-List: 3', 'Cookie: a=1', 'X-Keep: k'],
  ],
  [
    'the first of two lines alone',
    (headers) => {
      headers['x-list'] = '1';
    },
    ['x-role: admin', 'X-List: 1', 'Cookie: a=1', 'X-Keep: k'],
  ],
  [
    'several lines',
    (headers) => {
      headers['x-role'] = ['a', 'b'];
      headers['x-new'] = ['c', 'd'];
    },
    [
      'x-role: a',
      'x-role: b',
      'X-List: 1',
      'x-list: 2',
      'Cookie: a=1',
      'X-Keep: k',
      'x-new: c',
      'x-new: d',
    ],
  ],
  [
    'another case, which replaces the client’s',
    (headers) => {
      headers['X-Role'] = 'user';
    },
    ['x-role: user', 'X-List: 1', 'x-list: 2', 'Cookie: a=1', 'X-Keep: k'],
  ],
  [
    'undefined, and a number',
    (headers) => {
      headers['x-role'] = undefined;
      Object.assign(headers, { 'x-number': 7 });
    },
    ['X-List: 1', 'x-list: 2', 'Cookie: a=1', 'X-Keep: k', 'x-number: 7'],
  ],
  [
    'another object altogether',
    (_, incoming) => {
      incoming.headers = { host: 'a', 'x-only': '1' };
    },
    ['x-only: 1'],
  ],
  [
    'cookies',
    (headers) => {
      headers.cookie = 'a=1; b=2';
    },
    ['x-role: admin', 'X-List: 1', 'x-list: 2', 'Cookie: a=1; b=2', 'X-Keep: k'],
  ],
];

/** What the backend got, without what is ours to say. */
function received(rig: MiddlewareRig): string[] {
  return (rig.origin.requests[0]?.fields ?? [])
    .filter(([name]) => !/^(host|connection|upgrade|sec-websocket-.*)$/i.test(name))
    .map(([name, value]) => `${name}: ${value}`);
}

describe('what the application has done to request.headers counts', () => {
  it.each(changes)('%s', async (_name, change, fields) => {
    const rig = await start({ host: changing(change) });
    await rig.request(request('GET /', sent));
    expect(received(rig)).toEqual(fields);
  });

  it.each<[about: string, change: Change, fields: string[]]>([
    ['nothing', () => {}, ['X-Role: 1', 'X_Role: 2', 'x-role_: 3']],
    ['a field set', (headers) => (headers['x-role'] = '7'), ['X-Role: 7', 'x-role_: 3']],
    ['a field deleted', (headers) => delete headers['x-role'], ['x-role_: 3']],
    ['one deleted that has _', (headers) => delete headers.x_role, ['X-Role: 1', 'x-role_: 3']],
    [
      'one set that has _',
      (headers) => (headers.x_role = '7'),
      ['X-Role: 1', 'X_Role: 7', 'x-role_: 3'],
    ],
  ])('RFC 3875 §4.1.18: _ is no way around it: %s', async (_name, change, fields) => {
    const rig = await start({ host: changing(change) });
    await rig.request(request('GET /', ['X-Role: 1', 'X_Role: 2', 'x-role_: 3']));
    expect(received(rig)).toEqual(fields);
  });

  it.each(changes)('%s, in a WebSocket’s handshake', async (_name, change, fields) => {
    const accepted: FrameOrigin[] = [];
    const rig = await start({
      host: (handler) =>
        http.createServer(handler).on('upgrade', (incoming, socket, head) => {
          change(incoming.headers, incoming);
          handler.upgrade(incoming, socket, head);
        }),
      origin: { script: webSocket((peer) => accepted.push(peer)) },
    });
    const client = await connectFrames({ port: rig.port, fields: sent });
    expect(received(rig)).toEqual(fields);
    await client.close();
    await accepted[0]?.close();
  });

  it('but not of framing, nor that a Host is gone', async () => {
    const rig = await start({
      options: { preserveHostHeader: true },
      host: changing((headers) => {
        delete headers['content-length'];
        delete headers.host;
        headers['transfer-encoding'] = 'chunked';
        headers.connection = 'x-keep';
        headers['x-keep'] = '1';
      }),
    });
    const client = await rig.connect();
    for (const body of ['hello', 'world']) {
      const answer = await client.request(request('POST /', ['Content-Length: 5'], body));
      expect(answer.text).toBe('ok');
    }
    expect(rig.origin.requests.map(({ body }) => body.toString())).toEqual(['hello', 'world']);
    const [first] = rig.origin.requests;
    expect([first?.header('host'), first?.header('x-keep')]).toEqual(['a', '1']);
    expect(first?.headers('transfer-encoding')).toEqual([]);
  });

  it('of Host: for the route and for the backend', async () => {
    const rig = await start({
      options: { preserveHostHeader: true, routes: [{ host: 'b' }] },
      host: changing((headers) => {
        headers.host = 'b';
      }),
    });
    expect((await rig.request(request('GET /'))).text).toBe('ok');
    expect(rig.origin.requests[0]?.headers('host')).toEqual(['b']);
  });

  it('RFC 9110 §11.6.2: a second Authorization, which nobody there has seen, does not arrive', async () => {
    const rig = await start();
    await rig.request(request('GET /', ['Authorization: checked', 'Authorization: hidden']));
    expect(rig.origin.requests[0]?.headers('authorization')).toEqual(['checked']);
  });

  it.each<[string, Change]>([
    ['a line break in a value', (headers) => Object.assign(headers, { 'x-a': 'b\r\nx-c: d' })],
    ['a value beyond latin1', (headers) => Object.assign(headers, { 'x-a': '漢' })],
    ['a blank in a name', (headers) => Object.assign(headers, { 'x a': 'b' })],
  ])('%s is its own fault: 500, and told', async (_name, change) => {
    const told: string[] = [];
    const rig = await start({
      host: changing(change),
      options: { onError: ({ code, message }) => told.push(`${code} ${message}`) },
    });
    const client = await rig.connect();
    const answer = await client.request(request('POST /', ['Content-Length: 5'], 'hello'));
    expect(answer.status).toBe(500);
    expect(told).toEqual([
      expect.stringMatching(/^RIT_ERR_INTERNAL a header that the application set/),
    ]);
    expect(rig.origin.connectionCount).toBe(0);
    await client.close();
  });
});

describe('context.nodeRequest', () => {
  const same = ['Express 5', 'Fastify, by a hook'] as const;
  it.each(same)('%s: is the request itself', async (name) => {
    const seen: unknown[] = [];
    const rig = await start({
      host: hosts[name],
      options: {
        onRequest: (_request, { nodeRequest }) => {
          seen.push(nodeRequest?.url);
        },
        onResponse: (_response, { nodeRequest }) => {
          seen.push(nodeRequest?.method);
        },
      },
    });
    await rig.request(request('GET /x'));
    expect(seen).toEqual(['/x', 'GET']);
  });

  it('carries what middleware has put there', async () => {
    const rig = await start({
      host: (handler) =>
        http.createServer(
          express()
            .use((incoming, _answer, next) => {
              Object.assign(incoming, { user: { id: 7 } });
              next();
            })
            .use('/api', handler),
        ),
      options: {
        onRequest: ({ headers }, { nodeRequest }) => {
          const { user, originalUrl } = nodeRequest as unknown as {
            user: { id: number };
            originalUrl: string;
          };
          headers.set('X-User', `${user.id} ${originalUrl}`);
        },
      },
    });
    await rig.request(request('GET /api/x'));
    expect(rig.origin.requests[0]?.header('x-user')).toBe('7 /api/x');
  });

  it('is null where the server is ours', async () => {
    const seen: unknown[] = [];
    const proxy = createServer({
      respond: (_request: unknown, context: HookContext) => {
        seen.push(context.nodeRequest);
        return {};
      },
    });
    const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
    await fetch(`http://127.0.0.1:${'port' in address ? address.port : 0}/`);
    expect(seen).toEqual([null]);
    await proxy.close({ timeout: 0 });
  });
});
