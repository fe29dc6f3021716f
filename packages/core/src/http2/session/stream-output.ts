/**
 * What one stream sends after its header section: frames of content within the windows of stream and connection
 * (RFC 9113 §5.2, §6.9), a queue for what has to wait, and the end, with trailers or without.
 */

import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { Linked } from '../../io/intrusive-list.ts';
import { SendWatch, type WatchedSender } from '../../socket/send-watch.ts';
import type { SocketWriter } from '../../socket/socket-writer.ts';
import type { DeadlineQueue } from '../../time/deadlines.ts';
import { dataFrameHeader } from '../frame-writer.ts';
import { maxFrameBytes, maxWindow } from '../protocol.ts';

/** The connection, as its streams write to it. */
export interface OutputConnection {
  readonly writer: SocketWriter;
  /** Bytes of content that the peer takes of all streams together. */
  sendWindow: number;
  /** The stream waits, for a window or for the socket. */
  onOutputBlocked(output: StreamOutput): void;
  onDataSent(): void;
  sendTrailers(streamId: number, trailers: ReadonlyFieldSection): void;
}

/** Whose output it is. */
export interface OutputOwner {
  /** All that was written, and the end, has been handed to the socket. */
  onOutputEnd(): void;
  /** More may be written. */
  onOutputDrain(): void;
}

/** Who is told of a peer that takes nothing. */
export interface SendTimeoutDelegate {
  /** Nothing of what waits was taken within the timeout. */
  onSendTimeout(): void;
}

export class StreamOutput implements WatchedSender, Linked<StreamOutput> {
  // Links of the list of those that wait.
  previous: StreamOutput | null = null;
  next: StreamOutput | null = null;
  readonly #streamId: number;
  readonly #connection: OutputConnection;
  readonly #owner: OutputOwner;
  /** What the peer takes of this stream; below 0 where it has lowered that (§6.9.2). */
  #window: number;
  #queue: Buffer[] = [];
  #queued = 0;
  #sent = 0;
  /** The content is complete: the end follows the queue. */
  #ending = false;
  #ended = false;
  #trailers: ReadonlyFieldSection | null = null;
  /** Somebody waits for `onOutputDrain`. */
  #awaited = false;
  /** How long the peer may take nothing; null where somebody else sees to that. */
  #sendDeadlines: DeadlineQueue | null = null;
  #onTimeout: SendTimeoutDelegate | null = null;
  #watch: SendWatch | null = null;

  constructor(streamId: number, connection: OutputConnection, owner: OutputOwner, window: number) {
    this.#streamId = streamId;
    this.#connection = connection;
    this.#owner = owner;
    this.#window = window;
  }

  /** Bytes that wait. */
  get queued(): number {
    return this.#queued;
  }

  get needsDrain(): boolean {
    return this.#queued > 0 || this.#connection.writer.needsDrain;
  }

  get isFlushed(): boolean {
    return this.#queued === 0 && this.#connection.writer.isFlushed;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get bytesTaken(): number {
    return this.#sent;
  }

  /** Sends content, or as much of it as there is room for. `last` where nothing follows. */
  write(chunk: Buffer, last: boolean): void {
    if (this.#ended) return;
    if (last) this.#ending = true;
    const sent = this.#queued > 0 ? 0 : this.#sendOf(chunk, last);
    if (sent < chunk.length) {
      this.#queue.push(sent === 0 ? chunk : chunk.subarray(sent));
      this.#queued += chunk.length - sent;
      this.#startWatch();
    }
    if (this.#ended) this.#onEnd();
    else if (this.needsDrain) {
      this.#awaited = true;
      this.#connection.onOutputBlocked(this);
    }
  }

  /** Bounds how long the peer takes nothing of what waits. */
  watch(sendDeadlines: DeadlineQueue, delegate: SendTimeoutDelegate): void {
    this.#sendDeadlines = sendDeadlines;
    this.#onTimeout = delegate;
  }

  /** However long the peer takes. */
  unwatch(): void {
    this.#sendDeadlines = null;
    this.#watch?.stop();
  }

  /** The content is complete. */
  end(trailers: ReadonlyFieldSection | null): void {
    if (this.#ended) return;
    this.#ending = true;
    if (trailers !== null && trailers.length > 0) this.#trailers = trailers;
    if (this.#queued > 0) return;
    this.#sendEnd();
    this.#onEnd();
  }

  /** The head has ended the stream. */
  endWithHead(): void {
    this.#ended = true;
    this.#onEnd();
  }

  /** Nothing more is sent. */
  stop(): void {
    this.#ended = true;
    this.#awaited = false;
    this.#queue = [];
    this.#queued = 0;
    this.#watch?.stop();
  }

  /** The peer takes more of this stream, or less. False where that is more than there can be (§6.9.1). */
  addWindow(bytes: number): boolean {
    this.#window += bytes;
    return this.#window <= maxWindow;
  }

  /** Sends one frame of what waits. False where nothing can be sent now. */
  sendNext(): boolean {
    const first = this.#queue[0];
    if (first === undefined) return false;
    const part = first.length > maxFrameBytes ? first.subarray(0, maxFrameBytes) : first;
    const isLast = part.length === this.#queued && this.#ending && this.#trailers === null;
    const sent = this.#sendOf(part, isLast);
    if (sent === 0) return false;
    this.#queued -= sent;
    if (sent === first.length) this.#queue.shift();
    else this.#queue[0] = first.subarray(sent);
    if (this.#queued > 0) return true;
    this.#watch?.stop();
    if (this.#ending) {
      if (!this.#ended) this.#sendEnd();
      this.#onEnd();
    }
    return true;
  }

  /** Whether it waits no more for the connection; then whoever waits for it is told, by `drain`. */
  get isUnblocked(): boolean {
    return this.#queued === 0 && !this.#connection.writer.needsDrain;
  }

  drain(): void {
    if (!this.#awaited || this.#ended) return;
    this.#awaited = false;
    this.#owner.onOutputDrain();
  }

  onSendTimeout(): void {
    this.#onTimeout?.onSendTimeout();
  }

  /**
   * Sends a chunk, or as much of it as there is room for, in frames that leave together; `last` where nothing
   * follows it. Returns how much was sent.
   */
  #sendOf(chunk: Buffer, last: boolean): number {
    const connection = this.#connection;
    const room = Math.min(chunk.length, this.#window, connection.sendWindow);
    if (room <= 0 || connection.writer.needsDrain) return 0;
    const isLast = last && room === chunk.length;
    const parts: Buffer[] = [];
    for (let at = 0; at < room; at += maxFrameBytes) {
      const end = Math.min(room, at + maxFrameBytes);
      parts.push(dataFrameHeader(this.#streamId, end - at, isLast && end === room));
      parts.push(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
      connection.onDataSent();
    }
    this.#window -= room;
    connection.sendWindow -= room;
    this.#sent += room;
    if (isLast) this.#ended = true;
    connection.writer.pushTogether(parts);
    if (isLast) connection.writer.finish();
    return room;
  }

  #sendEnd(): void {
    this.#ended = true;
    const { writer } = this.#connection;
    if (this.#trailers !== null) this.#connection.sendTrailers(this.#streamId, this.#trailers);
    else writer.pushLast(dataFrameHeader(this.#streamId, 0, true));
  }

  #onEnd(): void {
    this.#watch?.stop();
    this.#owner.onOutputEnd();
  }

  #startWatch(): void {
    if (this.#sendDeadlines === null) return;
    this.#watch ??= new SendWatch(this, this.#sendDeadlines);
    this.#watch.start();
  }
}
