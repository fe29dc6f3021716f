import { expect, test } from 'vitest';
import { viaEntry, viaNames } from './via.ts';

test('our entry (RFC 9110 §7.6.3)', () => {
  expect(viaEntry('1.1', 'edge')).toBe('1.1 edge');
  expect(viaEntry('1.0', 'edge')).toBe('1.0 edge');
});

test.for([
  ['1.1 edge', true],
  ['HTTP/2 EDGE (comment)', true],
  ['1.0 fred, 1.1 p.example.net,\t1.1\tedge', true],
  ['1.1 edge.example', false],
  ['1.1 my-edge', false],
  ['1.1', false],
  ['edge 1.1', false],
  ['1.1 other (edge)', false],
  ['', false],
  [',,', false],
] as const)('%j names "Edge": %s', ([value, names]) => {
  expect(viaNames(value, 'Edge')).toBe(names);
});

test('what we add, we recognize', () => {
  expect(viaNames(`1.1 a, ${viaEntry('1.1', 'edge:80')}`, 'edge:80')).toBe(true);
});
