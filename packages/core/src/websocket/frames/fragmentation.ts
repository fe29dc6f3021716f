/**
 * The bounds of a message (RFC 6455 §5.4): in which order frames may come, and how many bytes and frames
 * one message may have. Control frames stand between fragments and change nothing here. Empty fragments
 * count: they cost the receiver as much as others.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { opcodes } from './opcode.ts';

export interface MessageLimits {
  /** Payload bytes of one frame; `Infinity` for none. */
  readonly maxFrameBytes: number;
  /** Payload bytes of all frames of one message; `Infinity` for none. */
  readonly maxMessageBytes: number;
  /** Frames that any message may have, empty ones too; `Infinity` for no limit. */
  readonly maxFragments: number;
  /**
   * A message may have more than `maxFragments` frames where they hold at least so many bytes on average.
   * Default: `Infinity`, so that it may not.
   */
  readonly minFragmentBytes?: number;
}

/**
 * What deflate may add to data that it cannot compress: nine bits for a literal of eight, and the ends of
 * blocks. A message that is within its limit must not be rejected for having been compressed badly; its
 * inflated size is checked where it is inflated.
 */
export function compressedLimit(limit: number): number {
  return limit + Math.floor(limit / 8) + 64;
}

export class Fragmentation {
  /** Text or binary while a message is open; 0 between messages. */
  opcode = 0;
  /** Whether the open message is compressed (RFC 7692 §6). */
  compressed = false;
  /** Payload bytes announced so far by the frames of the open message. */
  byteLength = 0;
  /** Frames so far of the open message. */
  frameCount = 0;

  readonly #limits: MessageLimits;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Whether a data frame of this opcode may come now. */
  checkOrder(opcode: number): ErrorCode | null {
    return (opcode === opcodes.continuation) === (this.opcode !== 0)
      ? null
      : 'RIT_ERR_WS_FRAGMENTATION';
  }

  /** Whether a data frame of this payload length is within the limits; `rsv1` is that of the frame. */
  checkSize(opcode: number, rsv1: boolean, payloadLength: number): ErrorCode | null {
    const { maxFrameBytes, maxMessageBytes, maxFragments } = this.#limits;
    const first = opcode !== opcodes.continuation;
    const compressed = first ? rsv1 : this.compressed;
    const frameLimit = compressed ? compressedLimit(maxFrameBytes) : maxFrameBytes;
    if (payloadLength > frameLimit) return 'RIT_ERR_WS_FRAME_TOO_LARGE';
    const messageLimit = compressed ? compressedLimit(maxMessageBytes) : maxMessageBytes;
    const before = first ? 0 : this.byteLength;
    if (before + payloadLength > messageLimit) return 'RIT_ERR_WS_MESSAGE_TOO_LARGE';
    const frames = (first ? 0 : this.frameCount) + 1;
    if (frames > maxFragments && !this.#isWorthIt(frames, before + payloadLength)) {
      return 'RIT_ERR_WS_TOO_MANY_FRAGMENTS';
    }
    return null;
  }

  /** Whether so many frames hold enough for their number. */
  #isWorthIt(frames: number, bytes: number): boolean {
    const { minFragmentBytes = Number.POSITIVE_INFINITY } = this.#limits;
    return bytes / frames >= minFragmentBytes;
  }

  /** The limit that an error is about; null where it is about none. */
  limitOf(code: ErrorCode): number | null {
    switch (code) {
      case 'RIT_ERR_WS_FRAME_TOO_LARGE':
        return this.#limits.maxFrameBytes;
      case 'RIT_ERR_WS_MESSAGE_TOO_LARGE':
        return this.#limits.maxMessageBytes;
      case 'RIT_ERR_WS_TOO_MANY_FRAGMENTS':
        return this.#limits.maxFragments;
      default:
        return null;
    }
  }

  /** Counts a data frame that was accepted. The message stays open until `end`. */
  begin(opcode: number, rsv1: boolean, payloadLength: number): void {
    if (opcode !== opcodes.continuation) {
      this.opcode = opcode;
      this.compressed = rsv1;
      this.byteLength = 0;
      this.frameCount = 0;
    }
    this.byteLength += payloadLength;
    this.frameCount++;
  }

  /** The frame that ends the message is over. */
  end(): void {
    this.opcode = 0;
  }
}
