/** Streams, windows, limits and the end of HTTP/2 connections, over frames. */
import { setTimeout } from 'node:timers/promises';
import { eventually } from '@reverseit/test-servers';
import {
  codeName,
  data,
  end,
  get,
  Http2Client,
  headers,
  open,
  post,
  reset,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import { END_HEADERS, frame, uint32 } from '@reverseit/test-servers/http2-frames';
import { describe, expect, test, vi } from 'vitest';
import { echoTarget, type Recorder, Requests, type Rig, useRig } from '../../../test/server-rig.ts';
import { FLAG, FRAME, SETTING } from '../../http2/protocol.ts';
import type { HttpServerOptions } from '../../index.ts';

const start = useRig();

async function useRequests(
  options: HttpServerOptions = {},
): Promise<{ rig: Rig; client: Http2Client; next: () => Promise<Recorder>; requests: Requests }> {
  const requests = new Requests();
  const rig = await start(requests.listener, { ...options, protocols: ['http2'] });
  const client = await connect(rig);
  return { rig, client, next: () => requests.next(), requests };
}

const connect = (rig: Rig): Promise<Http2Client> =>
  Http2Client.connect((rig.address as { port: number }).port);

describe('exchanges', () => {
  test('what an exchange tells of its request', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1, [...get('/a'), 'x', 'y']));
    const { exchange } = await next();
    expect(exchange.head).toMatchObject({ method: 'GET', target: '/a', httpVersion: '2.0' });
    expect(exchange).toMatchObject({ remoteAddress: '127.0.0.1', encrypted: false });
    expect(exchange.client).toMatchObject({ multiplexed: true, closed: false });
    expect(exchange.client?.proxied?.source.port).toBe(exchange.remotePort);
    exchange.respond(204, [], '');
    const { sections, ended } = await client.response(1);
    expect(sections[0]?.slice(0, 2)).toEqual([':status', '204']);
    expect(ended).toBe(true);
    await client.close();
  });

  test('many at a time, answered in any order', async () => {
    const { client, next, rig } = await useRequests();
    const ids = [1, 3, 5, 7];
    client.send(...ids.map((id) => headers(id, get(`/${id}`))));
    const recorders = [await next(), await next(), await next(), await next()];
    expect(rig.server.stats().activeExchanges).toBe(4);
    for (const { exchange } of recorders.toReversed())
      exchange.respond(200, [], exchange.head.target);
    for (const id of ids) expect((await client.response(id)).body).toBe(`/${id}`);
    expect(rig.server.stats().activeExchanges).toBe(0);
    await client.close();
  });

  test('interim responses, a body of unknown length, trailers', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1));
    const { exchange } = await next();
    exchange.sendInterim(103, ['Link', '</a>']);
    exchange.sendHead(200, 'OK', ['X-Upper', 'a', 'connection', 'x'].slice(0, 2), null);
    exchange.write(Buffer.from('one'));
    exchange.write(Buffer.from('two'));
    exchange.end(['x-trailer', 'b']);
    const { sections, body } = await client.response(1);
    expect(sections).toEqual([
      [':status', '103', 'link', '</a>'],
      [':status', '200', 'x-upper', 'a'],
      ['x-trailer', 'b'],
    ]);
    expect(body).toBe('onetwo');
    await client.close();
  });

  test.each([
    ['HEAD', 200, 5],
    ['GET', 204, null],
    ['GET', 304, 5],
    ['GET', 200, 0],
  ])('%s, %i: the head ends the stream (RFC 9113 §8.1)', async (method, status, length) => {
    const { client, next } = await useRequests();
    client.send(headers(1, [':method', method, ...get().slice(2)]));
    const { exchange } = await next();
    exchange.sendHead(
      status,
      '',
      length === null ? [] : ['content-length', String(length)],
      length,
    );
    if (length === 5) exchange.write(Buffer.from('12345'));
    exchange.end();
    await client.response(1);
    expect(client.frames.filter(({ type, id }) => id === 1 && type === FRAME.DATA)).toEqual([]);
    await client.close();
  });

  test('100 (Continue) when the body is wanted, and not where it has come', async () => {
    const { client, next } = await useRequests();
    const expecting = [...post(), 'expect', '100-continue'];
    client.send(open(1, expecting));
    const first = await next();
    first.exchange.readBody(0);
    await client.until(() => client.stream(1).sections.length === 1, '100');
    client.send(end(1, 'body'), open(3, expecting), end(3, 'body'));
    await first.ended();
    first.exchange.respond(200, [], first.body);
    const second = await next();
    await client.ponged();
    second.exchange.readBody(0);
    await second.ended();
    second.exchange.respond(200, [], '');
    expect((await client.response(1)).body).toBe('body');
    expect((await client.response(3)).sections).toHaveLength(1);
    await client.close();
  });

  test('a client that waits for 100 and gets a response need not go on', async () => {
    const { client, next } = await useRequests();
    client.send(open(1, [...post(), 'expect', '100-continue']));
    (await next()).exchange.respond(403, [], 'no');
    expect(await client.resetOf(1)).toBe(0);
    expect((await client.response(1)).status).toBe('403');
    await client.close();
  });

  test('trailers of a request', async () => {
    const { client, next } = await useRequests();
    client.send(open(1), data(1, 'x'), headers(1, ['a', 'b']));
    const recorder = await next();
    recorder.exchange.readBody(0);
    await recorder.ended();
    expect(recorder.trailers).toEqual(['a', 'b']);
    recorder.exchange.respond(200, [], '');
    await client.response(1);
    await client.close();
  });

  test('a response that is cut, or shorter than announced, resets its stream alone', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1), headers(3), headers(5));
    const [cut, short, whole] = [await next(), await next(), await next()];
    cut.exchange.sendHead(200, '', [], null);
    cut.exchange.write(Buffer.from('part'));
    cut.exchange.reset();
    short.exchange.sendHead(200, '', ['content-length', '9'], 9);
    short.exchange.write(Buffer.from('part'));
    short.exchange.end();
    whole.exchange.respond(200, [], 'whole');
    expect(codeName(await client.resetOf(1))).toBe('INTERNAL_ERROR');
    expect(codeName(await client.resetOf(3))).toBe('INTERNAL_ERROR');
    expect((await client.response(5)).body).toBe('whole');
    expect([client.stream(1).ended, client.stream(3).ended]).toEqual([false, false]);
    await client.close();
  });
});

