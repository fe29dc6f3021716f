import { expect, test } from 'vitest';
import { StatusSet } from './status-set.ts';

test.each([
  ['200', [200], [199, 201]],
  ['200-399', [200, 302, 399], [199, 400]],
  ['429, 502-504', [429, 502, 503, 504], [428, 430, 501, 505]],
  ['100-599', [100, 599], [99, 600, -1, 0]],
])('%s', (text, inside, outside) => {
  const set = StatusSet.parse(text);
  for (const status of inside) expect(set?.has(status)).toBe(true);
  for (const status of outside) expect(set?.has(status)).toBe(false);
});

test.each([
  '',
  ',',
  '20',
  '2000',
  '99',
  '600',
  '399-200',
  '200-',
  '-200',
  '200;300',
  'abc',
  '200-300-400',
])('refused: %j', (text) => expect(StatusSet.parse(text)).toBeNull());
