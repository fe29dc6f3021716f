/**
 * The frames of one direction, read for a relay. Frames are inspected, not rebuilt: what needs nobody's
 * attention passes as the very bytes that arrived, mask and all, and as many frames as a chunk holds pass
 * as one span.
 *
 * Pulled, not pushed: `push` hands in a chunk, `next` says step by step what is in it, and a caller that
 * must wait simply stops calling. Nothing is allocated per frame. Each header is checked as its bytes
 * arrive, so a frame beyond a limit is rejected before any byte of its payload. A header that is cut by the
 * end of a chunk is held back until it has been checked, and the part of a frame that turns out to be
 * invalid text is not passed with the frames before it: what has passed is valid, always.
 *
 * The reader keeps one header, one control payload and the current chunk, never more.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { overLimit } from '../../errors/passed-limit.ts';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { type CloseStatus, readCloseStatus } from './control-frame.ts';
import { ControlPayload } from './control-payload.ts';
import { Fragmentation } from './fragmentation.ts';
import { FrameHeader, maxHeaderLength } from './frame-header.ts';
import { checkFrameLength, checkFrameStart, type FrameRules } from './frame-rules.ts';
import { applyMask, rotateMaskingKey } from './masking.ts';
import { isControlOpcode, opcodes } from './opcode.ts';
import { type FrameReaderOptions, isPassed } from './pass-rules.ts';
import { Utf8Stream } from './utf8-stream.ts';

/** What `next` found. */
export const steps = {
  /** The chunk is used up. */
  needData: 0,
  /** `bytes` go on as they are. */
  pass: 1,
  /** A data frame that is reported begins; see `header` and `message`. */
  frame: 2,
  /** `bytes` are payload of that frame, unmasked. */
  payload: 3,
  /** That frame is over; `header.fin` says whether its message is. */
  frameEnd: 4,
  /** A whole control frame; see `header.opcode`, `controlPayload` and, for a close frame, `close`. */
  control: 5,
  /** The peer broke the protocol; see `error`. Repeated for ever. */
  failed: 6,
} as const;

export type Step = (typeof steps)[keyof typeof steps];

/** Frames that pass as one span: what a caller counts, it must get to count. */
const maxFramesPerSpan = 2048;

type Phase = 'header' | 'passing' | 'reporting' | 'collecting' | 'closed';

const empty = new Uint8Array(0);

export class FrameReader {
  /** Header of the last frame that began. */
  readonly header = new FrameHeader();
  /** The open message. */
  readonly message: Fragmentation;
  /** The first violation, or null. */
  error: ReverseItError | null = null;
  /** The close frame, once it has come; what follows it is dropped (RFC 6455 §5.5.1). */
  close: CloseStatus | null = null;
  /** Frames accepted so far, control frames too. */
  frameCount = 0;
  /** Messages whose last frame has been read. */
  messageCount = 0;
  /** Whether a span that passes ends with its frame: for one who waits to put in a frame of its own. */
  stopAtFrameEnd = false;

  readonly #options: FrameReaderOptions;
  readonly #masked: boolean;
  readonly #rules: FrameRules;
  #phase: Phase = 'header';

  #chunk: Uint8Array = empty;
  #position = 0;
  /** Bytes of the chunk that may pass and have not been handed out. */
  #passStart = 0;
  #passEnd = 0;
  #spanFrames = 0;
  /** Bounds of `bytes` in `#source`. */
  #source: Uint8Array = empty;
  #start = 0;
  #end = 0;

  /** The beginning of a header that the last chunk ended in. */
  readonly #cutHeader = new Uint8Array(maxHeaderLength);
  #cutLength = 0;
  /** Such a beginning, accepted since and to be passed before the chunk. */
  #cutPass: Uint8Array | null = null;
  /** Whether a part of the current frame has passed already. */
  #partPassed = false;

