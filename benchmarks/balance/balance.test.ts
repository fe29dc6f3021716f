import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { policyScenarios, returnsAt, simulatePolicy, stepTime } from './policies.ts';
import { simulateHash, simulateSubset } from './replicas.ts';

const [, slow, , cold, slowStart] = policyScenarios;

test('events run in the order of their times', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (times) => {
      const events = new EventQueue();
      const ran: number[] = [];
      for (const at of times) events.add({ at, run: () => ran.push(events.now) });
      events.runUntil(25);
      expect(ran.every((at) => at <= 25)).toBe(true);
      events.runUntil(50);
      expect(ran).toEqual(times.toSorted((a, b) => a - b));
    }),
  );
});

test('the same seed gives the same figures', () => {
  expect(simulatePolicy('latency', slow!)).toEqual(simulatePolicy('latency', slow!));
});

test('a slow backend drowns where nobody looks at it', () => {
  const patient = simulatePolicy('least-requests', slow!);
  const blind = simulatePolicy('round-robin', slow!);
  expect(blind.p99).toBeGreaterThan(10 * patient.p99);
  expect(patient.oddShare).toBeLessThan(blind.oddShare);
});

test('slow start gives who comes back its share step by step', () => {
  const step = returnsAt / stepTime;
  const [sudden, gradual] = [cold!, slowStart!].map((one) => simulatePolicy('round-robin', one));
  expect(sudden!.shares[step - 1]).toBe(0);
  expect(sudden!.shares[step]).toBeCloseTo(0.1, 2);
  expect(gradual!.shares[step]).toBeLessThan(0.03);
});

test('replicas agree, and share the backends', () => {
  const { fewest, most, mostExchanged } = simulateSubset(20);
  expect(most - fewest).toBeLessThanOrEqual(2);
  expect(mostExchanged).toBeLessThan(20);
  expect(simulateHash().disagreement).toBeLessThan(0.06);
});
