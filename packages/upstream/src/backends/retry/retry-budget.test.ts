import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test('never more than its share of the requests, and never fewer than the minimum', () => {
  const step = fc.constantFrom('request', 'retry', 'release');
  const rules = fc.record({ percent: fc.nat(100), minimum: fc.nat(5) });
  fc.assert(
    fc.property(rules, fc.array(step, { maxLength: 300 }), (given, steps) => {
      const budget = new RetryBudget(given);
      let requests = 0;
      let beyond = 0;
      for (const next of steps) {
        const before = budget.taken;
        if (next === 'request') budget.earn(++requests);
        else if (next === 'release') {
          if (before > 0) budget.release();
        } else {
          const taken = budget.take();
          if (before < given.minimum) expect(taken).toBe(true);
          else if (taken) beyond++;
          expect(budget.taken).toBe(taken ? before + 1 : before);
        }
        expect(beyond).toBeLessThanOrEqual((requests * given.percent) / 100);
      }
    }),
  );
});

test.each([
  [1, 100],
  [100, 100],
  [150, 150],
])('what %i requests under way save is enough for %i retries', (active, expected) => {
  const budget = new RetryBudget({ percent: 20, minimum: 0 });
  for (let i = 0; i < 10_000; i++) budget.earn(active);
  let taken = 0;
  while (budget.take()) taken++;
  expect(taken).toBe(expected);
});

test('a long failure gets its share of the requests, however long it lasts', () => {
  const budget = new RetryBudget({ percent: 20, minimum: 0 });
  let retries = 0;
  for (let i = 0; i < 1000; i++) {
    budget.earn(10);
    if (budget.take()) {
      retries++;
      budget.release();
    }
  }
  expect(retries).toBe(200);
});
