import { expect, it } from 'vitest';
import { faultsOf, MiB } from './bounds.ts';
import type { Flood } from './flood.ts';
import type { Measured, Phase } from './measure.ts';

const flood: Flood = { name: 'any', what: 'anything', start: () => undefined };

const phase: Phase = {
  connections: 1,
  seconds: 1,
  waiting: { median: 7, worst: 100, failures: 0 },
  grown: 64 * MiB,
  kept: 0,
  cpu: 1,
  turns: null,
  counts: { connections: 1, ended: 0, answers: { 200: 1 }, sent: 0, received: 0 },
  backendSent: 0,
};
const measured: Measured = {
  quiet: { median: 2, worst: 3, failures: 0 },
  one: phase,
  many: { ...phase, waiting: { median: 52, worst: 5000, failures: 0 }, grown: 900 * MiB },
};

it('takes what is just within the bounds', () => {
  expect(faultsOf(measured, flood)).toEqual([]);
});

const withOne = (more: Partial<Phase>): Measured => ({ ...measured, one: { ...phase, ...more } });

it.each<[string, Measured, string]>([
  [
    'the median beside one connection',
    withOne({ waiting: { ...phase.waiting, median: 7.1 } }),
    'median of one',
  ],
  [
    'the longest wait beside one',
    withOne({ waiting: { ...phase.waiting, worst: 101 } }),
    'worst of one',
  ],
  ['memory', withOne({ grown: 65 * MiB }), 'memory of one'],
  [
    'the median beside many',
    { ...measured, many: { ...phase, waiting: { median: 52.1, worst: 60, failures: 0 } } },
    'median of many',
  ],
  [
    'a victim that is not served',
    withOne({ waiting: { ...phase.waiting, failures: 2 } }),
    '2 not served',
  ],
])('names what does not hold: %s', (_, figures, fault) => {
  expect(faultsOf(figures, flood)).toEqual([fault]);
});

it("asks what the flood expects of its own connections' answers", () => {
  const fault = (): string => 'answers of another kind';
  expect(faultsOf(measured, { ...flood, fault })).toEqual([
    'answers of another kind',
    'answers of another kind',
  ]);
});
