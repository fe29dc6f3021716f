import { expect, test } from 'vitest';
import { beginRead, endRead, putOff } from './read-end.ts';

const noting = (name: string, notes: string[], then?: () => void) => ({
  flush: () => {
    notes.push(name);
    then?.();
  },
});

test('what is put off within a read runs once, in order, when it is over', () => {
  const notes: string[] = [];
  beginRead();
  expect(putOff(noting('a', notes))).toBe(true);
  expect(putOff(noting('b', notes))).toBe(true);
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
  expect(putOff(late)).toBe(false);
  beginRead();
  putOff(noting('work', notes, () => expect(putOff(late)).toBe(false)));
  endRead();
  expect(notes).toEqual(['work']);
});
