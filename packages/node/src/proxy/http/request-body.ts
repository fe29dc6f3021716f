/**
 * The body of a request on its way to the backend. Up to the buffer size it is held until it is complete, so
 * that a slow client keeps no backend connection; a longer one is streamed, and so is one without a length
 * whose client waits: for an answer to what it has sent, as in a conversation of both sides.
 */
import type { Exchange } from '@reverseit/core';
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { overLimit, type ReverseItError } from '@reverseit/core/errors';
import { equalsIgnoreCase, type FieldSection, getField } from '@reverseit/core/http';
import type { BodySink, BodySource, CollectedBody } from '@reverseit/upstream';
import type { Recorder } from '../../hooks/recorder.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';
import { BodyBuffer } from './body-buffer.ts';

const noChunks: readonly Buffer[] = [];
const noTrailers: FieldSection = [];

/**
 * Who has sent more than this, in bytes, and pauses, is in the middle of an upload and waits for no answer.
 */
const maxQuestionBytes = 32_768;

/** A collected body is sent in the chunks in which it came from here on, in bytes. */
const longBody = 65_536;

/** The request that a body belongs to. */
export interface RequestBodyDelegate {
  /** The backend may be asked now: the body is complete, or streams. */
  onBodyReady(body: Buffer | CollectedBody | BodySource): void;
  /** It exceeds a limit. */
  onBodyRefused(error: ReverseItError): void;
}

export class RequestBody implements BodySource, DeadlineTarget {
  /** As the client has announced it. */
  readonly contentLength: number | null;
  readonly #exchange: Exchange;
  readonly #route: RouteRuntime;
  readonly #recorder: Recorder | null;
  readonly #delegate: RequestBodyDelegate;
  /** What is held of it; null once it goes to the sink. */
  #buffer: BodyBuffer | null = new BodyBuffer();
  #sink: BodySink | null = null;
  /** Chunks that were handed to the sink, which may not have left yet. */
  #sent: readonly Buffer[] = noChunks;
  /** Bytes taken from the budget that all requests share. */
  #held = 0;
  #received = 0;
  /** Of the client's silence; made for a body without a length that is held. */
  #silence: Deadline | null = null;
  /** Streamed within the share for clients that wait. */
  #sharing = false;
  /** The backend may have been asked. */
  #ready = false;
  /** All of it has come, or no more is wanted. */
  #complete = false;
  #trailers: FieldSection = noTrailers;
  #over = false;