describe('the client goes', () => {
  test('nobody hears of a request that is reset in the same breath (CVE-2023-44487)', async () => {
    const { client, requests, rig } = await useRequests();
    client.send(headers(1), reset(1), open(3, post()), data(3, 'x'), reset(3), headers(5));
    const { exchange } = await requests.next();
    expect(exchange.head.target).toBe('/');
    expect(rig.server.stats()).toMatchObject({ activeExchanges: 1 });
    exchange.respond(200, [], '5');
    expect(await client.response(5)).toMatchObject({ body: '5' });
    expect(rig.server.stats()).toMatchObject({ activeExchanges: 0 });
    await client.close();
  });

  test.each([0, 8, 5])('a reset with code %i aborts its exchange alone', async (code) => {
    const { client, next } = await useRequests();
    client.send(open(1), headers(3));
    const [first, second] = [await next(), await next()];
    first.exchange.readBody(0);
    client.send(data(1, 'x'), reset(1, code));
    expect((await first.aborted()).code).toBe('RIT_ERR_CLIENT_ABORTED');
    expect(first.trailers).toBe(null);
    second.exchange.respond(200, [], 'here');
    expect((await client.response(3)).body).toBe('here');
    await client.close();
  });

  test('its connection closes: every exchange is aborted', async () => {
    const { client, next, rig } = await useRequests();
    client.send(open(1), headers(3));
    const [first, second] = [await next(), await next()];
    client.socket.resetAndDestroy();
    expect((await first.aborted()).code).toBe('RIT_ERR_CLIENT_ABORTED');
    expect((await second.aborted()).code).toBe('RIT_ERR_CLIENT_ABORTED');
    await eventually(() => rig.server.stats().activeExchanges === 0, 'the exchanges to end');
  });

  test('it closes its side: what is complete is answered, what is not is aborted', async () => {
    const { client, next } = await useRequests();
    client.send(open(1), headers(3));
    const [first, second] = [await next(), await next()];
    client.socket.end();
    expect((await first.aborted()).code).toBe('RIT_ERR_INCOMPLETE_BODY');
    second.exchange.respond(200, [], 'still');
    expect((await client.response(3)).body).toBe('still');
    await client.until(() => client.closed, 'the close');
  });

  test('halfClose "abort": it closes its side, and every exchange is aborted', async () => {
    const { client, next } = await useRequests({ halfClose: 'abort' });
    client.send(headers(1), headers(3));
    const [first, second] = [await next(), await next()];
    client.socket.end();
    expect((await first.aborted()).code).toBe('RIT_ERR_CLIENT_ABORTED');
    expect((await second.aborted()).code).toBe('RIT_ERR_CLIENT_ABORTED');
    await client.until(() => client.closed, 'the close');
  });

  test.each([
    ['probe', 1],
    ['allow', 0],
  ] as const)(
    'halfClose "%s": it is sent %i PINGs when it closes its side',
    async (halfClose, count) => {
      const { client, next } = await useRequests({ halfClose });
      client.send(headers(1));
      const { exchange } = await next();
      client.socket.end();
      await eventually(() => client.socket.writableFinished, 'the FIN');
      if (count > 0) {
        await client.until(() => client.frames.some(({ type }) => type === FRAME.PING), 'a PING');
      }
      exchange.respond(200, [], 'still');
      expect((await client.response(1)).body).toBe('still');
      await client.until(() => client.closed, 'the close');
      expect(client.frames.filter(({ type }) => type === FRAME.PING).length).toBe(count);
    },
  );
});

