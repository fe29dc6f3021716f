/**
 * What undici reads in place of a response that has been read already: it ends its request, and leaves the
 * connection for the next.
 */

const byStatus: (Buffer | undefined)[] = new Array(600);

/** A response of that status without content. */
export function emptyResponse(status: number): Buffer {
  let response = byStatus[status];
  if (response === undefined) {
    response = Buffer.from(`HTTP/1.1 ${status} \r\ncontent-length: 0\r\n\r\n`);
    byStatus[status] = response;
  }
  return response;
}

/** A 101 to `protocol`. */
export function switchResponse(protocol: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`,
    'latin1',
  );
}
