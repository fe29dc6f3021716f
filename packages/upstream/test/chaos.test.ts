import { expect, test } from 'vitest';
import type { BodySink, BodySource } from '../src/index.ts';
import { bench, type Sent, turn, turns } from './harness.ts';
import type { OriginConnection } from './raw-origin.ts';
import { get } from './recorder.ts';

/** The same choices for the same seed (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

const ok = 'HTTP/1.1 200 OK\r\n';
const faults: ((connection: OriginConnection) => void)[] = [
  (c) => c.write(`${ok}content-length: 2\r\n\r\nok`),
  (c) => c.write(`${ok}content-length: 2\r\n\r\nok`),
  (c) => c.write(`${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  (c) => c.write(`HTTP/1.1 103 E\r\n\r\nHTTP/1.1 100 C\r\n\r\n${ok}content-length: 0\r\n\r\n`),
  (c) => c.end(`${ok}a: b\r\n\r\nok`),
  (c) => c.write(`${ok}content-length: 2\r\nconnection: close\r\n\r\nok`),
  (c) => c.end(`${ok}content-length: 2\r\n\r\nok`),
  (c) => c.end(`${ok}content-length: 9\r\n\r\nok`),
  (c) => c.write(`${ok}content-length: 2\r\n\r\nok${ok}content-length: 2\r\n\r\nno`),
  (c) => c.write('nonsense\r\n\r\n'),
  (c) => c.write(`${ok}content-length: 100000\r\n\r\n${'x'.repeat(100_000)}`),
  (c) => c.socket.end(),
  (c) => c.reset(),
  (c) => {
    c.write(`${ok}content-length: 9\r\n\r\nok`);
    c.reset();
  },
  () => {},
];

function upload(roll: (sides: number) => number): BodySource {
  let left = roll(4);
  let over = false;
  const pump = (sink: BodySink) => {
    if (over) return;
    while (left > 0) {
      left--;
      if (!sink.write(Buffer.alloc(40_000))) return;
    }
    over = true;
    sink.end();
  };
  let to: BodySink;
  return {
    contentLength: null,
    start(sink) {
      to = sink;
      setImmediate(pump, sink);
    },
    resume: () => pump(to),
    cancel() {
      over = true;
    },
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'nothing is left of 200 exchanges that fail in every way at every stage, seed %i',
  async (seed) => {
    const roll = dice(seed);
    const it = await bench(
      (connection) => {
        const fault = faults[roll(faults.length)];
        if (roll(3) === 0) setImmediate(() => fault?.(connection));
        else fault?.(connection);
      },
      { pool: { poolSize: 5, poolCount: 1 + roll(2) } },
    );
    const oneShot = it.pool.origin(it.origin.url, { connection: 'one-shot' });
    const all: Sent[] = [];
    for (let i = 0; i < 200; i++) {
      const method = ['GET', 'HEAD', 'POST', 'OPTIONS'][roll(4)] as string;
      const body = method === 'POST' && roll(2) === 0 ? upload(roll) : null;
      const to = roll(8) === 0 ? oneShot : it.to;
      const sent = it.send(get(`/${i}`, { method, body }), { responseHeaderRetries: roll(3) }, to);
      all.push(sent);
      const what = roll(10);
      if (what === 0) sent.abort();
      else if (what === 1) void turns(roll(6)).then(() => sent.abort());
      else if (what === 2) {
        sent.exchange.pause();
        void turns(roll(9)).then(() => sent.exchange.resume());
      } else if (what === 3) {
        sent.onFirst = () => {
          sent.exchange.pause();
          setImmediate(() => sent.exchange.resume());
        };
      } else if (what === 4) sent.onChunk = () => sent.abort();
      if (roll(3) === 0) await turn();
      if (roll(40) === 0) it.clock.advance(6000);
    }
    // Whoever still waits for a backend that says nothing waits long enough now.
    for (let i = 0; i < 400 && !all.every((sent) => sent.over || sent.aborted); i++) {
      await turns(5);
      it.clock.advance(1000);
    }
    for (const sent of all) expect(sent.aborted || sent.over).toBe(true);
    await turns(5);
    const { open, idle, active, waiting } = it.counts;
    expect({ active, waiting }).toEqual({ active: 0, waiting: 0 });
    expect(open).toBe(idle);
    it.clock.advance(100_000);
    await it.settle({ open: 0 });
    await it.origin.untilAllClosed();
    // Whatever failed, failed with a code of the backend's, none of ours.
    const codes = new Set(all.map(({ error }) => error?.code).filter((code) => code !== undefined));
    expect([...codes].filter((code) => !code.startsWith('RIT_ERR_UPSTREAM_'))).toEqual([]);
  },
);
