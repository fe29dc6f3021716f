import { expect, it } from 'vitest';
import { costGrowth } from './cost-growth.ts';

const list = (size: number): number[] => Array.from({ length: size }, (_, nth) => nth);
const once = (values: number[]): number => values.reduce((sum, value) => sum + Math.sqrt(value), 0);

it('tells what is linear from what is quadratic', () => {
  expect(costGrowth(list, once, 10_000, 16)).toBeLessThan(96);
  const pairs = (values: number[]): void => {
    for (const _ of values) once(values);
  };
  expect(costGrowth(list, pairs, 50, 16)).toBeGreaterThan(128);
});