describe('windows', () => {
  test('a body is not read on before its handler has taken it (RFC 9113 §5.2)', async () => {
    const { client, next } = await useRequests();
    client.send(open(1));
    const recorder = await next();
    const chunk = data(1, Buffer.alloc(16_384, 'a'));
    for (let sent = 0; sent < 262_144; sent += 16_384) client.send(chunk);
    await client.ponged();
    const updates = (): number =>
      client.frames.filter(({ type, id }) => type === FRAME.WINDOW_UPDATE && id === 1).length;
    expect(updates()).toBe(0);
    recorder.exchange.readBody(0);
    await client.until(() => updates() > 0, 'a window update');
    client.send(end(1, 'b'));
    await recorder.ended();
    expect(recorder.body.length).toBe(262_145);
    recorder.exchange.respond(200, [], '');
    await client.response(1);
    await client.close();
  });

  test('DATA beyond the window of the stream', async () => {
    const { client, next } = await useRequests();
    client.send(open(1));
    const recorder = await next();
    const chunk = data(1, Buffer.alloc(16_384));
    for (let sent = 0; sent <= 262_144; sent += 16_384) client.send(chunk);
    expect(codeName(await client.resetOf(1))).toBe('FLOW_CONTROL_ERROR');
    expect((await recorder.aborted()).code).toBe('RIT_ERR_HTTP2_PROTOCOL');
    await client.close();
  });

  test('a response waits for the window of its stream, and of the connection', async () => {
    const { client, next } = await useRequests();
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 10), headers(1));
    const { exchange } = await next();
    exchange.sendHead(200, '', ['content-length', '100000'], 100_000);
    expect(exchange.write(Buffer.alloc(100_000, 'a'))).toBe(false);
    exchange.end();
    await client.ponged();
    expect(client.stream(1).body).toHaveLength(10);
    client.send(windowUpdate(1, 5));
    await client.ponged();
    expect(client.stream(1).body).toHaveLength(15);
    // RFC 9113 §6.9.2: those of streams that are open change with it.
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 200_000));
    await client.ponged();
    expect(client.stream(1).body).toHaveLength(65_535);
    client.send(windowUpdate(0, 100_000));
    expect((await client.response(1)).body).toHaveLength(100_000);
    await client.close();
  });

  test('a window that has become negative', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1));
    const { exchange } = await next();
    exchange.sendHead(200, '', [], null);
    exchange.write(Buffer.alloc(1000));
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0));
    await client.ponged();
    exchange.write(Buffer.from('more'));
    exchange.end(['t', 'u']);
    client.send(windowUpdate(1, 1000));
    await client.ponged();
    expect(client.stream(1).body).toHaveLength(1000);
    client.send(windowUpdate(1, 4));
    const { body, sections } = await client.response(1);
    expect(body.slice(1000)).toBe('more');
    expect(sections[1]).toEqual(['t', 'u']);
    await client.close();
  });

  test('streams that wait take turns', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1), headers(3));
    for (const { exchange } of [await next(), await next()]) {
      exchange.sendHead(200, '', [], null);
      exchange.write(Buffer.alloc(200_000));
    }
    client.send(windowUpdate(1, 200_000), windowUpdate(3, 200_000), windowUpdate(0, 100_000));
    await client.ponged();
    const [one, three] = [client.stream(1).body.length, client.stream(3).body.length];
    // The first had the window of the connection to itself before the second had begun.
    expect(one - 65_535).toBeGreaterThan(0);
    expect(three).toBeGreaterThan(0);
    await client.close();
  });

  test('responseSendTimeout: a client that gives no window for so long', async () => {
    const { client, next } = await useRequests({ responseSendTimeout: 40 });
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0), headers(1));
    const recorder = await next();
    recorder.exchange.sendHead(200, '', [], null);
    recorder.exchange.write(Buffer.from('x'));
    expect(codeName(await client.resetOf(1))).toBe('CANCEL');
    expect((await recorder.aborted()).code).toBe('RIT_ERR_SEND_TIMEOUT');
    await client.close();
  });
});

