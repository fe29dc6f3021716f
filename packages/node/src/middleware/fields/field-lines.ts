/** The lines of a field, as Node's own functions take and tell them. */
import { type ReadonlyFieldSection, toLowerAscii } from '@reverseit/core/http';

/** One field of a section. */
export interface FieldLines {
  /** As it is spelled first. */
  readonly name: string;
  readonly lines: string[];
}

/** The fields of a section by their names in lower case. */
export function linesByName(fields: ReadonlyFieldSection): ReadonlyMap<string, FieldLines> {
  const byName = new Map<string, FieldLines>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    const known = byName.get(toLowerAscii(name));
    if (known === undefined) byName.set(toLowerAscii(name), { name, lines: [value] });
    else known.lines.push(value);
  }
  return byName;
}

/** What one of Node's objects holds of a field, line by line. */
export function linesOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
