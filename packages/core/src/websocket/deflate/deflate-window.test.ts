import { expect, it } from 'vitest';
import { DeflateWindow } from './deflate-window.ts';

it.each([8, 9, 15])('keeps the last 2^%d bytes (RFC 7692 §7.2.3.2)', (bits) => {
  const window = new DeflateWindow(bits);
  expect(window.size).toBe(2 ** bits);
  let all = Buffer.alloc(0);
  let seed = 1;
  for (let i = 0; i < 300; i++) {
    seed = (seed * 48271) % 2147483647;
    const piece = Buffer.alloc(seed % (i % 10 === 0 ? 3 * window.size : 400), i);
    window.append(piece);
    all = Buffer.concat([all, piece]).subarray(-window.size);
    expect(Buffer.from(window.bytes).equals(all)).toBe(true);
    expect(window.bytes.buffer.byteLength).toBeLessThanOrEqual(2 * window.size);
  }
});

it('grows with what it holds', () => {
  const window = new DeflateWindow(15);
  window.append(new Uint8Array(100));
  expect(window.bytes.buffer.byteLength).toBeLessThanOrEqual(512);
  window.clear();
  expect(window.bytes.buffer.byteLength).toBe(0);
  window.append(Uint8Array.of(7));
  expect([...window.bytes]).toEqual([7]);
});

it('keeps nothing where there is no takeover', () => {
  const window = new DeflateWindow(0);
  window.append(new Uint8Array(100));
  expect(window.bytes.length).toBe(0);
});
