/**
 * A header or trailer section (RFC 9110 §5, §6.5) as a flat list: name, value, name, value, … in the
 * order of arrival, case and repetition kept. A flat array of strings is what the parser makes, what
 * undici takes and what the serializer writes, so a section passes through the proxy without being
 * copied into objects or maps, and no wire name is ever a property key.
 */
import { equalsIgnoreCase } from './ascii.ts';

/** A header or trailer section: name, value, name, value, … as on the wire (RFC 9110 §5, §6.5). */
export type FieldSection = string[];
/** A section that is only read. */
export type ReadonlyFieldSection = readonly string[];

/** The first value of a field, or undefined. `name` in lower case. */
export function getField(fields: ReadonlyFieldSection, name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (equalsIgnoreCase(fields[i] as string, name)) return fields[i + 1];
  }
  return undefined;
}

/** All values of a field in order. `name` in lower case. */
export function getFieldValues(fields: ReadonlyFieldSection, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (equalsIgnoreCase(fields[i] as string, name)) values.push(fields[i + 1] as string);
  }
  return values;
}

/** Whether a field stands in the section. `name` in lower case. */
export function hasField(fields: ReadonlyFieldSection, name: string): boolean {
  return getField(fields, name) !== undefined;
}

/** Takes every line of a field out, in place. `name` in lower case. */
export function removeField(fields: FieldSection, name: string): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const fieldName = fields[i] as string;
    if (equalsIgnoreCase(fieldName, name)) continue;
    fields[kept] = fieldName;
    fields[kept + 1] = fields[i + 1] as string;
    kept += 2;
  }
  fields.length = kept;
}

/** Replaces every line of a field by one, in the place of the first, or appends it. */
export function setField(fields: FieldSection, name: string, value: string): void {
  const lower = name.toLowerCase();
  for (let i = 0; i < fields.length; i += 2) {
    if (!equalsIgnoreCase(fields[i] as string, lower)) continue;
    const rest = fields.splice(i + 2);
    removeField(rest, lower);
    fields[i] = name;
    fields[i + 1] = value;
    for (const text of rest) fields.push(text);
    return;
  }
  fields.push(name, value);
}

/** Size of a section as the limits count it: the sum of name + 2 + value, in bytes. */
export function sectionSize(fields: ReadonlyFieldSection): number {
  let size = fields.length;
  for (const text of fields) size += text.length;
  return size;
}

/**
 * The section as it is written (RFC 9112 §5): a line for each field, with its end. The fields are well
 * formed.
 */
export function fieldLines(fields: ReadonlyFieldSection): string {
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) {
    // biome-ignore lint/style/useTemplate: it would ask each part whether it is a string
    lines += (fields[i] as string) + ': ' + (fields[i + 1] as string) + '\r\n';
  }
  return lines;
}
