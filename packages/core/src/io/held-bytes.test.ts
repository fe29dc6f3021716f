import { expect, test } from 'vitest';
import { HeldBytes } from './held-bytes.ts';

test('bytes come out as they went in, once', () => {
  const held = new HeldBytes();
  expect([held.length, held.take().length]).toEqual([0, 0]);
  for (const text of ['abc', 'd', '', 'ef']) held.append(Buffer.from(text));
  expect(held.length).toBe(6);
  const taken = held.take();
  expect(String(taken)).toBe('abcdef');
  held.append(Buffer.from('xyz'));
  held.append(Buffer.from('!'));
  expect(String(taken)).toBe('abcdef');
  expect(String(held.take())).toBe('xyz!');
  expect(held.length).toBe(0);
});

test('a single chunk is not copied, and chunks are never written to', () => {
  const held = new HeldBytes();
  const slab = Buffer.from('abcdef');
  held.append(slab.subarray(0, 3));
  expect(held.take().buffer).toBe(slab.buffer);
  held.append(slab.subarray(0, 3));
  held.append(Buffer.from('X'));
  expect(String(held.take())).toBe('abcX');
  expect(String(slab)).toBe('abcdef');
});

test('a million single bytes after a megabyte', () => {
  const held = new HeldBytes();
  const byte = Buffer.from('x');
  held.append(Buffer.alloc(1_000_000, 'x'));
  // Copied anew for each, this would be half a million megabytes.
  for (let i = 0; i < 1_000_000; i++) held.append(byte);
  expect(held.take().equals(Buffer.alloc(2_000_000, 'x'))).toBe(true);
});
