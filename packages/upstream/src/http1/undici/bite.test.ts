import { COST } from '@reverseit/core/internal';
import { expect, test } from 'vitest';
import { Bite } from './bite.ts';

test('costs by content, framing and chunks', () => {
  const bite = new Bite();
  expect(bite.end()).toBe(0);
  bite.begin(1000);
  bite.addChunk(600);
  bite.addChunk(300);
  expect(bite.end()).toBe(900 * COST.BYTE + 100 * 2 * COST.PARSED_BYTE + 2 * 500);
  expect(bite.end()).toBe(0);
});

test('is small after one that was costly, and as large as it comes after one that was not', () => {
  const bite = new Bite();
  bite.begin(65_536);
  for (let i = 0; i < 1000; i++) bite.addChunk(1);
  bite.end();
  expect(bite.max).toBe(4096);
  bite.begin(4096);
  bite.addChunk(4096);
  bite.end();
  expect(bite.max).toBe(Number.POSITIVE_INFINITY);
});

test('is of medium size for the first of a response', () => {
  const bite = new Bite();
  expect(bite.max).toBe(16_384);
  bite.begin(65_536);
  for (let i = 0; i < 1000; i++) bite.addChunk(1);
  bite.end();
  bite.reset(100);
  expect(bite.max).toBe(16_384);
});

test('counts what comes without content', () => {
  const bite = new Bite();
  bite.reset(100);
  expect(bite.maxSilent).toBe(200 + 10_240);
  bite.begin(1000);
  bite.begin(500);
  expect(bite.silent).toBe(1500);
  bite.addChunk(1);
  expect(bite.silent).toBe(0);
  bite.begin(10);
  bite.reset(0);
  expect(bite.silent).toBe(0);
});
