/**
 * What backends do to streams and sessions that they should not, frame by frame (RFC 9113 §5.4, §6.8,
 * §8.1.1).
 */
import { describe, expect, test } from 'vitest';
import { turns } from './harness.ts';
import {
  block,
  DATA,
  END_HEADERS,
  END_STREAM,
  type FrameConnection,
  frame,
  frameBench,
  GOAWAY,
  HEADERS,
  RST_STREAM,
  SETTINGS,
  uint32,
} from './http2-rig.ts';
import { get } from './recorder.ts';

const ok = block(':status', '200');
const sized = block(':status', '200', 'content-length', '8');
const head = (id: number, fields = ok, flags = END_HEADERS) => frame(HEADERS, flags, id, fields);
const data = (id: number, text: string, flags = 0) => frame(DATA, flags, id, text);
const rst = (id: number, code: number) => frame(RST_STREAM, 0, id, uint32(code));
const goaway = (last: number, code = 0) => frame(GOAWAY, 0, 0, uint32(last, code));
const whole = (id: number, text = 'ok') => [head(id), data(id, text, END_STREAM)];

test('a request that is given to a session while it breaks goes to another', async () => {
  const it = await frameBench(
    {
      // One stream at a time (RFC 9113 §6.5.2).
      settings: Buffer.concat([Buffer.from([0, 3]), uint32(1)]),
      onRequest: (peer, id) =>
        peer === it.backend.peers[0]
          ? peer.write(...whole(id), data(99, 'of no stream'))
          : peer.write(...whole(id)),
    },
    { pool: { poolSize: 1 } },
  );
  const [first, second] = [it.send(), it.send()];
  expect((await first.done).events).toEqual(['head 200', 'data', 'end']);
  expect((await second.done).events).toEqual(['head 200', 'data', 'end']);
  await it.settle({ active: 0 });
});

describe('RST_STREAM', () => {
  test.each<[string, (id: number) => Buffer[], string[], string | undefined]>([
    ['before the head, NO_ERROR', (id) => [rst(id, 0)], ['UPSTREAM_RESET'], 'NO_ERROR'],
    [
      'before the head, PROTOCOL_ERROR',
      (id) => [rst(id, 1)],
      ['UPSTREAM_PROTOCOL'],
      'PROTOCOL_ERROR',
    ],
    ['before the head, INTERNAL_ERROR', (id) => [rst(id, 2)], ['UPSTREAM_RESET'], 'INTERNAL_ERROR'],
    ['before the head, CANCEL', (id) => [rst(id, 8)], ['UPSTREAM_RESET'], 'CANCEL'],
    [
      'before the head, ENHANCE_YOUR_CALM',
      (id) => [rst(id, 11)],
      ['UPSTREAM_RESET'],
      'ENHANCE_YOUR_CALM',
    ],
    [
      'before the head, HTTP_1_1_REQUIRED',
      (id) => [rst(id, 13)],
      ['UPSTREAM_PROTOCOL'],
      'HTTP_1_1_REQUIRED',
    ],
    ['before the head, an unknown code', (id) => [rst(id, 0xbeef)], ['UPSTREAM_RESET'], '0xbeef'],
    [
      'after the head, NO_ERROR',
      (id) => [head(id), rst(id, 0)],
      ['head 200', 'UPSTREAM_TRUNCATED'],
      'NO_ERROR',
    ],
    [
      'within the content, NO_ERROR',
      (id) => [head(id), data(id, 'part'), rst(id, 0)],
      ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
      'NO_ERROR',
    ],
    [
      'within sized content, NO_ERROR',
      (id) => [head(id, sized), data(id, 'part'), rst(id, 0)],
      ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
      'NO_ERROR',
    ],
    [
      'after all sized content, without END_STREAM',
      (id) => [head(id, sized), data(id, 'complete'), rst(id, 0)],
      ['head 200', 'data', 'UPSTREAM_TRUNCATED'],
      'NO_ERROR',
    ],
    [
      'after the end, NO_ERROR',
      (id) => [...whole(id), rst(id, 0)],
      ['head 200', 'data', 'end'],
      undefined,
    ],
    [
      'after the end, CANCEL',
      (id) => [...whole(id), rst(id, 8)],
      ['head 200', 'data', 'end'],
      undefined,
    ],
  ])('%s', async (_, frames, events, code) => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...frames(id)) });
    const sent = await it.send().done;
    expect(sent.events).toEqual(events);
    expect(sent.error?.details?.http2).toBe(code);
    // The session is none the worse for it.
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test.each([2, 8, 11])('within the content, code %i', async (code) => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(head(id), data(id, 'part')),
    });
    const sent = it.send();
    await it.until(() => sent.bytes === 4);
    it.backend.peers[0]!.write(rst(1, code));
    expect((await sent.done).events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });
});

