/**
 * The Buffers in which undici hands over a trailer section, decoded and checked: names are tokens, values free
 * of control characters, the section within its limit. The parser has checked most of it already, and is not
 * trusted with it.
 */
import type { ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, isFieldValue, isToken, trimOws } from '@reverseit/core/http';
import { headTooLarge, malformed } from '../../exchange/message/response-head.ts';

/** `max` bounds the sum of name + 2 + value. Answers an error where the section must not be used. */
export function readTrailers(raw: readonly Buffer[], max: number): FieldSection | ReverseItError {
  const fields: string[] = [];
  let size = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1');
    // The parser leaves blanks at the end of a value (RFC 9112 §5: OWS is not part of it).
    const value = trimOws((raw[i + 1] as Buffer).toString('latin1'));
    size += name.length + 2 + value.length;
    if (size > max) return headTooLarge(max);
    if (!isToken(name)) return malformed('invalid trailer name');
    if (!isFieldValue(value)) return malformed('control character in a trailer value');
    fields.push(name, value);
  }
  return fields;
}
