/**
 * Frames as bytes to send (RFC 6455 §5.2). The masking key is handed in: whoever owns the random source
 * draws it (§10.3), and a relay may use the sender's own again.
 */
import { frameHeaderLength, writeFrameHeader } from './frame-header.ts';
import { applyMask } from './masking.ts';
import { opcodes } from './opcode.ts';

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

/**
 * Cuts one message after another into frames: the first carries the opcode and RSV1, the others continue
 * it (RFC 6455 §5.4, RFC 7692 §6.1).
 */
export class FragmentWriter {
  #opcode: number = opcodes.continuation;
  #rsv1 = false;

  /** The next frame begins a message. */
  begin(opcode: number, rsv1: boolean): void {
    this.#opcode = opcode;
    this.#rsv1 = rsv1;
  }

  /** A frame of the message around `chunk`; `last` ends the message. As `frame`. */
  write(chunk: Uint8Array, last: boolean, maskingKey: number | null): Buffer {
    const bytes = frame(last, this.#rsv1, this.#opcode, chunk, maskingKey);
    this.#opcode = opcodes.continuation;
    this.#rsv1 = false;
    return bytes;
  }
}
