import { describe, expect, it } from 'vitest';
import { createProgress, Estimate, roughly } from './progress.ts';

describe('Estimate', () => {
  it('takes this machine for the one it was estimated on before anything is done', () => {
    expect(new Estimate(100).remaining(7)).toBe(100);
  });

  it('goes by the pace so far', () => {
    const estimate = new Estimate(100);
    estimate.finish(25);
    expect(estimate.share).toBe(0.25);
    // Twice as slow as estimated.
    expect(estimate.remaining(50)).toBe(150);
  });

  it('ends at nothing, also where more was done than estimated', () => {
    const estimate = new Estimate(10);
    estimate.finish(11);
    expect(estimate.share).toBe(1);
    expect(estimate.remaining(20)).toBe(0);
  });

  it('is at its end where there is nothing to do', () => {
    expect(new Estimate(0).share).toBe(1);
  });
});

describe('roughly', () => {
  it.each([
    [0, 'about 5 s'],
    [41, 'about 45 s'],
    [89, 'about 90 s'],
    [90, 'about 2 min'],
    [1000, 'about 17 min'],
  ])('%d s', (seconds, text) => {
    expect(roughly(seconds)).toBe(text);
  });
});

describe('createProgress', () => {
  const output = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
  };

  it('writes one line over and over on a terminal', () => {
    const { written, stream } = output(true);
    const progress = createProgress(10, stream);
    progress.begin('get', 'round 1 of 3, relay');
    progress.finish(5);
    progress.begin('get', 'round 1 of 3, nginx');
    progress.clear();
    expect(written[0]).toBe('\r\x1b[K  0 %  about 10 s left  get: round 1 of 3, relay');
    expect(written[1]).toMatch(/^\r.*50 % .* get: round 1 of 3, nginx$/);
    expect(written[2]).toBe('\r\x1b[K');
  });

  it('writes one line for each section elsewhere', () => {
    const { written, stream } = output(false);
    const progress = createProgress(10, stream);
    progress.begin('get', 'a');
    progress.begin('get', 'b');
    progress.begin('post', 'a');
    progress.clear();
    expect(written).toEqual(['  0 %  about 10 s left  get\n', '  0 %  about 10 s left  post\n']);
  });
});
