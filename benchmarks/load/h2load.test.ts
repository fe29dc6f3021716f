import { expect, test } from 'vitest';
import { summaryOf } from './h2load.ts';

const said = (failed: number): string =>
  `requests: 3 total, 3 started, 3 done, 3 succeeded, ${failed} failed, 0 errored, 0 timeout\n`;

test('what h2load says at its end, and its log, become figures', () => {
  expect(summaryOf(said(0), '1\t200\t1000\n2\t200\t2000\n3\t204\t3000\n', 2)).toEqual({
    count: 3,
    perSecond: 1.5,
    p50: 2,
    p99: 3,
    p999: 3,
  });
});

test.each([
  ['a failure', said(1), '1\t200\t1000\n'],
  ['another status', said(0), '1\t502\t1000\n'],
  ['no request', said(0), ''],
  ['no summary', 'could not connect', '1\t200\t1000\n'],
])('rejects a run with %s', (_, text, log) => {
  expect(() => summaryOf(text, log, 1)).toThrow(/wrong responses/);
});
