/**
 * What undici gets to see of a response's head: nothing but what frames the content that follows. The head
 * itself has been read by core's parser, as over `direct`. undici's own reading is not needed for it, and not
 * wanted: it kills the connection over a `100 Continue`, counts blanks in a Content-Length as digits, keeps
 * two buffers of each field, and closes after a 304 that has the length of what it stands for.
 */
import type { CheckedHead } from '../../exchange/message/response-head.ts';

/** A head that means for undici what the given one means (RFC 9112 §6.3). */
export function framingHead({ status, contentLength, untilClose }: CheckedHead): string {
  if (untilClose) return `HTTP/1.1 ${status} \r\n\r\n`;
  if (contentLength === null) return `HTTP/1.1 ${status} \r\ntransfer-encoding: chunked\r\n\r\n`;
  return `HTTP/1.1 ${status} \r\ncontent-length: ${contentLength}\r\n\r\n`;
}

/** A 101 to `protocol`. */
export function switchHead(protocol: string): string {
  return `HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`;
}

/** `head`, and what stands in `bytes` from `start`: behind a head that is mostly longer, and not needed again. */
export function withHead(head: string, bytes: Buffer, start: number): Buffer {
  const from = start - head.length;
  if (from < 0) return Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(start)]);
  bytes.write(head, from, 'latin1');
  return bytes.subarray(from);
}