describe('a response before the end of its request', () => {
  test('a little more is dropped, and the stream ends in good order', async () => {
    const { client, next } = await useRequests();
    client.send(open(1), data(1, 'x'));
    (await next()).exchange.respond(413, [], 'no');
    await client.response(1);
    client.send(end(1, 'rest'));
    await client.ponged();
    expect(client.stream(1).reset).toBe(null);
    await client.close();
  });

  test('much more is answered with a reset, NO_ERROR (RFC 9113 §8.1)', async () => {
    const { client, next } = await useRequests();
    client.send(open(1));
    (await next()).exchange.respond(413, [], 'no');
    await client.response(1);
    for (let i = 0; i < 5; i++) client.send(data(1, Buffer.alloc(16_384)));
    expect(await client.resetOf(1)).toBe(0);
    // Under way when it was reset.
    client.send(data(1, 'x'), headers(3));
    (await next()).exchange.respond(200, [], 'next');
    expect((await client.response(3)).body).toBe('next');
    await client.close();
  });
});

describe('limits', () => {
  test('maxConcurrentStreams', async () => {
    const { client, next } = await useRequests({ maxConcurrentStreams: 2 });
    client.send(open(1), headers(3), headers(5));
    expect(codeName(await client.resetOf(5))).toBe('REFUSED_STREAM');
    const [first, second] = [await next(), await next()];
    second.exchange.respond(200, [], '');
    await client.response(3);
    client.send(headers(7));
    (await next()).exchange.respond(200, [], '');
    expect((await client.response(7)).status).toBe('200');
    first.exchange.respond(200, [], '');
    const told = client.frames.find(({ type }) => type === FRAME.SETTINGS)?.payload;
    expect(told?.subarray(0, 6)).toEqual(Buffer.from([0, 3, 0, 0, 0, 2]));
    await client.close();
  });

  test('maxRequestsPerConnection: GOAWAY with the last stream, and the end with its response', async () => {
    const { client, next } = await useRequests({ maxRequestsPerConnection: 2 });
    client.send(headers(1), headers(3), headers(5));
    const [first, second] = [await next(), await next()];
    expect(await client.goawayCode()).toBe(0);
    expect(client.goaway()?.payload.readUInt32BE(0)).toBe(3);
    first.exchange.respond(200, [], '');
    second.exchange.respond(200, [], '');
    expect((await client.response(3)).status).toBe('200');
    await client.until(() => client.closed, 'the close');
    expect(client.stream(5)).toMatchObject({ sections: [], reset: null });
  });

  type Flood = readonly [what: string, frames: readonly Buffer[]];
  const many = (one: Buffer, count = 6000): Buffer[] => new Array(count).fill(one);
  const padded = (id: number, length: number): Buffer =>
    frame(FRAME.DATA, FLAG.PADDED, id, Buffer.from([length, ...new Array(length).fill(0)]));
  /** A request that makes us reset its stream. */
  const faulty = (id: number): Buffer => headers(id, [...get(), 'X', 'y']);
  const floods: readonly Flood[] = [
    ['PING (CVE-2019-9512)', many(frame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
    ['PING with ACK', many(frame(FRAME.PING, FLAG.ACK, 0, Buffer.alloc(8)))],
    ['SETTINGS (CVE-2019-9515)', many(settings(SETTING.MAX_HEADER_LIST_SIZE, 1))],
    ['PRIORITY (CVE-2019-9513)', many(frame(FRAME.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 1])))],
    ['empty DATA (CVE-2019-9518)', [open(1), ...many(data(1))]],
    ['DATA that is all padding', [open(1), ...many(padded(1, 0))]],
    ['GOAWAY', [open(1), ...many(frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)))]],
    ['header blocks on a stream that we have reset', [faulty(1), ...many(headers(1))]],
    ['ends of a stream that we have reset', [faulty(1), ...many(end(1))]],
    [
      'requests after a GOAWAY',
      [
        ...[open(1), frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8))],
        ...Array.from({ length: 3000 }, (_, i) => headers(2 * i + 3)),
      ],
    ],
    ['WINDOW_UPDATE', many(windowUpdate(0, 1))],
    ['frames of unknown types', many(frame(0xbb, 0, 0))],
    ['streams beyond the limit', Array.from({ length: 3000 }, (_, i) => open(2 * i + 1))],
    [
      'rapid resets (CVE-2023-44487)',
      Array.from({ length: 1000 }, (_, i) => Buffer.concat([headers(2 * i + 1), reset(2 * i + 1)])),
    ],
    [
      'resets that we are made to send (CVE-2025-8671)',
      Array.from({ length: 1000 }, (_, i) =>
        Buffer.concat([headers(2 * i + 1), windowUpdate(2 * i + 1, 0)]),
      ),
    ],
    [
      'malformed requests',
      Array.from({ length: 1000 }, (_, i) => headers(2 * i + 1, [...get(), 'X', 'y'])),
    ],
  ];

  test.for(floods)('a flood of %s ends the connection', async ([, frames]) => {
    const onError = vi.fn();
    const { client, requests } = await useRequests({ onError });
    client.send(...frames);
    expect(codeName(await client.goawayCode())).toBe('ENHANCE_YOUR_CALM');
    expect(requests.count).toBeLessThanOrEqual(500);
    expect(onError.mock.lastCall?.[0].code).toBe('RIT_ERR_HTTP2_FLOOD');
    await client.close();
  });

  test('many frames that carry nothing are no flood beside what they belong to', async () => {
    const rig = await start(echoTarget, { protocols: ['http2'] });
    const client = await connect(rig);
    for (let i = 0; i < 500; i++) {
      const id = 2 * i + 1;
      client.send(
        headers(id),
        frame(FRAME.PING, 0, 0, Buffer.alloc(8)),
        windowUpdate(0, 100),
        windowUpdate(id, 1),
      );
      await client.response(id);
    }
    expect(client.goaway()).toBe(undefined);
    await client.close();
  });

  test('a flood is told of once, and its connection stays closed', async () => {
    const onError = vi.fn();
    const { client, rig } = await useRequests({ onError });
    client.send(open(1), ...many(frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8))));
    await client.until(() => client.closed, 'the end');
    expect(client.frames.filter(({ type }) => type === FRAME.GOAWAY)).toHaveLength(1);
    expect(onError).toHaveBeenCalledTimes(1);
    await eventually(() => rig.server.stats().activeExchanges === 0, 'the exchange to end');
    await client.close();
  });

  test('resets of responses that wait for a window count, too', async () => {
    const rig = await start(echoTarget, { protocols: ['http2'], maxStreamResetsPerSecond: 5 });
    const client = await connect(rig);
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0));
    for (let i = 0; i < 450 && client.goaway() === undefined; i++) {
      const id = 2 * i + 1;
      client.send(headers(id));
      await client.until(
        () => client.stream(id).sections.length > 0 || client.goaway() !== undefined,
        'the head',
      );
      client.send(reset(id));
    }
    expect(codeName(await client.goawayCode())).toBe('ENHANCE_YOUR_CALM');
    await client.close();
  });

  test('what was in progress on a stream that we have reset is no error, after many others', async () => {
    const rig = await start(echoTarget, { protocols: ['http2'] });
    const client = await connect(rig);
    client.send(faulty(1));
    expect(await client.resetOf(1)).not.toBeNull();
    for (let id = 3; id < 803; id += 2) {
      client.send(headers(id));
      await client.response(id);
    }
    client.send(data(1, 'late'), end(1), headers(803));
    await client.response(803);
    expect(client.goaway()).toBe(undefined);
    await client.close();
  });

  test.for<[what: string, fields: string[]]>([
    ['requests without content', [':method', 'HEAD', ...get().slice(2)]],
    ['requests that are refused', get().slice(0, 6)],
  ])('a client that reads no responses is not read from: %s', async ([, fields]) => {
    let served = 0;
    const rig = await start(
      (exchange) => {
        served++;
        exchange.respond(200, ['x-long', 'x'.repeat(1000)], '');
      },
      { protocols: ['http2'], onError: () => served++, maxRequestsPerConnection: 1_000_000 },
    );
    const client = await connect(rig);
    client.socket.pause();
    const count = 100_000;
    client.send(...Array.from({ length: count }, (_, i) => headers(2 * i + 1, fields)));
    for (let before = -1; served === 0 || served !== before; ) {
      before = served;
      await setTimeout(100);
    }
    expect(served).toBeLessThan(count);
    client.socket.destroy();
  });

  test('a client that reads no answers is not read from', async () => {
    const { client } = await useRequests();
    client.socket.pause();
    const pings = Buffer.concat(many(frame(FRAME.PING, 0, 0, Buffer.alloc(8)), 500));
    client.send(pings);
    client.socket.resume();
    await client.ponged();
    await client.close();
  });
});

