/**
 * The fields of a request as its application has left them. `rawHeaders` is what the client sent, order,
 * case and repetition included; `headers` is what an application reads, sets and deletes. Where the two
 * differ, the application's word counts: an identity that it has set must arrive, and one that it has taken
 * away must not.
 *
 * Of a repeated field that is no list, `headers` tells the first line only. So does the request to the
 * backend: it must not go by a line that the application has not seen. Nor does a client get around the
 * application's word by `_` for `-`, which are one to gateways (RFC 3875 §4.1.18).
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  equalsIgnoreCase,
  type FieldSection,
  fieldEntry,
  fieldsWhere,
  foldName,
  isFieldValue,
  isToken,
  toLowerAscii,
} from '@reverseit/core/http';
import type { NodeRequest } from '../messages/node-messages.ts';
import { type FieldLines, linesByName, linesOf } from './field-lines.ts';

type Headers = NodeRequest['headers'];

/**
 * Fields by which Node has framed the request already, and those between it and the client. They stay as
 * sent.
 */
const fixedFields: ReadonlySet<string> = new Set([
  ...fieldsWhere(({ setByServer, forbiddenInHttp2 }) => setByServer || forbiddenInHttp2),
  'sec-websocket-key',
  'sec-websocket-version',
  ':method',
  ':path',
  ':scheme',
  // No object of Node's tells of it.
  '__proto__',
]);

/** Fields that no request is without: they can be changed, not taken away. */
const neededFields: ReadonlySet<string> = new Set(['host', ':authority']);

/** What the application wants of a field, under its name as it is to be spelled. */
interface Wanted {
  readonly name: string;
  /** Empty where the field is to be taken away. */
  readonly lines: readonly string[];
}

type Lines = readonly string[];

/** A copy of the fields, to be changed further; or why the application's cannot be sent. */
export function requestFields(request: NodeRequest): FieldSection | ReverseItError {
  const { rawHeaders, headers } = request;
  if (isUntouched(rawHeaders, headers)) return rawHeaders.slice();
  const sent = linesByName(rawHeaders);
  const changes = changesOf(headers, sent);
  const fault = faultOf(changes);
  return fault ?? applyChanges(rawHeaders, changes);
}

/**
 * Whether each line stands in `headers`, in the same order, and nothing else does. So it is where nobody
 * has changed it, unless a field is repeated. Costs no allocation.
 */
function isUntouched(raw: Lines, headers: Headers): boolean {
  let at = 0;
  for (const name in headers) {
    if (at >= raw.length || headers[name] !== raw[at + 1]) return false;
    if (!equalsIgnoreCase(raw[at] as string, name)) return false;
    at += 2;
  }
  return at === raw.length;
}

/** What `headers` tells otherwise than it was sent, by name in lower case. */
function changesOf(
  headers: Headers,
  sent: ReadonlyMap<string, FieldLines>,
): ReadonlyMap<string, Wanted> {
  const changes = new Map<string, Wanted>();
  // Deleted, unless it is found below.
  for (const name of sent.keys()) changes.set(name, { name, lines: [] });
  for (const [name, value] of Object.entries(headers)) {
    const key = toLowerAscii(name);
    if (isReportedAs(value, key, sent.get(key)?.lines ?? [])) changes.delete(key);
    else changes.set(key, { name, lines: linesOf(value) });
  }
  for (const [key, { lines }] of changes) {
    if (fixedFields.has(key) || (neededFields.has(key) && lines.length === 0)) changes.delete(key);
  }
  return changes;
}

/** Whether Node tells a field so that was sent in these lines. */
function isReportedAs(value: unknown, key: string, lines: Lines): boolean {
  if (Array.isArray(value)) {
    return value.length === lines.length && lines.every((line, i) => line === value[i]);
  }
  if (lines.length === 1) return value === lines[0];
  // Of several Hosts, which are rejected as such, the first is told.
  if (key === 'host' && value === lines[0]) return true;
  return lines.length > 0 && value === lines.join(fieldEntry(key).separator ?? ', ');
}

function faultOf(changes: ReadonlyMap<string, Wanted>): ReverseItError | null {
  for (const { name, lines } of changes.values()) {
    if (lines.length === 0) continue;
    if (!isToken(name.startsWith(':') ? name.slice(1) : name)) {
      return misuse('has an invalid name');
    }
    if (!lines.every(isFieldValue)) return misuse(`"${name}" has an invalid value`);
  }
  return null;
}

function misuse(what: string): ReverseItError {
  return createError(
    'RIT_ERR_INTERNAL',
    `a header that the application set in request.headers ${what}`,
  );
}

function applyChanges(raw: Lines, changes: ReadonlyMap<string, Wanted>): FieldSection {
  const fields: FieldSection = [];
  const left = new Map(changes);
  const folded = new Set([...changes.keys()].map(foldName));
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const key = toLowerAscii(name);
    const change = changes.get(key);
    if (change === undefined) {
      if (key.includes('_') && folded.has(foldName(key))) continue;
      // RFC 9113 §8.3.1: a Host of the application's takes the place of the client's authority.
      if (key !== ':authority' || !changes.has('host')) fields.push(name, raw[i + 1] as string);
    } else if (left.delete(key)) pushLines(fields, name, change.lines);
  }
  for (const { name, lines } of left.values()) pushLines(fields, name, lines);
  return fields;
}

function pushLines(fields: FieldSection, name: string, lines: Lines): void {
  for (const line of lines) fields.push(name, line);
}
