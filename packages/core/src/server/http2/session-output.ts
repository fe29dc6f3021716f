/** What a connection sends: frames of its streams in turns, within the windows, and answers to frames of its own. */
import type { Socket } from 'node:net';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { FloodGuard } from '../../http2/flood-guard.ts';
import {
  dataFrameHeader,
  goawayFrame,
  headersFrames,
  pingFrame,
  resetFrame,
  settingsAck,
  settingsFrame,
  windowUpdateFrame,
} from '../../http2/frame-writer.ts';
import { HpackEncoder } from '../../http2/hpack/hpack-encoder.ts';
import { defaultWindow, type Http2ErrorCode, maxWindow } from '../../http2/protocol.ts';
import type { DeadlineQueue } from '../../time/deadlines.ts';
import { SocketWriter, type SocketWriterOwner } from '../connection/socket-writer.ts';
import { errorFields, errorText } from '../exchange/error-response.ts';
import { wholeResponseHeaders } from '../exchange/whole-response.ts';
import { type Http2Limits, serverSettings, windows } from './session-settings.ts';
import type { OutputConnection, StreamOutput } from './stream-output.ts';

/** Bytes of heads, and of answers to frames, beyond which a client that reads nothing is not read from. */
const maxUnread = 65_536;

export class SessionOutput implements OutputConnection {
  readonly writer: SocketWriter;
  readonly sendDeadlines: DeadlineQueue;
  sendWindow = defaultWindow;
  readonly encoder = new HpackEncoder();
  readonly #guard: FloodGuard;
  /** Those that wait for a window or for the socket, in turns. */
  readonly #blocked = new Set<StreamOutput>();
  #unread = 0;
  #pumping = false;

  constructor(
    socket: Socket,
    sendDeadlines: DeadlineQueue,
    guard: FloodGuard,
    owner: SocketWriterOwner,
  ) {
    this.writer = new SocketWriter(socket, sendDeadlines, owner);
    this.sendDeadlines = sendDeadlines;
    this.#guard = guard;
  }

  /** Whether the client has to take what was written before it is read from. */
  get congested(): boolean {
    return this.#unread > maxUnread && this.writer.needsDrain;
  }

  /** Our part of the preface (RFC 9113 §3.4). */
  begin(limits: Http2Limits): void {
    this.writer.push(settingsFrame(serverSettings(limits)));
    this.writer.push(windowUpdateFrame(0, windows.connection - defaultWindow));
  }

  sendHeaders(
    streamId: number,
    status: number,
    fields: ReadonlyFieldSection,
    endStream: boolean,
  ): void {
    const frames = headersFrames(streamId, this.encoder.encode(status, fields), endStream);
    this.#countUnread(frames);
    if (endStream) this.writer.pushLast(frames);
    else this.writer.push(frames);
  }

  /**
   * Sends the response to a request that never became an exchange, `toHead` without its body. Its body does not wait
   * either: it is left out where `window`, of the stream, or that of the connection has no room for it. Returns its length.
   */
  sendRefusal(
    streamId: number,
    error: ReverseItError,
    more: ReadonlyFieldSection,
    toHead: boolean,
    window: number,
  ): number {
    const { status } = error;
    const text = errorText(status);
    const { length } = text;
    const hasRoom = length <= Math.min(window, this.sendWindow);
    const fields = [...errorFields(error), ...more];
    const headers = hasRoom
      ? wholeResponseHeaders(status, fields, length)
      : wholeResponseHeaders(status, fields.slice(2), 0);
    const isEmpty = toHead || !hasRoom;
    this.sendHeaders(streamId, status, headers.fields, isEmpty);
    if (isEmpty) return 0;
    this.sendWindow -= length;
    this.writer.push(dataFrameHeader(streamId, length, true));
    this.writer.pushLast(Buffer.from(text, 'latin1'));
    return length;
  }

  sendTrailers(streamId: number, trailers: ReadonlyFieldSection): void {
    this.sendHeaders(streamId, 0, trailers, true);
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
    this.#countUnread(frame);
    this.writer.push(frame);
  }

  /** No window bounds what is not content. */
  #countUnread({ length }: Buffer): void {
    if (this.writer.needsDrain) this.#unread += length;
  }

  onDataSent(): void {
    this.#guard.onDataSent();
  }

  onOutputBlocked(output: StreamOutput): void {
    this.#blocked.add(output);
  }

  /** A stream is closed. */
  forget(output: StreamOutput): void {
    this.#blocked.delete(output);
  }

  /** The client takes more content. False where that is more than there can be (RFC 9113 §6.9.1). */
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
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      let progress = true;
      while (progress && !this.writer.needsDrain) {
        progress = false;
        for (const output of this.#blocked) {
          if (this.writer.needsDrain) break;
          if (output.sendNext()) progress = true;
        }
      }
      for (const output of [...this.#blocked]) {
        if (!output.isUnblocked) continue;
        this.#blocked.delete(output);
        output.drain();
      }
    } finally {
      this.#pumping = false;
    }
  }
}
