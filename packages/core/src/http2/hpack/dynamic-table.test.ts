import { expect, test } from 'vitest';
import { DynamicTable } from './dynamic-table.ts';

const entry = (name: string, value = '') => ({ name, value, isValid: true });

test('the newest has age 0, the oldest leaves first (RFC 7541 §2.3.3, §4.4)', () => {
  const table = new DynamicTable();
  table.resize(100);
  table.add(entry('a', '1'));
  table.add(entry('b', '2'));
  expect([table.get(0)?.name, table.get(1)?.name, table.get(2)]).toEqual(['b', 'a', undefined]);
  expect(table.size).toBe(68);
  table.add(entry('c', '3'));
  expect([table.get(0)?.name, table.get(1)?.name, table.count]).toEqual(['c', 'b', 2]);
});

test('an entry that is too large empties the table', () => {
  const table = new DynamicTable();
  table.add(entry('a'));
  table.add(entry('b', 'x'.repeat(4096)));
  expect([table.count, table.size]).toEqual([0, 0]);
});

test('no larger than we have allowed (RFC 7541 §4.2)', () => {
  const table = new DynamicTable();
  expect(table.resize(4097)).toBe(false);
  table.add(entry('a'));
  expect(table.resize(0)).toBe(true);
  expect(table.count).toBe(0);
  table.add(entry('a'));
  expect(table.count).toBe(0);
});

test('it goes round: the smallest entries fill it to 128', () => {
  const table = new DynamicTable();
  for (let i = 0; i < 1000; i++) table.add({ name: '', value: '', isValid: i >= 872 });
  expect(table.count).toBe(128);
  for (let age = 0; age < 128; age++) expect(table.get(age)?.isValid).toBe(true);
});
