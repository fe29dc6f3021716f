/**
 * The Buffers in which undici hands over a header or trailer section, decoded and checked: names are
 * tokens, values free of control characters, the section within its limit. The parser has checked most
 * of it already, and is not trusted with it.
 */
import type { ReverseItError } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  fieldEntry,
  isFieldValue,
  isToken,
  trimOws,
} from '@reverseit/core/http';
import { headTooLarge, malformed } from '../../exchange/message/response-head.ts';

/** `max` bounds the sum of name + 2 + value. Answers an error where the section must not be used. */
export function readRawSection(raw: readonly Buffer[], max: number): FieldSection | ReverseItError {
  const fields = decode(raw);
  let size = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const raw = fields[i + 1] as string;
    // The parser leaves blanks at the end of a value (RFC 9112 §5: OWS is not part of it).
    const value = trimOws(raw);
    if (value !== raw && isMisread(name, raw)) return malformed('tab after a transfer coding');
    size += name.length + 2 + value.length;
    if (size > max) return headTooLarge(max);
    if (!isToken(name)) return malformed('invalid header name');
    if (!isFieldValue(value)) return malformed('control character in a header value');
    fields[i + 1] = value;
  }
  return fields;
}

/** The parser takes `chunked` and a tab for another coding, and the body for one that never ends. */
function isMisread(name: string, raw: string): boolean {
  return raw.includes('\t') && fieldEntry(name).id === FIELD.TRANSFER_ENCODING;
}

/**
 * The pieces as latin1 text. They are mostly slices of one chunk in ascending order; then the stretch
 * of the chunk is decoded at once, which costs a tenth of decoding each.
 */
function decode(raw: readonly Buffer[]): string[] {
  const texts: string[] = new Array(raw.length);
  const first = raw[0];
  const last = raw.at(-1);
  if (first === undefined || last === undefined) return texts;
  const { buffer, byteOffset } = first;
  const length = last.byteOffset + last.length - byteOffset;
  const isStretch = last.buffer === buffer && length > 0;
  const stretch = isStretch ? Buffer.from(buffer, byteOffset, length).toString('latin1') : '';
  for (let i = 0; i < raw.length; i++) {
    const piece = raw[i] as Buffer;
    const start = piece.byteOffset - byteOffset;
    const end = start + piece.length;
    texts[i] =
      piece.buffer === buffer && start >= 0 && end <= stretch.length
        ? stretch.substring(start, end)
        : piece.toString('latin1');
  }
  return texts;
}
