import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test('never more than its share of the requests under way, and never fewer than the minimum', () => {
  const step = fc.record({ release: fc.boolean(), active: fc.nat(200) });
  const rules = fc.record({ percent: fc.nat(100), minimum: fc.nat(5) });
  fc.assert(
    fc.property(rules, fc.array(step), (given, steps) => {
      const budget = new RetryBudget(given);
      for (const { release, active } of steps) {
        if (release) {
          if (budget.taken > 0) budget.release();
          continue;
        }
        const allowed = Math.max(given.minimum, Math.floor((active * given.percent) / 100));
        const before = budget.taken;
        expect(budget.take(active)).toBe(before < allowed);
        expect(budget.taken).toBeLessThanOrEqual(Math.max(before, allowed));
      }
    }),
  );
});
