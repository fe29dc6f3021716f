import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readSocketMode } from './socket-mode.ts';

it('reads what it writes, and of anything else nothing out of range', () => {
  const value = fc.oneof(
    fc.anything(),
    fc.string(),
    fc.integer({ min: 0, max: 0o7777 }).map((mode) => `0${mode.toString(8)}`),
  );
  fc.assert(
    fc.property(value, (value) => {
      const mode = readSocketMode(value);
      if (mode === undefined) return;
      expect(mode).toBeGreaterThanOrEqual(0);
      expect(mode).toBeLessThanOrEqual(0o777);
      expect(readSocketMode(`0${mode.toString(8)}`)).toBe(mode);
    }),
  );
});
