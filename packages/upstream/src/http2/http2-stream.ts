/**
 * One stream of an HTTP/2 session, from before it is opened until its exchange is over. Requests are
 * written to node:http2 and responses come from it; what it leaves open is decided here: limits of the
 * sections, whether a response is complete, what its failure means.
 */
import { type ClientHttp2Session, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '@reverseit/core/deadlines';
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, HeaderSection, sectionSize } from '@reverseit/core/http';
import { COST } from '@reverseit/core/internal';
import { lost } from '../connect/error-map.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { ExchangeTransport } from '../exchange/exchange-transport.ts';
import { bodySource, chunkSize, mayTrail } from '../exchange/message/collected-body.ts';
import {
  interimsTooLarge,
  malformed,
  maxInterimHeadBytes,
  readHead,
} from '../exchange/message/response-head.ts';
import { concernsSession, isExhausted, refused, streamError } from './http2-errors.ts';
import { requestFields, responseFields } from './http2-fields.ts';
import { type ListenedStream, openStream, reset, type StreamListener } from './http2-listeners.ts';
import { Http2Upload } from './http2-upload.ts';

const { NGHTTP2_REFUSED_STREAM } = constants;

/**
 * What an interim response counts beside its fields. It takes a few bytes on the wire and an event of its own
 * all the same, so it counts as one of a usual size.
 */
const interimBytes = 256;

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly scheme: 'http' | 'https';
  /** Last stream that the backend may have processed (RFC 9113 §6.8); `Infinity` before a GOAWAY. */
  readonly lastStreamId: number;
  /** Why the session ended, where it did; null while it has not. */
  readonly endCause: unknown;
  /** The stream is over, one way or another. */
  onStreamOver(stream: Http2Stream): void;
  /** Before it is connected, its exchange has left. Whether it goes on without the stream. */
  keepsConnecting(stream: Http2Stream): boolean;
  /** A stream failed with an error that is not its own. */
  onBroken(cause: unknown): void;
  /** The session cannot open streams any more. */
  retire(): void;
  /** A response did not come in time: is the backend still there? */
  probe(): void;
  /** Counts work, in ns. Answers whether more of it has to wait for `onTurn`. */
  spend(cost: number): boolean;
}

export class Http2Stream implements ExchangeTransport, DeadlineTarget, StreamListener {
  readonly fresh: boolean;
  readonly exchange: DispatchedExchange;
  readonly #owner: StreamOwner;
  readonly #deadline = new Deadline(this, 0);
  #stream: ListenedStream | null = null;
  /** Of a body that is streamed. */
  #upload: Http2Upload | null = null;
  #over = false;
  #responseStarted = false;
  /** Of the interim responses so far, as HTTP/1.1 would have them, in bytes. */
  #interimBytes = 0;
  #paused = false;
  /** Whether the backend has ended the stream: whatever ends afterwards, the response is complete. */
  #endSeen = false;
  #drained = false;
  /** Others have their turn: what comes is left in the stream. */
  #waitsForTurn = false;
  /** Body bytes that came while paused, once the stream had ended. */
  #held: Buffer[] = [];
  #expected: number | null = null;
  #received = 0;
  #trailers: FieldSection = [];

  constructor(owner: StreamOwner, exchange: DispatchedExchange, fresh: boolean) {
    this.#owner = owner;
    this.exchange = exchange;
    this.fresh = fresh;
  }

  // ————— Towards the exchange.

  get responseStarted(): boolean {
    return this.#responseStarted;
  }

  get pendingBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(flow, this);
    // Not at once: the handler is within its own call.
    if (this.#drained) process.nextTick(deliver, this);
  }

