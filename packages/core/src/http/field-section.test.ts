import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fieldLines,
  getField,
  getFieldValues,
  hasField,
  removeField,
  sectionSize,
  setField,
} from './field-section.ts';

const section = (): string[] => ['A', '1', 'b', '2', 'a', '3', '__proto__', '4', 'C', ''];

describe('a field section (RFC 9110 §5)', () => {
  test('is written in order, case and repetition kept (RFC 9112 §5)', () => {
    expect(fieldLines([])).toBe('');
    expect(fieldLines(['B', '1', 'a', '', 'B', '\xff'])).toBe('B: 1\r\na: \r\nB: \xff\r\n');
  });

  test('reads without regard to case, in order', () => {
    expect(getField(section(), 'a')).toBe('1');
    expect(getFieldValues(section(), 'a')).toEqual(['1', '3']);
    expect(getField(section(), 'c')).toBe('');
    expect(getField(section(), '__proto__')).toBe('4');
    expect(getField(section(), 'constructor')).toBe(undefined);
    expect(getFieldValues(section(), 'd')).toEqual([]);
    expect([hasField(section(), 'c'), hasField(section(), 'd'), hasField([], 'a')]).toEqual([
      true,
      false,
      false,
    ]);
    // A value is no name.
    expect(hasField(['x', 'a'], 'a')).toBe(false);
  });

  test('removes every line, in place', () => {
    const fields = section();
    removeField(fields, 'a');
    expect(fields).toEqual(['b', '2', '__proto__', '4', 'C', '']);
    removeField(fields, 'nothing');
    expect(fields.length).toBe(6);
  });

  test('sets in the place of the first, or appends', () => {
    const fields = section();
    setField(fields, 'A', 'new');
    expect(fields).toEqual(['A', 'new', 'b', '2', '__proto__', '4', 'C', '']);
    setField(fields, 'D', '5');
    expect(fields.slice(-2)).toEqual(['D', '5']);
    const empty: string[] = [];
    setField(empty, 'a', '1');
    expect(empty).toEqual(['a', '1']);
  });

  test('weighs name + 2 + value', () => {
    expect(sectionSize([])).toBe(0);
    expect(sectionSize(['ab', 'cde', 'f', ''])).toBe(7 + 3);
  });

  test('set leaves exactly one line, and all others where they were', () => {
    const name = fc.constantFrom('a', 'A', 'b', 'B', 'c');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), name, (lines, chosen) => {
        const fields = lines.flat();
        setField(fields, chosen, 'set');
        expect(getFieldValues(fields, chosen.toLowerCase())).toEqual(['set']);
        removeField(fields, chosen.toLowerCase());
        expect(fields).toEqual(
          lines.filter(([one]) => one.toLowerCase() !== chosen.toLowerCase()).flat(),
        );
      }),
    );
  });
});
