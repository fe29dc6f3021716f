/**
 * A proxy between a client that writes exact bytes and a backend that records exact bytes, fresh for
 * each test. After it, everything must be gone: requests under way, pool slots, sockets, timers.
 *
 * Messages are told as lists of lines. Joined by CRLF they are the bytes on the wire, unless the content
 * is chunked; then its pieces are joined, since the network may cut them anywhere.
 */
import { liveParsers } from '@reverseit/core/internal';
import {
  type Answer,
  answerEach,
  connectRaw,
  eventually,
  guarded,
  type RawClient,
  type RawRequest,
  type RawResponse,
  response,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { countInCensus } from '@reverseit/test-servers/census';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach, expect, it } from 'vitest';
import {
  createServer,
  type ListenAddress,
  type ReverseItOptions,
  type ReverseItServer,
} from '../src/index.ts';
import { whenIdle } from './when-idle.ts';

countInCensus('parsers', liveParsers);

/** The lines of a message; the one behind the empty line is the content. */
export type Message = readonly string[];

/** Options of a proxy; `{origin}` in a text stands for host and port of the backend. */
export type Options = ReverseItOptions | ((origin: ScriptedOrigin) => ReverseItOptions);

export interface ProxySetup {
  readonly options?: Options;
  readonly origin?: ScriptedOriginOptions;
  /** Default: a free port on 127.0.0.1. */
  readonly listen?: ListenAddress;
}

/** Starts benches in a test, and judges and stops them behind it. */
export function useProxy(): (setup?: ProxySetup) => Promise<TestProxy> {
  const open: TestProxy[] = [];
  useCensus();
  afterEach(async () => {
    for (const bench of open.splice(0)) await bench.close();
  });
  return async (setup = {}) => {
    const origin = await startScriptedOrigin(
      setup.origin ?? { script: answerEach(response(200, 'ok')) },
    );
    const { options = {} } = setup;
    const given = typeof options === 'function' ? options(origin) : options;
    // Most cases are not about these fields; http-forwarded.test.ts is.
    const proxy = createServer({
      logger: null,
      backend: origin.url,
      forwardedHeaders: false,
      // Whether content is held must not depend on how busy the machine is.
      requestBodyBufferDelay: 0,
      ...given,
    });
    await proxy.listen(setup.listen ?? { host: '127.0.0.1', port: 0 });
    const bench = new TestProxy(origin, proxy);
    open.push(bench);
    return bench;
  };
}

export class TestProxy {
  readonly origin: ScriptedOrigin;
  readonly proxy: ReverseItServer;
  readonly port: number;
  readonly #clients: RawClient[] = [];

  constructor(origin: ScriptedOrigin, proxy: ReverseItServer) {
    this.origin = origin;
    this.proxy = proxy;
    const address = proxy.address();
    this.port = address !== null && 'port' in address ? address.port : 0;
  }

  /** Host and port of the backend, as Host names it. */
  get authority(): string {
    return `127.0.0.1:${this.origin.port}`;
  }

  async connect(guardMs?: number): Promise<RawClient> {
    const client = await connectRaw({
      port: this.port,
      ...(guardMs === undefined ? {} : { guardMs }),
    });
    this.#clients.push(client);
    return client;
  }

  /** The figures of the one pool. */
  get pool() {
    const [pool] = this.proxy.stats().pools;
    if (pool === undefined) throw new Error('a proxy without a pool');
    return pool;
  }

  whenIdle(): Promise<void> {
    return whenIdle(this.proxy);
  }

  /** Waits until the pool has seen that every backend connection is closed. */
  async whenPoolEmpty(): Promise<void> {
    await eventually(() => this.pool.open === 0, 'the pool to be empty');
  }

  /** What the backend has seen on all connections, in their order, byte for byte. */
  get seenBytes(): string {
    return this.origin.connections.map(({ received }) => received.toString('latin1')).join('');
  }