  /** Payload bytes of data frames, the current one's included that are still to come. */
  #dataBytes = 0;
  /** Payload bytes of the current frame still to come, and the key that applies to the next. */
  #left = 0;
  #key = 0;
  /** Whether the payload of the current frame is text to be checked. */
  #checking = false;
  readonly #text = new Utf8Stream();
  readonly #control = new ControlPayload();

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#masked = options.role === 'server';
    this.#rules = { masked: this.#masked, compression: options.compression };
    this.message = new Fragmentation(options);
  }

  /** The bytes of a `pass` or `payload` step: a view on the chunk. */
  get bytes(): Uint8Array {
    return this.#start === 0 && this.#end === this.#source.length
      ? this.#source
      : this.#source.subarray(this.#start, this.#end);
  }

  /** The unmasked payload of a `control` step, valid until the next call of `next`. */
  get controlPayload(): Uint8Array {
    return this.#control.bytes;
  }

  /**
   * Whether what has passed ends with a whole frame, so that a frame of our own may follow it. Between
   * two fragments of a message that may be a control frame only: see `message.opcode`.
   */
  get betweenFrames(): boolean {
    return !this.#partPassed && this.#cutPass === null && this.#passStart === this.#passEnd;
  }

  /** Payload bytes of data frames that have been read, as they came: compressed, where they are. */
  get payloadBytes(): number {
    return isControlOpcode(this.header.opcode) ? this.#dataBytes : this.#dataBytes - this.#left;
  }

  /** Whether `next` has answered `needData` to the last chunk, so that another may come. */
  get drained(): boolean {
    return this.#chunk === empty;
  }

  /**
   * Hands in the next chunk. It belongs to the reader until `next` answers `needData`; reported payload
   * is unmasked in place. Dropped after a failure and after a close frame. Throws `RIT_ERR_INTERNAL`
   * while the last one is not used up.
   */
  push(chunk: Uint8Array): void {
    if (this.error !== null || this.#phase === 'closed' || chunk.length === 0) return;
    if (!this.drained)
      throw createError('RIT_ERR_INTERNAL', 'push() before the last chunk was consumed');
    this.#chunk = chunk;
    this.#position = 0;
    this.#passStart = 0;
    this.#passEnd = 0;
  }

  /** The next thing in the chunk. */
  next(): Step {
    if (this.error !== null) return this.#failed();
    for (;;) {
      let step: Step | null;
      switch (this.#phase) {
        case 'header':
          step = this.#readHeader();
          break;
        case 'passing':
          step = this.#passPayload();
          break;
        case 'reporting':
          return this.#reportPayload();
        case 'collecting':
          return this.#collectControl();
        case 'closed':
          return this.#releaseChunk();
      }
      if (step !== null) return step;
    }
  }

  /** Reads and checks a header. Null when the frame is to be passed and the loop goes on. */
  #readHeader(): Step | null {
    const { header } = this;
    let source = this.#chunk;
    let at = this.#position;
    let end = source.length;
    const spanEnds = this.stopAtFrameEnd || this.#spanFrames >= maxFramesPerSpan;
    if ((at === end || spanEnds) && this.#takePass()) return steps.pass;
    if (at === end) return this.#releaseChunk();
    if (this.#cutLength > 0) {
      const added = Math.min(maxHeaderLength - this.#cutLength, end - at);
      this.#cutHeader.set(source.subarray(at, at + added), this.#cutLength);
      source = this.#cutHeader;
      at = 0;
      end = this.#cutLength + added;
    }

    const available = end - at;
    if (available < 2) return this.#cut();
    header.readStart(source, at);
    let verdict = checkFrameStart(header, this.message, this.#rules);
    if (verdict !== null) return this.#fail(verdict);
    if (available < header.lengthEnd) return this.#cut();
    verdict = checkFrameLength(header, this.message, header.readLength(source, at));
    if (verdict !== null) return this.#fail(verdict);
    if (available < header.length) return this.#cut();
    header.readMaskingKey(source, at);

    const passes = isPassed(header, this.message, this.#options);
    // What is in front goes first; the header is then read once more.
    if (!passes && this.#takePass()) return steps.pass;
    this.#begin();
    if (passes) {
      if (this.#cutLength > 0) this.#cutPass = this.#cutHeader.slice(0, this.#cutLength);
      this.#phase = 'passing';
    }
    this.#position += header.length - this.#cutLength;
    this.#cutLength = 0;
    return passes ? null : this.#beginReport();
  }

  /** Commits to a frame whose header was accepted. */
  #begin(): void {
    const { opcode, rsv1, payloadLength, maskingKey } = this.header;
    this.frameCount++;
    this.#spanFrames++;
    this.#left = payloadLength;
    this.#key = maskingKey;
    this.#checking = false;
    if (isControlOpcode(opcode)) return;
    this.#dataBytes += payloadLength;
    this.message.begin(opcode, rsv1, payloadLength);
    this.#checking =
      this.#options.validateUtf8 &&
      this.message.opcode === opcodes.text &&
      !this.message.compressed;
    if (this.#checking && opcode === opcodes.text) this.#text.reset();
  }

  #beginReport(): Step | null {
    if (isControlOpcode(this.header.opcode)) {
      this.#control.begin();
      this.#phase = 'collecting';
      return null;
    }
    this.#phase = 'reporting';
    return steps.frame;
  }

  /** Takes payload that passes. Null when the frame is over and the loop goes on. */
  #passPayload(): Step | null {
    const length = Math.min(this.#left, this.#chunk.length - this.#position);
    const end = this.#position + length;
    if (this.#checking && !this.#checkText(end)) return this.#fail('RIT_ERR_WS_UTF8');
    this.#position = end;
    this.#passEnd = end;
    this.#left -= length;
    if (this.#left === 0) {
      this.#partPassed = false;
      this.#endFrame();
      return null;
    }
    this.#key = rotateMaskingKey(this.#key, length);
    this.#partPassed = true;
    return this.#takePass() ? steps.pass : this.#releaseChunk();
  }

  /**
   * Checks text up to `end` as it stands, under its mask or without; at the end of a message it must be
   * whole.
   */
  #checkText(end: number): boolean {
    const start = this.#position;
    const valid = this.#masked
      ? this.#text.pushMasked(this.#chunk, start, end, this.#key)
      : this.#text.push(this.#chunk, start, end);
    return valid && this.#isTextWhole(end - start);
  }

  #isTextWhole(length: number): boolean {
    return !this.header.fin || length < this.#left || this.#text.complete;
  }

  #reportPayload(): Step {
    const start = this.#position;
    const length = Math.min(this.#left, this.#chunk.length - start);
    const end = start + length;
    if (this.#left === 0) {
      if (this.#checking && !this.#isTextWhole(0)) return this.#fail('RIT_ERR_WS_UTF8');
      this.#passStart = start;
      this.#passEnd = start;
      this.#endFrame();
      return steps.frameEnd;
    }
    if (length === 0) return this.#releaseChunk();
    if (this.#masked) this.#key = applyMask(this.#chunk, start, end, this.#key);
    if (this.#checking) {
      const valid = this.#text.push(this.#chunk, start, end) && this.#isTextWhole(length);
      if (!valid) return this.#fail('RIT_ERR_WS_UTF8');
    }
    this.#position = end;
    this.#passStart = end;
    this.#passEnd = end;
    this.#left -= length;
    this.#setBytes(this.#chunk, start, end);
    return steps.payload;
  }

  #collectControl(): Step {
    const start = this.#position;
    const length = Math.min(this.#left, this.#chunk.length - start);
    const end = start + length;
    this.#control.append(this.#chunk, start, end);
    this.#left -= length;
    this.#position = end;
    this.#passStart = end;
    this.#passEnd = end;
    if (this.#left > 0) return this.#releaseChunk();
    if (this.#masked) this.#control.unmask(this.header.maskingKey);
    this.#phase = 'header';
    if (this.header.opcode !== opcodes.close) return steps.control;
    const status = readCloseStatus(this.controlPayload);
    if (typeof status === 'string') return this.#fail(status);
    this.close = status;
    this.#phase = 'closed';
    return steps.control;
  }

  #endFrame(): void {
    this.#phase = 'header';
    if (!this.header.fin || isControlOpcode(this.header.opcode)) return;
    this.message.end();
    this.messageCount++;
  }

  /** The chunk ends within a header: keeps its beginning, passes what is in front. */
  #cut(): Step {
    if (this.#takePass()) return steps.pass;
    const length = this.#chunk.length - this.#position;
    this.#cutHeader.set(this.#chunk.subarray(this.#position), this.#cutLength);
    this.#cutLength += length;
    return this.#releaseChunk();
  }

  /** Hands out what may pass. False when there is nothing. */
  #takePass(): boolean {
    this.#spanFrames = 0;
    if (this.#cutPass !== null) {
      this.#setBytes(this.#cutPass, 0, this.#cutPass.length);
      this.#cutPass = null;
      return true;
    }
    if (this.#passStart === this.#passEnd) return false;
    this.#setBytes(this.#chunk, this.#passStart, this.#passEnd);
    this.#passStart = this.#passEnd;
    return true;
  }

  /** Lets go of the chunk, so that an idle connection holds none. */
  #releaseChunk(): Step {
    this.#chunk = empty;
    this.#position = 0;
    this.#passStart = 0;
    this.#passEnd = 0;
    this.#setBytes(empty, 0, 0);
    return steps.needData;
  }

  #fail(code: ErrorCode): Step {
    const { opcode, payloadLength } = this.header;
    const details = { opcode, payloadLength };
    const max = this.message.limitOf(code);
    this.error =
      max === null ? createError(code, undefined, { details }) : overLimit(code, max, details);
    // The header of the failed frame itself, when nothing after it is to pass.
    if (this.#passStart === this.#passEnd) this.#cutPass = null;
    return this.#failed();
  }

  #failed(): Step {
    if (this.#takePass()) return steps.pass;
    this.#releaseChunk();
    return steps.failed;
  }

  #setBytes(source: Uint8Array, start: number, end: number): void {
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }
}
