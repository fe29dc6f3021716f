/** The friendly origin's routes, by the first segment of their path. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { patternChunks, patternStream } from './pattern.ts';

export interface RouteContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path segments after the first. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

export type FriendlyRoute = (context: RouteContext) => void | Promise<void>;

/** `/echo` answers with the body's text up to this size, and with its digest always. */
const maxEchoedText = 65_536;
/** No route makes more than this, whatever a path says: 16 GiB. */
const maxMade = 16 * 1024 ** 3;

const numberAt = (rest: readonly string[], or: number, max = maxMade): number => {
  const text = rest[0] ?? '';
  return /^[0-9]{1,11}$/.test(text) ? Math.min(Number(text), max) : or;
};

const numberOf = (query: URLSearchParams, name: string, or: number, max: number): number => {
  const text = query.get(name) ?? '';
  return /^[0-9]{1,9}$/.test(text) ? Math.min(Number(text), max) : or;
};

const sendText = (response: ServerResponse, text: string, status = 200): void => {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
};

const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
};

/** Resolves after `ms`, or at once when the response's connection closes. */
function pause(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    response.on('close', done);
  });
}

async function digestBody(request: IncomingMessage, keep: number) {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    hash.update(piece);
    length += piece.length;
    if (length <= keep) kept.push(piece);
  }
  const text = length <= keep ? Buffer.concat(kept).toString('latin1') : undefined;
  return { length, sha256: hash.digest('hex'), text };
}

const hello: FriendlyRoute = ({ response }) => sendText(response, 'Hello from the backend.\n');

/** The request as it arrived here, as JSON. */
const echo: FriendlyRoute = async ({ request, response }) => {
  const body = await digestBody(request, maxEchoedText);
  sendJson(response, {
    method: request.method,
    target: request.url,
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    rawTrailers: request.rawTrailers,
    bodyLength: body.length,
    bodySha256: body.sha256,
    body: body.text,
  });
};

/** `/bytes/N`: N pattern bytes with `content-length`. */
const bytes: FriendlyRoute = async ({ request, response, rest }) => {
  const length = numberAt(rest, 1024);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': length,
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(patternStream(length), response);
};

/** `/chunked/N`: the same without a length. */
const chunked: FriendlyRoute = async ({ request, response, rest }) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  if (request.method === 'HEAD') response.end();
  else await pipeline(patternStream(numberAt(rest, 1024)), response);
};

/** `/upload`: length and digest of the body, with nothing kept. */
const upload: FriendlyRoute = async ({ request, response }) => {
  const { length, sha256 } = await digestBody(request, 0);
  sendJson(response, { length, sha256 });
};

/** `/delay/MS`: answers after so many milliseconds, at most a minute. */
const delay: FriendlyRoute = async ({ response, rest }) => {
  const ms = numberAt(rest, 100, 60_000);
  await pause(response, ms);
  sendText(response, `waited ${ms} ms\n`);
};

/** `/stream?n=5&ms=100`: n chunks, so many milliseconds apart. */
const stream: FriendlyRoute = async ({ response, query }) => {
  const count = numberOf(query, 'n', 5, 100_000);
  const ms = numberOf(query, 'ms', 100, 60_000);
  response.writeHead(200, { 'content-type': 'text/plain' });
  for (let i = 0; i < count && !response.destroyed; i += 1) {
    if (i > 0) await pause(response, ms);
    response.write(`chunk ${i}\n`);
  }
  response.end();
};

/** `/sse?n=5&ms=100`: server-sent events. */
const sse: FriendlyRoute = async ({ response, query }) => {
  const count = numberOf(query, 'n', 5, 100_000);
  const ms = numberOf(query, 'ms', 100, 60_000);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (let i = 0; i < count && !response.destroyed; i += 1) {
    if (i > 0) await pause(response, ms);
    response.write(`id: ${i}\ndata: event ${i}\n\n`);
  }
  response.end();
};

/** `/status/N`: that status, without a body where it may have none. */
const status: FriendlyRoute = ({ response, rest }) => {
  const code = Math.min(Math.max(numberAt(rest, 200, 999), 200), 999);
  if (code === 204 || code === 304) response.writeHead(code).end();
  else sendText(response, `status ${code}\n`, code);
};

/** `/headers?n=20`: that many fields, two `Set-Cookie`, a repeated name, odd case. */
const headers: FriendlyRoute = ({ response, query }) => {
  const count = numberOf(query, 'n', 20, 900);
  const raw: string[] = ['Set-Cookie', 'a=1; Path=/', 'Set-Cookie', 'b=2; HttpOnly'];
  raw.push('X-Repeated', 'one', 'x-repeated', 'two', 'X-MiXeD-CaSe', 'kept');
  for (let i = 0; i < count; i += 1) raw.push(`x-field-${i}`, `value ${i}`);
  raw.push('content-type', 'text/plain', 'content-length', '3');
  response.writeHead(200, raw).end('ok\n');
};

/** `/trailers`: a chunked body with two trailer fields. */
const trailers: FriendlyRoute = ({ response }) => {
  response.writeHead(200, { trailer: 'x-checksum, x-count', 'content-type': 'text/plain' });
  response.write('with trailers\n');
  response.addTrailers({ 'x-checksum': 'abc123', 'x-count': '1' });
  response.end();
};

/** `/redirect?to=/hello&status=302`. */
const redirect: FriendlyRoute = ({ response, query }) => {
  const to = (query.get('to') ?? '/hello').replace(/[^\x21-\x7e]/g, '');
  const code = Math.min(Math.max(numberOf(query, 'status', 302, 308), 300), 308);
  response.writeHead(code, { location: to, 'content-length': 0 }).end();
};

/** `/early-hints`: a 103 before the response. */
const earlyHints: FriendlyRoute = ({ response }) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  sendText(response, 'after the hints\n');
};

/** `/slow-body?n=1000&ms=10`: one byte at a time, with a length. */
const slowBody: FriendlyRoute = async ({ response, query }) => {
  const length = numberOf(query, 'n', 100, 1_000_000);
  const ms = numberOf(query, 'ms', 10, 60_000);
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': length });
  for (const byte of patternChunks(length, 1)) {
    if (response.destroyed) return;
    response.write(byte);
    await pause(response, ms);
  }
  response.end();
};

/** `/drip?ms=1000`: the head, then a chunk of one byte each so often, for ever. */
const drip: FriendlyRoute = async ({ response, query }) => {
  const ms = numberOf(query, 'ms', 1000, 60_000);
  response.writeHead(200, { 'content-type': 'text/plain' });
  while (!response.destroyed) {
    response.write('.');
    await pause(response, ms);
  }
};

export const friendlyRoutes: ReadonlyMap<string, FriendlyRoute> = new Map([
  ['', hello],
  ['hello', hello],
  ['echo', echo],
  ['bytes', bytes],
  ['chunked', chunked],
  ['upload', upload],
  ['delay', delay],
  ['stream', stream],
  ['sse', sse],
  ['status', status],
  ['headers', headers],
  ['trailers', trailers],
  ['redirect', redirect],
  ['early-hints', earlyHints],
  ['slow-body', slowBody],
  ['drip', drip],
]);