  /** Ends it: nothing may be left but idle connections, and then not even they. */
  async close(): Promise<void> {
    try {
      for (const client of this.#clients) await client.close();
      await this.whenIdle();
      this.origin.assertScripts();
      await guarded(this.proxy.close({ timeout: 0 }), 'an idle proxy to close');
    } finally {
      await this.proxy.close({ timeout: 0 });
      await this.origin.close();
    }
  }
}

/** One request, or several on a connection, and what becomes of them. */
export interface HttpCase {
  /** Begins with the deciding section. */
  readonly name: string;
  readonly options?: Options;
  /** What the client sends, latin1. */
  readonly send: string | Uint8Array;
  /** What the backend answers to each request. Default: 200 with the content `ok`. */
  readonly answer?: Answer;
  /** What the backend does on its first connection, instead. */
  readonly script?: Script;
  /** Methods that the responses answer, where the first one's is not that of all. */
  readonly methods?: readonly string[];
  /** What the client gets. */
  readonly got: readonly Message[];
  /**
   * What becomes of the client's connection: it serves another request (the default), ends with a FIN,
   * or is reset.
   */
  readonly fate?: 'kept' | 'closed' | 'reset';
  /** Target of the request that shows that a connection is kept; ends with `/again`. */
  readonly again?: string;
  /** What the backend sees, in all. */
  readonly seen: readonly Message[];
}

const defaultAgain = '/again';

/** A GET with these fields, of which the backend sees others. */
export const forwards = (
  name: string,
  options: ReverseItOptions,
  fields: readonly string[],
  forwarded: readonly string[],
): HttpCase => ({
  name,
  options,
  send: request('GET /x', fields),
  got: [ok],
  seen: [seen('GET /x', forwarded)],
});

/** Makes each case a test. */
export function runCases(
  start: (setup?: ProxySetup) => Promise<TestProxy>,
  cases: readonly HttpCase[],
) {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    await runCase(start, one);
  });
}

