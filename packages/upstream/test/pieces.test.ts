import { expect, test } from 'vitest';
import { bench, turn } from './harness.ts';
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
  'pieces that a handler keeps are its own, whatever other connections read: %s, others given back: %s',
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
        const piece = body.subarray(at, at + part);
        if (framing === 'chunked') connection.write(`${piece.length.toString(16)}\r\n`);
        connection.write(piece);
        if (framing === 'chunked') connection.write('\r\n');
      }
      if (framing === 'chunked') connection.write('0\r\n\r\n');
      if (framing === 'until close') connection.socket.end();
    });
    const all = Array.from({ length: 90 }, (_, seed) => {
      const kept: Buffer[] = [];
      const sent = it.send(get(`/${seed}`));
      sent.onPiece = (piece) => {
        if (givesBack && kept.length % 3 === 0) {
          kept.push(Buffer.from(piece));
          sent.exchange.giveBack();
        } else kept.push(piece);
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
