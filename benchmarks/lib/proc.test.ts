import { describe, expect, it } from 'vitest';
import { parseCoreList, parseStatus } from './proc.ts';

describe('parseStatus', () => {
  it('reads resident memory and its peak, in bytes', () => {
    const text =
      'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t   70 kB\nVmRSS:\t   60 kB\nThreads:\t11\n';
    expect(parseStatus(text)).toEqual({ rss: 60 * 1024, peak: 70 * 1024 });
  });

  it('has no numbers for a process without memory, such as one that has ended', () => {
    expect(parseStatus('Name:\tnode\nState:\tZ (zombie)\n')).toEqual({
      rss: Number.NaN,
      peak: Number.NaN,
    });
  });
});

describe('parseCoreList', () => {
  it.each([
    ['', []],
    ['3', [3]],
    ['0-1', [0, 1]],
    ['0-2,5,8-9', [0, 1, 2, 5, 8, 9]],
  ])('%j', (text, cores) => {
    expect(parseCoreList(text)).toEqual(cores);
  });
});
