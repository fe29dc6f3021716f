/** What library authors get wrong. It is said in words, takes no connection and leaves nothing behind. */
import { deferred } from '@reverseit/test-servers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OriginPool, Pool, ResponseHandler, UpstreamExchange } from '../src/index.ts';
import { bench, Sent, turns } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get, limits, Recorder } from './recorder.ts';

const answer = (connection: OriginConnection) =>
  connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** What the benches of HTTP/1.1 and HTTP/2 have in common. */
interface AnyBench {
  readonly pool: Pool;
  readonly to: OriginPool;
  send(request?: ReturnType<typeof get>): Sent;
}

/** Over HTTP/1.1 by the transport of the project, and over HTTP/2. */
const ways: [string, () => Promise<AnyBench>][] = [
  ['HTTP/1.1', () => bench(answer, { pool: { poolSize: 1 } })],
  [
    'HTTP/2',
    () =>
      http2Bench(
        (stream) => {
          stream.respond({ ':status': 200 });
          stream.resume().on('end', () => stream.end('ok'));
        },
        { pool: { poolSize: 1 } },
      ),
  ],
];

/** As a caller without types calls it. */
type Loose = (request: unknown, limits: unknown, handler: unknown) => UpstreamExchange;

const source = { contentLength: null, start() {}, resume() {}, cancel() {} };
const collected = { contentLength: 2, chunks: [Buffer.from('ab')], releaseChunk() {} };
const body = (value: unknown) => ({ method: 'POST', body: value });
const without = (object: object, name: string) => ({ ...object, [name]: undefined });

const invalidRequests: [string, unknown, RegExp][] = [
  ['no request', undefined, /request must be an object, not undefined/],
  ['a URL for a request', 'http://a/', /request must be an object, not a string/],
  ['no method', { method: undefined }, /method must be a string, not undefined/],
  ['a method that is no token', { method: 'GE T' }, /invalid request method/],
  ['CONNECT (RFC 9110 §9.3.6)', { method: 'CONNECT' }, /CONNECT cannot be sent/],
  ['no target', { target: undefined }, /target must be a string, not undefined/],
  ['a URL for a target', { target: new URL('http://a/') }, /target must be .* of class URL/],
  ['a target that is no path', { target: 'a' }, /invalid request target/],
  ['no fields', { fields: undefined }, /fields must be an array .*, not undefined/],
  ['an object of fields', { fields: { host: 'a' } }, /fields must be an array .*, not an object/],
  ['Headers for fields', { fields: new Headers() }, /fields must be an array .* class Headers/],
  ['a name without a value', { fields: ['host', 'a', 'b'] }, /a value for each name/],
  ['a lone name', { fields: ['a'] }, /a value for each name/],
  [
    'pairs',
    {
      fields: [
        ['host', 'a'],
        ['b', 'c'],
      ],
    },
    /fields\[0\] must be a string, not an array/,
  ],
  ['a number for a value', { fields: ['host', 'a', 'b', 5] }, /fields\[3\] .*, not a number/],
  [
    'a hole among the fields',
    { fields: ['host', 'a', undefined, 'c'] },
    /fields\[2\] .*, not undefined/,
  ],
  ['no Host (RFC 9112 §3.2)', { fields: [] }, /no Host/],
  ['two Host (RFC 9112 §3.2)', { fields: ['host', 'a', 'Host', 'a'] }, /two Host/],
  ['a name that is no token', { fields: ['host', 'a', 'b:', 'c'] }, /invalid header name/],
  [
    'CR LF in a value',
    { fields: ['host', 'a', 'b', 'c\r\nd: e'] },
    /fields\[3\] contains a character/,
  ],
  [
    'a control character',
    { fields: ['host', 'a', 'b', '\x01'] },
    /fields\[3\] contains a character/,
  ],
  [
    'a value beyond latin1',
    { fields: ['host', 'a', 'b', '\u20ac'] },
    /fields\[3\] contains a character/,
  ],
  ['Connection', { fields: ['host', 'a', 'connection', 'close'] }, /is set by the transport/],
  [
    'Transfer-Encoding',
    { fields: ['host', 'a', 'Transfer-Encoding', 'chunked'] },
    /set by the transport/,
  ],
  ['Expect', { fields: ['host', 'a', 'expect', '100-continue'] }, /is set by the transport/],
  ['Keep-Alive', { fields: ['host', 'a', 'keep-alive', 'x'] }, /is set by the transport/],
  ['a length without a body', { fields: ['host', 'a', 'content-length', '5'] }, /content-length/],
  ['a length that is none', { fields: ['host', 'a', 'content-length', '+0'] }, /content-length/],
  [
    'two lengths (RFC 9112 §6.3)',
    { fields: ['host', 'a', 'content-length', '0', 'Content-Length', '0'] },
    /content-length twice/,
  ],
  [
    'a length that is not the body’s',
    { ...body(Buffer.from('ab')), fields: ['host', 'a', 'content-length', '3'] },
    /content-length/,
  ],
  [
    'a length of a body that has none',
    { ...body(source), fields: ['host', 'a', 'content-length', '3'] },
    /content-length/,
  ],
  ['a number for a body', body(5), /body must be a string, .*, not a number/],
  ['an array for a body', body(['a']), /body must be .*, not an array/],
  ['an object for a body', body({ a: 1 }), /body must be .*, not an object/],
  ['an ArrayBuffer for a body', body(new ArrayBuffer(2)), /body must be .* of class ArrayBuffer/],
  ['a stream for a body', body(new ReadableStream()), /body must be .* of class ReadableStream/],
  ['a Blob for a body', body(new Blob(['a'])), /body must be .* of class Blob/],
  ['a promise for a body', body(Promise.resolve('a')), /body must be .* of class Promise/],
  ['a source of no length', body(without(source, 'contentLength')), /body.contentLength/],
  ['a source of a negative length', body({ ...source, contentLength: -1 }), /body.contentLength/],
  ['a source of half a byte', body({ ...source, contentLength: 0.5 }), /body.contentLength/],
  ['a source without start', body(without(source, 'start')), /body.start must be a function/],
  ['a source without resume', body(without(source, 'resume')), /body.resume must be a function/],
  ['a source without cancel', body(without(source, 'cancel')), /body.cancel must be a function/],
  ['chunks that are none', body({ ...collected, chunks: 'ab' }), /body.chunks must be an array/],
  ['chunks of text', body({ ...collected, chunks: ['ab'] }), /body.chunks must hold Buffers/],
  ['chunks of another length', body({ ...collected, contentLength: 3 }), /body.contentLength/],
  ['chunks without releaseChunk', body(without(collected, 'releaseChunk')), /body.releaseChunk/],
];

