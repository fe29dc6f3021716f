import { expect, test } from 'vitest';
import type { CollectedBody } from '../src/index.ts';
import { bench, turn, turns } from './harness.ts';
import { get } from './recorder.ts';

/** Content that tells where it belongs: each byte follows from the request and its place. */
function content(seed: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff;
  return bytes;
}

const sizes = [1, 3, 1000, 16_383, 16_384, 65_000, 65_536, 70_000, 300_000];

test.each([
  ['content-length', false],
  ['content-length', true],
  ['chunked', false],
  ['chunked', true],
  ['until close', false],
  ['until close', true],
])(
  'chunks that a handler keeps are its own, whatever other connections read: %s, others given back: %s',
  async (framing, givesBack) => {
    let nth = 0;
    const it = await bench((connection) => {
      const target = /GET \/(\d+) \S+\r\n(?:.+\r\n)+\r\n$/.exec(connection.received)?.[1];
      const seed = Number(target);
      const body = content(seed, sizes[seed % sizes.length]!);
      const head =
        framing === 'content-length'
          ? `content-length: ${body.length}`
          : framing === 'chunked'
            ? 'transfer-encoding: chunked'
            : 'a: b';
      connection.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
      // In parts, so that the reads of several connections fall between each other.
      const part = [500, 20_000, 100_000][nth++ % 3] as number;
      for (let at = 0; at < body.length; at += part) {
        const chunk = body.subarray(at, at + part);
        if (framing === 'chunked') connection.write(`${chunk.length.toString(16)}\r\n`);
        connection.write(chunk);
        if (framing === 'chunked') connection.write('\r\n');
      }
      if (framing === 'chunked') connection.write('0\r\n\r\n');
      if (framing === 'until close') connection.socket.end();
    });
    const all = Array.from({ length: 90 }, (_, seed) => {
      const kept: Buffer[] = [];
      const sent = it.send(get(`/${seed}`));
      sent.onChunk = (chunk) => {
        if (givesBack && kept.length % 3 === 0) {
          kept.push(Buffer.from(chunk));
          sent.exchange.releaseChunk();
        } else kept.push(chunk);
        if (seed % 4 === 0) {
          sent.exchange.pause();
          void turn().then(() => sent.exchange.resume());
        }
      };
      return { sent, kept, seed };
    });
    for (const { sent, kept, seed } of all) {
      await sent.done;
      expect(sent.events.at(-1)).toBe('end');
      expect(Buffer.concat(kept).equals(content(seed, sizes[seed % sizes.length]!))).toBe(true);
    }
  },
);

test('trailers that begin in a read whose content was given back (RFC 9112 §7.1.2)', async () => {
  const bytes = content(1, 40_000);
  const it = await bench(async (connection) => {
    connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    await turns(3);
    const start = `9c40\r\n${bytes.toString('latin1')}\r\n0\r\nx-first: ${'f'.repeat(500)}\r\nx-se`;
    connection.write(start);
    await turns(20);
    // Other reads have come between, and taken what memory was free.
    connection.write(`cond: ${'s'.repeat(500)}\r\n\r\n`);
  });
  const chunks: Buffer[] = [];
  const sent = Array.from({ length: 20 }, () => it.send());
  for (const one of sent) {
    one.onChunk = (chunk) => {
      chunks.push(Buffer.from(chunk));
      one.exchange.releaseChunk();
    };
  }
  for (const one of sent) {
    await one.done;
    expect(one.trailers).toEqual(['x-first', 'f'.repeat(500), 'x-second', 's'.repeat(500)]);
  }
  expect(Buffer.concat(chunks)).toHaveLength(20 * bytes.length);
});

/** Content in chunks, and how many of them came back. */
class Collected implements CollectedBody {
  readonly chunks = Array.from({ length: 20 }, () => Buffer.alloc(100_000, 'c'));
  readonly contentLength = 2_000_000;
  released = 0;

  releaseChunk(chunk: Buffer): void {
    expect(this.chunks[this.released++]).toBe(chunk);
    chunk.fill('X');
  }
}

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

test('collected content goes out whole, and comes back as it leaves', async () => {
  const it = await bench(async (connection) => {
    await connection.until(() => connection.received.length > 2_000_000);
    connection.write(answer);
  });
  const body = new Collected();
  const fields = ['Host', 'backend.test', 'content-length', '2000000'];
  const sent = await it.send(get('/', { method: 'POST', fields, body })).done;
  expect(sent.head?.status).toBe(200);
  const { received } = it.origin.connections[0]!;
  expect(received.substring(received.indexOf('\r\n\r\n') + 4)).toBe('c'.repeat(2_000_000));
  expect(body.released).toBeGreaterThan(0);
});

test('collected content that has to be sent again is still there', async () => {
  let nth = 0;
  const it = await bench(async (connection) => {
    nth++;
    const { length } = connection.received;
    if (nth > 1) await connection.until(() => connection.received.length - length >= 1_500_000);
    if (nth === 2) connection.reset();
    else {
      if (nth === 3) await connection.until(() => connection.received.length > 2_000_000);
      connection.write(answer);
    }
  });
  await it.send(get()).done;
  const body = new Collected();
  const fields = ['Host', 'backend.test', 'content-length', '2000000'];
  const sent = await it.send(get('/', { fields, body })).done;
  expect([sent.error, sent.head?.status, nth]).toEqual([null, 200, 3]);
  const { received } = it.origin.connections[1]!;
  expect(received.substring(received.indexOf('\r\n\r\n') + 4)).toBe('c'.repeat(2_000_000));
});
