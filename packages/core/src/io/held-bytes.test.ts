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

test('bytes on loan are copied', () => {
  const held = new HeldBytes();
  const bytes = Buffer.from('abc');
  held.append(bytes, true);
  bytes.fill('X');
  expect(String(held.take())).toBe('abc');
});

test('the rest of what was taken goes on where it was, and what was taken is not written to', () => {
  const held = new HeldBytes();
  held.append(Buffer.from('abc'));
  held.append(Buffer.from('defg'));
  const taken = held.take();
  held.append(taken.subarray(3), true);
  held.append(Buffer.from('hi'));
  expect(held.length).toBe(6);
  const rest = held.take();
  expect([String(rest), String(taken), rest.buffer]).toEqual(['defghi', 'abcdefg', taken.buffer]);
  held.append(rest.subarray(5), true);
  expect(String(held.take())).toBe('i');
});

test('forgotten, what was taken comes back as any other bytes', () => {
  const held = new HeldBytes();
  held.append(Buffer.from('abc'));
  const taken = held.take();
  held.forget();
  held.append(taken.subarray(1), true);
  taken.fill('X');
  expect(String(held.take())).toBe('bc');
  held.append(Buffer.from('d'));
  held.forget();
  expect(held.length).toBe(1);
  held.clear();
  expect([held.length, held.take().length]).toEqual([0, 0]);
});

test('of a megabyte that is taken in small parts while as much comes, little is copied', () => {
  const held = new HeldBytes();
  const piece = Buffer.alloc(65_536, 'x');
  for (let nth = 0; nth < 16; nth++) held.append(piece, true);
  const memories = new Set<ArrayBufferLike>();
  for (let nth = 0; nth < 160; nth++) {
    const taken = held.take();
    memories.add(taken.buffer);
    held.append(taken.subarray(piece.length / 8), true);
    if (nth % 8 === 0) held.append(piece, true);
  }
  expect(memories.size).toBeLessThan(4);
});

test('a million single bytes after a megabyte', () => {
  const held = new HeldBytes();
  const byte = Buffer.from('x');
  held.append(Buffer.alloc(1_000_000, 'x'));
  // Copied anew for each, this would be half a million megabytes.
  for (let i = 0; i < 1_000_000; i++) held.append(byte);
  expect(held.take().equals(Buffer.alloc(2_000_000, 'x'))).toBe(true);
});
