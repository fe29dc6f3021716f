/** The fields of a response that is sent whole, by a handler that has its body at hand. */
import { createError } from '../../errors/reverseit-error.ts';
import { fieldEntry } from '../../http/field-registry.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { HeaderSection } from '../../http/header-section.ts';
import { httpDate } from './http-date.ts';

/**
 * The fields, with `content-length` after them, and with `date` where they have none.
 * @throws StateError `RIT_ERR_INTERNAL` where a field is malformed, or one that frames the response
 */
export function wholeResponseHeaders(
  status: number,
  fields: ReadonlyFieldSection,
  length: number,
): HeaderSection {
  const headers = HeaderSection.from(fields);
  if (fields.some((name, i) => i % 2 === 0 && fieldEntry(name).setByServer)) {
    throw createError(
      'RIT_ERR_INTERNAL',
      'exchange: content-length, transfer-encoding and connection are set by the server',
    );
  }
  if (!headers.has('date')) headers.append('date', httpDate());
  // RFC 9110 §8.6: never in a 204 or an interim response.
  if (status !== 204 && status >= 200) headers.append('content-length', String(length));
  return headers;
}

/** The body as a Buffer; bytes are not copied. */
export function bytesOf(body: string | Uint8Array): Buffer {
  if (typeof body === 'string') return Buffer.from(body);
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