const handlerMethods = ['onInterim', 'onHead', 'onData', 'onEnd', 'onError'] as const;

const thrown: [string, unknown, unknown, string, RegExp][] = [
  ['no handler', limits, undefined, 'RIT_ERR_INTERNAL', /handler must be an object, not undefined/],
  ['limits left out', new Recorder(), undefined, 'RIT_ERR_CONFIG', /limits/],
  ['limits that are none', 5, new Recorder(), 'RIT_ERR_CONFIG', /limits: 5 is not accepted/],
  ['null for limits', null, new Recorder(), 'RIT_ERR_CONFIG', /limits: null is not accepted/],
  ['an unknown limit', { timeout: 5 }, new Recorder(), 'RIT_ERR_CONFIG', /limits.timeout/],
  ['a bad limit', { poolTimeout: -5 }, new Recorder(), 'RIT_ERR_CONFIG', /limits.poolTimeout/],
  ...handlerMethods.map((name): [string, unknown, unknown, string, RegExp] => [
    `a handler without ${name}`,
    limits,
    Object.assign(new Recorder(), { [name]: undefined }),
    'RIT_ERR_INTERNAL',
    new RegExp(`handler.${name} must be a function, not undefined`),
  ]),
];

describe.each(ways)('over %s', (_, start) => {
  let it: AnyBench;
  let opened: number;
  const dispatch: Loose = (...args) =>
    Reflect.apply(it.to.dispatch as unknown as Loose, it.to, args);

  beforeEach(async () => {
    it = await start();
    // The only slot that there is, is taken and free again.
    expect((await it.send().done).body).toBe('ok');
    ({ opened } = it.pool.stats());
  });

  /** Whatever was wrong, the next request finds its connection, and the pool an end. */
  afterEach(async () => {
    expect((await it.send(get('/', { method: 'POST' })).done).body).toBe('ok');
    await it.pool.close();
    expect(it.pool.stats()).toMatchObject({ open: 0, active: 0, waiting: 0 });
  });

  test.each(invalidRequests)('reported: %s', async (_, more, message) => {
    const recorder = new Sent();
    const request = typeof more === 'object' ? { ...get(), ...more } : more;
    dispatch(request, limits, recorder);
    recorder.dispatched = true;
    expect(recorder.events).toEqual([]);
    // Before any turn of the event loop: no connection was waited for.
    await Promise.resolve();
    expect(recorder.events).toEqual(['INTERNAL']);
    expect(recorder.error?.message).toMatch(message);
    expect(recorder.error?.message).not.toMatch(/internal error/);
    expect(it.pool.stats()).toMatchObject({ active: 0, waiting: 0, opened });
  });

  test.each(thrown)('thrown: %s', async (_, bounds, handler, code, message) => {
    expect(() => dispatch(get(), bounds, handler)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(it.pool.stats()).toMatchObject({ active: 0, waiting: 0, opened });
  });

  test('the source of an invalid request is cancelled, and only that', async () => {
    const calls: string[] = [];
    const noted = {
      contentLength: null,
      start: () => calls.push('start'),
      resume: () => calls.push('resume'),
      cancel: () => calls.push('cancel'),
    };
    const recorder = new Sent();
    dispatch(get('', { method: 'POST', body: noted }), limits, recorder);
    recorder.dispatched = true;
    expect((await recorder.done).events).toEqual(['INTERNAL']);
    expect(calls).toEqual(['cancel']);
  });

  test('an invalid request can be aborted: nothing is told of it', async () => {
    const recorder = new Sent();
    recorder.exchange = dispatch(get(''), limits, recorder);
    recorder.dispatched = true;
    recorder.abort();
    await turns(2);
    expect(recorder.events).toEqual([]);
  });

  test.each<[string, Partial<Record<string, unknown>>]>([
    ['text', body('text: \u20ac')],
    ['empty text', body('')],
    ['bytes', body(new Uint8Array(2))],
    ['a part of a larger array', body(new Uint8Array(9).subarray(3, 5))],
    ['chunks', body(collected)],
    ['nothing', { method: 'POST', body: undefined }],
    ['nothing for a GET', { body: undefined }],
    ['the length of the body', { ...body('ab'), fields: ['host', 'a', 'content-length', '2'] }],
    ['a source that writes text', body(writing('ab', 'c'))],
    ['a source that writes bytes', body(writing(new Uint8Array(2), new Uint8Array(1)))],
  ])('accepted: %s', async (_, more) => {
    const recorder = new Sent();
    dispatch({ ...get(), ...more }, undefined, recorder);
    recorder.dispatched = true;
    expect((await recorder.done).body).toBe('ok');
  });

  test.each<[string, object, RegExp]>([
    ['writes a number', writing(5), /body source wrote a number/],
    ['writes an array', writing('a', [1]), /body source wrote an array/],
    ['throws in start', { ...source, start: fails }, /body source threw in start/],
    [
      'fails with an error of its own',
      { ...source, start: (sink: { fail(error: unknown): void }) => sink.fail(new Error('mine')) },
      /body source failed/,
    ],
  ])('a source that %s fails its request', async (_, bad, message) => {
    const recorder = new Sent();
    dispatch(get('/', { method: 'POST', body: bad as typeof source }), limits, recorder);
    recorder.dispatched = true;
    expect((await recorder.done).events).toEqual(['INTERNAL']);
    expect(recorder.error?.message).toMatch(message);
  });

  test('a source that throws in cancel is warned of', async () => {
    const warnings = interceptWarnings();
    const recorder = new Sent();
    const bad = { ...source, cancel: fails };
    recorder.exchange = dispatch(get('/', { method: 'POST', body: bad }), limits, recorder);
    recorder.dispatched = true;
    recorder.abort();
    await turns(2);
    expect(warnings).toEqual(['body source threw in cancel']);
  });

  test.each(['onHead', 'onData'] as const)('a handler that throws in %s', async (name) => {
    const recorder = new Sent();
    const handler = overriding(recorder, name, fails);
    dispatch({ ...get(), ...body('a') }, limits, handler);
    recorder.dispatched = true;
    expect((await recorder.done).error?.message).toBe(`response handler threw in ${name}`);
    expect(recorder.error?.cause).toEqual(new Error('of the application'));
    expect(recorder.events.at(-1)).toBe('INTERNAL');
  });

  test.each(['onEnd', 'onError'] as const)('a handler that throws in %s', async (name) => {
    const warnings = interceptWarnings();
    const recorder = new Sent();
    const told = deferred();
    const handler = overriding(recorder, name, () => {
      told.resolve();
      fails();
    });
    dispatch(get(name === 'onError' ? '' : '/'), limits, handler);
    recorder.dispatched = true;
    await told.promise;
    await turns(2);
    expect(warnings).toEqual([`response handler threw in ${name}`]);
  });
});

describe('over HTTP/1.1', () => {
  test('a handler that throws in onInterim', async () => {
    const it = await bench((connection) => {
      connection.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    });
    const recorder = new Sent();
    it.to.dispatch(get(), limits, overriding(recorder, 'onInterim', fails));
    recorder.dispatched = true;
    expect((await recorder.done).error?.message).toBe('response handler threw in onInterim');
    await it.settle({ open: 0 });
  });

  test.each<[string, object, RegExp]>([
    ['another method', { method: 'POST' }, /method of an upgrade must be GET/],
    ['a body', { body: Buffer.from('a') }, /an upgrade has no body/],
    [
      'Upgrade among the fields',
      { fields: ['host', 'a', 'upgrade', 'x'] },
      /is set by the transport/,
    ],
  ])('an upgrade with %s is refused', async (_, more, message) => {
    const it = await bench(answer);
    const sent = it.upgrade({ ...get(), ...more });
    expect((await sent.done).events).toEqual(['INTERNAL']);
    expect(sent.error?.message).toMatch(message);
    expect(it.origin.connections).toHaveLength(0);
    await it.pool.close();
  });

  test('an upgrade by a handler without onSwitch', async () => {
    const it = await bench(answer);
    const handler = Object.assign(new Sent(), { onSwitch: undefined }) as unknown as Sent;
    expect(() => it.to.upgrade(get(), limits, handler)).toThrow('handler.onSwitch must be a func');
    await it.pool.close();
  });

  test('a handler that throws in onSwitch: the socket is closed', async () => {
    const it = await bench((connection) => {
      connection.write('HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    });
    const warnings = interceptWarnings();
    const recorder = new Sent();
    it.to.upgrade(get(), limits, Object.assign(recorder, { onSwitch: fails }));
    recorder.dispatched = true;
    await it.origin.untilAllClosed();
    await (await it.origin.connection()).untilClosed();
    await turns(2);
    expect(warnings).toEqual(['response handler threw in onSwitch']);
    await it.settle({ open: 0, switched: 0 });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { conection: 'pooled' }, /conection: unknown option/],
    ['another word', { connection: 'close' }, /connection: "close" is not accepted/],
    ['a number for a path', { unixSocket: 5 }, /unixSocket: 5 is not accepted/],
    ['null', null, /expected an object of options/],
  ])('options of a backend: %s', async (_, options, message) => {
    const it = await bench(answer);
    expect(() => it.pool.origin(it.origin.url, options as object)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG', message: expect.stringMatching(message) }),
    );
  });

  test.each([undefined, null, 5, {}, []])('a backend that is %j', async (backend) => {
    const it = await bench(answer);
    expect(() => it.pool.origin(backend as never)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_CONFIG' }),
    );
  });

  test('whoever vouches for requests is not asked, and undici’s refusal is said in words', async () => {
    const it = await bench(answer);
    const to = it.pool.origin(it.origin.url, { checkRequests: false });
    const fields = ['host', 'a', 'b', 'c\r\nd: e'];
    const sent = it.send(get('/', { fields }), null, to);
    expect((await sent.done).error?.message).toBe(
      'invalid value for the header "b" (RFC 9110 §5.5)',
    );
    await it.settle({ open: 0 });
  });
});

/** What is warned of, instead of standard error. */
function interceptWarnings(): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warnings.push(String(warning));
  });
  return warnings;
}

function fails(): never {
  throw new Error('of the application');
}

function writing(...chunks: unknown[]): object {
  return {
    ...source,
    start(sink: { write(chunk: unknown): boolean; end(): void }) {
      for (const chunk of chunks) sink.write(chunk);
      sink.end();
    },
  };
}

function overriding(
  recorder: Sent,
  name: keyof ResponseHandler,
  method: () => void,
): ResponseHandler {
  return Object.assign(recorder, { [name]: method });
}
