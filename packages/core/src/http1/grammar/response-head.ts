/** The head of a response to bytes (RFC 9112 §4, §5), as a latin1 string. */
import { fail } from '../../errors/reverseit-error.ts';
import { isFieldValue, isToken } from '../../http/ascii.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { reasonPhrase } from '../../http/status.ts';

/** Status lines with the registered phrase, built once each. */
const statusLines: string[] = [];

/** Status line with its line end. The reason must be printable; an empty one becomes the registered phrase. */
export function statusLine(status: number, reason: string): string {
  const usual = statusLines[status];
  if (usual !== undefined && reason === '') return usual;
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw fail('RIT_ERR_INTERNAL', `response status must be an integer from 100 to 599`);
  }
  if (reason !== '') {
    if (!isFieldValue(reason))
      throw fail('RIT_ERR_INTERNAL', 'the reason phrase contains a control character');
    return `HTTP/1.1 ${status} ${reason}\r\n`;
  }
  const line = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  statusLines[status] = line;
  return line;
}

/** Field lines of fields that are known to be well formed, each with its line end. */
export function fieldLines(fields: ReadonlyFieldSection): string {
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) {
    // biome-ignore lint/style/useTemplate: it would ask each part whether it is a string
    lines += (fields[i] as string) + ': ' + (fields[i + 1] as string) + '\r\n';
  }
  return lines;
}

/**
 * Refuses fields that could not be told apart on the wire: a name that is no token, a value with CR, LF,
 * NUL or another control character, or with characters beyond latin1. For fields that did not come from
 * a parser.
 * @throws StateError `RIT_ERR_INTERNAL`
 */
export function assertFields(fields: ReadonlyFieldSection): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const value = fields[i + 1];
    if (typeof name !== 'string' || !isToken(name)) {
      throw fail('RIT_ERR_INTERNAL', 'invalid header name (RFC 9110 §5.1)');
    }
    if (typeof value !== 'string' || !isFieldValue(value)) {
      throw fail('RIT_ERR_INTERNAL', `invalid value for the header "${name}" (RFC 9110 §5.5)`);
    }
  }
}
