/** A scenario of which only what is special is said. */
import type { Scenario } from '../lib/scenario.ts';

type Special = Pick<Scenario, 'name' | 'title' | 'amount' | 'seconds' | 'check' | 'run'> &
  Partial<Scenario>;

export const scenario = (special: Special): Scenario => ({
  unit: 'request',
  timed: false,
  needs: [],
  lack: null,
  routes: 0,
  secure: 'none',
  http2: 'none',
  more: [],
  ...special,
});
