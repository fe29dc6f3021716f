/** Control frames (RFC 6455 §5.5): building them, and reading what a close frame says. */
import { isUtf8 } from 'node:buffer';
import type { ErrorCode } from '../../errors/catalog.ts';
import { createError } from '../../errors/reverseit-error.ts';
import { closeCodes, isWireCloseCode, truncateReason } from './close-code.ts';
import { frame } from './frame-writer.ts';
import { opcodes } from './opcode.ts';

/** The most bytes that a control frame carries. */
export const maxControlPayload = 125;

/** What a close frame said. */
export interface CloseStatus {
  /** 1005 where the frame had no code. */
  readonly code: number;
  readonly reason: string;
}

/**
 * A close frame. Code 1005 makes one without a code, which is how it travels; a reason is cut to 123
 * bytes at a character. Throws `RIT_ERR_INTERNAL` for a code that must not be sent.
 */
export function closeFrame(code: number, reason: string, maskingKey: number | null): Buffer {
  if (code === closeCodes.noCode) {
    return frame(true, false, opcodes.close, new Uint8Array(0), maskingKey);
  }
  if (!isWireCloseCode(code)) {
    throw createError('RIT_ERR_INTERNAL', `close code ${code} must not be sent`);
  }
  const text = truncateReason(reason);
  const body = new Uint8Array(2 + text.length);
  body[0] = code >> 8;
  body[1] = code;
  body.set(text, 2);
  return frame(true, false, opcodes.close, body, maskingKey);
}

/**
 * Reads the unmasked payload of a close frame; the code of the error where it is invalid (RFC 6455 §5.5.1).
 */
export function readCloseStatus(payload: Uint8Array): CloseStatus | ErrorCode {
  if (payload.length === 0) return { code: closeCodes.noCode, reason: '' };
  if (payload.length === 1) return 'RIT_ERR_WS_CLOSE_CODE';
  const code = ((payload[0] as number) << 8) | (payload[1] as number);
  if (!isWireCloseCode(code)) return 'RIT_ERR_WS_CLOSE_CODE';
  const text = Buffer.from(payload.buffer, payload.byteOffset + 2, payload.length - 2);
  if (!isUtf8(text)) return 'RIT_ERR_WS_UTF8';
  return { code, reason: text.toString() };
}
