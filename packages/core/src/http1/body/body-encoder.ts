/** Body bytes on the wire: counted against its length, chunked, or until close (RFC 9112 §6, §7.1). */
import { fieldLines, type ReadonlyFieldSection } from '../../http/field-section.ts';
import { isBodiless } from '../../http/status.ts';

/** How a response body is delimited. */
export const ENCODING = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

/** How the body of a response to a request is delimited (RFC 9112 §6.3). */
export function responseEncoding(
  method: string,
  minorVersion: 0 | 1,
  status: number,
  contentLength: number | null,
): Encoding {
  if (isBodiless(method, status)) return ENCODING.NONE;
  if (contentLength !== null) return ENCODING.LENGTH;
  return minorVersion === 1 ? ENCODING.CHUNKED : ENCODING.UNTIL_CLOSE;
}

/** The line before a chunk's data. */
export function chunkStart(length: number): string {
  return `${length.toString(16)}\r\n`;
}

export const chunkEnd = '\r\n';

/** The last chunk, with a trailer section. */
export function lastChunk(trailers: ReadonlyFieldSection): string {
  return trailers.length === 0 ? '0\r\n\r\n' : `0\r\n${fieldLines(trailers)}\r\n`;
}