async function runCase(
  start: (setup?: ProxySetup) => Promise<TestProxy>,
  one: HttpCase,
): Promise<void> {
  const { again = defaultAgain, answer = response(200, 'ok'), fate = 'kept' } = one;
  const answering = answerEach((request, nth) => {
    if (request.target.endsWith(defaultAgain)) return response(200, 'again');
    return typeof answer === 'function' ? answer(request, nth) : answer;
  });
  const bench = await start({
    origin: one.script === undefined ? { script: answering } : { scripts: [one.script, answering] },
    ...(one.options === undefined ? {} : { options: one.options }),
  });
  const fill = (message: Message): Message =>
    message.map((line) => line.replaceAll('{origin}', bench.authority));

  const client = await bench.connect();
  const written = client.write(
    typeof one.send === 'string' ? one.send.replaceAll('{origin}', bench.authority) : one.send,
  );
  const wanted = one.got.map(fill);
  const got: Message[] = [];
  const method = /^[^ ]*/.exec(typeof one.send === 'string' ? one.send : '')?.[0] ?? 'GET';
  for (let nth = 0; got.length < wanted.length; nth += 1) {
    const answered = await client.readResponse({ method: one.methods?.[nth] ?? method });
    got.push(...responseLines(answered));
  }
  expect(got).toEqual(wanted);
  if (!wanted.some(isChunked)) {
    const bytes = wanted.map((lines) => lines.join('\r\n')).join('');
    expect(withoutDates(client.received.toString('latin1'))).toBe(bytes);
  }
  if (fate === 'kept') {
    const next = await client.request(`GET ${again} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([next.status, next.text]).toEqual([200, 'again']);
  } else if (fate === 'closed') await client.expectFin();
  else await client.expectReset();
  await written;
  await client.close();

  await bench.whenIdle();
  checkSeen(bench, one.seen.map(fill), fate === 'kept');
}

function checkSeen(bench: TestProxy, wanted: readonly Message[], again: boolean): void {
  if (wanted.length === 0 && !again) {
    // Not even a connection: nothing of it can have got there.
    expect({ bytes: bench.seenBytes, connections: bench.origin.connectionCount }).toEqual({
      bytes: '',
      connections: 0,
    });
    return;
  }
  const isAgain = (target: string): boolean => again && target.endsWith(defaultAgain);
  if (wanted.some(isChunked)) {
    const requests = bench.origin.requests.filter(({ target }) => !isAgain(target));
    expect(requests.map(requestLines)).toEqual(wanted);
    return;
  }
  let bytes = bench.seenBytes;
  if (again) {
    const at = bytes.lastIndexOf('GET ');
    expect(bytes.slice(at).split(' ')[1]).toMatch(/again$/);
    bytes = bytes.slice(0, at);
  }
  expect(bytes.split('\r\n')).toEqual(
    wanted
      .map((lines) => lines.join('\r\n'))
      .join('')
      .split('\r\n'),
  );
}

const isChunked = (message: Message): boolean => message.includes('transfer-encoding: chunked');

// Reading and telling messages.

/** A response and the interim ones before it, as lists of lines. A date of today is `now`. */
export function responseLines(answered: RawResponse): Message[] {
  const interim = answered.interim.map((head) => [
    `HTTP/${head.version} ${head.status} ${head.reason}`,
    ...head.fields.map(fieldLine),
    '',
    '',
  ]);
  const { version, status, reason, fields, trailers } = answered;
  const lines = [`HTTP/${version} ${status} ${reason}`, ...fields.map(fieldLine), ''];
  lines.push(answered.body.toString('latin1'), ...trailers.map(fieldLine));
  return [...interim, lines];
}

/** A request as a list of lines. */
export function requestLines(request: RawRequest): Message {
  const { method, target, version, fields, trailers } = request;
  const lines = [`${method} ${target} HTTP/${version}`, ...fields.map(([n, v]) => `${n}: ${v}`)];
  lines.push('', request.body.toString('latin1'), ...trailers.map(([n, v]) => `${n}: ${v}`));
  return lines;
}

const fieldLine = ([name, value]: readonly [string, string]): string =>
  withoutDates(`${name}: ${value}\r\n`).slice(0, -2);

const dates = /^date: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/gm;

/** RFC 9110 §5.6.7: the date that the proxy adds; it must be right. */
function withoutDates(text: string): string {
  return text.replace(dates, (line, date: string) => {
    const age = Math.abs(Date.now() - Date.parse(date));
    return age < 10_000 && new Date(date).toUTCString() === date ? 'date: now\r\n' : line;
  });
}

/** A request as bytes: the first line, Host, the other fields, the content. */
export function request(line: string, fields: readonly string[] = [], content = ''): string {
  return [`${line} HTTP/1.1`, 'Host: a', ...fields, '', content].join('\r\n');
}

/** What the backend sees of a request: the fields of the hop stand around the client's. */
export function seen(line: string, fields: readonly string[] = [], content?: string): Message {
  const lines = [`${line} HTTP/1.1`, 'host: {origin}', 'connection: keep-alive', ...fields];
  return [...lines, '', content ?? ''];
}

/** A response as the client sees it, in the order in which the proxy writes: fields, date, framing. */
export function got(status: string, fields: readonly string[], content = ''): Message {
  return [`HTTP/1.1 ${status}`, ...fields, '', content];
}

/** What the client sees of the default answer. */
export const ok: Message = got('200 Scripted', ['content-length: 2', 'date: now'], 'ok');

/** The same, on a connection that ends. */
export const okAndClose: Message = got(
  '200 Scripted',
  ['content-length: 2', 'date: now', 'connection: close'],
  'ok',
);

/** A refusal by the proxy that ends the connection. */
export function refused(status: string, extra: readonly string[] = []): Message {
  const text = `${status}\n`;
  return got(
    status,
    [
      'content-type: text/plain; charset=utf-8',
      ...extra,
      'date: now',
      `content-length: ${text.length}`,
      'connection: close',
    ],
    text,
  );
}

/** A refusal that leaves the connection open. */
export function declined(status: string, extra: readonly string[] = []): Message {
  return refused(status, extra).filter((line) => line !== 'connection: close');
}

/** The answer of the option `errorResponse`, as it is without the option. */
export function badGateway(extra: readonly string[] = []): Message {
  return got(
    '502 Bad Gateway',
    ['content-type: text/plain; charset=utf-8', 'date: now', 'content-length: 11', ...extra],
    'Bad Gateway',
  );
}
