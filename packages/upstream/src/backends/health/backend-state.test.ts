import { beforeEach, expect, test } from 'vitest';
import { BackendState, type StateRules } from './backend-state.ts';

const rules: StateRules = {
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  consecutiveFailures: 5,
  ejectionTime: 30_000,
  maxEjectionTime: 100_000,
  slowStart: 0,
};

let changes: string[] = [];
const make = (more: Partial<StateRules> = {}): BackendState =>
  new BackendState({ ...rules, ...more }, { onState: (name) => changes.push(name) });
beforeEach(() => {
  changes = [];
});

test('until the first check it counts as healthy', () => {
  const state = make();
  expect([state.name, state.isAvailable, state.reason, state.share(0)]).toEqual([
    'healthy',
    true,
    null,
    1,
  ]);
  expect(state.nextChange).toBe(Number.POSITIVE_INFINITY);
});

test('checks count in a row, and one of the other kind begins anew', () => {
  const state = make();
  state.checkFailed('status 500', 1);
  state.checkFailed('status 500', 2);
  state.checkPassed(3);
  state.checkFailed('status 500', 4);
  state.checkFailed('status 500', 5);
  expect(changes).toEqual([]);
  state.checkFailed('no answer', 6);
  expect([changes, state.reason, state.isAvailable]).toEqual([['unhealthy'], 'no answer', false]);
  state.checkPassed(7);
  state.checkFailed('no answer', 8);
  state.checkPassed(9);
  expect(state.name).toBe('unhealthy');
  state.checkPassed(10);
  expect(changes).toEqual(['unhealthy', 'healthy']);
});

test('failures in a row make an ejection due; a success begins anew', () => {
  const state = make();
  for (let i = 0; i < 4; i++) state.requestFailed();
  state.requestSucceeded();
  for (let i = 0; i < 4; i++) state.requestFailed();
  expect(state.ejectionDue).toBe(false);
  state.requestFailed();
  expect(state.ejectionDue).toBe(true);
  state.eject('5 failures', 1000);
  expect([state.name, state.ejectedUntil, state.nextChange, state.reason]).toEqual([
    'ejected',
    31_000,
    31_000,
    '5 failures',
  ]);
  for (let i = 0; i < 9; i++) state.requestFailed();
  expect(state.ejectionDue).toBe(false);
  state.advance(30_999);
  expect(state.name).toBe('ejected');
  state.advance(31_000);
  expect([state.name, state.ejectedUntil]).toEqual(['healthy', null]);
});

test('each ejection is longer, to a limit; time served well is forgiven', () => {
  const state = make();
  let now = 0;
  const lengths = [1, 2, 3, 4, 5].map(() => {
    state.eject('again', now);
    const length = state.ejectedUntil! - now;
    now = state.ejectedUntil!;
    state.advance(now);
    return length;
  });
  expect(lengths).toEqual([30_000, 60_000, 90_000, 100_000, 100_000]);
  now += 4 * 30_000;
  state.eject('again', now);
  expect(state.ejectedUntil! - now).toBe(60_000);
  state.advance(now + 60_000);
  state.eject('again', now + 1e9);
  expect(state.ejectedUntil! - now - 1e9).toBe(30_000);
});

test('consecutiveFailures 0: never ejected', () => {
  const state = make({ consecutiveFailures: 0 });
  for (let i = 0; i < 100; i++) state.requestFailed();
  expect(state.ejectionDue).toBe(false);
});

test('draining outranks all, and ends where it stands by then', () => {
  const state = make();
  state.drain(1);
  for (let i = 0; i < 3; i++) state.checkFailed('status 500', 2);
  expect(state.name).toBe('draining');
  state.enable(3);
  expect(state.name).toBe('unhealthy');
  expect(changes).toEqual(['draining', 'unhealthy']);
});

test.each<[what: string, change: (state: BackendState) => void, more: Partial<StateRules>]>([
  ['draining', (state) => state.drain(1), {}],
  ['ejected', (state) => state.eject('x', 1), {}],
  ['warming', (state) => state.begin(1), {}],
  [
    'unhealthy',
    (state) => {
      for (let i = 0; i < 3; i++) state.checkFailed('x', 1);
    },
    {},
  ],
  // What no rule would end any more.
  ['healthy', (state) => state.eject('x', 1), { consecutiveFailures: 0 }],
  ['healthy', (state) => state.begin(1), { slowStart: 0 }],
])('begins as %s under other rules, and tells nobody', (name, change, more) => {
  const former = make({ slowStart: 10_000 });
  change(former);
  changes = [];
  const state = make({ slowStart: 10_000, ...more });
  state.inherit(former, true, 2);
  expect([state.name, changes]).toEqual([name, []]);
  expect(state.totalEjections).toBe(former.totalEjections);
});

test('under other checks nobody begins as unhealthy', () => {
  const former = make();
  for (let i = 0; i < 3; i++) former.checkFailed('x', 1);
  const state = make();
  state.inherit(former, false, 2);
  expect([state.name, state.reason]).toEqual(['healthy', 'x']);
});

test('an ejection can end before its time', () => {
  const state = make();
  state.endEjection(0);
  state.eject('x', 0);
  state.endEjection(1);
  expect([state.name, state.ejectedUntil, changes]).toEqual([
    'healthy',
    null,
    ['ejected', 'healthy'],
  ]);
});

test('enable ends an ejection', () => {
  const state = make();
  state.eject('x', 0);
  state.enable(1);
  expect([state.name, state.ejectedUntil]).toEqual(['healthy', null]);
});

test('slowStart: who comes or comes back warms up', () => {
  const state = make({ slowStart: 10_000 });
  expect(state.name).toBe('healthy');
  state.begin(1000);
  expect([state.name, state.isAvailable, state.nextChange]).toEqual(['warming', true, 11_000]);
  expect([1000, 2000, 6000, 10_999, 1e9, -1e9].map((now) => state.share(now))).toEqual([
    0.1, 0.1, 0.5, 0.9999, 1, 0.1,
  ]);
  state.advance(11_000);
  expect([state.name, state.share(11_000)]).toEqual(['healthy', 1]);
  state.eject('x', 20_000);
  state.advance(50_000);
  expect([state.name, state.nextChange]).toEqual(['warming', 60_000]);
  for (let i = 0; i < 3; i++) state.checkFailed('status 500', 51_000);
  state.checkPassed(90_000);
  state.checkPassed(91_000);
  expect([state.name, state.share(92_000)]).toEqual(['warming', 0.1]);
});