describe('REFUSED_STREAM (RFC 9113 §8.7)', () => {
  const refuseFirst = (times: number) => {
    let requests = 0;
    return (peer: FrameConnection, id: number) =>
      peer.write(...(++requests <= times ? [rst(id, 7)] : whole(id)));
  };

  test.each([
    ['GET', null],
    ['POST', Buffer.from('content')],
  ])('%s is sent again', async (method, body) => {
    const it = await frameBench({ onRequest: refuseFirst(1) });
    const sent = await it.send(get('/', { method, body })).done;
    expect(sent.events).toEqual(['head 200', 'data', 'end']);
    expect(it.backend.connections).toBe(1);
  });

  test('twice is too often', async () => {
    const it = await frameBench({ onRequest: refuseFirst(2) });
    const sent = await it.send().done;
    expect(sent.events).toEqual(['UPSTREAM_REFUSED_STREAM']);
    expect(sent.error).toMatchObject({ status: 503 });
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('responseHeaderRetries: 0 sends nothing again', async () => {
    const it = await frameBench({ onRequest: refuseFirst(1) });
    const sent = await it.send(get(), { responseHeaderRetries: 0 }).done;
    expect(sent.events).toEqual(['UPSTREAM_REFUSED_STREAM']);
  });
});

describe('GOAWAY (RFC 9113 §6.8)', () => {
  test('what it names as processed ends, what is new goes to another session', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (peer === it.backend.peers[1]) peer.write(...whole(id, 'new'));
        else peer.write(head(id), goaway(id));
      },
    });
    const first = it.send();
    await first.headSeen;
    await turns(5);
    const second = await it.send().done;
    expect(second.body).toBe('new');
    it.backend.peers[0]!.write(data(1, 'late', END_STREAM));
    expect((await first.done).body).toBe('late');
    expect(it.backend.connections).toBe(2);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test.each([
    ['GET', null],
    ['POST', Buffer.from('content')],
  ])('%s above its last stream is sent again on another session', async (method, body) => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(...(peer === it.backend.peers[0] ? [goaway(0)] : whole(id))),
    });
    const sent = await it.send(get('/', { method, body })).done;
    expect(sent.events).toEqual(['head 200', 'data', 'end']);
    expect(it.backend.connections).toBe(2);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('with an error: above its last stream sent again, at it lost', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (peer !== it.backend.peers[0]) peer.write(...whole(id));
        else if (id === 3) peer.write(goaway(1, 11));
      },
    });
    const [first, second] = [it.send(), it.send()];
    expect((await first.done).events).toEqual(['UPSTREAM_RESET']);
    expect((await second.done).events).toEqual(['head 200', 'data', 'end']);
    await it.settle({ open: 1, idle: 1, active: 0 });
  });

  test('within the content, with an error', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(head(id), data(id, 'part')),
    });
    const sent = it.send();
    await it.until(() => sent.bytes === 4);
    it.backend.peers[0]!.write(goaway(1, 2));
    expect((await sent.done).events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
    await it.settle({ open: 0, active: 0 });
  });

  test('in place of every response: one more session, no more', async () => {
    const it = await frameBench({ onRequest: (peer) => peer.write(goaway(0)) });
    expect((await it.send().done).events).toEqual(['UPSTREAM_REFUSED_STREAM']);
    expect(it.backend.connections).toBe(2);
    await it.settle({ open: 0, active: 0 });
  });

  test('before any request', async () => {
    const it = await frameBench({
      settings: null,
      onFrame: (peer, { type, flags }) => {
        if (type === SETTINGS && flags === 0) peer.write(goaway(0, 11));
      },
    });
    expect((await it.send().done).error?.code).toMatch(/^RIT_ERR_UPSTREAM_(RESET|PROTOCOL)$/);
    await it.settle({ open: 0, active: 0 });
  });

  test('to an idle session closes it', async () => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...whole(id)) });
    await it.send().done;
    await it.settle({ idle: 1 });
    it.backend.peers[0]!.write(goaway(1));
    await it.settle({ open: 0, idle: 0 });
  });

  test('a graceful notice (2³¹ − 1) lets everything end', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(goaway(0x7fffffff), ...whole(id)),
    });
    expect((await it.send().done).body).toBe('ok');
    await it.settle({ open: 0, active: 0 });
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(2);
  });
});

