/** What a connection sends: frames of its streams in turns, within the windows, and answers to frames of the peer's. */
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { IntrusiveList } from '../../io/intrusive-list.ts';
import type { SocketWriter } from '../../socket/socket-writer.ts';
import type { FloodGuard } from '../flood-guard.ts';
import {
  goawayFrame,
  headersFrames,
  pingFrame,
  resetFrame,
  settingsAck,
  windowUpdateFrame,
} from '../frame-writer.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { defaultWindow, type Http2ErrorCode, maxWindow } from '../protocol.ts';
import type { OutputConnection, StreamOutput } from './stream-output.ts';

/** Bytes of answers to frames beyond which a peer that reads nothing is not read from. */
const maxUnread = 65_536;

export class SessionOutput implements OutputConnection {
  readonly writer: SocketWriter;
  sendWindow = defaultWindow;
  readonly encoder = new HpackEncoder();
  readonly #guard: FloodGuard;
  /** Those that wait for a window or for the socket, in turns. */
  readonly #blocked = new IntrusiveList<StreamOutput>();
  #unread = 0;
  #pumping = false;

  constructor(writer: SocketWriter, guard: FloodGuard) {
    this.writer = writer;
    this.#guard = guard;
  }

  /** Whether the peer has to take what was written before it is read from. */
  get congested(): boolean {
    return this.#unread > maxUnread && this.writer.needsDrain;
  }

  protected sendBlock(streamId: number, block: Buffer, endStream: boolean): Buffer {
    const frames = headersFrames(streamId, block, endStream);
    if (endStream) this.writer.pushLast(frames);
    else this.writer.push(frames);
    return frames;
  }

  sendTrailers(streamId: number, trailers: ReadonlyFieldSection): void {
    this.countUnread(this.sendBlock(streamId, this.encoder.encode(0, trailers), true));
  }

  sendWindowUpdate(streamId: number, increment: number): void {
    this.#answer(windowUpdateFrame(streamId, increment));
  }

  sendReset(streamId: number, code: Http2ErrorCode): void {
    this.#answer(resetFrame(streamId, code));
  }

  sendSettingsAck(): void {
    this.#answer(settingsAck());
  }

  sendPing(payload: Buffer, isAck: boolean): void {
    this.#answer(pingFrame(payload, isAck));
  }

  sendGoaway(lastStreamId: number, code: Http2ErrorCode): void {
    this.#answer(goawayFrame(lastStreamId, code, ''));
  }

  #answer(frame: Buffer): void {
    this.countUnread(frame);
    this.writer.push(frame);
  }

  /** No window bounds what is not content. */
  protected countUnread({ length }: Buffer): void {
    if (this.writer.needsDrain) this.#unread += length;
  }

  onDataSent(): void {
    this.#guard.onDataSent();
  }

  onOutputBlocked(output: StreamOutput): void {
    if (!this.#blocked.has(output)) this.#blocked.push(output);
  }

  /** A stream is closed. */
  forget(output: StreamOutput): void {
    if (this.#blocked.has(output)) this.#blocked.remove(output);
  }

  /** The peer takes more content. False where that is more than there can be (RFC 9113 §6.9.1). */
  addWindow(bytes: number): boolean {
    this.sendWindow += bytes;
    return this.sendWindow <= maxWindow;
  }

  /** The socket has taken all that was written. */
  onDrain(): void {
    this.#unread = 0;
    this.writer.onDrain();
    this.pump();
  }

  /** Sends what waits, one frame of each stream in turn, as long as there is room. */
  pump(): void {
    // A stream that is told of room writes, and may find none again.
    if (this.#pumping || this.#blocked.size === 0) return;
    this.#pumping = true;
    try {
      let progress = true;
      while (progress && !this.writer.needsDrain) {
        progress = false;
        for (const output of this.#blocked.members()) {
          if (this.writer.needsDrain) break;
          if (this.#blocked.has(output) && output.sendNext()) progress = true;
        }
      }
      for (const output of this.#blocked.members()) {
        if (!output.isUnblocked || !this.#blocked.has(output)) continue;
        this.#blocked.remove(output);
        output.drain();
      }
    } finally {
      this.#pumping = false;
    }
  }
}
