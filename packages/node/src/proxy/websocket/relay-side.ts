/**
 * One peer of a relay: its socket, what is written to it, and how far closing it has come. Pieces that
 * come together leave in one write.
 */
import type { Duplex } from 'node:stream';
import { continueReading, ignoreError, pauseReading } from '@reverseit/core/internal';
import { type CloseStatus, ClosingHandshake, closeFrame } from '@reverseit/core/websocket';
import { nextMaskingKey } from './masking-keys.ts';

/** Many small pieces are copied into one buffer; few large ones leave as a vector, uncopied. */
const coalesceBytes = 16_384;
const maxChunks = 8;

/** From here on they leave at once. */
const flushBytes = 65_536;

/** What is told of a peer's socket. */
export interface SideOwner {
  onData(side: RelaySide, chunk: Buffer): void;
  /** The socket takes more. */
  onDrain(side: RelaySide): void;
  /** The peer sends no more. */
  onEnd(side: RelaySide): void;
  /** The socket is closed. The last call. */
  onGone(side: RelaySide): void;
}

export class RelaySide {
  readonly isClient: boolean;
  /** Nobody else hears what is read from the socket. */
  readonly exclusive: boolean;
  readonly closing = new ClosingHandshake();
  /** A close frame that waits for the end of the frame which is on its way to the peer. */
  pendingClose: CloseStatus | null = null;
  /** The peer broke the protocol: it is not listened to any more (RFC 6455 §7.1.7). */
  failed = false;
  /** The socket is closed. */
  gone = false;
  /** The socket holds more than it should. */
  blocked: boolean;

  readonly #socket: Duplex;
  #first: Uint8Array | null = null;
  #rest: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  /** Paused since the latest `resume`, perhaps from within it. */
  stopped = true;

  /** `socket` is paused, and stays so until `resume`. */
  constructor(isClient: boolean, socket: Duplex, exclusive: boolean, owner: SideOwner) {
    this.isClient = isClient;
    this.exclusive = exclusive;
    this.#socket = socket;
    this.blocked = socket.writableNeedDrain;
    socket.pause();
    socket.on('data', (chunk: Buffer) => {
      if (this.stopped) this.#putBack(chunk);
      else owner.onData(this, chunk);
    });
    socket.on('drain', () => {
      this.blocked = false;
      owner.onDrain(this);
    });
    socket.on('end', () => owner.onEnd(this));
    socket.on('error', ignoreError);
    socket.on('close', () => {
      this.gone = true;
      owner.onGone(this);
    });
  }

  /** A stream whose `readable` listener undici has just taken off resumes by itself in the next tick. */
  #putBack(chunk: Buffer): void {
    this.#socket.pause();
    this.#socket.unshift(chunk);
  }

  /** The peer had ended its sending before it was ours. */
  get endedBefore(): boolean {
    return this.#socket.readableEnded;
  }

  /** Whether frames may still go to the peer. */
  get takesFrames(): boolean {
    return !this.#ended && !this.gone && this.closing.maySend;
  }

  /** Whether the peer has yet to answer our close frame. */
  get owesClose(): boolean {
    return !this.gone && !this.failed && this.closing.state === 'close-sent';
  }

  /** All that was added has left: no piece of it is held on to. */
  get isFlushed(): boolean {
    return this.#first === null && this.#socket.writableLength === 0;
  }

  /** Masking key for a frame to the peer. */
  get maskingKey(): number | null {
    return this.isClient ? null : nextMaskingKey();
  }

  /** Adds whole frames or the next part of one; dropped where the peer takes none. */
  push(bytes: Uint8Array): void {
    if (!this.takesFrames) return;
    this.#bytes += bytes.length;
    if (this.#first === null) this.#first = bytes;
    else this.#rest.push(bytes);
    if (this.#bytes >= flushBytes) this.flush();
  }

  /** Writes what was added. */
  flush(): void {
    const first = this.#first;
    if (first === null) return;
    this.#first = null;
    if (this.#rest.length > 0) this.#flushAll(first);
    else if (this.#socket.writable) this.blocked = !this.#socket.write(first);
    this.#bytes = 0;
  }

  #flushAll(first: Uint8Array): void {
    const socket = this.#socket;
    const pieces = [first, ...this.#rest];
    this.#rest = [];
    if (!socket.writable) return;
    if (this.#bytes <= coalesceBytes || pieces.length > maxChunks) {
      this.blocked = !socket.write(Buffer.concat(pieces, this.#bytes));
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    this.blocked = socket.writableNeedDrain;
  }

  /** Sends a close frame after what was added. Nothing follows it. */
  sendClose(status: CloseStatus): void {
    this.pendingClose = null;
    if (!this.takesFrames) return;
    this.push(closeFrame(status.code, status.reason, this.maskingKey));
    this.closing.send(status);
    this.flush();
  }

  /** Ends the connection in good order: what is written is delivered, what still comes is dropped. */
  end(): void {
    if (this.#ended) return;
    this.flush();
    this.#ended = true;
    this.pendingClose = null;
    this.#socket.end();
  }

  destroy(): void {
    this.#ended = true;
    this.#first = null;
    this.#rest = [];
    this.#socket.destroy();
  }

  pause(): void {
    this.stopped = true;
    pauseReading(this.#socket);
  }

  resume(): void {
    const socket = this.#socket;
    if (!socket.isPaused()) return;
    this.stopped = false;
    continueReading(socket, this);
  }
}
