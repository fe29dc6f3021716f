import { fieldEntry, type ReadonlyFieldSection, toLowerAscii } from '@reverseit/core/http';

/**
 * A field section as those functions of Node take it that take no list: values by lower-case name. Lines
 * of one field are joined (RFC 9110 §5.3), since Node sends some of them once only; but for Set-Cookie,
 * which is no list. The object has no prototype: names come off the wire.
 */
export function valuesByName(fields: ReadonlyFieldSection): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < fields.length; i += 2) {
    const name = toLowerAscii(fields[i] as string);
    const value = fields[i + 1] as string;
    const before = values[name];
    const { separator } = fieldEntry(name);
    if (before === undefined) values[name] = separator === null ? [value] : value;
    else if (typeof before === 'string') values[name] = before + separator + value;
    else before.push(value);
  }
  return values;
}
