import { expect, test } from 'vitest';
import { checkCloseTimeout } from './close-timeout.ts';

test.each([0, 0.5, 30_000, 2 ** 40, Number.POSITIVE_INFINITY])('%s ms are a timeout', (timeout) => {
  expect(() => checkCloseTimeout(timeout)).not.toThrow();
});

test.each([-1, Number.NaN, '10', null, undefined, {}, 10n])('%s is none', (timeout) => {
  expect(() => checkCloseTimeout(timeout)).toThrowError(
    /^invalid option timeout: .+ is not accepted; expected milliseconds/,
  );
});