  arm(queue: DeadlineQueue): void {
    queue.arm(this.#deadline);
  }

  disarm(): void {
    this.#deadline.clear();
  }

  onDeadline(): void {
    this.#owner.probe();
    this.exchange.onConnectionDeadline();
  }

  bind(): void {
    // Streams are apart from each other: nobody is logged in by the connection (RFC 9113 §5).
  }

  release(): void {
    const stream = this.#leave();
    // RFC 9113 §8.1: the response was complete before the request.
    const { body } = this.exchange.request;
    if (stream !== null && body !== null && !stream.writableFinished) reset(stream);
    this.#owner.onStreamOver(this);
  }

  drop(): void {
    if (this.#over) return;
    const stream = this.#leave();
    if (stream !== null) reset(stream);
    this.#owner.onStreamOver(this);
  }

  abandon(): void {
    if (!this.#over && !this.#owner.keepsConnecting(this)) this.drop();
    else this.#leave();
  }

  detachSocket(): Duplex | null {
    return null;
  }

  #leave(): ListenedStream | null {
    const stream = this.#stream;
    this.#over = true;
    this.#deadline.clear();
    this.#stream = null;
    this.#held = [];
    if (stream !== null) stream.listener = null;
    return stream;
  }

  // ————— The request.

  /** Opens the stream with the request of the exchange. */
  send(session: ClientHttp2Session): void {
    if (this.#over) return;
    const { exchange } = this;
    const fields = requestFields(exchange.request, exchange.fields, this.#owner.scheme);
    if (isReverseItError(fields)) {
      exchange.onFailed(fields);
      return;
    }
    exchange.onBegin();
    const { body } = exchange.request;
    const stream = this.#open(session, fields);
    if (stream === null) return;
    this.#stream = stream;
    if (body === null) exchange.onSent();
    else if (Buffer.isBuffer(body) && body.length <= chunkSize) {
      stream.end(body, () => this.#onWritten());
      exchange.onSent();
    } else {
      const written = () => this.#onWritten();
      this.#upload = new Http2Upload(stream, exchange, bodySource(body, true), written);
      this.#upload.start();
    }
  }

  #open(session: ClientHttp2Session, fields: string[]): ListenedStream | null {
    try {
      const { body } = this.exchange.request;
      const content = body === null ? null : { waitForTrailers: mayTrail(body) };
      return openStream(session, fields, content, this);
    } catch (cause) {
      if (isExhausted(cause)) {
        this.#owner.retire();
        this.exchange.onLost(refused(cause));
      } else this.exchange.onFailed(createError('RIT_ERR_INTERNAL', undefined, { cause }));
      return null;
    }
  }

  onDrain(): void {
    this.#upload?.unblock();
  }

  #onWritten(): void {
    if (!this.#over) this.exchange.onWritten();
  }

  // ————— The response.

  onInterim(status: number, raw: readonly string[]): void {
    const { exchange } = this;
    const { maxResponseHeaderBytes, maxInterimResponseBytes } = exchange.limits;
    const fields = this.#read(raw, maxResponseHeaderBytes);
    if (fields === null) return;
    const size = sectionSize(fields);
    this.#interimBytes += size + fields.length + interimBytes;
    this.#spend(COST.MESSAGE);
    if (exchange.headSeen) exchange.onFailed(malformed('response headers inside the body'));
    // RFC 9113 §8.6.
    else if (status === 101) exchange.onFailed(malformed('status 101 in HTTP/2'));
    else if (size > maxInterimHeadBytes) {
      exchange.onFailed(malformed('interim response too large'));
    } else if (this.#interimBytes > maxInterimResponseBytes) {
      exchange.onFailed(interimsTooLarge(maxInterimResponseBytes));
    } else if (status !== 100) exchange.onInterim(status, fields);
  }

  /** Answers whether a body may follow. */
  onHead(status: number, raw: readonly string[]): boolean {
    const { exchange } = this;
    const { limits } = exchange;
    const fields = this.#read(raw, limits.maxResponseHeaderBytes);
    if (fields === null) return false;
    if (status < 200 || status > 599 || exchange.headSeen) {
      exchange.onFailed(malformed('unexpected status'));
      return false;
    }
    const headers = HeaderSection.parsed(fields);
    const head = readHead(status, '', headers, exchange.isHead, '2.0', limits.maxResponseBodySize);
    if (isReverseItError(head)) {
      exchange.onFailed(head);
      return false;
    }
    this.#expected = head.contentLength;
    exchange.onFinal(head);
    // What node:http2 has read with it comes within this turn.
    if (exchange.holdsStart) setImmediate(endRead, exchange);
    exchange.onProgress();
    return !this.#over;
  }

  #read(raw: readonly string[], max: number): FieldSection | null {
    this.#responseStarted = true;
    const fields = responseFields(raw, max);
    if (!isReverseItError(fields)) return fields;
    this.exchange.onFailed(fields);
    return null;
  }

  onTrailers(raw: readonly string[]): void {
    const trailers = this.#read(raw, this.exchange.limits.maxResponseHeaderBytes);
    if (trailers !== null) this.#trailers = trailers;
  }

  onChunk(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#expected !== null && this.#received > this.#expected) {
      this.exchange.onFailed(malformed('more body data than its content-length'));
    } else if (this.#paused && this.#endSeen) this.#held.push(chunk);
    else this.#deliver(chunk);
  }

  onDataFrame(bytes: number): void {
    this.#spend(COST.DATA_FRAME + bytes * COST.BYTE);
  }

  /** Counts work, in ns. Beyond the share of its connection, the stream reads on in the next turn. */
  #spend(cost: number): void {
    if (!this.#owner.spend(cost) || this.#waitsForTurn) return;
    this.#waitsForTurn = true;
    this.#stream?.pause();
  }

  /** Others have had their turn. */
  onTurn(): void {
    this.#waitsForTurn = false;
    this.flow();
  }

  /** Goes on reading. What the stream has gathered, perhaps in thousands of frames, comes in one chunk. */
  flow(): void {
    const stream = this.#stream;
    if (stream === null || this.#paused || this.#waitsForTurn) return;
    if (stream.readableLength > 0) stream.read();
    if (!this.#over && !this.#paused && !this.#waitsForTurn) stream.resume();
  }

  #deliver(chunk: Buffer): void {
    this.exchange.onChunk(chunk);
    this.exchange.onProgress();
  }

  /** The backend has ended the stream; what came before it may still stand in the stream's buffer. */
  onEndStream(): void {
    this.#endSeen = true;
    process.nextTick(drain, this);
  }

  /** Takes what the stream holds, so that its session may end without the response. */
  drain(): void {
    const stream = this.#stream;
    if (stream === null) return;
    // Each chunk comes as an event, as well.
    while (!this.#over && stream.read() !== null);
    if (this.#over) return;
    if (stream.readableLength > 0) {
      // The session broke within the same read.
      this.exchange.onFailed(createError('RIT_ERR_UPSTREAM_TRUNCATED'));
      return;
    }
    this.#drained = true;
    this.deliver();
  }

  deliver(): void {
    while (!this.#over && !this.#paused) {
      const chunk = this.#held.shift();
      if (chunk === undefined) {
        this.#complete();
        return;
      }
      this.#deliver(chunk);
    }
  }

  #complete(): void {
    const { exchange } = this;
    const missing = this.#expected !== null && this.#received < this.#expected;
    if (!exchange.headSeen)
      exchange.onFailed(malformed('stream ended before its response headers'));
    else if (missing) exchange.onFailed(createError('RIT_ERR_UPSTREAM_TRUNCATED'));
    else exchange.onComplete(this.#trailers);
  }

  // ————— The end of the stream, if it is not that of the response.

  onClose(code: number, id: number | undefined, cause: unknown): void {
    // What was complete before is delivered nevertheless.
    if (this.#drained) return;
    if (concernsSession(cause)) this.#owner.onBroken(cause);
    const { endCause, lastStreamId } = this.#owner;
    const { headSeen } = this.exchange;
    const incomplete = this.#expected !== null && this.#received < this.#expected;
    if (id === undefined || id > lastStreamId) this.#notProcessed(cause);
    else if (endCause !== null) this.onSessionEnd();
    else if (code === NGHTTP2_REFUSED_STREAM && !headSeen) this.#notProcessed(cause);
    else this.exchange.onFailed(streamError(code, { headSeen, incomplete }, cause));
  }

  /** Its request could not be sent: the backend knows nothing of it. */
  onUnsent(cause: unknown): void {
    if (this.#isRefusedBySession) this.#notProcessed(cause);
    // A session that breaks tells its streams first.
    else setImmediate(judgeUnsent, this, cause);
  }

  judgeUnsent(cause: unknown): void {
    if (this.#over) return;
    if (this.#isRefusedBySession) this.#notProcessed(cause);
    else {
      const error = createError('RIT_ERR_INTERNAL', 'the request cannot be sent', { cause });
      this.exchange.onFailed(error);
    }
  }

  get #isRefusedBySession(): boolean {
    const { endCause, lastStreamId } = this.#owner;
    return endCause !== null || lastStreamId !== Number.POSITIVE_INFINITY;
  }

  #notProcessed(cause: unknown): void {
    if (this.#responseStarted)
      this.exchange.onFailed(
        lost({ headSeen: this.exchange.headSeen, connectionEnded: true }, cause),
      );
    else this.exchange.onLost(refused(cause));
  }

  /** The session is gone, with all its streams. */
  onSessionEnd(error?: ReverseItError): void {
    if (this.#over || this.#drained) return;
    const { exchange } = this;
    const context = { headSeen: exchange.headSeen, connectionEnded: true };
    const { endCause } = this.#owner;
    if (
      isReverseItError(endCause) &&
      endCause.code === 'RIT_ERR_UPSTREAM_PROTOCOL' &&
      !exchange.headSeen
    ) {
      exchange.onFailed(endCause);
    } else exchange.onLost(error ?? lost(context, endCause));
  }
}

function flow(stream: Http2Stream): void {
  stream.flow();
}

function drain(stream: Http2Stream): void {
  stream.drain();
}

function endRead(exchange: DispatchedExchange): void {
  exchange.onReadEnd();
}

function deliver(stream: Http2Stream): void {
  stream.deliver();
}

function judgeUnsent(stream: Http2Stream, cause: unknown): void {
  stream.judgeUnsent(cause);
}
