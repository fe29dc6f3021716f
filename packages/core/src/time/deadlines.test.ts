import { FakeClock } from '@reverseit/test-servers/fake-clock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deadline, Deadlines, systemClock } from './deadlines.ts';

interface Told {
  kind: number;
  at: number;
}

function setUp(): {
  clock: FakeClock;
  deadlines: Deadlines;
  told: Told[];
  make: (kind: number, act?: () => void) => Deadline;
} {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const told: Told[] = [];
  const make = (kind: number, act?: () => void): Deadline =>
    new Deadline(
      {
        onDeadline(which) {
          told.push({ kind: which, at: clock.now() - 1000 });
          act?.();
        },
      },
      kind,
    );
  return { clock, deadlines, told, make };
}

describe('deadlines', () => {
  test('pass in the order in which they were armed, at their time', () => {
    const { clock, deadlines, told, make } = setUp();
    const queue = deadlines.queue(100);
    for (let kind = 0; kind < 3; kind++) {
      queue.arm(make(kind));
      clock.advance(10);
    }
    clock.advance(1000);
    expect(told).toEqual([
      { kind: 0, at: 100 },
      { kind: 1, at: 110 },
      { kind: 2, at: 120 },
    ]);
  });

  test('arming again starts anew, also in another queue', () => {
    const { clock, deadlines, told, make } = setUp();
    const deadline = make(0);
    deadlines.queue(100).arm(deadline);
    clock.advance(90);
    deadlines.queue(100).arm(deadline);
    clock.advance(90);
    expect(told).toEqual([]);
    deadlines.queue(50).arm(deadline);
    clock.advance(49);
    expect([told.length, deadline.armed]).toEqual([0, true]);
    clock.advance(1);
    expect(told).toEqual([{ kind: 0, at: 230 }]);
    expect(deadline.armed).toBe(false);
    clock.advance(1000);
    expect(told.length).toBe(1);
  });

  test('cleared ones never pass, at the head, in the middle and at the end', () => {
    const { clock, deadlines, told, make } = setUp();
    const all = [0, 1, 2, 3, 4].map((kind) => make(kind));
    for (const deadline of all) deadlines.queue(100).arm(deadline);
    for (const nth of [0, 2, 4]) {
      all[nth]?.clear();
      all[nth]?.clear();
      expect(all[nth]?.armed).toBe(false);
    }
    clock.advance(100);
    expect(told.map(({ kind }) => kind)).toEqual([1, 3]);
  });

  test('0 and Infinity never pass and need no timer; arming with them takes back', () => {
    const { clock, deadlines, told, make } = setUp();
    for (const none of [0, Number.POSITIVE_INFINITY]) {
      const deadline = make(0);
      deadlines.queue(100).arm(deadline);
      deadlines.queue(none).arm(deadline);
      expect(deadline.armed).toBe(false);
    }
    clock.advance(1e12);
    expect(told).toEqual([]);
    expect(clock.timers.size).toBe(0);
  });

  test('a callback may clear others that are due as well', () => {
    const { clock, deadlines, told, make } = setUp();
    const second = make(1);
    const first = make(0, () => second.clear());
    deadlines.queue(100).arm(first);
    deadlines.queue(100).arm(second);
    deadlines.queue(100).arm(make(2));
    clock.advance(100);
    expect(told.map(({ kind }) => kind)).toEqual([0, 2]);
  });

  test('a callback may arm itself again, and does not delay those after it', () => {
    const { clock, deadlines, told, make } = setUp();
    const queue = deadlines.queue(100);
    let rounds = 0;
    const again = make(0, () => {
      if (++rounds < 3) queue.arm(again);
    });
    queue.arm(again);
    clock.advance(10);
    queue.arm(make(1));
    clock.advance(1000);
    expect(told).toEqual([
      { kind: 0, at: 100 },
      { kind: 1, at: 110 },
      { kind: 0, at: 200 },
      { kind: 0, at: 300 },
    ]);
    expect(clock.timers.size).toBe(0);
  });

  test('a callback that throws does not stop the clock for others', () => {
    const { clock, deadlines, told, make } = setUp();
    const bad = make(0, () => {
      throw new Error('thrown by a target');
    });
    deadlines.queue(100).arm(bad);
    deadlines.queue(100).arm(make(1));
    expect(() => clock.advance(100)).toThrow('thrown by a target');
    clock.advance(10);
    expect(told.map(({ kind }) => kind)).toEqual([0, 1]);
  });

  test('disposed, also from a callback: no timer is left and nothing passes', () => {
    for (const inCallback of [false, true]) {
      const { clock, deadlines, told, make } = setUp();
      const later = [1, 2, 3].map((kind) => make(kind));
      deadlines.queue(100).arm(make(0, () => inCallback && deadlines.dispose()));
      for (const deadline of later) deadlines.queue(100).arm(deadline);
      deadlines.queue(200).arm(make(4));
      if (inCallback) clock.advance(100);
      else deadlines.dispose();
      expect(clock.timers.size).toBe(0);
      clock.advance(1000);
      expect(told.map(({ kind }) => kind)).toEqual(inCallback ? [0] : []);
      expect(later.map(({ armed }) => armed)).toEqual([false, false, false]);
    }
  });

  test('thousands of one length share one timer', () => {
    const { clock, deadlines, told, make } = setUp();
    const queue = deadlines.queue(100);
    const all = Array.from({ length: 5000 }, (_, kind) => make(kind));
    for (const deadline of all) {
      queue.arm(deadline);
      expect(clock.timers.size).toBe(1);
    }
    // Refreshing them costs no timer either.
    for (const deadline of all) queue.arm(deadline);
    expect(clock.made).toBe(1);
    clock.advance(100);
    expect(told.map(({ kind }) => kind)).toEqual(all.map((_, kind) => kind));
  });

  test('a length beyond what a timer can take is waited for in steps', () => {
    const { clock, deadlines, told, make } = setUp();
    deadlines.queue(2 ** 32).arm(make(0));
    expect([...clock.timers][0]?.at).toBe(1000 + 2 ** 31 - 1);
    clock.advance(2 ** 32 - 1);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told.length).toBe(1);
  });

  test('a timer that fires early does not make a deadline pass early', () => {
    const { clock, deadlines, told, make } = setUp();
    deadlines.queue(100).arm(make(0));
    const timer = [...clock.timers][0];
    clock.time += 99.5;
    clock.timers.clear();
    timer?.callback();
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told.length).toBe(1);
  });

  test('the same length is the same queue', () => {
    const { deadlines } = setUp();
    expect(deadlines.queue(5)).toBe(deadlines.queue(5));
    expect(deadlines.queue(5)).not.toBe(deadlines.queue(6));
  });

  test('like a timer each, whatever is armed, cleared and awaited', () => {
    const step = fc.oneof(
      fc.record({ arm: fc.nat(9), ms: fc.constantFrom(0, 1, 10, 50, Number.POSITIVE_INFINITY) }),
      fc.record({ clear: fc.nat(9) }),
      fc.record({ pass: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, deadlines, told, make } = setUp();
        const all = Array.from({ length: 10 }, (_, kind) => make(kind));
        const model = new Map<number, number>();
        const expected: Told[] = [];
        for (const one of steps) {
          if ('arm' in one) {
            deadlines.queue(one.ms).arm(all[one.arm] as Deadline);
            if (one.ms === 0 || one.ms === Number.POSITIVE_INFINITY) model.delete(one.arm);
            else model.set(one.arm, clock.time - 1000 + one.ms);
          } else if ('clear' in one) {
            all[one.clear]?.clear();
            model.delete(one.clear);
          } else {
            clock.advance(one.pass);
            for (const [kind, at] of model) {
              if (at > clock.time - 1000) continue;
              expected.push({ kind, at });
              model.delete(kind);
            }
          }
        }
        const order = (list: Told[]): Told[] =>
          list.toSorted((a, b) => a.at - b.at || a.kind - b.kind);
        expect(order(told)).toEqual(order(expected));
        for (const [kind, deadline] of all.entries()) expect(deadline.armed).toBe(model.has(kind));
        deadlines.dispose();
        expect(clock.timers.size).toBe(0);
      }),
    );
  });
});

test('the machine’s clock does not keep a process alive, and its timers can be taken back', async () => {
  const before = systemClock.now();
  await new Promise<void>((resolve) => {
    // Referenced, since the clock’s own timers are not.
    const holder = setTimeout(() => {}, 10_000);
    systemClock.after(1_000_000, () => {})();
    systemClock.after(5, () => {
      clearTimeout(holder);
      resolve();
    });
  });
  expect(systemClock.now()).toBeGreaterThan(before + 4);
  expect(new Deadlines().now()).toBeGreaterThan(before);
});
