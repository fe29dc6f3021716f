import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  formatPercent,
  formatShort,
  shortened,
} from './format.ts';

describe('formatShort', () => {
  it.each([
    [null, '–'],
    [0, '0'],
    [0.0001, '<0.01'],
    [0.25, '0.25'],
    [3, '3'],
    [2.345, '2.35'],
    [12.34, '12.3'],
    [99.96, '100'],
    [9994, '9,994'],
    [9999.5, '10.0k'],
    [12_345, '12.3k'],
    [999_999, '1.00M'],
    [4_560_000, '4.56M'],
    [7e9, '7.00G'],
  ])('%s', (value, text) => expect(formatShort(value)).toBe(text));
});

it.each([formatShort, formatCount, formatMs, formatBytes])(
  '%o takes little room, whatever the figure',
  (format) => {
    for (const value of [2 ** 53, 1e21, 1e300, -1e300, Number.POSITIVE_INFINITY]) {
      expect(format(value).length).toBeLessThan(24);
    }
    expect(format(Number.NaN)).toContain('–');
  },
);

describe('formatMs', () => {
  it.each([
    [null, '–'],
    [0, '0 ms'],
    [0.042, '42 µs'],
    [1.5, '1.50 ms'],
    [12.34, '12.3 ms'],
    [999.9, '1.00 s'],
    [30_000, '30.0 s'],
    [90_000, '1.50 min'],
  ])('%s', (value, text) => expect(formatMs(value)).toBe(text));
});

describe('formatBytes', () => {
  it.each([
    [null, '–'],
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [2 ** 20 - 1, '1.00 MiB'],
    [123 * 2 ** 20, '123 MiB'],
    [5 * 2 ** 40, '5.00 TiB'],
    [2 ** 60, '1,048,576 TiB'],
  ])('%s', (value, text) => expect(formatBytes(value)).toBe(text));
});

describe('formatPercent', () => {
  it.each([
    [null, '–'],
    [0, '0%'],
    [0.00001, '<0.01%'],
    [0.0123, '1.23%'],
    [0.5, '50.0%'],
    [0.99995, '>99.99%'],
    [1, '100%'],
  ])('%s', (value, text) => expect(formatPercent(value)).toBe(text));
});

describe('formatAge', () => {
  it.each([
    [null, '–'],
    [-5, '0 s'],
    [999, '0 s'],
    [45_000, '45 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [187_200_000, '2 d 4 h'],
  ])('%s', (value, text) => expect(formatAge(value)).toBe(text));
});

it.each([
  ['2.50 ms', '2.5 ms'],
  ['10.0k', '10k'],
  ['7.00G', '7G'],
  ['0.01', '0.01'],
  ['100 MiB', '100 MiB'],
  ['1,200', '1,200'],
  ['16.5 MiB/s', '16.5 MiB/s'],
])('%s on an axis is %s', (text, short) => expect(shortened(text)).toBe(short));

it('formatCount writes every digit', () => expect(formatCount(1_234_567)).toBe('1,234,567'));
it('formatClock has two digits each', () => {
  expect(formatClock(Date.now())).toMatch(/^\d\d:\d\d:\d\d$/);
});

it('no number makes a long text, or one that says NaN', () => {
  const number = fc.double({ min: 0, max: 1e12, noNaN: true });
  const formats = [formatShort, formatMs, formatBytes, formatAge];
  fc.assert(
    fc.property(number, (value) => {
      for (const format of formats) {
        const text = format(value);
        expect(text).not.toMatch(/NaN|undefined|e\+/);
        expect(text.length).toBeLessThanOrEqual(15);
      }
    }),
  );
});
