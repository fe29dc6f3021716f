/**
 * Reads the frames of a peer (RFC 9113 §4, §6): bytes in, frames out, one at a time, so that whoever feeds it
 * can stop after any. The payload of DATA is reported as it comes; that of other frames, 16 KiB at most, is
 * gathered where it does not come in one read. A frame that is invalid whatever the state of its stream is an
 * error here.
 */
import { HeaderBlock } from './header-block.ts';
import {
  connectionPreface,
  FLAG,
  FRAME,
  frameHeaderBytes,
  H2_ERROR,
  type Http2ErrorCode,
  maxFrameBytes,
} from './protocol.ts';

/** Who is told of frames. Each call belongs to one frame, and bytes are valid during the call. */
export interface FrameSink {
  /** The header of a DATA frame: `length` counts its padding (§6.1). */
  onDataFrame(streamId: number, length: number, endStream: boolean): void;
  /** Bytes of the content of the present DATA frame. */
  onDataBytes(streamId: number, bytes: Buffer): void;
  /** The present DATA frame is complete. */
  onDataFrameEnd(streamId: number, endStream: boolean): void;
  /** A whole header block, out of one HEADERS frame and what continues it. */
  onHeaders(streamId: number, block: Buffer, endStream: boolean): void;
  onReset(streamId: number, code: number): void;
  /** `payload` holds whole settings. */
  onSettings(payload: Buffer): void;
  onSettingsAck(): void;
  onPing(payload: Buffer, isAck: boolean): void;
  onGoaway(code: number, lastStreamId: number): void;
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame that changes nothing: PRIORITY, or of a type that nobody knows. */
  onIgnored(): void;
  /** A frame that is an error of its stream alone (§5.4.2). */
  onStreamError(streamId: number, code: Http2ErrorCode): void;
}

/** Why nothing more can be read. */
export interface FrameError {
  readonly code: Http2ErrorCode;
  readonly text: string;
}

const STATE = { PREFACE: 0, HEADER: 1, PAYLOAD: 2, DATA: 3, IGNORED: 4, FAILED: 5 } as const;
type State = (typeof STATE)[keyof typeof STATE];

const preface = Buffer.from(connectionPreface, 'latin1');
const nothing = Buffer.alloc(0);

export class FrameReader {
  readonly #sink: FrameSink;
  error: FrameError | null = null;
  #state: State = STATE.PREFACE;
  /** What has come of the preface, of a frame header or of a payload that came in parts. */
  #partial: Buffer = nothing;
  #have = 0;
  /** The header of the present frame. */
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Content of the present DATA frame, or bytes of an ignored one, that are still to come. */
  #left = 0;
  #padding = -1;
  readonly #block: HeaderBlock;
  #settingsSeen = false;

  /** Only a client begins with a preface that is no frame (§3.4). */
  constructor(sink: FrameSink, maxBlockBytes: number, peer: 'client' | 'server') {
    this.#sink = sink;
    if (peer === 'server') this.#state = STATE.HEADER;
    this.#block = new HeaderBlock(maxBlockBytes);
  }

  /** Whether a header block has begun and is not complete. */
  get insideBlock(): boolean {
    return this.#block.streamId !== 0;
  }

  /** Reads from `start` on, to the end of a frame or of the chunk. Returns where it stopped. */
  read(chunk: Buffer, start: number): number {
    switch (this.#state) {
      case STATE.HEADER:
        return this.#readHeader(chunk, start);
      case STATE.PAYLOAD:
        return this.#readPayload(chunk, start);
      case STATE.DATA:
        return this.#readData(chunk, start);
      case STATE.IGNORED:
        return this.#readIgnored(chunk, start);
      case STATE.PREFACE:
        return this.#readPreface(chunk, start);
      default:
        return chunk.length;
    }
  }

  /** From now on header blocks may be as large as this, or as large as before. */
  allowBlocks(maxBytes: number): void {
    this.#block.allow(maxBytes);
  }

