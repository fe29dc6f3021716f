import { Readable } from 'node:stream';
import { HeaderSection } from '@reverseit/core/http';
import { describe, expect, test } from 'vitest';
import type { RequestOptions } from '../src/index.ts';
import { bench, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { limits } from './recorder.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const answer = (text: string) => (connection: OriginConnection) => connection.write(text);
const ok = answer('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
const endless = answer('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello');

describe('what is sent', () => {
  const cases: [string, RequestOptions, RegExp][] = [
    ['GET by default', {}, /^GET \/a\?b HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/i],
    [
      'headers by name',
      { headers: { accept: 'x', a: ['1', '2'] } },
      /accept: x\r\na: 1\r\na: 2\r\n/,
    ],
    [
      'a list of headers',
      { headers: ['A', '1', 'Host', 'h'] },
      /(?=[\s\S]*\nA: 1\r\n)[\s\S]*\nHost: h\r\n/i,
    ],
    [
      'a section',
      { headers: HeaderSection.from(['A', '1', 'Host', 'h']) },
      /(?=[\s\S]*\nA: 1\r\n)[\s\S]*\nHost: h\r\n/i,
    ],
    ['text', { method: 'POST', body: 'é' }, /content-length: 2\r\n[\s\S]*\r\nÃ©$/i],
    ['bytes', { method: 'PUT', body: new Uint8Array([65]) }, /^PUT [\s\S]*\r\n\r\nA$/],
    [
      'a stream',
      { method: 'POST', body: Readable.from(['one', 'two']) },
      /transfer-encoding: chunked\r\n[\s\S]*\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/i,
    ],
    [
      'a stream of known length',
      { method: 'POST', body: Readable.from(['one', 'two']), headers: { 'content-length': '6' } },
      /\r\n\r\nonetwo$/,
    ],
  ];
  test.each(cases)('%s', async (_, options, expected) => {
    const it = await bench(ok);
    const { body } = await it.pool.request(`${it.origin.url}/a?b`, options);
    expect(await body.text()).toBe('hello');
    const connection = await it.origin.connection();
    await connection.until(() => expected.test(connection.received));
  });
});

describe('what comes back', () => {
  test('status, headers, and trailers after the body', async () => {
    const it = await bench(
      answer(
        'HTTP/1.1 203 N\r\nA: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nb: 2\r\n\r\n',
      ),
    );
    const response = await it.pool.request(it.origin.url);
    expect([response.status, response.headers.get('a')]).toEqual([203, '1']);
    expect(await response.body.text()).toBe('ok');
    expect(response.trailers).toEqual(['b', '2']);
    await it.settle({ active: 0 });
  });

  test('the response to HEAD has no body, and its connection is kept', async () => {
    const it = await bench(answer('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'));
    const { headers, body } = await it.pool.request(it.origin.url, { method: 'HEAD' });
    expect(headers.get('content-length')).toBe('5');
    expect(await body.bytes()).toEqual(Buffer.alloc(0));
    await it.settle({ open: 1, idle: 1 });
  });

  test('connections are kept from request to request', async () => {
    const it = await bench(ok);
    for (let i = 0; i < 3; i++) {
      await (await it.pool.request(it.origin.url)).body.text();
      await it.settle({ idle: 1 });
    }
    expect(it.origin.connections).toHaveLength(1);
  });

  test('JSON', async () => {
    const it = await bench(answer('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a":"b"}'));
    expect(await (await it.pool.request(it.origin.url)).body.json()).toEqual({ a: 'b' });
  });

  test('no JSON', async () => {
    const it = await bench(ok);
    const { body } = await it.pool.request(it.origin.url);
    await expect(body.json()).rejects.toEqual(code('RIT_ERR_UPSTREAM_PROTOCOL'));
  });

  test('a body is read once', async () => {
    const it = await bench(ok);
    const { body } = await it.pool.request(it.origin.url);
    await body.text();
    await expect(body.text()).rejects.toEqual(code('RIT_ERR_INTERNAL'));
  });

  test.each([4, 0, Number.NaN])('a body above %d bytes is cancelled', async (max) => {
    const it = await bench(endless);
    const { body } = await it.pool.request(it.origin.url);
    await expect(body.bytes(max)).rejects.toEqual(code('RIT_ERR_UPSTREAM_BODY_TOO_LARGE'));
    await it.settle({ open: 0, active: 0 });
  });

  test('a long body waits for its reader, and arrives whole', async () => {
    const length = 32 * 1024 * 1024;
    const it = await bench((connection) => {
      connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`);
      connection.write(Buffer.alloc(length, 'x'));
    });
    const { body } = await it.pool.request(it.origin.url);
    const { socket } = await it.origin.connection();
    await turns(50);
    expect(socket.writableLength).toBeGreaterThan(0);
    let received = 0;
    for await (const chunk of body) received += chunk.length;
    expect(received).toBe(length);
    await it.settle({ idle: 1 });
  });
});

describe('what ends early', () => {
  test('a loop that is left', async () => {
    const it = await bench(endless);
    const { body } = await it.pool.request(it.origin.url);
    for await (const chunk of body) {
      expect(chunk.toString()).toBe('hello');
      break;
    }
    await it.settle({ open: 0, active: 0 });
  });

  test('a body that is cancelled', async () => {
    const it = await bench(endless);
    const { body } = await it.pool.request(it.origin.url);
    body.cancel();
    body.cancel();
    await it.settle({ open: 0, active: 0 });
    await expect(body.text()).rejects.toEqual(code('RIT_ERR_INTERNAL'));
  });

  test('a response that is cut', async () => {
    const it = await bench((connection) => {
      connection.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello');
    });
    const { body } = await it.pool.request(it.origin.url);
    await expect(body.text()).rejects.toEqual(code('RIT_ERR_UPSTREAM_TRUNCATED'));
    await it.settle({ open: 0 });
  });

  test('aborted before it began', async () => {
    const it = await bench();
    const signal = AbortSignal.abort(new Error('why'));
    await expect(it.pool.request(it.origin.url, { signal })).rejects.toMatchObject({
      code: 'RIT_ERR_CLIENT_ABORTED',
      cause: new Error('why'),
    });
    expect(it.origin.connections).toHaveLength(0);
  });

  test('aborted while it waits for the headers', async () => {
    const it = await bench();
    const controller = new AbortController();
    const { signal } = controller;
    const response = it.pool.request(it.origin.url, { signal });
    const connection = await it.origin.connection();
    await connection.until(() => connection.requests === 1);
    controller.abort();
    await expect(response).rejects.toEqual(code('RIT_ERR_CLIENT_ABORTED'));
    await it.settle({ open: 0, active: 0 });
  });

  test('aborted while its body is read', async () => {
    const it = await bench(endless);
    const controller = new AbortController();
    const { body } = await it.pool.request(it.origin.url, { signal: controller.signal });
    const text = body.text();
    controller.abort();
    await expect(text).rejects.toEqual(code('RIT_ERR_CLIENT_ABORTED'));
    await it.settle({ open: 0, active: 0 });
  });

  test('aborted when it is over: nothing', async () => {
    const it = await bench(ok);
    const controller = new AbortController();
    const { body } = await it.pool.request(it.origin.url, { signal: controller.signal });
    await body.text();
    await it.settle({ idle: 1 });
    controller.abort();
    await turns(3);
    expect(it.counts).toMatchObject({ open: 1, idle: 1 });
  });

  test('an upload that is aborted ends its iterable', async () => {
    const it = await bench();
    const controller = new AbortController();
    const body = new Readable({ read() {} });
    body.push('one');
    const response = it.pool.request(it.origin.url, {
      method: 'POST',
      body,
      signal: controller.signal,
    });
    const connection = await it.origin.connection();
    await connection.untilReceived('one');
    controller.abort();
    await expect(response).rejects.toEqual(code('RIT_ERR_CLIENT_ABORTED'));
    expect(body.destroyed).toBe(true);
    await it.settle({ open: 0, active: 0 });
  });

  test('an upload that fails', async () => {
    const it = await bench();
    async function* body() {
      yield 'one';
      throw new Error('no more');
    }
    const response = it.pool.request(it.origin.url, { method: 'POST', body: body() });
    await expect(response).rejects.toMatchObject({
      code: 'RIT_ERR_INTERNAL',
      cause: new Error('no more'),
    });
    await it.settle({ open: 0, active: 0 });
  });
});

describe('what is refused', () => {
  test.each<[string, string, RequestOptions]>([
    ['another scheme', 'ftp://127.0.0.1', {}],
    ['no URL', '127.0.0.1', {}],
    ['credentials', 'http://a:b@127.0.0.1', {}],
    ['limits', 'http://127.0.0.1', { limits: { ...limits, poolTimeout: -1 } }],
  ])('%s: RIT_ERR_CONFIG', async (_, url, options) => {
    const it = await bench();
    await expect(it.pool.request(url, options)).rejects.toEqual(code('RIT_ERR_CONFIG'));
  });

  test.each<[string, unknown, string]>([
    [
      'a near miss',
      { header: {} },
      'invalid option header: unknown option, given an object; did you mean headers?',
    ],
    [
      'another client’s option',
      { redirect: 'follow' },
      'redirect: unknown option, given "follow"; expected one of method, headers, body, signal, limits, unixSocket',
    ],
    ['no object', 'GET', 'options: "GET" is not accepted; expected an object of options'],
    ['null', null, 'options: null is not accepted; expected an object of options'],
  ])('by name: %s', async (_, options, text) => {
    const it = await bench();
    await expect(it.pool.request(it.origin.url, options as RequestOptions)).rejects.toThrow(text);
    await it.settle({ open: 0, active: 0 });
  });

  test.each<[string, object]>([
    ['a method that is no token', { method: 'G ET' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['a header name', { headers: { 'a b': '1' } }],
    ['a header value', { headers: { a: '1\r\n2' } }],
    ['a header that is no text', { headers: { a: 1 } }],
    ['a body', { method: 'POST', body: 1 }],
    ['another length', { method: 'POST', body: 'ab', headers: { 'content-length': '1' } }],
    ['a signal', { signal: {} }],
  ])('%s: RIT_ERR_INTERNAL', async (_, options) => {
    const it = await bench();
    await expect(it.pool.request(it.origin.url, options)).rejects.toEqual(code('RIT_ERR_INTERNAL'));
    await it.settle({ open: 0, active: 0 });
  });
});

test('keeps the last hundred origins', async () => {
  const it = await bench();
  for (let i = 0; i < 110; i++) {
    const unixSocket = `/does-not-exist/${i}`;
    await expect(it.pool.request('http://127.0.0.1', { unixSocket })).rejects.toEqual(
      code('RIT_ERR_UPSTREAM_CONNECT'),
    );
  }
  // And the one of the bench.
  expect(it.pool.stats().origins.length).toBeLessThanOrEqual(101);
});
