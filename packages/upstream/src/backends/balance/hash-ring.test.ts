import { expect, test } from 'vitest';
import { mix32 } from './hash.ts';
import { HashRing } from './hash-ring.ts';

const list = (weights: number[]) =>
  weights.map((weight, i) => ({ name: `http://10.0.${i >> 8}.${i & 255}:80`, weight }));

function shares(weights: number[]): number[] {
  const ring = new HashRing(list(weights));
  const counts = new Map<string, number>();
  for (let i = 0; i < 100_000; i++) {
    const { name } = ring.memberAt(ring.find(mix32(i)));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return list(weights).map((one) => (counts.get(one.name) ?? 0) / 100_000);
}

test.each([[[1, 1, 1]], [[1, 2, 3, 4]], [[100, 300]], [Array.from({ length: 20 }, () => 1)]])(
  'shares follow the weights %j',
  (weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [at, share] of shares(weights).entries()) {
      expect(Math.abs(share / (weights[at]! / total) - 1)).toBeLessThan(0.35);
    }
  },
);

test('1,000 members with weights up to 1,000', () => {
  const ring = new HashRing(list(Array.from({ length: 1000 }, (_, i) => i + 1)));
  expect(ring.size).toBeLessThan(400_000);
  const found = new Set<string>();
  for (let i = 0; i < 200_000; i++) found.add(ring.memberAt(ring.find(mix32(i))).name);
  expect(found.size).toBeGreaterThan(950);
});

test('every key is found, the last point and beyond included', () => {
  const ring = new HashRing(list([1, 1]));
  for (const key of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
    expect(ring.find(key)).toBeLessThan(ring.size);
    expect(ring.members).toContain(ring.memberAt(ring.find(key)));
  }
});
