/**
 * What a client must refuse (RFC 9113), frame by frame: what the request is told, and the backend. Responses that are
 * malformed beyond their frames are in `http2-faults.test.ts`.
 */
import type { Frame } from '@reverseit/test-servers/http2-frames';
import { describe, expect, test } from 'vitest';
import { turns } from './harness.ts';
import {
  block,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  frameBench,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32,
} from './http2-rig.ts';
import { get } from './recorder.ts';

const PRIORITY = 2;
const PUSH_PROMISE = 5;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
const PADDED = 8;

const ok = block(':status', '200');
const head = (id: number, fields = ok, flags = END_HEADERS) => frame(HEADERS, flags, id, fields);
const data = (id: number, text: string | Buffer, flags = 0) => frame(DATA, flags, id, text);
const whole = (id: number) => [head(id), data(id, 'ok', END_STREAM)];
const setting = (id: number, value: number) => Buffer.concat([Buffer.from([0, id]), uint32(value)]);
const settings = (...all: readonly Buffer[]) => frame(SETTINGS, 0, 0, Buffer.concat(all));
const padded = (type: number, id: number, length: number, text: string, flags = 0) =>
  frame(type, PADDED | flags, id, Buffer.concat([Buffer.from([length]), Buffer.from(text)]));

/** The code in the RST_STREAM or GOAWAY that we have sent. */
const codeIn = ({ type, payload }: Frame) => payload.readUInt32BE(type === GOAWAY ? 4 : 0);

type Case = [name: string, frames: (id: number) => readonly Buffer[], code: number];

