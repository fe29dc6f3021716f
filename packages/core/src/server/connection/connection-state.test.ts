import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConnectionState, EVENT, LIFE, READING, transitions, WRITING } from './connection-state.ts';

type Machine = keyof typeof transitions;
type EventName = keyof typeof EVENT;

const states = { reading: READING, writing: WRITING, life: LIFE } as const;
const machines = Object.keys(states) as Machine[];
const eventNames = Object.keys(EVENT) as EventName[];

/**
 * What the table says: the next state, null where the event may not come, undefined where it does not matter.
 */
function next(machine: Machine, from: number, name: EventName): number | null | undefined {
  const row = transitions[machine].find(([event]) => event === name);
  if (row === undefined) return undefined;
  const [, ...ways] = row;
  return ways.find(([state]) => state === from)?.[1] ?? null;
}

const isLegal = (state: ConnectionState, name: EventName): boolean =>
  state.open && machines.every((machine) => next(machine, state[machine], name) !== null);

describe.each(machines)('%s', (machine) => {
  test.each(
    Object.entries(states[machine]).flatMap(([from, state]) =>
      eventNames.map((name) => [from, name, state] as const),
    ),
  )('%s: %s', (_, name, from) => {
    const state = new ConnectionState();
    Object.assign(state, { [machine]: from });
    for (const other of machines) {
      if (other === machine) continue;
      // Any in which the event may come.
      const row = transitions[other].find(([event]) => event === name);
      if (row?.[1] !== undefined) Object.assign(state, { [other]: row[1][0] });
    }
    const expected = state.open ? next(machine, from, name) : null;
    if (expected === null) {
      const before = { ...state };
      expect(() => state.on(EVENT[name])).toThrow(new RegExp(`connection: ${name} while`));
      expect({ ...state }).toEqual(before);
      return;
    }
    state.on(EVENT[name]);
    expect(state[machine]).toBe(expected ?? from);
  });
});

test('every event is in a table', () => {
  const named = machines.flatMap((machine) => transitions[machine].map(([event]) => event));
  expect(eventNames.filter((name) => !named.includes(name))).toEqual([]);
});

test('whatever comes in an order that the tables allow, the machines agree (RFC 9112 §9.3)', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
      const state = new ConnectionState();
      for (const choice of choices) {
        const legal = eventNames.filter((name) => isLegal(state, name));
        if (legal.length === 0) break;
        state.on(EVENT[legal[choice % legal.length] as EventName]);
        if (!state.open) {
          expect([state.writing, state.expectsBody]).toEqual([WRITING.NONE, false]);
          continue;
        }
        const { reading, writing } = state;
        expect(reading === READING.HEAD).toBe(writing === WRITING.NONE);
        if (reading === READING.DISCARDING) expect(writing).toBe(WRITING.DONE);
        if (reading === READING.BODY || reading === READING.HELD)
          expect(state.responding).toBe(true);
      }
    }),
  );
});

test('a request, its response, and the next one', () => {
  const state = new ConnectionState();
  const seen = () => [state.reading, state.writing];
  state.on(EVENT.REQUEST_WITH_BODY);
  expect(seen()).toEqual([READING.HELD, WRITING.AWAITING]);
  state.on(EVENT.READ);
  state.on(EVENT.RESPONSE);
  expect(seen()).toEqual([READING.BODY, WRITING.STREAMING]);
  state.on(EVENT.RESPONSE_END);
  expect(seen()).toEqual([READING.DISCARDING, WRITING.DONE]);
  state.on(EVENT.REQUEST_END);
  state.on(EVENT.NEXT);
  expect(seen()).toEqual([READING.HEAD, WRITING.NONE]);
});
