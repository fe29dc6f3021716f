/** Trailers both ways behind servers of Node, over HTTP/1.1 and HTTP/2 (RFC 9110 §6.5, §10.1.4). */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  answerEach,
  chunkedResponse,
  type ScriptedOrigin,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { createHandler, type HandlerOptions } from '../src/index.ts';

useCensus();
const use = useCleanup();

const closing = (server: { close(done: () => void): unknown }) => ({
  close: () => new Promise<void>((resolve) => server.close(() => resolve())),
});

interface Got {
  readonly text: string;
  readonly announced: unknown;
  readonly trailers: object;
}

type Ask = (content: string, trailers: Record<string, string>) => Promise<Got>;

/** A client of HTTP/1.1 before the handler. */
async function overHttp1(listener: http.RequestListener): Promise<Ask> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  use(closing(server));
  return async (content, trailers) => {
    const { port } = server.address() as AddressInfo;
    const headers = { te: 'trailers', connection: 'te, close', trailer: 'X-Sum' };
    const request = http.request({ port, method: 'POST', path: '/x', headers });
    request.write(content);
    request.addTrailers(trailers);
    request.end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const piece of response) text += String(piece);
    return { text, announced: response.headers.trailer, trailers: response.trailers };
  };
}

/** A client of HTTP/2 before the handler. */
async function overHttp2(
  listener: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
): Promise<Ask> {
  const server = http2.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  use(closing(server));
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  use(closing(session));
  return async (content, trailers) => {
    const headers = { ':method': 'POST', ':path': '/x', te: 'trailers', trailer: 'X-Sum' };
    const stream = session.request(headers, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(content);
    let got: Record<string, unknown> = {};
    let announced: unknown;
    stream.on('response', (fields) => {
      announced = fields.trailer;
    });
    stream.on('trailers', (fields) => {
      got = Object.fromEntries(Object.entries(fields));
    });
    let text = '';
    for await (const piece of stream) text += String(piece);
    return { text, announced, trailers: got };
  };
}

/** A backend of HTTP/1.1 that answers with trailers. */
async function scripted(): Promise<ScriptedOrigin> {
  const answer = chunkedResponse(200, ['ok'], ['Trailer: X-End, Host'], ['X-End: e', 'Host: h']);
  return use(await startScriptedOrigin({ script: answerEach(answer) }));
}

const fronts = { 'HTTP/1.1': overHttp1, 'HTTP/2': overHttp2 };
const ways = { collected: {}, streamed: { requestBodyBufferSize: 0 } };

describe.for(Object.keys(fronts) as (keyof typeof fronts)[])('a client of %s', (front) => {
  describe.for(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
    const ask = async (options: HandlerOptions): Promise<Ask> => {
      const handler = createHandler({ ...options, ...ways[way] });
      use(handler);
      return fronts[front]((request, response) => handler(request, response));
    };

    it.for(['undici', 'direct'] as const)('a backend of HTTP/1.1, over %s', async (transport) => {
      const origin = await scripted();
      const client = await ask({ backend: origin.url, pool: { transport } });
      const got = await client('abc', { 'X-Sum': '1', authorization: 'x' });
      expect(got).toEqual({ text: 'ok', announced: 'x-end', trailers: { 'x-end': 'e' } });
      const [request] = origin.requests;
      expect(request?.body.toString()).toBe('abc');
      const named = (name: string) =>
        request?.fields.filter(([field]) => field === name).map(([, value]) => value);
      expect(named('te')).toEqual(['trailers']);
      const sends = transport === 'direct';
      expect(named('trailer')).toEqual(sends ? ['X-Sum'] : []);
      expect(request?.trailers.map(([name, value]) => [name.toLowerCase(), value])).toEqual(
        sends ? [['x-sum', '1']] : [],
      );
    });

    it('a backend of HTTP/2', async () => {
      const seen: unknown[] = [];
      const server = http2.createServer().listen(0, '127.0.0.1');
      server.on('stream', (stream, headers) => {
        stream.on('trailers', (fields) => seen.push(Object.fromEntries(Object.entries(fields))));
        stream.resume().on('end', () => {
          seen.push(headers.te, headers.trailer);
          stream.respond({ ':status': 200, trailer: 'x-end' }, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'e' }));
          stream.end('ok');
        });
      });
      await once(server, 'listening');
      use(closing(server));
      const backend = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const client = await ask({ backend, pool: { protocols: ['http2'] } });
      const got = await client('abc', { 'X-Sum': '1', authorization: 'x' });
      expect(got).toEqual({ text: 'ok', announced: 'x-end', trailers: { 'x-end': 'e' } });
      expect(seen).toEqual([{ 'x-sum': '1' }, 'trailers', 'X-Sum']);
    });
  });
});