describe('the connection ends', () => {
  test.each<[string, (peer: FrameConnection) => void]>([
    ['FIN', (peer) => peer.end()],
    ['RST', (peer) => peer.reset()],
  ])('%s before a response, fresh', async (_, end) => {
    const it = await frameBench({ onRequest: end });
    expect((await it.send().done).events).toEqual(['UPSTREAM_RESET']);
    expect(it.backend.connections).toBe(1);
    await it.settle({ open: 0, active: 0 });
  });

  test.each<[string, (peer: FrameConnection) => void]>([
    ['FIN', (peer) => peer.end()],
    ['RST', (peer) => peer.reset()],
  ])('%s before a response, reused: a GET is sent again, a POST is not', async (_, end) => {
    let fail = false;
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (!fail) return peer.write(...whole(id));
        fail = false;
        end(peer);
      },
    });
    await it.send().done;
    await it.settle({ idle: 1 });
    fail = true;
    expect((await it.send().done).events).toEqual(['head 200', 'data', 'end']);
    await it.settle({ idle: 1 });
    fail = true;
    const post = await it.send(get('/', { method: 'POST', body: Buffer.from('x') })).done;
    expect(post.events).toEqual(['UPSTREAM_RESET']);
  });

  test.each<[string, (peer: FrameConnection) => void]>([
    ['FIN', (peer) => peer.end()],
    ['RST', (peer) => peer.reset()],
  ])('%s within the content', async (_, end) => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(head(id), data(id, 'part')),
    });
    const sent = it.send();
    await it.until(() => sent.bytes === 4);
    end(it.backend.peers[0]!);
    expect((await sent.done).events).toEqual(['head 200', 'data', 'UPSTREAM_TRUNCATED']);
    await it.settle({ open: 0, active: 0 });
  });

  test('FIN after a complete response that is paused: nothing is lost', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        peer.write(...whole(id, 'x'.repeat(5000)));
        peer.end();
      },
    });
    const sent = it.send();
    sent.exchange.pause();
    await it.settle({ open: 0 });
    expect(sent.events).toEqual(['head 200']);
    sent.exchange.resume();
    await sent.done;
    expect(sent.events).toEqual(['head 200', 'data', 'end']);
    expect(sent.bytes).toBe(5000);
  });

  test('FIN within a response that is paused', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        peer.write(head(id), data(id, 'part'));
        peer.end();
      },
    });
    const sent = it.send();
    sent.exchange.pause();
    expect((await sent.done).events).toEqual(['head 200', 'UPSTREAM_TRUNCATED']);
  });
});

