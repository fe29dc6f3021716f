import { expect, test } from 'vitest';
import { takeSubset } from './subset.ts';

const backends = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `http://10.1.${i >> 8}.${i & 255}:80` }));

/** How many replicas use each backend. */
function loads(count: number, size: number, ids: readonly (number | string)[]): number[] {
  const list = backends(count);
  const counts = new Map(list.map((one) => [one.name, 0]));
  for (const id of ids) {
    const subset = takeSubset(list, { size, id });
    expect(new Set(subset).size).toBe(size);
    for (const { name } of subset) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts.values()];
}

test.each([
  [1000, 200, 100],
  [1000, 50, 100],
  [300, 20, 100],
  [7, 3, 70],
])('of %i backends %i each for %i numbered replicas: even', (count, size, replicas) => {
  const all = loads(count, size, [...Array(replicas).keys()]);
  const mean = (size * replicas) / count;
  expect(Math.max(...all)).toBeLessThanOrEqual(Math.max(mean * 1.05, Math.ceil(mean) + 2));
  expect(Math.min(...all)).toBeGreaterThanOrEqual(Math.min(mean * 0.95, Math.floor(mean) - 2));
});

test('replicas that have names take even shares on average', () => {
  const all = loads(
    100,
    20,
    Array.from({ length: 500 }, (_, i) => `web-${i}`),
  );
  expect(all.every((load) => load > 60 && load < 140)).toBe(true);
});

test('a list that is no longer than the subset is used whole, in its order', () => {
  const list = backends(3);
  expect(takeSubset(list, { size: 3, id: 'a' })).toBe(list);
  expect(takeSubset(list, { size: 9, id: 4 })).toBe(list);
});

test.each([0, 17, 99, 'web-4'])('replica %s exchanges a few when one leaves', (id) => {
  const list = backends(1000);
  const before = new Set(takeSubset(list, { size: 50, id }).map(({ name }) => name));
  for (const gone of [0, 400, 999]) {
    const after = takeSubset(list.toSpliced(gone, 1), { size: 50, id });
    expect(after.filter(({ name }) => !before.has(name)).length).toBeLessThanOrEqual(2 + 5);
  }
});

test('the order of the list does not matter', () => {
  const list = backends(100);
  const names = (subset: readonly { name: string }[]) => subset.map(({ name }) => name).sort();
  expect(names(takeSubset(list.toReversed(), { size: 10, id: 3 }))).toEqual(
    names(takeSubset(list, { size: 10, id: 3 })),
  );
});
