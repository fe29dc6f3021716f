import { expect, test } from 'vitest';
import { beginRead, deferUntilReadEnd, endRead } from './read-end.ts';

const noting = (name: string, notes: string[], then?: () => void) => ({
  flush: () => {
    notes.push(name);
    then?.();
  },
});

test('what is put off within a read runs once, in order, when it is over', () => {
  const notes: string[] = [];
  beginRead();
  expect(deferUntilReadEnd(noting('a', notes))).toBe(true);
  expect(deferUntilReadEnd(noting('b', notes))).toBe(true);
  expect(notes).toEqual([]);
  endRead();
  expect(notes).toEqual(['a', 'b']);
  beginRead();
  endRead();
  expect(notes).toEqual(['a', 'b']);
});

test('outside a read nothing is put off, and neither at its end', () => {
  const notes: string[] = [];
  const late = noting('late', notes);
  expect(deferUntilReadEnd(late)).toBe(false);
  beginRead();
  deferUntilReadEnd(noting('work', notes, () => expect(deferUntilReadEnd(late)).toBe(false)));
  endRead();
  expect(notes).toEqual(['work']);
});
