import { expect, test } from 'vitest';
import { StatusSet } from '../health/status-set.ts';
import {
  type GroupAttempt,
  mayRetryFailure,
  mayRetryStatus,
  type RetryRules,
} from './group-retry-policy.ts';

const rules: RetryRules = {
  attempts: 2,
  onConnect: true,
  onReset: true,
  onTimeout: true,
  onStatus: StatusSet.parse('502-504'),
  methods: new Set(['GET', 'PUT']),
};
const attempt: GroupAttempt = { method: 'GET', made: 1, responseBegan: false, bodyIsWhole: true };

test.each([
  ['connect', {}, {}, true],
  ['connect', {}, { method: 'POST' }, true],
  ['connect', { onConnect: false }, {}, false],
  ['reset', {}, {}, true],
  ['reset', {}, { method: 'PUT' }, true],
  ['reset', {}, { method: 'POST' }, false],
  ['reset', { onReset: false }, {}, false],
  ['timeout', {}, {}, true],
  ['timeout', {}, { method: 'POST' }, false],
  ['timeout', { onTimeout: false }, {}, false],
  ['other', {}, {}, false],
] as const)('%s with %j and %j: %s', (kind, more, seen, expected) => {
  expect(mayRetryFailure({ ...rules, ...more }, kind, { ...attempt, ...seen })).toBe(expected);
});

test.each([
  [502, {}, {}, true],
  [504, {}, { method: 'PUT' }, true],
  [503, {}, { method: 'POST' }, false],
  [500, {}, {}, false],
  [200, {}, {}, false],
  [503, { onStatus: null }, {}, false],
] as const)('status %i with %j and %j: %s', (status, more, seen, expected) => {
  expect(mayRetryStatus({ ...rules, ...more }, status, { ...attempt, ...seen })).toBe(expected);
});

test.each([{ made: 3 }, { responseBegan: true }, { bodyIsWhole: false }])(
  'never with %j',
  (seen) => {
    for (const kind of ['connect', 'reset', 'timeout', 'other'] as const) {
      expect(mayRetryFailure(rules, kind, { ...attempt, ...seen })).toBe(false);
    }
    expect(mayRetryStatus(rules, 503, { ...attempt, ...seen })).toBe(false);
  },
);
