/** The header rules for responses: a backend's field section in, the client's out. Pure. */
import {
  equalsIgnoreCase,
  FIELD,
  type FieldEntry,
  type FieldSection,
  fieldEntry,
  forwardableTrailerNames,
  type ReadonlyFieldSection,
  readTokenList,
  toLowerAscii,
  viaEntry,
} from '@reverseit/core/http';
import { KeptLines } from './kept-lines.ts';

/** Who knows what URLs of the backend are to the client. */
export interface LocationMapper {
  publicLocation(url: string): string;
}

/**
 * The client's fields. Order, case and repetition are kept. `date` is added where the backend sent
 * none (RFC 9110 §6.6.1) unless it is null; `via` is our pseudonym or false; `mayTrail` where the client can
 * be sent trailers, and told which (RFC 9110 §6.6.2); `mapper` makes Location and Content-Location public,
 * null leaves them.
 */
export function responseFields(
  source: ReadonlyFieldSection,
  status: number,
  via: string | false,
  date: string | null,
  mayTrail: boolean,
  mapper: LocationMapper | null = null,
): FieldSection {
  const fields: FieldSection = [];
  let named: string[] | null = null;
  let hasDate = false;
  for (let i = 0; i < source.length; i += 2) {
    const name = source[i] as string;
    const value = source[i + 1] as string;
    const entry = fieldEntry(name);
    const field = entry.id;
    if (field === FIELD.CONNECTION) named = namesOf(value, named);
    if (field === FIELD.DATE) hasDate = true;
    if (field === FIELD.LOCATION && mapper !== null) {
      fields.push(name, mapper.publicLocation(value));
    } else if (goesOn(entry, status)) fields.push(name, value);
    else if (field === FIELD.TRAILER && mayTrail) {
      const names = forwardableTrailerNames(value);
      if (names !== '') fields.push(name, names);
    }
  }
  if (named !== null) removeNamed(fields, named);
  if (!hasDate && date !== null) fields.push('date', date);
  if (via !== false) fields.push('via', viaEntry(1, via));
  return fields;
}

/**
 * The same as lines, runs of which are taken from `lines`, which say what `source` says; null where
 * Connection names fields, or Trailer some that do not pass.
 */
export function responseLines(
  lines: string,
  source: ReadonlyFieldSection,
  status: number,
  via: string | false,
  date: string | null,
  mayTrail: boolean,
  mapper: LocationMapper | null = null,
): string | null {
  const kept = new KeptLines(lines);
  let hasDate = false;
  for (let i = 0; i < source.length; i += 2) {
    const name = source[i] as string;
    const value = source[i + 1] as string;
    const entry = fieldEntry(name);
    const field = entry.id;
    if (field === FIELD.CONNECTION && namesOf(value, null) !== null) return null;
    if (field === FIELD.DATE) hasDate = true;
    const trails = field === FIELD.TRAILER && mayTrail;
    if (trails && forwardableTrailerNames(value) !== value) return null;
    if (field === FIELD.LOCATION && mapper !== null) passLocation(kept, name, value, mapper);
    else kept.pass(name, value, trails || goesOn(entry, status));
  }
  let all = kept.take();
  if (!hasDate && date !== null) all += `date: ${date}\r\n`;
  return via === false ? all : `${all}via: ${viaEntry(1, via)}\r\n`;
}

function passLocation(kept: KeptLines, name: string, value: string, mapper: LocationMapper): void {
  const mapped = mapper.publicLocation(value);
  if (mapped === value) kept.pass(name, value, true);
  else kept.replace(name, value, `${name}: ${mapped}\r\n`);
}

/** Whether a field passes, as far as its name decides. */
function goesOn({ id, hopByHop }: FieldEntry, status: number): boolean {
  // RFC 9110 §8.6: no length in a 204 or an interim response.
  return id === FIELD.CONTENT_LENGTH ? status !== 204 && status >= 200 : !hopByHop;
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
  const removed = new Set(named.filter((name) => !fieldEntry(name).protected));
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
