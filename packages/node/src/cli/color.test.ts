import { expect, it } from 'vitest';
import { wantsColor } from './color.ts';

it.each<[string, boolean, NodeJS.ProcessEnv, boolean]>([
  ['a terminal', true, { TERM: 'xterm' }, true],
  ['a pipe', false, { TERM: 'xterm' }, false],
  ['NO_COLOR=1', true, { NO_COLOR: '1' }, false],
  ['NO_COLOR=0', true, { NO_COLOR: '0' }, false],
  ['NO_COLOR without a value', true, { NO_COLOR: '' }, true],
  ['a terminal that knows no color', true, { TERM: 'dumb' }, false],
])('%s', (_, isTerminal, env, color) => {
  expect(wantsColor(isTerminal, env)).toBe(color);
});
