import { describe, expect, it } from 'vitest';
import { readSocketMode } from './socket-mode.ts';

describe('readSocketMode', () => {
  it.each([
    ['0660', 0o660],
    ['660', 0o660],
    ['0o660', 0o660],
    ['0', 0],
    ['777', 0o777],
    [0o600, 0o600],
    [0, 0],
    [511, 0o777],
  ])('%j', (value, mode) => expect(readSocketMode(value)).toBe(mode));

  it.each([
    ...['', '8', '0o', '1777', '0x1ff', 'rw', ' 660', '-1', '00660', '6 0'],
    ...[-1, 512, 660, 1.5, Number.NaN, null, undefined, true, {}, ['660']],
  ])('%j is not accepted', (value) => expect(readSocketMode(value)).toBeUndefined());
});