describe('timeouts', () => {
  test('requestHeaderTimeout: a connection on which nothing is asked closes', async () => {
    const { client } = await useRequests({ requestHeaderTimeout: 40 });
    expect(await client.goawayCode()).toBe(0);
    await client.until(() => client.closed, 'the close');
  });

  test('requestHeaderTimeout: no byte at all', async () => {
    const rig = await start(echoTarget, { protocols: ['http2'], requestHeaderTimeout: 40 });
    const client = await Http2Client.connect(
      (rig.address as { port: number }).port,
      Buffer.alloc(0),
    );
    await client.until(() => client.closed, 'the close');
  });

  test.for<[what: string, half: Buffer]>([
    ['a header', frame(FRAME.PING, 0, 0, Buffer.alloc(8)).subarray(0, 5)],
    ['a payload', headers(3).subarray(0, 12)],
    ['a frame that is ignored', frame(0xbb, 0, 0, 'late').subarray(0, 11)],
  ])('half a frame, and nothing more: %s', async ([, half]) => {
    const rig = await start(echoTarget, { protocols: ['http2'], keepAliveTimeout: 40 });
    const client = await connect(rig);
    client.send(headers(1), half);
    await client.until(() => client.closed, 'the close');
  });

  test('requestHeaderTimeout: a header block that does not end', async () => {
    const onError = vi.fn();
    const { client, next } = await useRequests({ requestHeaderTimeout: 40, onError });
    client.send(headers(1));
    (await next()).exchange.respond(200, [], '');
    await client.response(1);
    client.send(frame(FRAME.HEADERS, 0, 3));
    expect(await client.goawayCode()).toBe(0);
    expect(onError.mock.lastCall?.[0].code).toBe('RIT_ERR_HEAD_TIMEOUT');
    await client.close();
  });

  test('keepAliveTimeout: from the end of the last stream', async () => {
    const { client, next, rig } = await useRequests({ keepAliveTimeout: 40 });
    client.send(headers(1), headers(3));
    const [first, second] = [await next(), await next()];
    first.exchange.respond(200, [], '');
    await setTimeout(80);
    expect(rig.server.stats().connections).toBe(1);
    second.exchange.respond(200, [], '');
    expect((await client.response(3)).status).toBe('200');
    expect(await client.goawayCode()).toBe(0);
    await client.until(() => client.closed, 'the close');
  });

  test('a body that stalls', async () => {
    const { client, next } = await useRequests();
    client.send(open(1), data(1, 'x'));
    const recorder = await next();
    recorder.exchange.readBody(40);
    expect((await client.response(1)).status).toBe('408');
    expect((await recorder.aborted()).code).toBe('RIT_ERR_BODY_TIMEOUT');
    await client.close();
  });
});

