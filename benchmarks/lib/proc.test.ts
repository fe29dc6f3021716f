import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { contextSwitches, hasProc, parseCoreList, parseStatus, parseSwitches } from './proc.ts';

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

describe('parseSwitches', () => {
  it('reads those of a thread', () => {
    const text = 'Threads:\t11\nvoluntary_ctxt_switches:\t42\nnonvoluntary_ctxt_switches:\t7\n';
    expect(parseSwitches(text)).toEqual({ voluntary: 42, involuntary: 7 });
  });

  it('has no numbers where the system does not count them', () => {
    expect(parseSwitches('Name:\tnode\n')).toEqual({
      voluntary: Number.NaN,
      involuntary: Number.NaN,
    });
  });
});

it.runIf(hasProc)('counts the context switches of all threads of a process', async () => {
  const before = contextSwitches([process.pid]);
  // The pool of threads does this one, and wakes the main thread.
  await readFile(import.meta.filename);
  const after = contextSwitches([process.pid]);
  expect(after.voluntary).toBeGreaterThan(before.voluntary);
  expect(after.involuntary).toBeGreaterThanOrEqual(before.involuntary);
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
