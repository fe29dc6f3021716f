import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackendState, type BackendStateName } from './backend-state.ts';

const action = fc.constantFrom(
  'checkPassed',
  'checkFailed',
  'requestSucceeded',
  'requestFailed',
  'eject',
  'drain',
  'enable',
  'advance',
  'begin',
);
/** Time that passes before each: none, some, or a suspended machine's. */
const steps = fc.array(fc.tuple(action, fc.constantFrom(0, 1, 500, 30_000, 1e9)), {
  maxLength: 80,
});
const rules = fc.record({
  healthyThreshold: fc.integer({ min: 1, max: 3 }),
  unhealthyThreshold: fc.integer({ min: 1, max: 3 }),
  consecutiveFailures: fc.nat(4),
  ejectionTime: fc.constantFrom(1, 30_000),
  maxEjectionTime: fc.constantFrom(30_000, 300_000),
  slowStart: fc.constantFrom(0, 10_000),
});

test('the state is what was said last, each change is told once, and all of them end', () => {
  fc.assert(
    fc.property(rules, steps, (given, list) => {
      let told: BackendStateName = 'healthy';
      const state = new BackendState(given, {
        onState: (name, previous) => {
          expect(previous).toBe(told);
          expect(name).not.toBe(previous);
          told = name;
        },
      });
      let now = 0;
      let isDraining = false;
      for (const [what, pause] of list) {
        now += pause;
        if (what === 'requestSucceeded' || what === 'requestFailed') state[what]();
        else if (what === 'checkFailed' || what === 'eject') state[what]('reason', now);
        else state[what](now);
        if (what === 'drain') isDraining = true;
        if (what === 'enable') isDraining = false;
        expect(told).toBe(state.name);
        expect(state.name === 'draining').toBe(isDraining);
        expect(state.isAvailable).toBe(['healthy', 'warming'].includes(state.name));
        expect(state.share(now)).toBeGreaterThan(0);
        expect(state.share(now)).toBeLessThanOrEqual(1);
        if (state.ejectedUntil !== null) {
          expect(state.ejectedUntil - now).toBeLessThanOrEqual(given.maxEjectionTime);
        }
      }
      // Left alone, with checks that pass, it becomes healthy.
      state.enable(now);
      for (let i = 0; i < 6; i++) state.checkPassed(now);
      for (let i = 0; i < 4 && state.nextChange !== Infinity; i++) {
        now = Math.max(now, state.nextChange);
        state.advance(now);
      }
      expect(state.name).toBe('healthy');
    }),
  );
});
