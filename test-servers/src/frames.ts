/** WebSocket frames as bytes, valid or not (RFC 6455 §5.2). */
import { randomBytes } from 'node:crypto';
import type { SocketReader } from './socket-reader.ts';

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** What to put into a frame. Everything can be set, sensible or not. */
export interface FrameSpec {
  readonly opcode: number;
  /** Default: true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number, 4 for RSV1. Default: 0. */
  readonly rsv?: number;
  /** Text is UTF-8. Default: nothing. */
  readonly payload?: string | Uint8Array;
  /** Whether to mask, or the four bytes to mask with. Default: as the role demands. */
  readonly mask?: boolean | Uint8Array;
  /** The length to announce. Default: the payload's. */
  readonly length?: number | bigint;
  /** Bits of the length's form. Default: the shortest that does. */
  readonly lengthForm?: 7 | 16 | 64;
}

/** A frame's head as it came. */
export interface FrameHead {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly maskingKey: Buffer | undefined;
  readonly length: number;
  readonly lengthForm: 7 | 16 | 64;
}

/** A whole frame; the payload is unmasked. */
export interface Frame extends FrameHead {
  readonly payload: Buffer;
}

/** Applies a masking key; the same call takes it off again. */
export function masked(payload: Uint8Array, key: Uint8Array): Buffer {
  const result = Buffer.from(payload);
  for (let i = 0; i < result.length; i += 1) {
    result[i] = (result[i] ?? 0) ^ (key[i & 3] ?? 0);
  }
  return result;
}

/** A frame's bytes. `masks` is what the role does by default. */
export function encodeFrame(spec: FrameSpec, masks: boolean): Buffer {
  const payload = Buffer.from(spec.payload ?? '');
  const head = encodeFrameHead(spec, masks, payload.length);
  return Buffer.concat([head.bytes, head.key === undefined ? payload : masked(payload, head.key)]);
}

/** A frame's head alone; the payload's length is announced whether it follows or not. */
export function encodeFrameHead(
  spec: FrameSpec,
  masks: boolean,
  payloadLength = 0,
): { bytes: Buffer; key: Uint8Array | undefined } {
  const length = BigInt(spec.length ?? payloadLength);
  const shortest = length < 126n ? 7 : length < 65_536n ? 16 : 64;
  const form = spec.lengthForm ?? shortest;
  const mask = spec.mask ?? masks;
  const key = mask === false ? undefined : mask === true ? randomBytes(4) : mask;
  const first = (spec.fin === false ? 0 : 0x80) | ((spec.rsv ?? 0) << 4) | spec.opcode;
  const maskBit = key === undefined ? 0 : 0x80;
  const bytes = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10);
  bytes[0] = first;
  if (form === 7) bytes[1] = maskBit | Number(length);
  else if (form === 16) {
    bytes[1] = maskBit | 126;
    bytes.writeUInt16BE(Number(length), 2);
  } else {
    bytes[1] = maskBit | 127;
    bytes.writeBigUInt64BE(length, 2);
  }
  return { bytes: key === undefined ? bytes : Buffer.concat([bytes, key]), key };
}

/** The payload of a close frame (RFC 6455 §5.5.1). */
export function closePayload(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

/** Reads a frame's head and leaves its payload. */
export async function readFrameHead(source: SocketReader): Promise<FrameHead> {
  const [first = 0, second = 0] = await source.take(2);
  const short = second & 0x7f;
  let length = short;
  if (short === 126) length = (await source.take(2)).readUInt16BE();
  if (short === 127) length = Number((await source.take(8)).readBigUInt64BE());
  const isMasked = (second & 0x80) !== 0;
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 0x0f,
    masked: isMasked,
    maskingKey: isMasked ? await source.take(4) : undefined,
    length,
    lengthForm: short === 127 ? 64 : short === 126 ? 16 : 7,
  };
}