describe('the connection ends (§5.4.1)', () => {
  test.each<Case>([
    ['§4.2: a frame larger than 16,384 bytes', (id) => [data(id, 'x'.repeat(16_385))], 6],
    ['§4.3: a block that is no HPACK', (id) => [head(id, Buffer.from([0xff, 0xff, 0xff]))], 9],
    ['§4.3: a block within which another frame comes', (id) => [head(id, ok, 0), data(id, 'x')], 1],
    ['§5.1: DATA on an idle stream', () => [data(99, 'x')], 1],
    ['§5.1: HEADERS on an idle stream', () => [head(99)], 1],
    ['§5.1: RST_STREAM on an idle stream', () => [frame(RST_STREAM, 0, 99, uint32(0))], 1],
    ['§5.1: WINDOW_UPDATE on an idle stream', () => [frame(WINDOW_UPDATE, 0, 99, uint32(1))], 1],
    ['§5.1: DATA on a stream that has ended', (id) => [...whole(id), data(id, 'x')], 5],
    ['§5.1: HEADERS on a stream that has ended', (id) => [...whole(id), head(id)], 5],
    ['§5.1.1: HEADERS on a stream of the backend’s', () => [head(2)], 1],
    ['§5.1.1: DATA on a stream of the backend’s', () => [data(2, 'x')], 1],
    ['§6.1: DATA without a stream', () => [data(0, 'x')], 1],
    ['§6.1: padding longer than its frame', (id) => [head(id), padded(DATA, id, 9, 'short')], 1],
    ['§6.1: no room for its padding', (id) => [head(id), frame(DATA, PADDED, id)], 6],
    ['§6.2: HEADERS without a stream', () => [head(0)], 1],
    ['§6.2: padding longer than its HEADERS', (id) => [padded(HEADERS, id, 99, 'x', 4)], 1],
    ['§6.3: PRIORITY without a stream', () => [frame(PRIORITY, 0, 0, Buffer.alloc(5))], 1],
    ['§6.4: RST_STREAM of a wrong size', (id) => [frame(RST_STREAM, 0, id, 'abc')], 6],
    ['§6.4: RST_STREAM without a stream', () => [frame(RST_STREAM, 0, 0, uint32(0))], 1],
    ['§6.5: SETTINGS of a wrong size', () => [frame(SETTINGS, 0, 0, 'abc')], 6],
    ['§6.5: an acknowledgement with settings', () => [frame(SETTINGS, 1, 0, setting(1, 1))], 6],
    ['§6.5: SETTINGS on a stream', (id) => [frame(SETTINGS, 0, id)], 1],
    ['§6.5.2: ENABLE_PUSH of 1', () => [settings(setting(2, 1))], 1],
    ['§6.5.2: a window beyond 2^31 - 1', () => [settings(setting(4, 0x8000_0000))], 3],
    ['§6.5.2: MAX_FRAME_SIZE of 1', () => [settings(setting(5, 1))], 1],
    [
      '§6.9.2: a window of a stream beyond 2^31 - 1',
      (id) => [frame(WINDOW_UPDATE, 0, id, uint32(0x7000_0000)), settings(setting(4, 0x7fff_ffff))],
      3,
    ],
    [
      '§6.6, §8.4: PUSH_PROMISE',
      (id) => [frame(PUSH_PROMISE, END_HEADERS, id, Buffer.concat([uint32(2), ok]))],
      1,
    ],
    ['§6.7: PING of a wrong size', () => [frame(PING, 0, 0, 'abc')], 6],
    ['§6.7: PING on a stream', (id) => [frame(PING, 0, id, Buffer.alloc(8))], 1],
    ['§6.8: GOAWAY on a stream', (id) => [frame(GOAWAY, 0, id, uint32(0, 0))], 1],
    ['§6.8: GOAWAY too short', () => [frame(GOAWAY, 0, 0, uint32(0))], 6],
    ['§6.9: an update of 0', () => [frame(WINDOW_UPDATE, 0, 0, uint32(0))], 1],
    ['§6.9: an update of a wrong size', () => [frame(WINDOW_UPDATE, 0, 0, 'abc')], 6],
    [
      '§6.9.1: a window beyond 2^31 - 1',
      () => [frame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))],
      3,
    ],
    ['§6.10: CONTINUATION alone', (id) => [frame(CONTINUATION, 4, id, ok)], 1],
    [
      '§10.5: CONTINUATION without end',
      (id) => [head(id, ok, 0), ...Array.from({ length: 40 }, () => frame(CONTINUATION, 0, id))],
      11,
    ],
    ['§10.5: a flood of PING', () => manyOf(frame(PING, 0, 0, Buffer.alloc(8))), 11],
    ['§10.5: a flood of SETTINGS', () => manyOf(settings()), 11],
    ['§10.5: a flood of empty DATA', (id) => [head(id), ...manyOf(data(id, ''))], 11],
    ['§10.5: a flood of padding', (id) => [head(id), ...manyOf(padded(DATA, id, 0, ''))], 11],
    ['§10.5: a flood of PRIORITY', (id) => manyOf(frame(PRIORITY, 0, id, Buffer.alloc(5))), 11],
    ['§10.5: a flood of unknown frames', () => manyOf(frame(0xbb, 0, 0)), 11],
  ])('%s', async (_, frames, code) => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...frames(id)) });
    const sent = it.send();
    await sent.done;
    const goaway = await it.backend.peers[0]!.until(({ type }) => type === GOAWAY);
    expect(codeIn(goaway)).toBe(code);
    expect(sent.events.at(-1)).toMatch(/^(UPSTREAM_(PROTOCOL|TRUNCATED)|end)$/);
    await it.settle({ open: 0, active: 0 });
  });

  function manyOf(bytes: Buffer): Buffer[] {
    return Array.from({ length: 3000 }, () => bytes);
  }

  test.each([
    ['DATA', () => data(1, 'x')],
    ['an acknowledgement of SETTINGS', () => frame(SETTINGS, 1, 0)],
    ['PING', () => frame(PING, 0, 0, Buffer.alloc(8))],
  ])('§3.4: a backend begins with SETTINGS, not with %s', async (_, first) => {
    const it = await frameBench({ settings: null });
    it.backend.server.prependListener('connection', (socket) => socket.write(first()));
    const sent = await it.send().done;
    expect(sent.events).toEqual(['UPSTREAM_PROTOCOL']);
    expect(sent.error?.message).toContain('does not speak HTTP/2');
    await it.settle({ open: 0, active: 0 });
  });
});

