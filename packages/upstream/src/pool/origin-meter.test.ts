import { expect, test } from 'vitest';
import { type OriginMeter, OriginMeters } from './origin-meter.ts';

const labels = (meters: OriginMeters): string[] => [...meters.entries()].map(([label]) => label);

test('an origin has one meter, for all pools; beyond 1,000 that are in use they have one together', () => {
  const meters = new OriginMeters();
  const first = meters.acquire('http://h1');
  first.opened++;
  expect(meters.acquire('http://h1').opened).toBe(1);
  for (let i = 2; i <= 1000; i++) meters.acquire(`http://h${i}`);
  expect(meters.acquire('http://h1001')).toBe(meters.acquire('http://h1002'));
  expect(meters.acquire('http://h1')).toBe(first);
  expect([meters.labelOf('http://h1'), meters.labelOf('http://h1001')]).toEqual([
    'http://h1',
    'other',
  ]);
  expect(labels(meters)).toHaveLength(1001);
});

test('origins that come and go keep names of their own; what those have counted that are gone stays in the sum', () => {
  const meters = new OriginMeters();
  let previous: OriginMeter | null = null;
  for (let i = 0; i < 5000; i++) {
    const meter = meters.acquire(`http://h${i}`);
    meter.opened++;
    meter.wait.observe(5);
    expect(meters.labelOf(`http://h${i}`)).toBe(`http://h${i}`);
    if (previous !== null) meters.release(previous);
    previous = meter;
  }
  const all = [...meters.entries()];
  expect(all).toHaveLength(1000);
  expect(all.reduce((sum, [, { opened }]) => sum + opened, 0)).toBe(5000);
  const waits = all.flatMap(([, { wait }]) => wait.read().counts);
  expect(waits.reduce((sum, count) => sum + count, 0)).toBe(5000);
  expect(all.find(([label]) => label === 'other')?.[1].opened).toBe(4001);
});

test('who comes back before there is no room left goes on where it was', () => {
  const meters = new OriginMeters();
  const meter = meters.acquire('http://h');
  meter.opened = 3;
  meters.release(meter);
  expect(meters.acquire('http://h')).toBe(meter);
  for (let i = 0; i < 2000; i++) meters.release(meters.acquire(`http://h${i}`));
  // In use.
  expect(meters.acquire('http://h').opened).toBe(3);
});
