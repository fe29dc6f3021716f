/**
 * One end of a WebSocket connection that sends any frame and reads every one. It judges only what is
 * wrong whatever the test is about: masking against the direction and lengths not in shortest form.
 */
import type { Socket } from 'node:net';
import {
  closePayload,
  encodeFrame,
  encodeFrameHead,
  type Frame,
  type FrameHead,
  type FrameSpec,
  masked,
  OPCODE,
  readFrameHead,
} from './frames.ts';
import { type CloseKind, quote, type SocketReader } from './socket-reader.ts';
import { type WritePieces, writeAll } from './socket-writer.ts';

/** A message, with the control frames that came between its fragments. */
export interface Message {
  readonly opcode: number;
  readonly rsv: number;
  readonly payload: Buffer;
  readonly fragments: number;
  readonly controls: readonly Frame[];
}

/** What a close frame said; no code when it had no payload. */
export interface CloseSeen {
  readonly code: number | undefined;
  readonly reason: string;
}

/** The peer broke RFC 6455. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export class FramePeer {
  readonly role: 'client' | 'server';
  readonly socket: Socket;
  readonly reader: SocketReader;

  constructor(role: 'client' | 'server', end: { socket: Socket; reader: SocketReader }) {
    this.role = role;
    this.socket = end.socket;
    this.reader = end.reader;
  }

  /** Sends a frame; false when the connection broke. */
  send(spec: FrameSpec, options: WritePieces = {}): Promise<boolean> {
    return this.sendBytes(encodeFrame(spec, this.role === 'client'), options);
  }

  /** Sends a frame's head alone, announcing `spec.length`. */
  sendHead(spec: FrameSpec): Promise<boolean> {
    return this.sendBytes(encodeFrameHead(spec, this.role === 'client').bytes);
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: string | Uint8Array, options: WritePieces = {}): Promise<boolean> {
    return writeAll(this.socket, bytes, options);
  }

  /** Sends several frames in one write. */
  sendAll(...specs: readonly FrameSpec[]): Promise<boolean> {
    return this.sendBytes(Buffer.concat(specs.map((s) => encodeFrame(s, this.role === 'client'))));
  }

  text(payload: string): Promise<boolean> {
    return this.send({ opcode: OPCODE.text, payload });
  }

  binary(payload: Uint8Array): Promise<boolean> {
    return this.send({ opcode: OPCODE.binary, payload });
  }

  ping(payload: string | Uint8Array = ''): Promise<boolean> {
    return this.send({ opcode: OPCODE.ping, payload });
  }

  pong(payload: string | Uint8Array = ''): Promise<boolean> {
    return this.send({ opcode: OPCODE.pong, payload });
  }

  /** Sends a close frame, without payload when there is no code. */
  sendClose(code?: number, reason: string | Uint8Array = ''): Promise<boolean> {
    return this.send({ opcode: OPCODE.close, payload: closePayload(code, reason) });
  }

  /** Reads a frame's head; its payload stays to be read. */
  async readHead(): Promise<FrameHead> {
    const head = await readFrameHead(this.reader);
    const about = `a frame of opcode ${head.opcode}`;
    if (head.masked !== (this.role === 'server')) {
      throw new FrameError(`${about} is ${head.masked ? '' : 'not '}masked`);
    }
    const shortest = head.length < 126 ? 7 : head.length < 65_536 ? 16 : 64;
    if (head.lengthForm !== shortest) throw new FrameError(`${about} has a length in long form`);
    return head;
  }

  /** Reads a whole frame. */
  async readFrame(): Promise<Frame> {
    const head = await this.readHead();
    const payload = await this.reader.take(head.length);
    const { maskingKey } = head;
    return { ...head, payload: maskingKey === undefined ? payload : masked(payload, maskingKey) };
  }

  /** Reads a whole message; a close frame instead of it is an error. */
  async readMessage(): Promise<Message> {
    const controls: Frame[] = [];
    const fragments: Frame[] = [];
    for (;;) {
      const frame = await this.readFrame();
      if (frame.opcode === OPCODE.close) {
        const { code, reason } = readClosePayload(frame.payload);
        throw new FrameError(`close ${code ?? 'without a code'} ${reason} instead of a message`);
      }
      if (frame.opcode >= OPCODE.close) {
        controls.push(frame);
        continue;
      }
      if ((frame.opcode === OPCODE.continuation) !== fragments.length > 0) {
        throw new FrameError(`opcode ${frame.opcode} after ${fragments.length} fragments`);
      }
      fragments.push(frame);
      if (!frame.fin) continue;
      return {
        opcode: fragments[0]?.opcode ?? 0,
        rsv: fragments[0]?.rsv ?? 0,
        payload: Buffer.concat(fragments.map((fragment) => fragment.payload)),
        fragments: fragments.length,
        controls,
      };
    }
  }

  /** Reads the next frame, which must be a close frame. */
  async readClose(): Promise<CloseSeen> {
    const frame = await this.readFrame();
    if (frame.opcode !== OPCODE.close) {
      throw new FrameError(`opcode ${frame.opcode} instead of close: ${quote(frame.payload)}`);
    }
    return readClosePayload(frame.payload);
  }

  /** Reads on to the close frame, whatever comes before it. */
  async readToClose(): Promise<CloseSeen> {
    for (;;) {
      const frame = await this.readFrame();
      if (frame.opcode === OPCODE.close) return readClosePayload(frame.payload);
    }
  }

  /** Closes with a code, answers with it, and waits for the end: the whole closing handshake. */
  async shut(code = 1000, reason = ''): Promise<CloseSeen> {
    await this.sendClose(code, reason);
    const seen = await this.readToClose();
    if (this.role === 'server') this.socket.end();
    await this.reader.whenGone();
    await this.close();
    return seen;
  }

  /** Waits for the peer to leave, without a further byte, and closes this side. */
  async expectClosed(): Promise<CloseKind> {
    const how = await this.reader.whenGone();
    const rest = this.reader.unread;
    if (rest.length > 0) throw new FrameError(`more bytes before the end: ${quote(rest)}`);
    await this.close();
    return how;
  }

  /** Destroys the socket and waits until it is gone. */
  async close(): Promise<void> {
    this.socket.destroy();
    await this.reader.whenClosed();
  }
}

function readClosePayload(payload: Buffer): CloseSeen {
  if (payload.length === 0) return { code: undefined, reason: '' };
  if (payload.length === 1) throw new FrameError('a close frame of one byte');
  return { code: payload.readUInt16BE(), reason: payload.toString('utf8', 2) };
}
