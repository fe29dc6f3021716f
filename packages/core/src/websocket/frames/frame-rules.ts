/**
 * What a header may say (RFC 6455 §5), in the order in which its bytes arrive, so that a verdict does not
 * depend on where the input is cut.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { maxControlPayload } from './control-frame.ts';
import type { Fragmentation } from './fragmentation.ts';
import type { FrameHeader, LengthForm } from './frame-header.ts';
import { isControlOpcode, isOpcode, opcodes } from './opcode.ts';

export interface FrameRules {
  /** Whether we are the server to this peer, and so its frames are masked (RFC 6455 §5.1). */
  readonly masked: boolean;
  /**
   * Whether permessage-deflate was agreed on: RSV1 may then stand on the first frame of a message (RFC 7692
   * §6).
   */
  readonly compression: boolean;
}

/** What the first two bytes decide. */
export function checkFrameStart(
  header: FrameHeader,
  message: Fragmentation,
  rules: FrameRules,
): ErrorCode | null {
  const { opcode, reserved } = header;
  if (reserved !== 0) {
    const allowed =
      reserved === 4 && rules.compression && (opcode === opcodes.text || opcode === opcodes.binary);
    if (!allowed) return 'RIT_ERR_WS_RESERVED_BITS';
  }
  if (!isOpcode(opcode)) return 'RIT_ERR_WS_OPCODE';
  if (header.masked !== rules.masked) return 'RIT_ERR_WS_MASK';
  if (!isControlOpcode(opcode)) return message.checkOrder(opcode);
  // 126 and 127 announce a longer form, which a control frame cannot need.
  return header.fin && header.payloadLength <= maxControlPayload
    ? null
    : 'RIT_ERR_WS_CONTROL_FRAME';
}

/** What the payload length decides, its extended form being read. */
export function checkFrameLength(
  header: FrameHeader,
  message: Fragmentation,
  form: LengthForm,
): ErrorCode | null {
  if (form === 'malformed') return 'RIT_ERR_WS_LENGTH_FORM';
  if (form === 'unsafe') return 'RIT_ERR_WS_FRAME_TOO_LARGE';
  if (isControlOpcode(header.opcode)) return null;
  return message.checkSize(header.opcode, header.rsv1, header.payloadLength);
}
