/**
 * Requests that are rejected before their head is complete: each is a line of the access log and one of the requests
 * that are counted, under the same status, and `onError` is told of it; `onFinish` is not.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, guarded } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  block,
  clientPreface,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  SETTINGS,
} from '@reverseit/test-servers/http2-frames';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reverseit-rejected-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function bind(options: ReverseItOptions = {}) {
  const file = join(folder, 'access.log');
  const finished: string[] = [];
  const failed: [code: string, record: unknown][] = [];
  const bench = await start({
    options: {
      accessLog: file,
      metrics: true,
      requestHeaderTimeout: 10_000,
      onFinish: ({ target }) => void finished.push(target),
      onError: ({ code }, record) => void failed.push([code, record]),
      ...options,
    },
  });
  const lines = async (count: number): Promise<string[]> => {
    const read = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
    await eventually(() => read().length >= count, `${count} lines`);
    return read();
  };
  return { bench, lines, finished, failed };
}

describe('a line of the combined log and a count', () => {
  const big = 'a'.repeat(40_000);
  it.each<[name: string, bytes: string, status: number, line: string]>([
    [
      'bytes of TLS',
      '\x16\x03\x01\x02\0\x01\0"\\',
      400,
      '\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x22\\x5C',
    ],
    ['a method of no RFC', 'HELO mx HTTP/1.1\r\n\r\n', 501, 'HELO mx HTTP/1.1'],
    ['no version', 'GET /x\r\n\r\n', 400, 'GET /x'],
    ['a version that is not served', 'GET /x HTTP/3.0\r\n\r\n', 505, 'GET /x HTTP/3.0'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'PRI * HTTP/2.0'],
    ['escape sequences', 'GET /\x1b]0;x\x07 HTTP/1.1\r\n\r\n', 400, 'GET /\\x1B]0;x\\x07 HTTP/1.1'],
    ['a target beyond its limit', `GET /${big}`, 414, `GET /${big}`.slice(0, 1024)],
    ['fields beyond their limit', `GET /x HTTP/1.1\r\nA: ${big}`, 431, 'GET /x HTTP/1.1'],
    ['a request without Host', 'GET /x HTTP/1.1\r\n\r\n', 400, 'GET /x HTTP/1.1'],
    [
      'framing in conflict',
      `${request('POST /x', ['Content-Length: 1', 'Transfer-Encoding: chunked'])}`,
      400,
      'POST /x HTTP/1.1',
    ],
    ['HEAD, whose answer has no body', 'HEAD /x HTTP/1.1\r\n\r\n', 400, 'HEAD /x HTTP/1.1'],
    ['empty lines only', '\r\n\r\n\r\n', 400, '-'],
  ])('%s', async (_, bytes, status, line) => {
    const { bench, lines, finished, failed } = await bind();
    const client = await bench.connect();
    client.send(Buffer.from(bytes, 'latin1'));
    const answer = await client.readResponse({ method: bytes.startsWith('HEAD') ? 'HEAD' : 'GET' });
    expect(answer.status).toBe(status);
    const time = expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$/);
    const [text = ''] = await lines(1);
    const [, address, at, logged, code, sent, rest] =
      /^(\S+) - - \[(.*?)\] "(.*?)" (\d+) (\d+) (.*)$/.exec(text) ?? [];
    expect([address, at, logged, code, sent, rest]).toEqual([
      '127.0.0.1',
      time,
      line,
      String(status),
      String(answer.body.length),
      '"-" "-"',
    ]);
    expect(finished).toEqual([]);
    expect(failed).toEqual([[expect.stringMatching(/^RIT_ERR_/), null]]);
    const { routes, errors } = bench.proxy.metrics();
    expect(routes.find(({ route }) => route === '(none)')).toMatchObject({
      requests: { other: { [`${Math.floor(status / 100)}xx`]: 1 } },
      bytesSent: answer.body.length,
    });
    expect(errors).toEqual({ [failed[0]?.[0] as string]: 1 });
    await client.close();
  });

  it('a head that comes too slowly', async () => {
    const { bench, lines } = await bind({
      requestHeaderTimeout: 50,
      accessLogFormat:
        '$remote_addr "$request" $request_method $uri $server_protocol $status $error_code',
    });
    const client = await bench.connect();
    client.send('GET /slow HT');
    expect((await client.readResponse()).status).toBe(408);
    expect(await lines(1)).toEqual([
      '127.0.0.1 "GET /slow HT" GET /slow - 408 RIT_ERR_HEAD_TIMEOUT',
    ]);
    await client.close();
  });

  it('after requests of the same connection, in their order', async () => {
    const { bench, lines, finished } = await bind({ accessLogFormat: '$status $request' });
    const client = await bench.connect();
    client.send(`${request('GET /1')}BAD\r\n\r\n`);
    expect((await client.readResponse()).status).toBe(200);
    expect((await client.readResponse()).status).toBe(501);
    expect(await lines(2)).toEqual(['200 GET /1 HTTP/1.1', '501 BAD']);
    expect(finished).toEqual(['/1']);
    await client.close();
  });
});

it('JSON has what came as one string, and null for what did not', async () => {
  const { bench, lines } = await bind({ accessLogFormat: 'json' });
  for (const bytes of ['GET /a\u0000"\u2028\xff HTTP/1.1\r\n\r\n', '\x16\x03\r\n']) {
    const client = await bench.connect();
    client.send(Buffer.from(bytes, 'latin1'));
    await client.readResponse();
    await client.close();
  }
  const all = await lines(2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be in a line
  expect(all.filter((line) => /[\x00-\x1f\x7f-\x9f]/.test(line))).toEqual([]);
  expect(all.map((line) => JSON.parse(line))).toMatchObject([
    {
      method: 'GET',
      target: '/a\0"(\xff',
      httpVersion: null,
      authority: null,
      requestLine: 'GET /a\0"(\xff HTTP/1.1',
      status: 400,
      route: null,
      backend: null,
      durationMs: 0,
    },
    {
      method: null,
      target: null,
      requestLine: '\x16\x03',
      status: 400,
      remoteAddress: '127.0.0.1',
    },
  ]);
});

it('a function gets the record, and a context without a route', async () => {
  const seen: unknown[] = [];
  const { bench, lines } = await bind({
    accessLogFormat: (record, context) => {
      const { requestLine, method, httpVersion, error } = record;
      seen.push([requestLine, method, httpVersion, error?.code]);
      seen.push([record.requestHeaders.get('host'), context.route, context.signal.aborted]);
      seen.push([context.remoteAddress, context.remotePort > 0, context.scheme]);
      return `it was ${requestLine}`;
    },
  });
  const client = await bench.connect();
  client.send('GET /\x07 HTTP/1.1\r\n\r\n');
  await client.readResponse();
  expect(await lines(1)).toEqual(['it was GET /  HTTP/1.1']);
  expect(seen).toEqual([
    ['GET /\x07 HTTP/1.1', 'GET', '', 'RIT_ERR_TARGET'],
    [undefined, null, true],
    ['127.0.0.1', true, 'http'],
  ]);
  await client.close();
});

it('plain HTTP on a TLS port: its answer, and the address', async () => {
  const { bench, lines } = await bind({
    tls: testCertificates().server,
    accessLogFormat: '$remote_addr $scheme "$request" $status $body_bytes_sent $error_code',
  });
  const client = await bench.connect();
  client.send(request('GET /x'));
  const answer = await client.readResponse();
  expect(answer.status).toBe(400);
  expect(await lines(1)).toEqual([
    `127.0.0.1 http "-" 400 ${answer.body.length} RIT_ERR_PLAIN_HTTP`,
  ]);
  await client.close();
});

it('of whom the PROXY protocol names', async () => {
  const { bench, lines } = await bind({
    proxyProtocol: true,
    trustedProxies: ['loopback'],
    accessLogFormat: '$remote_addr:$remote_port $status',
  });
  const client = await bench.connect();
  client.send('PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\nBAD\r\n\r\n');
  expect((await client.readResponse()).status).toBe(501);
  expect(await lines(1)).toEqual(['192.0.2.7:4711 501']);
  await client.close();
});

it('a connection without a request is no line: FIN, RST, no PROXY header', async () => {
  const { bench, lines, failed } = await bind({
    proxyProtocol: true,
    trustedProxies: ['loopback'],
  });
  const client = await bench.connect();
  client.send('GET / HTTP/1.1\r\n');
  await eventually(() => failed.length === 1, 'the refusal');
  expect(failed).toEqual([['RIT_ERR_PROXY_PROTOCOL', null]]);
  await client.close();
  const other = connect(bench.port, '127.0.0.1');
  other.end();
  await guarded(new Promise((done) => other.on('close', done).resume()), 'the end');
  expect(await lines(0)).toEqual([]);
  expect(bench.proxy.metrics().routes.map(({ requests }) => requests)).toEqual([{}, {}]);
});

describe('HTTP/2', () => {
  const get = [':method', 'GET', ':scheme', 'http', ':path', '/x?y', ':authority', 'a'];
  const open = (id: number, ...fields: string[]): Buffer =>
    frame(HEADERS, END_HEADERS | END_STREAM, id, block(...fields));

  it.each<[name: string, sent: Buffer, line: string, status: string]>([
    [
      'a malformed request, reset (§8.1.1)',
      open(1, ...get, 'Upper', 'x'),
      '"GET /x?y" 000 RIT_ERR_HTTP2_PROTOCOL',
      'none',
    ],
    [
      'fields beyond their limit',
      open(1, ...get, 'a', 'b'.repeat(9000)),
      '"GET /x?y" 431 RIT_ERR_HEAD_TOO_LARGE',
      '4xx',
    ],
    [
      'CONNECT',
      open(1, ':method', 'CONNECT', ':authority', 'a:1'),
      '"CONNECT a:1" 501 RIT_ERR_METHOD_UNKNOWN',
      '5xx',
    ],
  ])('%s: a line', async (_, sent, line, status) => {
    const { bench, lines } = await bind({
      protocols: ['http2'],
      accessLogFormat: '$remote_addr "$request" $status $error_code',
    });
    const client = await bench.connect();
    client.send(Buffer.concat([clientPreface(), frame(SETTINGS, 0, 0), sent]));
    expect(await lines(1)).toEqual([`127.0.0.1 ${line}`]);
    const { routes } = bench.proxy.metrics();
    expect(routes.find(({ route }) => route === '(none)')?.requests).toEqual({
      other: { [status]: 1 },
    });
    await client.close();
  });

  it('an error of the connection is no request (§5.4.1): counted by its code alone', async () => {
    const { bench, lines, failed } = await bind({ protocols: ['http2'] });
    const client = await bench.connect();
    client.send(Buffer.concat([clientPreface(), frame(SETTINGS, 0, 0), frame(0, 0, 7, 'x')]));
    await eventually(() => failed.length === 1, 'the error');
    await client.close();
    await bench.whenIdle();
    expect(await lines(0)).toEqual([]);
    const { routes, errors } = bench.proxy.metrics();
    expect(routes.map(({ requests }) => requests)).toEqual([{}, {}]);
    expect(errors).toEqual({ RIT_ERR_HTTP2_PROTOCOL: 1 });
  });
});
