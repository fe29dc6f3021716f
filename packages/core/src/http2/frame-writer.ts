/** Frames as bytes (RFC 9113 §4.1, §6). */
import { FLAG, FRAME, frameHeaderBytes, type Http2ErrorCode, maxFrameBytes } from './protocol.ts';

function writeHeader(
  into: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  into[at] = length >> 16;
  into[at + 1] = length >> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  into[at + 5] = streamId >> 24;
  into[at + 6] = streamId >> 16;
  into[at + 7] = streamId >> 8;
  into[at + 8] = streamId;
}

function shortFrame(length: number, type: number, flags: number, streamId: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + length);
  writeHeader(frame, 0, length, type, flags, streamId);
  return frame;
}

/** The header of a DATA frame, whose payload follows. */
export function dataFrameHeader(streamId: number, length: number, endStream: boolean): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderBytes);
  writeHeader(header, 0, length, FRAME.DATA, endStream ? FLAG.END_STREAM : 0, streamId);
  return header;
}

/** A header block in a HEADERS frame, and in CONTINUATION frames where it does not fit (§6.10). */
export function headersFrames(streamId: number, block: Buffer, endStream: boolean): Buffer {
  const { length } = block;
  const count = Math.max(1, Math.ceil(length / maxFrameBytes));
  const frames = Buffer.allocUnsafe(length + count * frameHeaderBytes);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = i * maxFrameBytes;
    const end = Math.min(length, start + maxFrameBytes);
    const isLast = i === count - 1;
    const flags = (isLast ? FLAG.END_HEADERS : 0) | (i === 0 && endStream ? FLAG.END_STREAM : 0);
    writeHeader(
      frames,
      at,
      end - start,
      i === 0 ? FRAME.HEADERS : FRAME.CONTINUATION,
      flags,
      streamId,
    );
    at += frameHeaderBytes;
    at += block.copy(frames, at, start, end);
  }
  return frames;
}

/** Settings as pairs of identifier and value. */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const frame = shortFrame(settings.length * 6, FRAME.SETTINGS, 0, 0);
  let at = frameHeaderBytes;
  for (const [id, value] of settings) {
    at = frame.writeUInt16BE(id, at);
    at = frame.writeUInt32BE(value, at);
  }
  return frame;
}

export function settingsAck(): Buffer {
  return shortFrame(0, FRAME.SETTINGS, FLAG.ACK, 0);
}

/** `payload` of eight bytes. */
export function pingFrame(payload: Buffer, isAck: boolean): Buffer {
  const frame = shortFrame(8, FRAME.PING, isAck ? FLAG.ACK : 0, 0);
  payload.copy(frame, frameHeaderBytes);
  return frame;
}

export function resetFrame(streamId: number, code: Http2ErrorCode): Buffer {
  const frame = shortFrame(4, FRAME.RST_STREAM, 0, streamId);
  frame.writeUInt32BE(code, frameHeaderBytes);
  return frame;
}

export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  const frame = shortFrame(4, FRAME.WINDOW_UPDATE, 0, streamId);
  frame.writeUInt32BE(increment, frameHeaderBytes);
  return frame;
}

/** `reason` is for whoever reads the peer's log. */
export function goawayFrame(lastStreamId: number, code: Http2ErrorCode, reason: string): Buffer {
  const frame = shortFrame(8 + reason.length, FRAME.GOAWAY, 0, 0);
  frame.writeUInt32BE(lastStreamId, frameHeaderBytes);
  frame.writeUInt32BE(code, frameHeaderBytes + 4);
  frame.write(reason, frameHeaderBytes + 8, 'latin1');
  return frame;
}
