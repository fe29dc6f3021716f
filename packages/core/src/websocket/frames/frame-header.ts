/**
 * A frame's header, bytes to fields and back (RFC 6455 §5.2). One mutable object per reader: fields become
 * known in three steps, and each can be checked before the next has arrived. No BigInt: a length is a
 * safe integer or it is too large for anybody.
 */
import { readMaskingKey, writeMaskingKey } from './masking.ts';

/** Two bytes, the eight-byte length and the masking key. */
export const maxHeaderLength = 14;

/** What the length field says of itself. */
export type LengthForm =
  /** Valid. */
  | 'minimal'
  /** Not in the shortest form, or with the top bit of the 64 set. */
  | 'malformed'
  /** Beyond 2^53 - 1. */
  | 'unsafe';

export class FrameHeader {
  fin = false;
  /** RSV1 (4), RSV2 (2) and RSV3 (1). */
  reserved = 0;
  opcode = 0;
  masked = false;
  /** Payload bytes. */
  payloadLength = 0;
  /** First byte lowest, see masking.ts. 0 where the frame is not masked. */
  maskingKey = 0;
  /** Bytes of the header without masking key. */
  lengthEnd = 2;
  /** Bytes of the whole header. */
  length = 2;

  get rsv1(): boolean {
    return this.reserved >= 4;
  }

  /**
   * Reads the first two bytes. `payloadLength` is then the seven bits, of which 126 and 127 announce a longer
   * form.
   */
  readStart(bytes: Uint8Array, at: number): void {
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    this.fin = first >= 0x80;
    this.reserved = (first >> 4) & 7;
    this.opcode = first & 0x0f;
    this.masked = second >= 0x80;
    this.payloadLength = second & 0x7f;
    this.lengthEnd = this.payloadLength < 126 ? 2 : this.payloadLength === 126 ? 4 : 10;
    this.length = this.masked ? this.lengthEnd + 4 : this.lengthEnd;
    this.maskingKey = 0;
  }

  /** Reads the extended length, `lengthEnd` bytes being there. */
  readLength(bytes: Uint8Array, at: number): LengthForm {
    if (this.lengthEnd === 2) return 'minimal';
    if (this.lengthEnd === 4) {
      this.payloadLength = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      return this.payloadLength < 126 ? 'malformed' : 'minimal';
    }
    const high = readUint32(bytes, at + 2);
    if (high >= 0x80000000) return 'malformed';
    if (high > 0x1fffff) return 'unsafe';
    this.payloadLength = high * 0x100000000 + readUint32(bytes, at + 6);
    return this.payloadLength <= 0xffff ? 'malformed' : 'minimal';
  }

  /** Reads the masking key, `length` bytes being there. */
  readMaskingKey(bytes: Uint8Array, at: number): void {
    if (this.masked) this.maskingKey = readMaskingKey(bytes, at + this.lengthEnd);
  }
}

/** Size of the header that `writeFrameHeader` writes. */
export function frameHeaderLength(payloadLength: number, masked: boolean): number {
  const lengthEnd = payloadLength < 126 ? 2 : payloadLength <= 0xffff ? 4 : 10;
  return masked ? lengthEnd + 4 : lengthEnd;
}

/**
 * Writes a header at `at` and returns its size. `maskingKey` null: not masked, as a server sends.
 * `target` must have room: `maxHeaderLength` always is enough.
 */
export function writeFrameHeader(
  target: Uint8Array,
  at: number,
  fin: boolean,
  rsv1: boolean,
  opcode: number,
  payloadLength: number,
  maskingKey: number | null,
): number {
  target[at] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const maskBit = maskingKey === null ? 0 : 0x80;
  let length = 2;
  if (payloadLength < 126) {
    target[at + 1] = maskBit | payloadLength;
  } else if (payloadLength <= 0xffff) {
    target[at + 1] = maskBit | 126;
    target[at + 2] = payloadLength >>> 8;
    target[at + 3] = payloadLength;
    length = 4;
  } else {
    target[at + 1] = maskBit | 127;
    writeUint32(target, at + 2, Math.floor(payloadLength / 0x100000000));
    writeUint32(target, at + 6, payloadLength % 0x100000000);
    length = 10;
  }
  if (maskingKey === null) return length;
  writeMaskingKey(target, at + length, maskingKey);
  return length + 4;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number))
  );
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
