import { expect, test } from 'vitest';
import { checkCloseDelay, checkCloseTimeout } from './close-timeout.ts';

test.each([0, 0.5, 30_000, 2 ** 40, Number.POSITIVE_INFINITY])('%s ms are a timeout', (timeout) => {
  expect(() => checkCloseTimeout(timeout)).not.toThrow();
});

test.each([-1, Number.NaN, '10', null, undefined, {}, 10n])('%s is none', (timeout) => {
  expect(() => checkCloseTimeout(timeout)).toThrowError(
    /^invalid option timeout: .+ is not accepted; expected milliseconds/,
  );
});

test.each([0, 0.5, 30_000])('%s ms are a delay', (delay) => {
  expect(() => checkCloseDelay(delay)).not.toThrow();
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '10', null, undefined])(
  '%s is no delay: the close would never begin, or at once',
  (delay) => {
    expect(() => checkCloseDelay(delay)).toThrowError(
      /^invalid option delay: .+ is not accepted; expected milliseconds; 0 begins at once/,
    );
  },
);
