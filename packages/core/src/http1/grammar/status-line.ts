/** The status line of a response (RFC 9112 §4), as a latin1 string. */
import { createError } from '../../errors/reverseit-error.ts';
import { isFieldValue } from '../../http/ascii.ts';
import { reasonPhrase } from '../../http/status.ts';

/** Status lines with the registered phrase, built once each. */
const statusLines: string[] = [];

/**
 * Status line with its line end. The reason must be printable; an empty one becomes the registered phrase.
 */
export function statusLine(status: number, reason: string): string {
  const usual = statusLines[status];
  if (usual !== undefined && reason === '') return usual;
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw createError('RIT_ERR_INTERNAL', `response status must be an integer from 100 to 599`);
  }
  if (reason !== '') {
    if (!isFieldValue(reason))
      throw createError('RIT_ERR_INTERNAL', 'the reason phrase contains a control character');
    return `HTTP/1.1 ${status} ${reason}\r\n`;
  }
  const line = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  statusLines[status] = line;
  return line;
}