  /** Reads nothing any more. */
  fail(code: Http2ErrorCode, text: string): void {
    if (this.#state === STATE.FAILED) return;
    this.#state = STATE.FAILED;
    this.error = { code, text };
    this.#partial = nothing;
    this.#block.drop();
  }

  #readPreface(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && this.#have < preface.length) {
      if (chunk[at++] === preface[this.#have]) this.#have++;
      else {
        this.fail(H2_ERROR.PROTOCOL_ERROR, 'no connection preface');
        return at;
      }
    }
    if (this.#have === preface.length) this.#expectHeader();
    return at;
  }

  #expectHeader(): void {
    if (this.#state === STATE.FAILED) return;
    this.#state = STATE.HEADER;
    this.#have = 0;
    this.#partial = nothing;
  }

  #readHeader(chunk: Buffer, start: number): number {
    if (this.#have === 0 && chunk.length - start >= frameHeaderBytes) {
      this.#begin(chunk, start);
      const at = start + frameHeaderBytes;
      // Nearly always all of it is there.
      return this.#state === STATE.PAYLOAD || this.#state === STATE.DATA
        ? this.read(chunk, at)
        : at;
    }
    if (this.#have === 0) this.#partial = Buffer.allocUnsafe(frameHeaderBytes);
    const end = Math.min(chunk.length, start + frameHeaderBytes - this.#have);
    this.#have += chunk.copy(this.#partial, this.#have, start, end);
    if (this.#have === frameHeaderBytes) this.#begin(this.#partial, 0);
    // A frame without a payload is complete, although no byte may be left to read.
    return this.#length === 0 && this.#have === 0 ? this.#readEmpty(chunk, end) : end;
  }

  #readEmpty(chunk: Buffer, at: number): number {
    return this.#state === STATE.PAYLOAD || this.#state === STATE.DATA ? this.read(chunk, at) : at;
  }

  #begin(bytes: Buffer, at: number): void {
    this.#length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    this.#type = bytes[at + 3] as number;
    this.#flags = bytes[at + 4] as number;
    this.#streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    this.#have = 0;
    this.#partial = nothing;
    if (this.#length > maxFrameBytes) {
      this.fail(H2_ERROR.FRAME_SIZE_ERROR, 'frame larger than SETTINGS_MAX_FRAME_SIZE');
    } else if (!this.#settingsSeen && !this.#isFirst()) {
      this.fail(H2_ERROR.PROTOCOL_ERROR, 'the first frame is not SETTINGS');
    } else if (this.insideBlock && !this.#isContinuation()) {
      this.fail(H2_ERROR.PROTOCOL_ERROR, 'a header block was interrupted');
    } else if (this.#type === FRAME.DATA) this.#beginData();
    else if (this.#type > FRAME.CONTINUATION || this.#type === FRAME.PRIORITY) this.#beginIgnored();
    else this.#state = STATE.PAYLOAD;
  }

  #isFirst(): boolean {
    this.#settingsSeen = this.#type === FRAME.SETTINGS && (this.#flags & FLAG.ACK) === 0;
    return this.#settingsSeen;
  }

  #isContinuation(): boolean {
    return this.#type === FRAME.CONTINUATION && this.#streamId === this.#block.streamId;
  }

  #beginData(): void {
    const isPadded = (this.#flags & FLAG.PADDED) !== 0;
    if (this.#streamId === 0) this.fail(H2_ERROR.PROTOCOL_ERROR, 'DATA without a stream');
    else if (isPadded && this.#length === 0) {
      this.fail(H2_ERROR.FRAME_SIZE_ERROR, 'DATA too short for its padding');
    } else {
      this.#left = this.#length;
      this.#padding = isPadded ? -1 : 0;
      this.#state = STATE.DATA;
      this.#sink.onDataFrame(this.#streamId, this.#length, this.#endsStream);
    }
  }

  get #endsStream(): boolean {
    return (this.#flags & FLAG.END_STREAM) !== 0;
  }

  #readData(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#padding === -1) {
      if (at >= chunk.length) return at;
      const padding = chunk[at++] as number;
      this.#left--;
      if (padding > this.#left) {
        this.fail(H2_ERROR.PROTOCOL_ERROR, 'padding longer than its frame');
        return at;
      }
      this.#padding = padding;
    }
    const content = Math.min(this.#left - this.#padding, chunk.length - at);
    if (content > 0) {
      const end = at + content;
      this.#left -= content;
      this.#sink.onDataBytes(this.#streamId, chunk.subarray(at, end));
      at = end;
    }
    if (this.#left > this.#padding) return at;
    const padding = Math.min(this.#left, chunk.length - at);
    this.#left -= padding;
    this.#padding = this.#left;
    at += padding;
    if (this.#left === 0) {
      this.#expectHeader();
      this.#sink.onDataFrameEnd(this.#streamId, this.#endsStream);
    }
    return at;
  }

  /** RFC 9113 §5.3.2: priorities are not used; a frame of an unknown type means nothing (§5.5). */
  #beginIgnored(): void {
    if (this.#type === FRAME.PRIORITY) {
      this.#state = STATE.PAYLOAD;
      return;
    }
    this.#state = STATE.IGNORED;
    this.#left = this.#length;
    if (this.#left === 0) this.#expectHeader();
    this.#sink.onIgnored();
  }

  #readIgnored(chunk: Buffer, start: number): number {
    const skipped = Math.min(this.#left, chunk.length - start);
    this.#left -= skipped;
    if (this.#left === 0) this.#expectHeader();
    return start + skipped;
  }

  #readPayload(chunk: Buffer, start: number): number {
    const length = this.#length;
    if (this.#have === 0 && chunk.length - start >= length) {
      this.#expectHeader();
      this.#dispatch(chunk.subarray(start, start + length));
      return start + length;
    }
    if (this.#have === 0) this.#partial = Buffer.allocUnsafe(length);
    const end = Math.min(chunk.length, start + length - this.#have);
    this.#have += chunk.copy(this.#partial, this.#have, start, end);
    if (this.#have === length) {
      const payload = this.#partial;
      this.#expectHeader();
      this.#dispatch(payload);
    }
    return end;
  }

  #dispatch(payload: Buffer): void {
    switch (this.#type) {
      case FRAME.HEADERS:
        this.#onHeaders(payload);
        break;
      case FRAME.CONTINUATION:
        this.#onContinuation(payload);
        break;
      case FRAME.PRIORITY:
        this.#onPriority(payload);
        break;
      case FRAME.RST_STREAM:
        if (this.#streamId === 0) this.fail(H2_ERROR.PROTOCOL_ERROR, 'RST_STREAM without a stream');
        else if (this.#hasLength(payload, 4))
          this.#sink.onReset(this.#streamId, payload.readUInt32BE(0));
        break;
      case FRAME.SETTINGS:
        this.#onSettings(payload);
        break;
      case FRAME.PING:
        if (this.#isForConnection() && this.#hasLength(payload, 8)) {
          this.#sink.onPing(payload, (this.#flags & FLAG.ACK) !== 0);
        }
        break;
      case FRAME.GOAWAY:
        if (this.#isForConnection() && this.#hasLength(payload, 8)) {
          this.#sink.onGoaway(payload.readUInt32BE(4), payload.readUInt32BE(0) & 0x7fff_ffff);
        }
        break;
      case FRAME.WINDOW_UPDATE:
        this.#onWindowUpdate(payload);
        break;
      default:
        // RFC 9113 §8.4: clients send none, and to servers ours has said that it takes none.
        this.fail(H2_ERROR.PROTOCOL_ERROR, 'PUSH_PROMISE');
    }
  }

  /** Of GOAWAY, more may follow. */
  #hasLength(payload: Buffer, length: number): boolean {
    if (payload.length === length) return true;
    if (this.#type === FRAME.GOAWAY && payload.length > length) return true;
    this.fail(H2_ERROR.FRAME_SIZE_ERROR, 'frame of a wrong size');
    return false;
  }

  #isForConnection(): boolean {
    if (this.#streamId === 0) return true;
    this.fail(H2_ERROR.PROTOCOL_ERROR, 'a frame of the connection names a stream');
    return false;
  }

  #onSettings(payload: Buffer): void {
    if (!this.#isForConnection()) return;
    if ((this.#flags & FLAG.ACK) !== 0) {
      if (this.#hasLength(payload, 0)) this.#sink.onSettingsAck();
    } else if (payload.length % 6 === 0) this.#sink.onSettings(payload);
    else this.fail(H2_ERROR.FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
  }

  #onWindowUpdate(payload: Buffer): void {
    if (!this.#hasLength(payload, 4)) return;
    const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (increment > 0) this.#sink.onWindowUpdate(this.#streamId, increment);
    else if (this.#streamId === 0) this.fail(H2_ERROR.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
    else this.#sink.onStreamError(this.#streamId, H2_ERROR.PROTOCOL_ERROR);
  }

  #onPriority(payload: Buffer): void {
    if (this.#streamId === 0) this.fail(H2_ERROR.PROTOCOL_ERROR, 'PRIORITY without a stream');
    else if (this.#hasLength(payload, 5) && this.#isIndependent(payload, 0)) this.#sink.onIgnored();
  }

  /** RFC 7540 §5.3.1, of which nothing else is left. */
  #isIndependent(payload: Buffer, at: number): boolean {
    if ((payload.readUInt32BE(at) & 0x7fff_ffff) !== this.#streamId) return true;
    this.fail(H2_ERROR.PROTOCOL_ERROR, 'a stream depends on itself');
    return false;
  }

  #onHeaders(payload: Buffer): void {
    // RFC 9113 §5.1.1: streams of clients are odd.
    if (this.#streamId % 2 === 0) {
      this.fail(H2_ERROR.PROTOCOL_ERROR, 'HEADERS for a stream that is not one of a client');
      return;
    }
    let start = 0;
    let end = payload.length;
    if ((this.#flags & FLAG.PADDED) !== 0) end -= (payload[start++] ?? 0) as number;
    if ((this.#flags & FLAG.PRIORITY) !== 0) {
      if (end - start < 5) {
        this.fail(H2_ERROR.FRAME_SIZE_ERROR, 'HEADERS too short for its priority');
        return;
      }
      if (!this.#isIndependent(payload, start)) return;
      start += 5;
    }
    if (end < start) {
      this.fail(H2_ERROR.PROTOCOL_ERROR, 'padding longer than its frame');
      return;
    }
    this.#block.begin(this.#streamId, this.#endsStream);
    this.#onFragment(payload.subarray(start, end));
  }

  #onContinuation(payload: Buffer): void {
    if (!this.insideBlock) this.fail(H2_ERROR.PROTOCOL_ERROR, 'CONTINUATION without HEADERS');
    else if (!this.#block.mayContinue()) {
      this.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'too many CONTINUATION frames');
    } else this.#onFragment(payload);
  }

  #onFragment(fragment: Buffer): void {
    const block = this.#block;
    if (!block.hasRoom(fragment)) {
      this.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'header block too large');
    } else if ((this.#flags & FLAG.END_HEADERS) === 0) block.add(fragment);
    else {
      const { streamId, endsStream } = block;
      this.#sink.onHeaders(streamId, block.end(fragment), endsStream);
    }
  }
}
