/** Spans to a field section: substrings of one latin1 decode. */
import type { ErrorCode } from '../../errors/catalog.ts';
import { equalsIgnoreCase } from '../../http/ascii.ts';
import type { FieldSection } from '../../http/field-section.ts';
import { HeaderSection } from '../../http/header-section.ts';
import { SPAN } from '../llhttp/constants.ts';

/**
 * Reads the fields that stand in `text`, whose first character the spans call `origin`; their spans
 * begin at `first`. Values come without the blanks after them. Returns the code of a rejection where
 * the bytes allow two readings.
 */
export function readFields(
  text: string,
  origin: number,
  spans: Int32Array,
  first: number,
  used: number,
): FieldSection | ErrorCode {
  const fields: FieldSection = [];
  // Not pushed: a push of two is a call.
  let count = 0;
  for (let at = first; at < used; at += 6) {
    // Every name is followed by its value, be it empty: llhttp reports both.
    if (spans[at] !== SPAN.NAME || spans[at + 3] !== SPAN.VALUE) return 'RIT_ERR_FIELD_SYNTAX';
    const nameStart = (spans[at + 1] as number) - origin;
    const nameEnd = (spans[at + 2] as number) - origin;
    const valueStart = (spans[at + 4] as number) - origin;
    let valueEnd = (spans[at + 5] as number) - origin;
    const valueSpanEnd = valueEnd;
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    const nameLength = nameEnd - nameStart;
    // The two names are distinguished from nearly all others by their length.
    if (nameLength === 17 || nameLength === 14) {
      const name = text.substring(nameStart, nameEnd);
      const isCoding = equalsIgnoreCase(name, 'transfer-encoding');
      if (isCoding || equalsIgnoreCase(name, 'content-length')) {
        // A tab beside a coding or length is a blank to some and a letter to others.
        const tab = text.indexOf('\t', nameEnd);
        if (tab !== -1 && tab < valueSpanEnd) {
          return isCoding ? 'RIT_ERR_FRAMING_CONFLICT' : 'RIT_ERR_CONTENT_LENGTH';
        }
      }
    }
    fields[count] = text.substring(nameStart, nameEnd);
    fields[count + 1] = text.substring(valueStart, valueEnd);
    count += 2;
  }
  return fields;
}

/** Space or tab. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The same of a whole head, with the text of its lines where each reads as one of ours does. */
export function readHeaderSection(
  text: string,
  origin: number,
  spans: Int32Array,
  first: number,
  used: number,
): HeaderSection | ErrorCode {
  const fields = readFields(text, origin, spans, first, used);
  if (typeof fields === 'string') return fields;
  return HeaderSection.parsed(fields, canonicalLines(text, origin, spans, first, used));
}

/**
 * The lines as they stand, each with its line end, where one space, and nothing else, stands before each
 * value and nothing after it; else null.
 */
function canonicalLines(
  text: string,
  origin: number,
  spans: Int32Array,
  first: number,
  used: number,
): string | null {
  // After the last stands the empty line.
  const end = text.length - 2;
  let lineStart = first < used ? (spans[first + 1] as number) - origin : end;
  const start = lineStart;
  for (let at = first; at < used; at += 6) {
    const nameEnd = (spans[at + 2] as number) - origin;
    const valueStart = (spans[at + 4] as number) - origin;
    const valueEnd = (spans[at + 5] as number) - origin;
    lineStart = at + 6 < used ? (spans[at + 7] as number) - origin : end;
    if (
      valueStart !== nameEnd + 2 ||
      text.charCodeAt(nameEnd + 1) !== 0x20 ||
      lineStart !== valueEnd + 2 ||
      (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1)))
    ) {
      return null;
    }
  }
  return text.substring(start, end);
}
