/**
 * Content both ways over HTTP/2: flow control, back-pressure, limits, trailers, deadlines (RFC 9113 §5.2,
 * §8.1).
 */
import type { ServerHttp2Stream } from 'node:http2';
import { describe, expect, test } from 'vitest';
import type { BodySink, BodySource } from '../src/index.ts';
import { turns } from './harness.ts';
import {
  block,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  frameBench,
  HEADERS,
  http2Bench,
  RST_STREAM,
} from './http2-rig.ts';
import { get } from './recorder.ts';

const ok = block(':status', '200');

/** A body that a test writes. */
class Source implements BodySource {
  readonly contentLength: number | null;
  sink: BodySink | null = null;
  resumed = 0;
  cancelled = 0;

  constructor(contentLength: number | null = null) {
    this.contentLength = contentLength;
  }

  start(sink: BodySink): void {
    this.sink = sink;
  }

  resume(): void {
    this.resumed++;
  }

  cancel(): void {
    this.cancelled++;
  }
}

const post = (body: Buffer | BodySource | null) => get('/', { method: 'POST', body });

/** Collects a request and answers with its size. */
function count(stream: ServerHttp2Stream): void {
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
  });
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end(String(size));
  });
}

describe('requests', () => {
  test.each([0, 1, 1000, 65_535, 65_536, 262_144, 262_145, 5_000_000])(
    'a Buffer of %i bytes',
    async (size) => {
      const seen: unknown[] = [];
      const it = await http2Bench((stream, headers) => {
        seen.push(headers['content-length']);
        count(stream);
      });
      const sent = await it.send(post(Buffer.alloc(size, 'b'))).done;
      expect(sent.body).toBe(String(size));
      expect(seen).toEqual([String(size)]);
      await it.settle({ open: 1, idle: 1, active: 0 });
    },
  );

  test.each([
    ['no body, GET', 'GET', null, undefined],
    ['no body, POST', 'POST', null, '0'],
    ['GET with a body', 'GET', Buffer.from('abc'), '3'],
  ])('%s', async (_, method, body, length) => {
    const seen: unknown[] = [];
    const it = await http2Bench((stream, headers) => {
      seen.push(headers['content-length']);
      count(stream);
    });
    const sent = await it.send(get('/', { method, body })).done;
    expect(sent.body).toBe(String(body?.length ?? 0));
    expect(seen).toEqual([length]);
  });

  test('a streamed body goes out as it comes, and the response may come meanwhile', async () => {
    const it = await http2Bench((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const source = new Source();
    const sent = it.send(post(source));
    await it.until(() => source.sink !== null);
    source.sink!.write(Buffer.from('one'));
    await it.until(() => sent.body === 'one');
    source.sink!.write(Buffer.from('two'));
    await it.until(() => sent.body === 'onetwo');
    source.sink!.end();
    expect((await sent.done).events).toEqual(['head 200', 'data', 'end']);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('the head leaves before the body', async () => {
    const it = await http2Bench((stream) =>
      stream.respond({ ':status': 200 }, { endStream: true }),
    );
    const source = new Source();
    const sent = await it.send(post(source)).done;
    // A whole response before the request is one: the rest is not wanted (RFC 9113 §8.1).
    expect(sent.events).toEqual(['head 200', 'end']);
    expect(source.cancelled).toBe(1);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('back-pressure: a backend that does not read stops the source, then the deadline', async () => {
    const streams: ServerHttp2Stream[] = [];
    const it = await http2Bench((stream) => streams.push(stream.pause()));
    const source = new Source();
    const sent = it.send(post(source));
    await it.until(() => source.sink !== null);
    let written = 0;
    while (source.sink!.write(Buffer.alloc(16_384))) {
      written += 16_384;
      await turns(2);
      expect(written).toBeLessThan(2_000_000);
    }
    it.clock.advance(4999);
    expect(sent.over).toBe(false);
    it.clock.advance(1);
    expect((await sent.done).events).toEqual(['UPSTREAM_BODY_TIMEOUT']);
    expect(source.cancelled).toBe(1);
    await it.until(() => streams[0]!.closed);
    expect(streams[0]!.rstCode).toBe(8);
    // Only the stream is gone.
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('back-pressure: it goes on when the backend reads', async () => {
    const streams: ServerHttp2Stream[] = [];
    const it = await http2Bench((stream) => streams.push(stream.pause()));
    const source = new Source(600_000);
    const sent = it.send(post(source));
    await it.until(() => source.sink !== null);
    let left = 600_000;
    const fill = () => {
      while (left > 0) {
        const size = Math.min(left, 50_000);
        left -= size;
        if (!source.sink!.write(Buffer.alloc(size)) && left > 0) return;
      }
      source.sink!.end();
    };
    source.resume = fill;
    fill();
    expect(left).toBeGreaterThan(0);
    await it.until(() => streams.length === 1);
    count(streams[0]!);
    streams[0]!.resume();
    expect((await sent.done).body).toBe('600000');
  });

  test('a Buffer that the backend does not take: upstreamIdleTimeout', async () => {
    const it = await http2Bench((stream) => void stream.pause());
    const sent = it.send(post(Buffer.alloc(1_000_000)));
    await it.until(() => it.backend.sessions.length === 1);
    await turns(20);
    it.clock.advance(5000);
    expect((await sent.done).events).toEqual(['UPSTREAM_BODY_TIMEOUT']);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test.each<[string, (sink: BodySink) => void]>([
    ['nothing was written', () => {}],
    ['a chunk is on its way', (sink) => void sink.write(Buffer.from('part'))],
  ])('a body that breaks off never looks complete, %s', async (_, begin) => {
    for (const later of [0, 5]) {
      const it = await frameBench({});
      const source = new Source();
      const sent = it.send(post(source));
      await it.until(() => source.sink !== null);
      begin(source.sink!);
      await turns(later);
      sent.abort();
      await it.settle({ open: 1, idle: 1, active: 0 });
      const [peer] = it.backend.peers;
      // What was not sent needs no reset.
      await turns(10);
      const frames = peer!.frames.filter(({ id }) => id === 1);
      expect(
        frames.filter(({ type, flags }) => type <= HEADERS && (flags & END_STREAM) !== 0),
      ).toEqual([]);
      const reset = frames.find(({ type }) => type === RST_STREAM);
      if (frames.length > 0) expect(reset?.payload.readUInt32BE()).toBe(8);
    }
  });

  test('a body shorter than its content-length, or longer', async () => {
    for (const chunks of [['ab'], ['abcdef']]) {
      const it = await frameBench({});
      const source = new Source(4);
      const sent = it.send(post(source));
      await it.until(() => source.sink !== null);
      for (const chunk of chunks) source.sink!.write(Buffer.from(chunk));
      source.sink!.end();
      expect((await sent.done).events).toEqual(['INTERNAL']);
      await turns(10);
      const frames = it.backend.peers[0]!.frames.filter(({ id }) => id === 1);
      expect(frames.some(({ flags, type }) => type <= HEADERS && (flags & END_STREAM) !== 0)).toBe(
        false,
      );
    }
  });

  test.each<[string, string[]]>([
    ['a repeated field', ['X-A', '1', 'x-b', '2', 'X-A', '3']],
    ['cookies', ['cookie', 'a=1', 'cookie', 'b=2']],
    ['bytes beyond ASCII', ['x-a', 'caf\xe9 \xff']],
    ['an empty value', ['x-a', '']],
  ])('fields as they stand: %s', async (_, fields) => {
    const raw: string[][] = [];
    const it = await http2Bench((stream) => count(stream));
    it.backend.server.on('stream', (...[, , , rawHeaders]: unknown[]) =>
      raw.push(rawHeaders as string[]),
    );
    await it.send(get('/', { fields: ['Host', 'a', ...fields] })).done;
    const lower = fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
    expect(raw[0]!.filter((_, i, all) => !all[i - (i % 2)]!.startsWith(':'))).toEqual(lower);
  });

  test('a repeat of a field that node:http2 would send only once', async () => {
    const raw: string[][] = [];
    const it = await http2Bench((stream) => count(stream));
    it.backend.server.on('stream', (...[, , , rawHeaders]: unknown[]) =>
      raw.push(rawHeaders as string[]),
    );
    const sent = await it.send(
      get('/', { fields: ['Host', 'a', 'user-agent', 'x', 'user-agent', 'y'] }),
    ).done;
    expect(sent.events).toEqual(['head 200', 'data', 'end']);
    expect(raw[0]!.join('|')).toMatch(/user-agent\|x\|user-agent\|y$/);
  });

  test('OPTIONS *', async () => {
    const it = await http2Bench((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(headers[':path']);
    });
    expect((await it.send(get('*', { method: 'OPTIONS' })).done).body).toBe('*');
  });

  test.each<[string, Partial<ReturnType<typeof get>>]>([
    ['no Host', { fields: [] }],
    ['two Hosts', { fields: ['host', 'a', 'host', 'b'] }],
    ['a line end in a value', { fields: ['host', 'a', 'x', 'a\r\nb'] }],
    ['a name that is none', { fields: ['host', 'a', ':path', '/b'] }],
    ['connection', { fields: ['host', 'a', 'connection', 'close'] }],
    ['transfer-encoding', { fields: ['host', 'a', 'transfer-encoding', 'chunked'] }],
    ['a target with a blank', { target: '/a b' }],
    ['a method that is none', { method: 'GE T' }],
  ])('never sent: %s', async (_, request) => {
    const it = await http2Bench(count);
    expect((await it.send(get('/', request)).done).events).toEqual(['INTERNAL']);
    expect((await it.send().done).events.at(-1)).toBe('end');
  });

  test('a request head in several frames', async () => {
    const it = await http2Bench(count, {
      server: { maxHeaderListPairs: 1000, settings: { maxHeaderListSize: 1_000_000 } },
    });
    const fields = [
      'Host',
      'a',
      ...Array.from({ length: 10 }, (_, i) => [`x-${i}`, 'v'.repeat(8000)]).flat(),
    ];
    const sent = await it.send(get('/', { fields })).done;
    expect(sent.events.at(-1)).toMatch(/end|RESET|PROTOCOL/);
    expect((await it.send().done).events.at(-1)).toBe('end');
  });
});

describe('responses', () => {
  test('interim responses, repeats, trailers', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(
          frame(HEADERS, END_HEADERS, id, block(':status', '100')),
          frame(HEADERS, END_HEADERS, id, block(':status', '103', 'link', '</a>')),
          frame(
            HEADERS,
            END_HEADERS,
            id,
            block(
              ':status',
              '200',
              'set-cookie',
              'a=1',
              'x-a',
              '1',
              'set-cookie',
              'b=2',
              'etag',
              '"1"',
              'etag',
              '"2"',
              'x-b',
              'caf\xe9',
            ),
          ),
          frame(DATA, 0, id, 'body'),
          frame(HEADERS, END_HEADERS | END_STREAM, id, block('x-t', '1')),
        ),
    });
    const sent = await it.send().done;
    expect(sent.events).toEqual(['interim 103 link </a>', 'head 200', 'data', 'end']);
    expect(sent.head).toMatchObject({
      status: 200,
      reason: '',
      contentLength: null,
      fields: [
        'set-cookie',
        'a=1',
        'x-a',
        '1',
        'set-cookie',
        'b=2',
        'etag',
        '"1"',
        'etag',
        '"2"',
        'x-b',
        'caf\xe9',
      ],
    });
    expect(sent.trailers).toEqual(['x-t', '1']);
  });

  test.each([
    ['HEAD', '200'],
    ['GET', '204'],
    ['GET', '304'],
  ])('%s, %s: a content-length without content', async (method, status) => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        const fields =
          status === '204'
            ? block(':status', status)
            : block(':status', status, 'content-length', '99');
        peer.write(frame(HEADERS, END_HEADERS | END_STREAM, id, fields));
      },
    });
    const sent = await it.send(get('/', { method })).done;
    expect(sent.events).toEqual([`head ${status}`, 'end']);
    expect(sent.head?.contentLength).toBe(0);
    await it.settle({ open: 1, idle: 1 });
    expect(it.backend.peers[0]!.frames.some(({ type }) => type === RST_STREAM)).toBe(false);
  });

  test('maxResponseHeaderBytes is exact, and of each request its own', async () => {
    const fields = ['a', 'x'.repeat(97), 'bc', 'y'.repeat(96)]; // 100 + 100
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(frame(HEADERS, 5, id, block(':status', '200', ...fields))),
    });
    const [fits, exceeds] = [
      it.send(get(), { maxResponseHeaderBytes: 200 }),
      it.send(get(), { maxResponseHeaderBytes: 199 }),
    ];
    expect((await fits.done).events).toEqual(['head 200', 'end']);
    expect((await exceeds.done).events).toEqual(['UPSTREAM_HEAD_TOO_LARGE']);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('a trailer section has the same limit', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(
          frame(HEADERS, END_HEADERS, id, ok),
          frame(DATA, 0, id, 'x'),
          frame(HEADERS, 5, id, block('t', 'v'.repeat(200))),
        ),
    });
    const sent = await it.send(get(), { maxResponseHeaderBytes: 100 }).done;
    expect(sent.events.at(-1)).toBe('UPSTREAM_HEAD_TOO_LARGE');
  });

  test('many small fields', async () => {
    const fields = Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'v']).flat();
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(frame(HEADERS, 5, id, block(':status', '200', ...fields))),
    });
    expect((await it.send().done).head?.fields).toHaveLength(1000);
  });

  test.each([
    [4, 'end'],
    [3, 'UPSTREAM_BODY_TOO_LARGE'],
  ])('maxResponseBodySize %i, content without a length', async (max, last) => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(frame(HEADERS, END_HEADERS, id, ok), frame(DATA, END_STREAM, id, 'body')),
    });
    expect((await it.send(get(), { maxResponseBodySize: max }).done).events.at(-1)).toBe(last);
    await it.settle({ open: 1, idle: 1 });
  });

  test('maxResponseBodySize, announced', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(frame(HEADERS, END_HEADERS, id, block(':status', '200', 'content-length', '4'))),
    });
    const sent = await it.send(get(), { maxResponseBodySize: 3 }).done;
    expect(sent.events).toEqual(['UPSTREAM_BODY_TOO_LARGE']);
  });

  test('a large response', async () => {
    const it = await http2Bench((stream) => {
      stream.respond({ ':status': 200, 'content-length': 20_000_000 });
      stream.end(Buffer.alloc(20_000_000));
    });
    const sent = await it.send().done;
    expect([sent.bytes, sent.events.at(-1)]).toEqual([20_000_000, 'end']);
  });

  test('pause stops one response, not the others, and holds no more than a window', async () => {
    let written = 0;
    const it = await http2Bench((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/small') {
        stream.end('small');
        return;
      }
      const more = () => {
        while (written < 5_000_000) {
          written += 16_384;
          if (!stream.write(Buffer.alloc(16_384))) return;
        }
        stream.end();
      };
      stream.on('drain', more);
      more();
    });
    const big = it.send();
    big.exchange.pause();
    await big.headSeen;
    for (let i = 0; i < 20; i++) expect((await it.send(get('/small')).done).body).toBe('small');
    await turns(50);
    expect(written).toBeLessThan(1_000_000);
    expect(big.bytes).toBeLessThan(70_000);
    // Nothing is held against a backend that we do not listen to.
    it.clock.advance(60_000);
    expect(big.over).toBe(false);
    big.exchange.resume();
    await big.done;
    expect(big.events.at(-1)).toBe('end');
    expect(big.bytes).toBe(written);
  });

  test('pause and resume at every chunk', async () => {
    const it = await http2Bench((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(300_000));
    });
    const sent = it.send();
    sent.onChunk = () => {
      sent.exchange.pause();
      setImmediate(() => sent.exchange.resume());
    };
    expect((await sent.done).bytes).toBe(300_000);
  });

  test('responseHeaderTimeout and upstreamIdleTimeout end the stream, not the session', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (id === 3) peer.write(frame(HEADERS, END_HEADERS, id, ok), frame(DATA, 0, id, 'part'));
      },
    });
    const silent = it.send(get(), { responseHeaderTimeout: 1000 });
    const stalled = it.send(get(), { upstreamIdleTimeout: 1000 });
    await it.until(() => stalled.bytes === 4);
    it.clock.advance(999);
    expect([silent.over, stalled.over]).toEqual([false, false]);
    it.clock.advance(1);
    expect((await silent.done).events).toEqual(['UPSTREAM_HEAD_TIMEOUT']);
    expect((await stalled.done).events).toEqual(['head 200', 'data', 'UPSTREAM_BODY_TIMEOUT']);
    const resets = () => it.backend.peers[0]!.frames.filter(({ type }) => type === RST_STREAM);
    await it.until(() => resets().length === 2);
    expect(resets().map(({ payload }) => payload.readUInt32BE())).toEqual([8, 8]);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('an interim response restarts responseHeaderTimeout (RFC 9110 §15.2)', async () => {
    const it = await frameBench({});
    const sent = it.send(get(), { responseHeaderTimeout: 1000 });
    await it.until(() => it.backend.peers[0]?.frames.some(({ type }) => type === HEADERS) === true);
    await turns(3);
    it.clock.advance(999);
    const [peer] = it.backend.peers;
    peer!.write(frame(HEADERS, END_HEADERS, 1, block(':status', '102')));
    await it.until(() => sent.events.length === 1);
    it.clock.advance(999);
    expect(sent.events).toEqual(['interim 102']);
    it.clock.advance(1);
    expect((await sent.done).events).toEqual(['interim 102', 'UPSTREAM_HEAD_TIMEOUT']);
  });

  test('abort within a response', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(frame(HEADERS, END_HEADERS, id, ok), frame(DATA, 0, id, 'part')),
    });
    const sent = it.send();
    await it.until(() => sent.bytes === 4);
    sent.abort();
    const [peer] = it.backend.peers;
    expect((await peer!.until(({ type }) => type === RST_STREAM)).payload.readUInt32BE()).toBe(8);
    peer!.write(frame(DATA, END_STREAM, 1, 'late'));
    await it.settle({ open: 1, idle: 1, active: 0 });
  });
});
