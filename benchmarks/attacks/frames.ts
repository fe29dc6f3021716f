/** WebSocket frames to pour (RFC 6455 §5.2). */

/** A frame with no more than 65,535 bytes of payload, as a server sends it. */
export function serverFrame(first: number, payload: Buffer | string = ''): Buffer {
  const content = Buffer.from(payload);
  const long = content.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = first;
  head[1] = long ? 126 : content.length;
  if (long) head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

/** The same as a client sends it; the mask is zero, so that the payload stays as it is. */
export function clientFrame(first: number, payload: Buffer | string = ''): Buffer {
  const frame = serverFrame(first, payload);
  const headBytes = (frame[1] ?? 0) === 126 ? 4 : 2;
  frame[1] = (frame[1] ?? 0) | 0x80;
  return Buffer.concat([frame.subarray(0, headBytes), Buffer.alloc(4), frame.subarray(headBytes)]);
}

/** First bytes of frames: FIN, RSV1 and the opcode. */
export const first = {
  continuation: 0x00,
  /** Of a message that goes on. */
  openText: 0x01,
  openCompressed: 0x42,
  text: 0x81,
  binary: 0x82,
  compressed: 0xc2,
  ping: 0x89,
  pong: 0x8a,
} as const;
