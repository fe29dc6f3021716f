/** Which frames pass a reader as the bytes that arrived, and which it reports. */
import type { Fragmentation, MessageLimits } from './fragmentation.ts';
import type { FrameHeader } from './frame-header.ts';
import { isControlOpcode, opcodes } from './opcode.ts';

export interface FrameReaderOptions extends MessageLimits {
  /** What we are to this peer: a server reads masked frames, a client unmasked ones (RFC 6455 §5.1). */
  readonly role: 'server' | 'client';
  /** Whether permessage-deflate was agreed on: RSV1 may then stand on the first frame of a message. */
  readonly compression: boolean;
  /** Whether text is checked. Compressed text cannot be checked here, but where it is inflated. */
  readonly validateUtf8: boolean;
  /** Data frames that are reported instead of passed: none, those of compressed messages, or all. */
  readonly reportData: 'none' | 'compressed' | 'all';
  /** A data message of one frame shorter than this passes, unless it is compressed. In bytes. */
  readonly passBelowBytes: number;
  /** Whether pings and pongs are reported instead of passed. Close frames always are reported. */
  readonly reportPings: boolean;
}

/** Whether the frame of an accepted header passes as it is. */
export function isPassed(
  header: FrameHeader,
  message: Fragmentation,
  options: FrameReaderOptions,
): boolean {
  const { opcode, rsv1, fin, payloadLength } = header;
  if (isControlOpcode(opcode)) return opcode !== opcodes.close && !options.reportPings;
  const first = opcode !== opcodes.continuation;
  if (first ? rsv1 : message.compressed) return options.reportData === 'none';
  if (options.reportData !== 'all') return true;
  return first && fin && payloadLength < options.passBelowBytes;
}
