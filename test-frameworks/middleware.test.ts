/** The proxy beside what Express applications have in front of it, of today and of three years ago. */
import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { HandlerOptions } from '@reverseit/node';
import { connectRaw, deferred, eventually, guarded, patternBytes } from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { type Client, connectHttp1, connectHttp2 } from './client.ts';
import { ages, applications, type Stack, startStack } from './stack.ts';

useCensus();
const use = useCleanup();

type Respond = (response: ServerResponse, request: http.IncomingMessage) => void;

async function startBackend(respond: Respond): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => respond(response, request));
  });
  use({
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const text = 'This compresses well. '.repeat(2000);
const page = [
  ...[
    'Content-Type',
    'text/html',
    'ETag',
    '"abc"',
    'Content-Security-Policy',
    "default-src 'self'",
  ],
  ...['Set-Cookie', 'a=1', 'X-B', '1', 'set-cookie', 'b=2', 'x-b', '2', 'Vary', 'Cookie'],
  ...['Cache-Control', 'max-age=60', 'X-Name', '\xe9'],
];

const cases = Object.keys(applications).flatMap((application) =>
  Object.keys(ages).map((age) => [application, age] as const),
) as [keyof typeof applications, keyof typeof ages][];

describe.each(cases)('%s, middleware %s', (application, age) => {
  const start = async (
    respond: Respond,
    options: HandlerOptions = {},
  ): Promise<{ stack: Stack; client: Client }> => {
    const backend = await startBackend(respond);
    const stack = use(await startStack(application, age, { backend, ...options }));
    const client = (application.endsWith('2') ? connectHttp2 : connectHttp1)(stack.port);
    use({ close: async () => client.close() });
    return { stack, client };
  };

  // Of a string Node would write the fields as UTF-8, too.
  const sized: Respond = (response) => {
    response
      .writeHead(200, [...page, 'Content-Length', String(text.length)])
      .end(Buffer.from(text));
  };

  it('every field of the backend arrives, beside the application’s', async () => {
    const { stack, client } = await start(sized);
    const headers = { origin: 'https://example.org' };
    for (let nth = 0; nth < 2; nth++) {
      const { status, fields, names, body } = await client.ask({ headers });
      expect(status).toBe(200);
      expect(body.toString()).toBe(text);
      expect(fields).toMatchObject({
        'content-type': 'text/html',
        'content-length': String(text.length),
        etag: '"abc"',
        'content-security-policy': "default-src 'self'",
        'cache-control': 'max-age=60',
        'x-b': '1, 2',
        'x-name': '\xe9',
        'x-frame-options': 'DENY',
        'access-control-allow-origin': 'https://example.org',
        'access-control-expose-headers': 'x-a',
        vary: 'Origin, Cookie, Accept-Encoding',
      });
      const [session, ...cookies] = [fields['set-cookie'] ?? []].flat().sort().reverse();
      expect(session).toMatch(/^connect\.sid=/);
      expect(cookies).toEqual(['b=2', 'a=1']);
      // Nothing that a misread list would make.
      const known =
        /^(x-powered-by|date|connection|keep-alive|transfer-encoding|access-control-.*|x-(b|name|frame-options)|content-(type|length|security-policy)|etag|vary|set-cookie|cache-control)$/i;
      expect(names.filter((name) => !known.test(name))).toEqual([]);
    }
    await eventually(() => stack.log.length === 2, 'lines of morgan');
    expect(stack.log[0]).toMatch(/^GET \/ 200 44000 - [\d.]+ ms\n$/);
  });

  it('is compressed, and says so', async () => {
    const { client } = await start(sized);
    const { fields, body } = await client.ask({ headers: { 'accept-encoding': 'gzip' } });
    expect(fields).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/html' });
    expect(fields['content-length']).toBeUndefined();
    expect(body.length).toBeLessThan(2000);
    expect(gunzipSync(body).toString()).toBe(text);
  });

  it('events are sent as they come, compressed or not', async () => {
    for (const coding of ['gzip', 'identity']) {
      const second = deferred();
      const { client } = await start((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        void second.promise.then(() => response.end('data: 2\n\n'));
      });
      const first = deferred();
      const answer = client.ask({
        headers: { 'accept-encoding': coding },
        onData: (piece) => {
          // Of the coding's own head nothing can be read.
          if (coding === 'identity' || piece.length > 10) first.resolve();
        },
      });
      await guarded(first.promise, 'the first event');
      second.resolve();
      const { fields, body } = await answer;
      expect(fields['content-encoding']).toBe(coding === 'gzip' ? 'gzip' : undefined);
      const events = coding === 'gzip' ? gunzipSync(body) : body;
      expect(events.toString()).toBe('data: 1\n\ndata: 2\n\n');
    }
  });

  it.each([
    ['HEAD', 200, ['Content-Length', '7']],
    ['GET', 204, []],
    ['GET', 304, ['ETag', '"abc"']],
    ['GET', 302, ['Location', '/x', 'Content-Length', '0']],
  ])('RFC 9110 §6.4.1: %s %i passes without content', async (method, status, fields) => {
    const { client } = await start((response) => response.writeHead(status, fields).end());
    for (let nth = 0; nth < 2; nth++) {
      const headers = { 'accept-encoding': 'gzip' };
      const answer = await client.ask({ method, headers });
      expect([answer.status, answer.body.length]).toEqual([status, 0]);
      for (let i = 0; i < fields.length; i += 2) {
        expect(answer.fields[String(fields[i]).toLowerCase()]).toBe(fields[i + 1]);
      }
    }
  });

  it('a session is kept, and content reaches the backend', async () => {
    const { client } = await start((response, request) => {
      response.end(`${request.method} ${request.headers['content-length']}`);
    });
    const first = await client.ask({ method: 'POST', body: 'x'.repeat(100_000) });
    expect(first.body.toString()).toBe('POST 100000');
    const cookie = String([first.fields['set-cookie'] ?? ''].flat()[0]).split(';')[0] ?? '';
    const second = await client.ask({ headers: { cookie } });
    expect(second.fields['set-cookie']).toBeUndefined();
  });

  it('RFC 9112 §8: a backend that breaks off never looks complete', async () => {
    const { client } = await start((response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write(text, () => response.socket?.destroy());
    });
    const headers = { 'accept-encoding': 'gzip' };
    await expect(client.ask({ headers })).rejects.toThrow();
  });
});

describe.each(Object.keys(ages) as (keyof typeof ages)[])('Express 4, middleware %s', (age) => {
  it('a client that takes nothing of a compressed response is cut off in time', async () => {
    const body = patternBytes(16 * 1024 * 1024);
    const backend = await startBackend((response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
      response.end(body);
    });
    const options = { backend, responseSendTimeout: 200 };
    const stack = use(await startStack('Express 4', age, options));
    const client = use(await connectRaw({ port: stack.port, maxUnreadBytes: 1024 }));
    client.pauseReading();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    await eventually(() => stack.handler.stats().totalExchanges === 1, 'the request');
    await eventually(() => stack.handler.stats().activeExchanges === 0, 'it to be cut off');
    client.resumeReading();
    await client.expectReset();
  });
});
