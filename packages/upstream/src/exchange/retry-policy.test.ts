import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideRetry,
  type FailedAttempt,
  isSafe,
  mayRetry,
  type RetryDecision,
} from './retry-policy.ts';

const source = { contentLength: null, start() {}, resume() {}, cancel() {} };

test.each([
  ['GET', null, true],
  ['HEAD', null, true],
  ['OPTIONS', Buffer.from('a'), true],
  ['GET', source, false],
  ['POST', null, false],
  ['PUT', null, false],
  ['DELETE', null, false],
  ['TRACE', null, false],
  ['get', null, false],
])('%s may be retried (RFC 9110 §9.2.1): %#', (method, body, expected) => {
  const request = { method, target: '/', fields: [], body };
  expect([mayRetry(request, 1), mayRetry(request, 0)]).toEqual([expected, false]);
});

/** A GET whose reused connection closed before the response: the keep-alive race. */
const race: FailedAttempt = {
  verdict: 'if-reused',
  fresh: false,
  sent: true,
  responseStarted: false,
  replayable: true,
  safe: true,
  budget: 1,
};
const refused: FailedAttempt = { ...race, verdict: 'not-processed', fresh: true, safe: false };
const dead: FailedAttempt = { ...race, sent: false, replayable: false, safe: false, budget: 0 };

describe('decideRetry', () => {
  const rows: [string, RetryDecision, FailedAttempt][] = [
    ['the keep-alive race (RFC 9112 §9.3.1)', 'spend', race],
    ['… on a fresh connection', 'no', { ...race, fresh: true }],
    ['… after a byte of the response', 'no', { ...race, responseStarted: true }],
    ['… with a body that is gone', 'no', { ...race, replayable: false }],
    ['… with an unsafe method (RFC 9110 §9.2.2)', 'no', { ...race, safe: false }],
    ['… with no retry left', 'no', { ...race, budget: 0 }],
    ['… by another error', 'no', { ...race, verdict: 'never' }],
    ['… by a late TLS alert', 'no', { ...race, verdict: 'nothing-sent' }],
    ['not processed (RFC 9113 §8.7), whatever the method', 'spend', refused],
    ['… on a reused connection', 'spend', { ...refused, fresh: false }],
    ['… before it was written', 'spend', { ...refused, sent: false, fresh: false }],
    ['… with a body that is gone', 'no', { ...refused, replayable: false }],
    ['… after a byte of the response', 'no', { ...refused, responseStarted: true }],
    ['… with no retry left', 'no', { ...refused, budget: 0 }],
    ['a connection that had died while idle', 'free', dead],
    ['… seen by TLS', 'free', { ...dead, verdict: 'nothing-sent' }],
    ['… a fresh one', 'no', { ...dead, fresh: true }],
    ['… by another error', 'no', { ...dead, verdict: 'never' }],
  ];
  test.each(rows)('%s: %s', (_, expected, attempt) => {
    expect(decideRetry(attempt)).toBe(expected);
  });

  test('never spends what is not there, nor repeats what may have been carried out', () => {
    const attempts = fc.record({
      verdict: fc.constantFrom('never', 'nothing-sent', 'not-processed', 'if-reused'),
      fresh: fc.boolean(),
      sent: fc.boolean(),
      responseStarted: fc.boolean(),
      replayable: fc.boolean(),
      safe: fc.boolean(),
      budget: fc.nat(2),
    });
    fc.assert(
      fc.property(attempts, (attempt) => {
        const decision = decideRetry(attempt);
        if (decision === 'spend') expect(attempt.budget).toBeGreaterThan(0);
        if (decision === 'spend') expect(attempt.replayable).toBe(true);
        if (decision === 'free') expect(attempt.sent || attempt.fresh).toBe(false);
        if (decision !== 'no' && attempt.sent && attempt.verdict !== 'not-processed') {
          expect(attempt.safe).toBe(true);
        }
      }),
    );
  });
});

test.each([
  ['GET', true],
  ['HEAD', true],
  ['OPTIONS', true],
  ['PUT', false],
  ['DELETE', false],
  ['POST', false],
])('isSafe(%s)', (method, expected) => {
  expect(isSafe(method)).toBe(expected);
});
