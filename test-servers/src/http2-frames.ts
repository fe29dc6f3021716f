/** Frames of HTTP/2 as bytes, for peers that send what node:http2 would not (RFC 9113 §4.1). */
import type { Socket } from 'node:net';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** One frame (RFC 9113 §4.1). */
export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Buffer | string = '',
): Buffer {
  const content = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, content]);
}

/** A header block of literals without indexing (RFC 7541 §6.2.2). */
export function block(...fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string];
    parts.push(Buffer.from([0]), text(name), text(value));
  }
  return Buffer.concat(parts);
}

/** A string literal whose length is an integer with a prefix of 7 bits (RFC 7541 §5.1, §5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}

/** A server's end of a connection: reads frames, and writes what it likes. */
export class FrameConnection {
  readonly frames: Frame[] = [];
  readonly #socket: Socket;
  #waiting = Buffer.alloc(0);
  #preface = false;
  #changed: (() => void)[] = [];

  constructor(socket: Socket, onFrame: (frame: Frame, connection: FrameConnection) => void) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#waiting = Buffer.concat([this.#waiting, chunk]);
      if (!this.#preface) {
        if (this.#waiting.length < 24) return;
        this.#preface = true;
        this.#waiting = this.#waiting.subarray(24);
      }
      for (let next = this.#next(); next !== null; next = this.#next()) {
        this.frames.push(next);
        onFrame(next, this);
      }
      for (const check of this.#changed.splice(0)) check();
    });
  }

  #next(): Frame | null {
    const bytes = this.#waiting;
    if (bytes.length < 9) return null;
    const end = 9 + bytes.readUIntBE(0, 3);
    if (bytes.length < end) return null;
    this.#waiting = bytes.subarray(end);
    const [type, flags, id] = [bytes.readUInt8(3), bytes.readUInt8(4), bytes.readUInt32BE(5)];
    return { type, flags, id, payload: bytes.subarray(9, end) };
  }

  write(...frames: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Resolves with the first frame that the test holds for, also of those that have come. */
  async until(test: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(test);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What a client says first: the preface and its SETTINGS (RFC 9113 §3.4). */
export function clientPreface(): Buffer {
  return Buffer.concat([Buffer.from(preface), frame(SETTINGS, 0, 0)]);
}
