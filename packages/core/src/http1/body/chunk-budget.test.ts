import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkBudget } from './chunk-budget.ts';

describe('the budget of chunked framing (RFC 9112 §7.1.1)', () => {
  test('16 KiB without content, and not a byte more', () => {
    const budget = new ChunkBudget();
    expect(budget.spend(16384)).toBe(true);
    expect(budget.spend(0)).toBe(true);
    expect(budget.spend(1)).toBe(false);
  });

  test('a byte of content pays for eight before it, and saves nothing up', () => {
    const budget = new ChunkBudget();
    budget.earn(1_000_000);
    expect(budget.spend(16384)).toBe(true);
    budget.earn(1);
    expect(budget.spend(8)).toBe(true);
    expect(budget.spend(1)).toBe(false);
  });

  test('one-byte chunks never run out', () => {
    const budget = new ChunkBudget();
    for (let i = 0; i < 100_000; i++) {
      if (!budget.spend(5)) expect.unreachable();
      budget.earn(1);
    }
  });

  test('splitting what is spent or earned changes nothing', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(9000), fc.nat(9000));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const whole = new ChunkBudget();
        const split = new ChunkBudget();
        for (const [spends, a, b] of steps) {
          if (!spends) {
            whole.earn(a + b);
            split.earn(a);
            split.earn(b);
          } else {
            const first = split.spend(a);
            expect(split.spend(b) && first).toBe(whole.spend(a + b));
          }
        }
      }),
    );
  });
});
