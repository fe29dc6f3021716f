/** The header rules for responses: a backend's field section in, the client's out. Pure. */
import {
  equalsIgnoreCase,
  FIELD,
  type FieldSection,
  isProtectedField,
  knownField,
  type ReadonlyFieldSection,
  readTokenList,
  toLowerAscii,
  viaEntry,
} from '@reverseit/core/http';

/**
 * The client's fields. Order, case and repetition are kept. `date` is added where the backend sent
 * none (RFC 9110 §6.6.1) unless it is null; `via` is our pseudonym or false.
 */
export function responseFields(
  source: ReadonlyFieldSection,
  status: number,
  via: string | false,
  date: string | null,
): FieldSection {
  const fields: FieldSection = [];
  let named: string[] | null = null;
  let hasDate = false;
  for (let i = 0; i < source.length; i += 2) {
    const name = source[i] as string;
    switch (knownField(name)) {
      case FIELD.CONNECTION:
        named = namesOf(source[i + 1] as string, named);
        continue;
      case FIELD.TRANSFER_ENCODING:
      case FIELD.UPGRADE:
      case FIELD.HOP:
        continue;
      case FIELD.CONTENT_LENGTH:
        // RFC 9110 §8.6: never in a 204 or an interim response.
        if (status === 204 || status < 200) continue;
        break;
      case FIELD.DATE:
        hasDate = true;
        break;
      default:
        break;
    }
    fields.push(name, source[i + 1] as string);
  }
  if (named !== null) removeNamed(fields, named);
  if (!hasDate && date !== null) fields.push('date', date);
  if (via !== false) fields.push('via', viaEntry(1, via));
  return fields;
}

/** Names that Connection lists beside the options that are no fields; null for the usual none. */
function namesOf(value: string, before: string[] | null): string[] | null {
  if (equalsIgnoreCase(value, 'keep-alive') || equalsIgnoreCase(value, 'close')) return before;
  const names = before ?? [];
  readTokenList(value, names);
  return names;
}

/** A set, since a backend may send thousands of names and thousands of fields. */
function removeNamed(fields: FieldSection, named: readonly string[]): void {
  const removed = new Set(named.filter((name) => !isProtectedField(name)));
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (removed.has(toLowerAscii(name))) continue;
    fields[kept] = name;
    fields[kept + 1] = fields[i + 1] as string;
    kept += 2;
  }
  fields.length = kept;
}