describe('the stream ends, and no other (§5.4.2)', () => {
  const fill = (id: number, bytes: number) => {
    const frames: Buffer[] = [];
    for (let left = bytes; left > 0; left -= 16_384) {
      frames.push(data(id, Buffer.alloc(Math.min(left, 16_384))));
    }
    return frames;
  };

  test.each<Case>([
    ['§6.9.1: DATA beyond its window', (id) => [head(id), ...fill(id, 262_145)], 3],
    ['§6.9: an update of 0', (id) => [frame(WINDOW_UPDATE, 0, id, uint32(0))], 1],
    [
      '§6.9.1: a window beyond 2^31 - 1',
      (id) => [frame(WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1))],
      3,
    ],
    ['§8.1: content before the head', (id) => [data(id, 'x')], 1],
    ['§8.1: a head after the head', (id) => [head(id), head(id)], 1],
    ['§8.1.1: more than the length', (id) => [head(id, sized(1)), data(id, 'xx')], 1],
    ['§8.2.1: upper case', (id) => [head(id, block(':status', '200', 'X', 'y'))], 1],
    ['§8.2.1: a line end', (id) => [head(id, block(':status', '200', 'x', 'a\r\nb'))], 1],
    ['§8.2.1: white space around', (id) => [head(id, block(':status', '200', 'x', ' y'))], 1],
    ['§8.2.2: connection', (id) => [head(id, block(':status', '200', 'connection', 'x'))], 1],
    ['§8.3: a status in trailers', (id) => [head(id), head(id, ok, 5)], 1],
    ['§8.3: a status after fields', (id) => [head(id, block('x', 'y', ':status', '200'))], 1],
    ['§8.3.2: no status', (id) => [head(id, block('x', 'y'))], 1],
    ['§8.6: 101', (id) => [head(id, block(':status', '101'))], 1],
  ])('%s', async (_, frames, code) => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(...(id === 1 ? frames(id) : whole(id))),
    });
    const sent = it.send();
    // What is held counts, and not what was read.
    sent.exchange.pause();
    expect((await sent.done).events.at(-1)).toBe('UPSTREAM_PROTOCOL');
    const reset = await it.backend.peers[0]!.until(({ type }) => type === RST_STREAM);
    expect([reset.id, codeIn(reset)]).toEqual([1, code]);
    expect((await it.send().done).events.at(-1)).toBe('end');
    expect(it.backend.connections).toBe(1);
  });

  function sized(length: number): Buffer {
    return block(':status', '200', 'content-length', String(length));
  }
});

describe('what is not an error', () => {
  test.each<[string, (id: number) => readonly Buffer[]]>([
    ['§4.1: reserved bits and flags', (id) => [frame(HEADERS, 0xc6, id, ok)]],
    ['§5.5: frames of unknown types', (id) => [frame(0xbb, 0xff, 7, 'x'), ...whole(id)]],
    [
      '§5.3: PRIORITY of any stream',
      (id) => [frame(PRIORITY, 0, 6, Buffer.alloc(5)), ...whole(id)],
    ],
    ['§6.1: padding', (id) => [head(id), padded(DATA, id, 3, 'ok\0\0\0', END_STREAM)]],
    ['§6.5.2: unknown settings', (id) => [settings(setting(0xab, 7)), ...whole(id)]],
    ['§6.10: a block in parts', (id) => [head(id, ok.subarray(0, 3), 0), ...rest(id)]],
    ['§5.1: updates of a stream that has ended', (id) => [...whole(id), update(id), update(0)]],
    ['§6.7: an answer to no PING', (id) => [frame(PING, 1, 0, Buffer.alloc(8)), ...whole(id)]],
  ])('%s', async (_, frames) => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(...frames(id)),
    });
    for (let nth = 0; nth < 2; nth++) {
      const sent = it.send();
      await it.until(() => sent.events.length > 0);
      if (!sent.over && sent.events.length === 1) sent.abort();
      expect(sent.events[0]).toBe('head 200');
    }
    expect(it.backend.connections).toBe(1);
  });

  const update = (id: number) => frame(WINDOW_UPDATE, 0, id, uint32(1));
  const rest = (id: number) => [
    frame(CONTINUATION, 0, id),
    frame(CONTINUATION, END_HEADERS, id, ok.subarray(3)),
    data(id, 'ok', END_STREAM),
  ];

  test('§5.1: frames of a stream that we have reset', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => peer.write(...(id === 1 ? [head(1)] : whole(id))),
    });
    const sent = it.send();
    await sent.headSeen;
    sent.abort();
    const [peer] = it.backend.peers;
    await peer!.until(({ type }) => type === RST_STREAM);
    peer!.write(data(1, 'late'), head(1, block('x', 'y'), 5), frame(RST_STREAM, 0, 1, uint32(8)));
    expect((await it.send().done).events.at(-1)).toBe('end');
    expect(it.backend.connections).toBe(1);
  });

  test('§6.5.3, §6.7: SETTINGS and PING are answered', async () => {
    const it = await frameBench({
      onRequest: (peer, id) =>
        peer.write(settings(), frame(PING, 0, 0, Buffer.from('12345678')), ...whole(id)),
    });
    expect((await it.send().done).body).toBe('ok');
    const [peer] = it.backend.peers;
    const pong = await peer!.until(({ type, flags }) => type === PING && flags === 1);
    expect(pong.payload.toString()).toBe('12345678');
    const acks = () => peer!.frames.filter(({ type, flags }) => type === SETTINGS && flags === 1);
    await it.until(() => acks().length === 2);
  });

  test('§6.8: GOAWAY goes before the end of a connection', async () => {
    const it = await frameBench({ onRequest: (peer, id) => peer.write(...whole(id)) });
    await it.send().done;
    await it.settle({ idle: 1 });
    await it.pool.destroy();
    const goaway = await it.backend.peers[0]!.until(({ type }) => type === GOAWAY);
    expect([goaway.payload.readUInt32BE(), codeIn(goaway)]).toEqual([0, 0]);
  });
});