  constructor(
    exchange: Exchange,
    route: RouteRuntime,
    recorder: Recorder | null,
    delegate: RequestBodyDelegate,
  ) {
    const { head } = exchange;
    this.contentLength = head.framing === 'length' ? head.contentLength : null;
    this.#exchange = exchange;
    this.#route = route;
    this.#recorder = recorder;
    this.#delegate = delegate;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** Asks the client for it, and holds it or streams it. */
  begin(): void {
    const { maxRequestBodySize, requestBodyBufferSize } = this.#route.options;
    const length = this.contentLength;
    if (length !== null && length > maxRequestBodySize) {
      this.#refuseSize();
      return;
    }
    // A body that is known to be longer fills the buffer first, too: a few bytes of a client that then
    // stalls must not cost the others a backend connection.
    if (requestBodyBufferSize === 0) this.#startStreaming();
    else if (length !== null || !this.#isGrpc() || !this.#streamWaiting()) {
      if (length === null) {
        this.#silence = new Deadline(this, 0);
        this.#awaitSilence(this.#silence);
      }
      this.#read();
    }
  }

  /** The request is over: whatever is held of its body is released. */
  finish(): void {
    this.#over = true;
    this.#leaveShare();
    this.#sink = null;
    this.#sent = noChunks;
    this.#releaseBuffer();
  }

  // ————— From the client.

  onBody(chunk: Buffer): void {
    if (this.#over) return;
    this.#received += chunk.length;
    if (this.#recorder !== null) this.#recorder.bytesReceived = this.#received;
    if (this.#received > this.#route.options.maxRequestBodySize) this.#refuseSize();
    else if (this.#sink !== null) this.#stream(this.#sink, chunk);
    else this.#hold(chunk);
  }

  onBodyAnnounced(length: number): void {
    if (!this.#over && length > this.#route.options.maxRequestBodySize) this.#refuseSize();
  }

  onBodyEnd(trailers: FieldSection): void {
    if (this.#over) return;
    this.#complete = true;
    this.#leaveShare();
    if (trailers.length > 0) {
      this.#trailers = this.#route.request.trailers(trailers, this.#exchange.head);
    }
    if (this.#sink !== null) this.#sink.end(this.#trailers);
    // It has a length by now, which spares the backend the chunks, unless trailers need them.
    else if (!this.#ready && this.#buffer !== null) this.#isReady(this.#collected(this.#buffer));
  }

  /** The client waits, it seems, for an answer to what it has sent. */
  onDeadline(): void {
    if (!this.#over && !this.#ready) this.#streamWaiting();
  }

  #read(): void {
    this.#exchange.readBody(this.#route.options.requestBodyReadTimeout);
  }

  #hold(chunk: Buffer): void {
    this.#buffer?.push(chunk);
    if (this.#ready) return;
    if (
      this.#received > this.#route.options.requestBodyBufferSize ||
      !this.#route.shared.buffers.reserve(chunk.length)
    ) {
      this.#startStreaming();
    } else {
      this.#held += chunk.length;
      if (this.#silence !== null) this.#awaitSilence(this.#silence);
    }
  }

  #awaitSilence(silence: Deadline): void {
    if (this.#received > maxQuestionBytes) silence.clear();
    else this.#route.bufferDelay.arm(silence);
  }

  #refuseSize(): void {
    const { maxRequestBodySize } = this.#route.options;
    this.#delegate.onBodyRefused(overLimit('RIT_ERR_BODY_TOO_LARGE', maxRequestBodySize));
  }

  #isReady(body: Buffer | CollectedBody | BodySource): void {
    this.#ready = true;
    this.#silence?.clear();
    this.#delegate.onBodyReady(body);
  }

  #collected(buffer: BodyBuffer): Buffer | CollectedBody {
    const trailers = this.#trailers;
    if (this.#received < longBody && trailers.length === 0) return buffer.takeWhole();
    const releaseChunk = (chunk: Buffer) => this.#exchange.releaseChunk(chunk);
    return { contentLength: this.#received, chunks: buffer.take(), trailers, releaseChunk };
  }

  #startStreaming(): void {
    this.#exchange.pauseBody();
    this.#isReady(this);
  }

  /** Whether both sides may send at the same time, and wait for each other, from the start. */
  #isGrpc(): boolean {
    const type = getField(this.#exchange.head.fields, 'content-type');
    return type !== undefined && equalsIgnoreCase(type.slice(0, 16), 'application/grpc');
  }

  /** Streams what could be held, unless too many are by now. */
  #streamWaiting(): boolean {
    if (!this.#route.streams.acquire()) return false;
    this.#sharing = true;
    this.#startStreaming();
    return true;
  }

  #leaveShare(): void {
    if (this.#sharing) this.#route.streams.release();
    this.#sharing = false;
  }

  #releaseBuffer(): void {
    this.#silence?.clear();
    if (this.#held > 0) this.#route.shared.buffers.release(this.#held);
    this.#held = 0;
    this.#buffer = null;
  }

  // ————— To the backend.

  /** The connection is ready for the body. */
  start(sink: BodySink): void {
    this.#sink = sink;
    const chunks = this.#buffer?.take() ?? [];
    this.#releaseBuffer();
    let more = true;
    for (const chunk of chunks) more = sink.write(chunk);
    this.#sent = chunks;
    if (this.#complete) sink.end(this.#trailers);
    else if (more) this.#read();
  }

  /** The backend takes more. */
  resume(): void {
    if (!this.#over && !this.#complete) this.#read();
  }

  /** The backend wants no more. What still comes is the connection's to drop. */
  cancel(): void {
    this.#sink = null;
    this.#sent = noChunks;
    this.#complete = true;
    this.#leaveShare();
    this.#exchange.pauseBody();
  }

  #stream(sink: BodySink, chunk: Buffer): void {
    if (!sink.write(chunk)) this.#exchange.pauseBody();
    if (!sink.isFlushed) return;
    this.#exchange.releaseChunk(chunk);
    for (const sent of this.#sent) this.#exchange.releaseChunk(sent);
    this.#sent = noChunks;
  }
}
