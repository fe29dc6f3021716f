import { Deadlines } from '@reverseit/core/deadlines';
import { expect, test } from 'vitest';
import { Lifetimes } from './lifetimes.ts';

test('no limit: nothing to arm', () => {
  const lifetimes = new Lifetimes(new Deadlines(), 0, Number.POSITIVE_INFINITY);
  expect(lifetimes.next()).toBe(null);
  expect(lifetimes.maxRequests).toBe(Number.POSITIVE_INFINITY);
});

test('never longer than the limit, at most a tenth shorter, and neighbours differ', () => {
  const lifetimes = new Lifetimes(new Deadlines(), 60_000, 5);
  const lengths = Array.from({ length: 64 }, () => lifetimes.next()!.ms);
  expect(Math.max(...lengths)).toBe(60_000);
  expect(Math.min(...lengths)).toBe(54_000);
  expect(new Set(lengths).size).toBe(16);
  for (const length of new Set(lengths)) {
    expect(lengths.filter((other) => other === length)).toHaveLength(4);
  }
  for (let i = 1; i < lengths.length; i++) {
    expect(Math.abs(lengths[i]! - lengths[i - 1]!)).toBeGreaterThan(2000);
  }
});

test('the shortest limit is no other: 1 ms', () => {
  const lifetimes = new Lifetimes(new Deadlines(), 1, 1);
  for (let i = 0; i < 16; i++) expect(lifetimes.next()?.ms).toBe(1);
});