describe('flow control (§5.2)', () => {
  test('a response that is paused does not return its window; the others go on', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        peer.write(head(id), ...Array.from({ length: 16 }, () => data(id, Buffer.alloc(16_384))));
        if (id > 1) peer.write(data(id, '', END_STREAM));
      },
    });
    const paused = it.send();
    paused.exchange.pause();
    await paused.headSeen;
    for (let nth = 0; nth < 40; nth++) expect((await it.send().done).bytes).toBe(262_144);
    const updates = (id: number) =>
      it.backend.peers[0]!.frames.filter((got) => got.type === WINDOW_UPDATE && got.id === id);
    expect(updates(1)).toEqual([]);
    paused.exchange.resume();
    await it.until(() => paused.bytes === 262_144 && updates(1).length > 0);
    paused.abort();
  });

  test('as many may be paused as there can be: another goes on', async () => {
    const it = await frameBench({
      onRequest: (peer, id) => {
        if (id > 2 * 99) peer.write(...whole(id));
        else {
          peer.write(head(id), ...Array.from({ length: 16 }, () => data(id, Buffer.alloc(16_384))));
        }
      },
    });
    const paused = Array.from({ length: 99 }, () => it.send());
    for (const sent of paused) sent.exchange.pause();
    for (const sent of paused) await sent.headSeen;
    expect((await it.send().done).body).toBe('ok');
    for (const sent of paused) sent.abort();
    await it.settle({ open: 1, active: 0 });
  });

  test('§6.9.2: a window that shrinks below 0, and grows again', async () => {
    const it = await frameBench({ settings: setting(4, 10) });
    const sent = it.send(get('/', { method: 'POST', body: Buffer.from('0123456789abcdef') }));
    await it.until(() => it.backend.peers.length === 1);
    const [peer] = it.backend.peers;
    const received = () =>
      Buffer.concat(peer!.frames.filter(({ type }) => type === DATA).map(({ payload }) => payload));
    await it.until(() => received().length === 10);
    peer!.write(settings(setting(4, 4)));
    await it.until(() => peer!.frames.filter(({ type }) => type === SETTINGS).length === 3);
    peer!.write(frame(WINDOW_UPDATE, 0, 1, uint32(6)));
    await turns(5);
    expect(received()).toHaveLength(10);
    peer!.write(frame(WINDOW_UPDATE, 0, 1, uint32(6)));
    await it.until(() => received().length === 16);
    peer!.write(head(1, ok, 5));
    expect((await sent.done).events).toEqual(['head 200', 'end']);
  });

  test('§6.9.1: the window of the connection is for all streams', async () => {
    const it = await frameBench({
      settings: setting(4, 1_000_000),
    });
    const body = Buffer.alloc(50_000);
    const all = [0, 1].map(() => it.send(get('/', { method: 'POST', body })));
    await it.until(() => it.backend.peers.length === 1);
    const [peer] = it.backend.peers;
    const received = () =>
      peer!.frames.reduce(
        (sum, { type, payload }) => sum + (type === DATA ? payload.length : 0),
        0,
      );
    await it.until(() => received() === 65_535);
    await turns(5);
    expect(received()).toBe(65_535);
    peer!.write(frame(WINDOW_UPDATE, 0, 0, uint32(34_465)));
    await it.until(() => received() === 100_000);
    peer!.write(head(1, ok, 5), head(3, ok, 5));
    for (const sent of all) expect((await sent.done).events.at(-1)).toBe('end');
  });
});
