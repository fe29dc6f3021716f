import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReceiveWindow } from './receive-window.ts';

test('ends where it is full (RFC 9113 §6.9.1)', () => {
  const window = new ReceiveWindow(100);
  expect([window.take(60), window.take(40), window.take(1)]).toEqual([true, true, false]);
});

test('an empty frame never exceeds it', () => {
  const window = new ReceiveWindow(10);
  expect([window.take(10), window.take(0)]).toEqual([true, true]);
});

test('tells of more by halves', () => {
  const window = new ReceiveWindow(100);
  window.take(100);
  expect([window.release(49), window.release(1), window.release(10)]).toEqual([0, 50, 0]);
  expect([window.take(50), window.take(1)]).toEqual([true, false]);
});

test('a peer that keeps to what it was told is never refused, and never stuck', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.integer({ min: 1, max: 300 })),
      (size, chunks) => {
        const window = new ReceiveWindow(size);
        let allowed = size;
        for (const chunk of chunks) {
          const sent = Math.min(chunk, allowed);
          expect(sent).toBeGreaterThan(0);
          expect(window.take(sent)).toBe(true);
          allowed += window.release(sent) - sent;
        }
      },
    ),
  );
});