describe('malformed responses (RFC 9113 §8.1.1)', () => {
  test.each<[string, (id: number) => Buffer[], RegExp]>([
    ['no status', (id) => [head(id, block('a', 'b'))], /PROTOCOL/],
    ['a status of two digits', (id) => [head(id, block(':status', '20'))], /PROTOCOL/],
    ['a status of 600', (id) => [head(id, block(':status', '600'))], /PROTOCOL/],
    ['a status of 099', (id) => [head(id, block(':status', '099'))], /PROTOCOL/],
    ['two statuses', (id) => [head(id, block(':status', '200', ':status', '201'))], /PROTOCOL/],
    [
      'a request’s pseudo-header field',
      (id) => [head(id, block(':status', '200', ':path', '/'))],
      /PROTOCOL/,
    ],
    ['a name in upper case', (id) => [head(id, block(':status', '200', 'X-A', 'b'))], /PROTOCOL/],
    ['connection', (id) => [head(id, block(':status', '200', 'connection', 'close'))], /PROTOCOL/],
    [
      'transfer-encoding',
      (id) => [head(id, block(':status', '200', 'transfer-encoding', 'chunked'))],
      /PROTOCOL/,
    ],
    [
      'keep-alive',
      (id) => [head(id, block(':status', '200', 'keep-alive', 'timeout=5'))],
      /PROTOCOL/,
    ],
    [
      'content-length twice',
      (id) => [head(id, block(':status', '200', 'content-length', '1', 'content-length', '1'))],
      /PROTOCOL/,
    ],
    [
      'content-length as a list',
      (id) => [head(id, block(':status', '200', 'content-length', '1, 1'))],
      /PROTOCOL/,
    ],
    [
      'content-length with a sign',
      (id) => [head(id, block(':status', '200', 'content-length', '+1'))],
      /PROTOCOL/,
    ],
    ['101', (id) => [head(id, block(':status', '101'))], /PROTOCOL/],
    [
      'an interim response that ends the stream',
      (id) => [head(id, block(':status', '103'), 5)],
      /PROTOCOL/,
    ],
    ['content before the head', (id) => [data(id, 'x')], /PROTOCOL/],
    ['an end before the head', (id) => [data(id, '', END_STREAM)], /PROTOCOL/],
    [
      'more than the content-length',
      (id) => [head(id, sized), data(id, 'too much of it', END_STREAM)],
      /PROTOCOL|TRUNCATED/,
    ],
    [
      'less than the content-length',
      (id) => [head(id, sized), data(id, 'less', END_STREAM)],
      /TRUNCATED/,
    ],
    [
      'no content at all for a content-length',
      (id) => [head(id, sized, END_HEADERS | END_STREAM)],
      /TRUNCATED|PROTOCOL/,
    ],
    [
      'a second head',
      (id) => [head(id), head(id), data(id, 'x', END_STREAM)],
      /PROTOCOL|TRUNCATED/,
    ],
    [
      'a status in the trailers',
      (id) => [head(id), data(id, 'x'), head(id, ok, 5)],
      /PROTOCOL|TRUNCATED/,
    ],
    [
      'too many bytes of interim responses',
      (id) => [
        ...Array.from({ length: 5 }, () =>
          head(id, block(':status', '102', 'a', 'x'.repeat(16_000))),
        ),
        ...whole(id),
      ],
      /HEAD_TOO_LARGE/,
    ],
    [
      'an interim response too large',
      (id) => [
        head(id, block(':status', '103', 'a', 'x'.repeat(16_300), 'b', 'x'.repeat(10)).subarray(0)),
        ...whole(id),
      ],
      /PROTOCOL|end/,
    ],
    ['DATA for a stream that does not exist', () => [data(99, 'x')], /PROTOCOL/],
    ['a frame too large', (id) => [frame(DATA, 0, id, 'x'.repeat(20_000))], /PROTOCOL/],
    [
      'a header block that is no HPACK',
      (id) => [head(id, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
      /PROTOCOL/,
    ],
    ['CONTINUATION alone', (id) => [frame(9, 4, id, ok)], /PROTOCOL/],
    [
      'PUSH_PROMISE, which was forbidden',
      (id) => [
        frame(
          5,
          4,
          id,
          Buffer.concat([
            uint32(2),
            block(':method', 'GET', ':path', '/', ':scheme', 'http', ':authority', 'a'),
          ]),
        ),
      ],
      /PROTOCOL/,
    ],
    ['SETTINGS of a wrong length', () => [frame(SETTINGS, 0, 0, 'abc')], /PROTOCOL/],
    ['WINDOW_UPDATE of 0 for the session', () => [frame(8, 0, 0, uint32(0))], /PROTOCOL/],
  ])('%s', async (_, frames, expected) => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...frames(id)) });
    const sent = it.send();
    await sent.done;
    expect(sent.events.at(-1)).toMatch(expected);
    expect(sent.events).not.toContain('INTERNAL');
    await it.settle({ active: 0 });
  });

  const bomb = Buffer.concat([
    ok,
    // A field of 4000 bytes into the dynamic table, and then itself over and over (RFC 7541 §6.1, §6.2.1).
    Buffer.from([0x40, 1, 0x61, 127, 0xa1, 0x1e]),
    Buffer.alloc(4000, 'x'),
    Buffer.alloc(12_000, 0xbe),
  ]);
  const long = block(
    ':status',
    '200',
    ...Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'v'.repeat(5000)]).flat(),
  );

  test.each([
    ['12,000 fields of 4000 bytes in one frame', [bomb], true],
    [
      '200 kB in 13 frames',
      Array.from({ length: Math.ceil(long.length / 16_384) }, (_, i) =>
        long.subarray(i * 16_384, (i + 1) * 16_384),
      ),
      false,
    ],
  ])('a head of %s', async (_, pieces, sessionStays) => {
    let attack = true;
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (!attack) return peer.write(...whole(id));
        pieces.forEach((piece, i) => {
          const flags = i === pieces.length - 1 ? END_HEADERS : 0;
          peer.write(frame(i === 0 ? HEADERS : 9, flags, id, piece));
        });
      },
    });
    expect((await it.send().done).error?.code).toMatch(/UPSTREAM_(HEAD_TOO_LARGE|RESET|PROTOCOL)$/);
    await it.settle({ active: 0 });
    attack = false;
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(sessionStays ? 1 : 2);
  });

  test('content of a response to HEAD', async () => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...whole(id)) });
    const sent = await it.send(get('/', { method: 'HEAD' })).done;
    expect(sent.events.at(-1)).toMatch(/PROTOCOL|TRUNCATED/);
  });

  test.each(['204', '304'])('content of a %s', async (status) => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(head(id, block(':status', status)), data(id, 'x', END_STREAM)),
    });
    expect((await it.send().done).events.at(-1)).toMatch(/PROTOCOL|TRUNCATED/);
  });

  test('a field with a control character never arrives', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(
          head(id, block(':status', '200', 'a', 'b\rc', 'd', 'e\0f')),
          data(id, 'x', END_STREAM),
        ),
    });
    const sent = await it.send().done;
    const text = JSON.stringify(sent.head?.fields ?? []);
    expect(text).not.toMatch(/\\r|\\u0000/);
  });
});

describe('not HTTP/2', () => {
  test('an answer in HTTP/1.1', async () => {
    const it = await frameBench({ settings: null, onFrame: () => {} });
    it.backend.server.prependListener('connection', (socket) =>
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    expect((await it.send().done).events).toEqual(['UPSTREAM_PROTOCOL']);
    await it.settle({ open: 0, active: 0 });
  });

  test('silence: connectTimeout', async () => {
    const it = await frameBench({ settings: null });
    const sent = it.send();
    await it.until(
      () => it.backend.peers[0]?.frames.some(({ type }) => type === SETTINGS) === true,
    );
    it.clock.advance(5000);
    expect((await sent.done).events).toEqual(['UPSTREAM_CONNECT_TIMEOUT']);
    await it.settle({ open: 0, active: 0 });
  });

  test('a connection that ends at once', async () => {
    const it = await frameBench({ settings: null, onFrame: (peer) => peer.end() });
    expect((await it.send().done).error?.code).toMatch(
      /^RIT_ERR_UPSTREAM_(RESET|PROTOCOL|CONNECT)$/,
    );
    await it.settle({ open: 0, active: 0 });
  });
});
