import { describe, expect, it } from 'vitest';
import { availabilityOf, readCounts } from './perf.ts';

describe('readCounts', () => {
  it('reads values by the names of their events', () => {
    const text =
      '1234567,,instructions:u,569477,100.00,0.80,insn per cycle\n89,,cache-misses:u,569477,100.00,,\n';
    expect(readCounts(text)).toEqual({ instructions: 1_234_567, cacheMisses: 89 });
  });

  it('adds up what cores of two kinds counted, where both ran', () => {
    const text = `100,,cpu_core/instructions/,5,60.00,,
20,,cpu_atom/instructions/,5,40.00,,
7,,cpu_core/cache-misses/,5,60.00,,
<not counted>,,cpu_atom/cache-misses/,0,0.00,,
`;
    expect(readCounts(text)).toEqual({ instructions: 120, cacheMisses: 7 });
  });

  it.each([
    '',
    'Error: no such process\n',
    '<not supported>,,instructions,0,100.00,,\n<not supported>,,cache-misses,0,100.00,,\n',
    '1234,,instructions,5,100.00,,\n<not supported>,,cache-misses,0,100.00,,\n',
  ])('has none in %j', (text) => {
    expect(readCounts(text)).toBeNull();
  });
});

describe('availabilityOf', () => {
  it.each([
    ['1,,instructions,5,100.00,,\n1,,cache-misses,5,100.00,,\n', 'are counted in all'],
    ['1,,instructions:u,5,100.00,,\n1,,cache-misses:u,5,100.00,,\n', 'outside of the kernel only'],
  ])('is there: %j', (stderr, said) => {
    const found = availabilityOf({ status: 0, stderr });
    expect(found.counters).toBe(true);
    expect(found.said).toContain(said);
  });

  it.each([
    [{ error: new Error('ENOENT'), status: null, stderr: '' }, 'perf is not installed'],
    [
      { status: 129, stderr: ' Error: unknown option `control\n\n Usage: perf stat\n' },
      'perf stat says "Error: unknown option `control"',
    ],
    [
      { status: 0, stderr: '<not supported>,,instructions,0,100.00,,\n' },
      'perf stat has no hardware counters here',
    ],
  ])('is not there: %j', (tried, reason) => {
    expect(availabilityOf(tried)).toEqual({
      counters: false,
      said: `Instructions and cache misses are not counted: ${reason}.`,
    });
  });
});
