import { expect, test } from 'vitest';
import { KeptLines } from './kept-lines.ts';

const fields = ['A', 'b', 'CD', '', 'e', 'f g'];
const text = 'A: b\r\nCD: \r\ne: f g\r\n';

test.each([
  ['all', [true, true, true], text],
  ['none', [false, false, false], ''],
  ['the first', [true, false, false], 'A: b\r\n'],
  ['the last', [false, false, true], 'e: f g\r\n'],
  ['the outer two', [true, false, true], 'A: b\r\ne: f g\r\n'],
  ['the inner one', [false, true, false], 'CD: \r\n'],
])('%s of the lines', (_, goOn, kept) => {
  const lines = new KeptLines(text);
  for (const [i, goesOn] of goOn.entries()) {
    lines.pass(fields[2 * i] as string, fields[2 * i + 1] as string, goesOn);
  }
  expect(lines.take()).toBe(kept);
});

test('a head without lines', () => {
  expect(new KeptLines('').take()).toBe('');
});

test.each([
  ['the first', 0, 'X: y\r\nCD: \r\ne: f g\r\n'],
  ['the inner one', 1, 'A: b\r\nX: y\r\ne: f g\r\n'],
  ['the last', 2, 'A: b\r\nCD: \r\nX: y\r\n'],
])('another line in the place of %s', (_, at, kept) => {
  const lines = new KeptLines(text);
  for (let i = 0; i < 3; i++) {
    const name = fields[2 * i] as string;
    const value = fields[2 * i + 1] as string;
    if (i === at) lines.replace(name, value, 'X: y\r\n');
    else lines.pass(name, value, true);
  }
  expect(lines.take()).toBe(kept);
});
