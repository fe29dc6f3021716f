import { expect, it } from 'vitest';
import { ByteGatherer } from './byte-gatherer.ts';

it('joins slices, copied, and gives them away', () => {
  const gathered = new ByteGatherer();
  expect(gathered.take().length).toBe(0);
  const slice = Uint8Array.of(1, 2, 3);
  for (let i = 0; i < 1000; i++) gathered.add(slice);
  slice.fill(9);
  expect(gathered.length).toBe(3000);
  const bytes = gathered.take();
  expect(bytes.length).toBe(3000);
  expect(bytes.every((byte, i) => byte === (i % 3) + 1)).toBe(true);
  expect(bytes.buffer.byteLength).toBeLessThan(6000 + 512);
  expect(gathered.length).toBe(0);
  gathered.add(Uint8Array.of(7));
  expect([...gathered.take()]).toEqual([7]);
  expect(bytes[0]).toBe(1);
});

it('forgets when told', () => {
  const gathered = new ByteGatherer();
  gathered.add(new Uint8Array(10));
  gathered.clear();
  expect(gathered.take().length).toBe(0);
});
