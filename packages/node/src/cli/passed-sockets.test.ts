import { expect, test } from 'vitest';
import { passedSockets } from './passed-sockets.ts';

test.each([
  ['one', '7', '1', [3]],
  ['three', '7', '3', [3, 4, 5]],
  ['those of another process', '8', '1', []],
  ['no process', undefined, '1', []],
  ['no number of them', '7', undefined, []],
  ['none', '7', '0', []],
  ['no number', '7', '1x', []],
  ['too many', '7', '1000', []],
])('%s', (_, LISTEN_PID, LISTEN_FDS, expected) => {
  expect(passedSockets({ LISTEN_PID, LISTEN_FDS }, 7)).toEqual(expected);
});
