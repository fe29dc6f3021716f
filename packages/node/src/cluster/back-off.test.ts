import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.ts';

describe('BackOff', () => {
  it.each<[name: string, ups: number[], delays: number[]]>([
    ['replaces at once what has ended once', [0], [0]],
    [
      'doubles its delays, to ten seconds',
      Array(11).fill(0),
      [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000],
    ],
    ['counts what has listened for a moment', [5, 29_999, 0], [0, 100, 200]],
    ['starts over after one that was up long enough', [0, 0, 0, 30_000, 0], [0, 100, 200, 0, 100]],
  ])('%s', (_, ups, delays) => {
    const backOff = new BackOff();
    expect(ups.map((upMs) => backOff.next(upMs))).toEqual(delays);
  });

  it('stays bounded', () => {
    const backOff = new BackOff();
    for (let nth = 0; nth < 5_000; nth++) backOff.next(0);
    expect(backOff.next(0)).toBe(10_000);
  });
});
