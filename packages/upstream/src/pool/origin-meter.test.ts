import { expect, test } from 'vitest';
import { OriginMeters } from './origin-meter.ts';

test('an origin keeps its meter; beyond a thousand, further ones share one', () => {
  const meters = new OriginMeters();
  const first = meters.of('http://h1');
  first.opened++;
  expect(meters.of('http://h1').opened).toBe(1);
  for (let i = 2; i <= 1000; i++) meters.of(`http://h${i}`);
  expect(meters.of('http://h1001')).toBe(meters.of('http://h1002'));
  expect(meters.of('http://h1')).toBe(first);
  expect([...meters.entries()]).toHaveLength(1001);
  expect(meters.labelOf('http://h7')).toBe('http://h7');
  expect(meters.labelOf('http://h1001')).toBe('other');
});
