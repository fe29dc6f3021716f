/** Body bytes on the wire: counted against its length, chunked, or until close (RFC 9112 §6, §7.1). */
import { fieldLines, type ReadonlyFieldSection } from '../../http/field-section.ts';

/** How a response body is delimited. */
export const ENCODING = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;
export type Encoding = (typeof ENCODING)[keyof typeof ENCODING];

/** The line before a chunk's data. */
export function chunkStart(length: number): string {
  return `${length.toString(16)}\r\n`;
}

export const chunkEnd = '\r\n';

/** The last chunk, with a trailer section. */
export function lastChunk(trailers: ReadonlyFieldSection): string {
  return trailers.length === 0 ? '0\r\n\r\n' : `0\r\n${fieldLines(trailers)}\r\n`;
}
