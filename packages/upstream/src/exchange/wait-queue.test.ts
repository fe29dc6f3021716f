import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Waiter, WaitQueue } from './wait-queue.ts';

interface Named extends Waiter<Named> {
  readonly name: number;
}

const waiter = (name: number): Named => ({
  name,
  queued: false,
  previous: null,
  next: null,
});

function shift(queue: WaitQueue<Named>): Named | null {
  const { first } = queue;
  if (first !== null) queue.remove(first);
  return first;
}

test('behaves as a list, whatever is done to it', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('push', 'pushFirst', 'remove', 'shift'), fc.nat()),
  );
  fc.assert(
    fc.property(steps, (todo) => {
      const queue = new WaitQueue<Named>();
      const model: Named[] = [];
      let made = 0;
      for (const [step, at] of todo) {
        if (step === 'push' || step === 'pushFirst') {
          const one = waiter(made++);
          queue[step](one);
          if (step === 'push') model.push(one);
          else model.unshift(one);
        } else if (step === 'remove' && model.length > 0) {
          const [one] = model.splice(at % model.length, 1);
          queue.remove(one!);
          queue.remove(one!);
        } else if (step === 'shift') expect(shift(queue)).toBe(model.shift() ?? null);
        expect(queue.length).toBe(model.length);
        expect(queue.first).toBe(model[0] ?? null);
        expect(model.every(({ queued }) => queued)).toBe(true);
      }
      expect(model.map(({ name }) => name)).toEqual(model.map(() => shift(queue)?.name));
      expect(queue.length).toBe(0);
    }),
  );
});
