/**
 * A response that `onResponse` returns takes the place of the backend's, whose connection goes on where it
 * can.
 */
import {
  answerEach,
  chunkedResponse,
  expectRequest,
  response,
  send,
  turn,
} from '@reverseit/test-servers';
import type { Script } from '@reverseit/test-servers/scripted-origin';
import { describe, expect, it } from 'vitest';
import type { DirectResponse, ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';

const start = useProxy();
const long = 100_000;

const inBothWays = [
  ['sync', <T>(value: T): T | Promise<T> => value],
  ['async', <T>(value: T): T | Promise<T> => turn().then(() => value)],
] as const;

describe.each(inBothWays)('%s', (_, hand) => {
  /** Asks for `/x`, whose response is replaced, and for `/y`, whose is not. */
  async function ask(script: Script, answer: DirectResponse, line = 'GET /x', content = '') {
    const after = answerEach(response(200, 'next'));
    const bench = await start({
      origin: { scripts: [[...(Array.isArray(script) ? script : [script]), after], after] },
      options: {
        onResponse: (outgoing) => hand(outgoing.headers.has('x-replace') ? answer : undefined),
      },
    });
    const client = await bench.connect();
    const fields = content === '' ? [] : [`Content-Length: ${content.length}`];
    const method = line.slice(0, line.indexOf(' '));
    const got = await client.request(request(line, fields, content), { method });
    const next = await client.request(request('GET /y'));
    expect(next.text).toBe('next');
    await client.close();
    await bench.whenIdle();
    return { bench, got };
  }
  const replaced = (body: string): Buffer =>
    response(200, body, ['X-Replace: 1', 'Server: theirs']);

  const answer = { status: 299, headers: { 'x-ours': ['1', '2'] }, body: 'ours' };

  it.each<[string, Script, string, string]>([
    ['little content', [expectRequest(), send(replaced('theirs'))], 'GET /x', ''],
    ['no content', [expectRequest(), send(replaced(''))], 'GET /x', ''],
    [
      'content after that of the request',
      [expectRequest(), send(replaced('theirs'))],
      'POST /x',
      'abc',
    ],
    [
      'chunks and trailers',
      [
        expectRequest(),
        send(chunkedResponse(200, ['the', 'irs'], ['X-Replace: 1', 'Trailer: t'], ['t: 1'])),
      ],
      'GET /x',
      '',
    ],
    [
      'HEAD',
      [expectRequest(), send('HTTP/1.1 200 OK\r\nX-Replace: 1\r\nContent-Length: 9\r\n\r\n')],
      'HEAD /x',
      '',
    ],
    [
      '204',
      [expectRequest(), send('HTTP/1.1 204 No Content\r\nX-Replace: 1\r\n\r\n')],
      'GET /x',
      '',
    ],
  ])(
    '%s is dropped, and the connection serves the next request',
    async (_name, script, line, content) => {
      const { bench, got } = await ask(script, answer, line, content);
      expect([got.status, got.text]).toEqual([299, line === 'HEAD /x' ? '' : 'ours']);
      expect(got.headers('x-ours')).toEqual(['1', '2']);
      expect(got.header('content-length')).toBe('4');
      expect(got.header('transfer-encoding')).toBe(undefined);
      expect(got.header('server')).toBe(undefined);
      expect(bench.origin.connectionCount).toBe(1);
    },
  );

  it.each<[string, Buffer | string]>([
    ['a length', response(200, 'x'.repeat(long), ['X-Replace: 1'])],
    ['chunks', chunkedResponse(200, ['x'.repeat(long)], ['X-Replace: 1'])],
    ['no end', `HTTP/1.1 200 OK\r\nX-Replace: 1\r\n\r\n${'x'.repeat(long)}`],
  ])('long content with %s costs its connection, and nothing else', async (_name, bytes) => {
    const { bench, got } = await ask(
      [expectRequest(), send(bytes), (c) => c.whenPeerGone()],
      answer,
    );
    expect([got.status, got.text]).toEqual([299, 'ours']);
    expect(bench.origin.connectionCount).toBe(2);
  });

  it('a backend that fails after its head does not matter', async () => {
    const { got } = await ask(
      [
        expectRequest(),
        send('HTTP/1.1 200 OK\r\nX-Replace: 1\r\nContent-Length: 9\r\n\r\nab'),
        (c) => c.reset(),
      ],
      answer,
    );
    expect([got.status, got.text]).toEqual([299, 'ours']);
  });

  it.each<[string, DirectResponse, number, string | undefined, string | undefined]>([
    ['{}', {}, 200, undefined, '0'],
    ['a text', { body: 'a' }, 200, 'text/plain; charset=utf-8', '1'],
    [
      'a text of another type',
      { headers: { 'Content-Type': 'text/css' }, body: 'a' },
      200,
      'text/css',
      '1',
    ],
    ['bytes', { body: new Uint8Array([1, 2]) }, 200, undefined, '2'],
    ['204', { status: 204 }, 204, undefined, undefined],
    [
      'framing of its own',
      { headers: { 'content-length': '7', connection: 'x' }, body: 'a' },
      200,
      'text/plain; charset=utf-8',
      '1',
    ],
  ])('%s', async (_name, given, status, type, length) => {
    const { got } = await ask([expectRequest(), send(replaced('theirs'))], given);
    expect([got.status, got.header('content-type'), got.header('content-length')]).toEqual([
      status,
      type,
      length,
    ]);
  });

  it('hooks beside routes see the response that a route’s own has made', async () => {
    const bench = await start({
      options: {
        onResponse: (outgoing) => {
          outgoing.headers.append('X-Frame-Options', 'DENY');
          outgoing.headers.set('X-Seen', `${outgoing.status} ${outgoing.headers.get('x-ours')}`);
          outgoing.headers.set('Content-Length', '99');
          return hand(undefined);
        },
        routes: [
          {
            path: '/',
            onResponse: () => hand({ status: 404, headers: { 'x-ours': '1' }, body: 'none' }),
          },
        ],
      },
    });
    const got = await (await bench.connect()).request(request('GET /x'));
    expect([got.status, got.text, got.header('x-frame-options'), got.header('x-seen')]).toEqual([
      404,
      'none',
      'DENY',
      '404 1',
    ]);
  });
});

it('an upload that is still under way ends with its connection', async () => {
  const options: ReverseItOptions = {
    requestBodyBufferSize: 0,
    onResponse: () => ({ status: 413, body: 'ours' }),
  };
  const bench = await start({
    options,
    origin: {
      script: [
        (c) => c.reader.takeThrough('\r\n\r\nabc'),
        send(response(200, 'early')),
        (c) => c.whenPeerGone(),
      ],
    },
  });
  const client = await bench.connect();
  client.send(request('POST /x', ['Content-Length: 1000000'], 'abc'));
  const got = await client.readResponse();
  expect([got.status, got.text, got.header('connection')]).toEqual([413, 'ours', 'close']);
});

describe('what onResponse returns and is no response is a 500, not ignored', () => {
  it.each<[string, unknown]>([
    ['a status', 203],
    ['false', false],
    ['a Response of fetch', new Response('no')],
    ['a key that is not known', { statusCode: 200 }],
  ])('%s', async (_, value) => {
    const errors: string[] = [];
    const bench = await start({
      options: { onResponse: () => value as never, onError: ({ message }) => errors.push(message) },
    });
    expect((await (await bench.connect()).request(request('GET /x'))).status).toBe(500);
    expect(errors).toEqual([expect.stringMatching(/^onResponse returned an invalid response/)]);
  });
});