describe('close', () => {
  test('what the client has sent before it knows is still served (RFC 9113 §6.8)', async () => {
    const { client, next, rig } = await useRequests();
    client.send(headers(1));
    const first = await next();
    const closed = rig.server.close();
    await client.until(() => client.frames.some(({ type }) => type === FRAME.PING), 'a PING');
    expect(client.goaway()?.payload.readUInt32BE(0)).toBe(0x7fff_ffff);
    client.send(headers(3));
    const second = await next();
    const ping = client.frames.find(({ type }) => type === FRAME.PING)?.payload as Buffer;
    client.send(frame(FRAME.PING, FLAG.ACK, 0, ping));
    expect(await client.goawayCode()).toBe(0);
    expect(client.goaway()?.payload.readUInt32BE(0)).toBe(3);
    client.send(headers(5));
    await client.ponged();
    first.exchange.respond(200, [], '');
    second.exchange.respond(200, [], 'late');
    expect((await client.response(3)).body).toBe('late');
    await closed;
    expect(client.stream(5)).toMatchObject({ sections: [], reset: null });
  });

  test('a client that does not answer, and one that is idle', async () => {
    const { client, rig, next } = await useRequests();
    client.send(headers(1));
    (await next()).exchange.respond(200, [], '');
    await client.response(1);
    await rig.server.close();
    expect(await client.goawayCode()).toBe(0);
  });

  test('its timeout cuts what is left', async () => {
    const { client, rig, next } = await useRequests();
    client.send(headers(1));
    const recorder = await next();
    await rig.server.close({ timeout: 10 });
    expect((await recorder.aborted()).code).toBe('RIT_ERR_SHUTDOWN');
    await client.until(() => client.closed, 'the close');
  });

  test('the latest stream that there can be: its end is that of the connection', async () => {
    const { client, next } = await useRequests();
    client.send(headers(0x7fff_ffff));
    const { exchange } = await next();
    exchange.respond(200, [], 'last');
    expect((await client.response(0x7fff_ffff)).body).toBe('last');
    await client.until(() => client.closed, 'the close');
  });

  test('a client that says GOAWAY is served to its end', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1), frame(FRAME.GOAWAY, 0, 0, uint32(0, 0)));
    (await next()).exchange.respond(200, [], 'last');
    expect((await client.response(1)).body).toBe('last');
    await client.until(() => client.closed, 'the close');
  });
});

describe('fairness', () => {
  test('bytes of content that come one by one reach their handler together', async () => {
    const { client, next } = await useRequests();
    client.send(open(1));
    const recorder = await next();
    recorder.exchange.readBody(0);
    const one = data(1, 'a');
    client.send(Buffer.concat(new Array(20_000).fill(one)), end(1));
    await recorder.ended();
    expect(recorder.body).toHaveLength(20_000);
    recorder.exchange.respond(200, [], '');
    await client.response(1);
    await client.close();
  });

  test('a header block that says END_STREAM and more', async () => {
    const { client, next } = await useRequests();
    client.send(headers(1, get(), END_HEADERS), end(1));
    const recorder = await next();
    recorder.exchange.readBody(0);
    await recorder.ended();
    recorder.exchange.respond(200, [], '');
    await client.response(1);
    await client.close();
  });
});
