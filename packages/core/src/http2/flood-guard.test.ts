import { expect, test } from 'vitest';
import { FloodGuard } from './flood-guard.ts';

test('so many resets a second', () => {
  let now = 0;
  const guard = new FloodGuard(() => now, 3);
  const resets = (): boolean[] => [1, 2, 3, 4].map(() => guard.allowsReset());
  // The first excess begins the second by which the next ones are counted.
  expect(resets()).toEqual([true, true, true, true]);
  expect([1, 2].map(() => guard.allowsReset())).toEqual([true, true]);
  expect(guard.allowsReset()).toBe(false);
  now = 1000;
  expect(guard.allowsReset()).toBe(true);
});

test('frames that carry nothing: a thousand a second, and more for each request and DATA frame', () => {
  let now = 0;
  const guard = new FloodGuard(() => now, 1);
  const count = (): number => {
    let frames = 0;
    while (frames < 50_000 && guard.allowsFrame()) frames++;
    return frames;
  };
  expect(count()).toBeLessThanOrEqual(2001);
  expect(count()).toBe(0);
  now = 1000;
  guard.onStream();
  guard.onDataSent();
  expect(count()).toBeGreaterThanOrEqual(1000);
  now = 2000;
  for (let i = 0; i < 1_000_000; i++) guard.onDataSent();
  expect(count()).toBeLessThan(25_000);
});

test('streams beyond the limit, until one is taken', () => {
  const guard = new FloodGuard(() => 0, 1);
  for (let i = 0; i < 1000; i++) expect(guard.allowsRefusal()).toBe(true);
  expect(guard.allowsRefusal()).toBe(false);
  guard.onTaken();
  expect(guard.allowsRefusal()).toBe(true);
});
