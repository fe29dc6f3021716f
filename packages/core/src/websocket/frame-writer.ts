/**
 * Frames as bytes to send (RFC 6455 §5.2). The masking key is handed in: whoever owns the random source
 * draws it (§10.3), and a relay may use the sender's own again.
 */
import { frameHeaderLength, writeFrameHeader } from './frame-header.ts';
import { applyMask } from './masking.ts';

/** A header alone, for a payload that is written after it. `maskingKey` null: not masked. */
export function frameHeader(
  fin: boolean,
  rsv1: boolean,
  opcode: number,
  payloadLength: number,
  maskingKey: number | null,
): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderLength(payloadLength, maskingKey !== null));
  writeFrameHeader(header, 0, fin, rsv1, opcode, payloadLength, maskingKey);
  return header;
}

/** A whole frame in one buffer; the payload is copied and, with a key, masked in the copy. */
export function frame(
  fin: boolean,
  rsv1: boolean,
  opcode: number,
  payload: Uint8Array,
  maskingKey: number | null,
): Buffer {
  const length = frameHeaderLength(payload.length, maskingKey !== null);
  const bytes = Buffer.allocUnsafe(length + payload.length);
  writeFrameHeader(bytes, 0, fin, rsv1, opcode, payload.length, maskingKey);
  bytes.set(payload, length);
  if (maskingKey !== null) applyMask(bytes, length, bytes.length, maskingKey);
  return bytes;
}
