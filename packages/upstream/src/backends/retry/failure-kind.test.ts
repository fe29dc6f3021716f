import { catalog, createError, type ErrorCode } from '@reverseit/core/errors';
import { expect, test } from 'vitest';
import { countsAgainst, failureKind, isFreeOfBudget } from './failure-kind.ts';

test.each(Object.keys(catalog) as ErrorCode[])('%s', (code) => {
  const error = createError(code);
  const { blame } = catalog[code];
  // Nobody else's fault is a backend's.
  if (blame !== 'upstream')
    expect([failureKind(error), countsAgainst(error)]).toEqual(['other', false]);
  // What the catalog says was not sent may go anywhere; a failure of TLS only within the handshake.
  const handshake = createError(code, undefined, { details: { origin: 'https://a:443' } });
  if (catalog[code].retry === 'nothing-sent') expect(failureKind(handshake)).toBe('connect');
});

test.each([
  ['RIT_ERR_UPSTREAM_RESET', 'reset', true],
  ['RIT_ERR_UPSTREAM_TLS', 'reset', true],
  ['RIT_ERR_UPSTREAM_HEAD_TIMEOUT', 'timeout', true],
  ['RIT_ERR_UPSTREAM_QUEUE_FULL', 'connect', false],
  ['RIT_ERR_UPSTREAM_BODY_TOO_LARGE', 'other', false],
  ['RIT_ERR_UPSTREAM_PROTOCOL', 'other', true],
] as const)('%s is %s, counts: %s', (code, kind, counts) => {
  expect([failureKind(createError(code)), countsAgainst(createError(code))]).toEqual([
    kind,
    counts,
  ]);
});

test('only what has reached nobody is free of the budget', () => {
  const free = (Object.keys(catalog) as ErrorCode[]).filter((code) =>
    isFreeOfBudget(createError(code)),
  );
  expect(free).toEqual(['RIT_ERR_UPSTREAM_DNS', 'RIT_ERR_UPSTREAM_CONNECT']);
});
