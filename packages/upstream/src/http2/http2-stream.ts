/**
 * One stream to a backend, from its request to the end of its response (RFC 9113 §5.1, §8.1). The limits of header
 * sections, whether a response is complete, and what its failure means, are decided here.
 */
import { createError, isReverseItError } from '@reverseit/core/errors';
import { type FieldSection, HeaderSection, sectionSize } from '@reverseit/core/http';
import {
  COST,
  type FramedStream,
  H2_ERROR,
  type Http2ErrorCode,
  type InputOwner,
  type OutputOwner,
  ReceiveWindow,
  type ResponseGatherer,
  StreamInput,
  StreamOutput,
} from '@reverseit/core/internal';
import { lost } from '../connect/error-map.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { bodySource, chunkSize } from '../exchange/message/collected-body.ts';
import {
  headTooLarge,
  interimFault,
  malformed,
  readHead,
} from '../exchange/message/response-head.ts';
import { refused, streamError } from './http2-errors.ts';
import type { RequestSection } from './http2-fields.ts';
import { streamWindow } from './http2-output.ts';
import type { Http2Session } from './http2-session.ts';
import { Http2Upload } from './http2-upload.ts';

/**
 * What an interim response counts beside its fields. It takes a few bytes on the wire and a call of its own all the
 * same, so it counts as one of a usual size.
 */
const interimBytes = 256;

export class Http2Stream implements FramedStream, InputOwner, OutputOwner {
  readonly id: number;
  readonly output: StreamOutput;
  /** Whether anything of the response has come. */
  responseStarted = false;
  closed = false;
  readonly #session: Http2Session;
  readonly #exchange: DispatchedExchange;
  readonly #input: StreamInput;
  readonly #window = new ReceiveWindow(streamWindow);
  /** Of a body that is streamed. */
  #upload: Http2Upload | null = null;
  /** What it is reset with, if it is. */
  #code: Http2ErrorCode = H2_ERROR.CANCEL;
  /** The backend has reset it, or never knew of it. */
  #isGone = false;
  #remoteEnded = false;
  #paused = false;
  /** Of the interim responses so far, as HTTP/1.1 would have them, in bytes. */
  #interimBytes = 0;
  /** Announced content; null where it is not. */
  #expected: number | null = null;
  #received = 0;

  constructor(session: Http2Session, exchange: DispatchedExchange) {
    this.id = session.nextId(exchange.limits.maxResponseHeaderBytes);
    this.#session = session;
    this.#exchange = exchange;
    this.#input = new StreamInput(session.feed, this);
    this.#input.read();
    this.output = new StreamOutput(this.id, session.output, this, session.initialWindow);
    session.streams.add(this);
  }

  // ————— The request.

  send({ pseudo, fields }: RequestSection): void {
    const exchange = this.#exchange;
    const { body } = exchange.request;
    const isEmpty = body === null || (Buffer.isBuffer(body) && body.length === 0);
    this.#session.output.sendRequest(this.id, pseudo, fields, isEmpty);
    if (isEmpty) this.output.endWithHead();
    else if (Buffer.isBuffer(body) && body.length <= chunkSize) this.output.write(body, true);
    else {
      this.#upload = new Http2Upload(this.output, exchange, bodySource(body, true));
      this.#upload.start();
      return;
    }
    exchange.onSent();
  }

  onOutputDrain(): void {
    this.#upload?.unblock();
  }

  onOutputEnd(): void {
    this.#exchange.onWritten();
  }

  // ————— The head of the response.

  get headSeen(): boolean {
    return this.#exchange.headSeen;
  }

  /** Of each header section. */
  get maxHeaderBytes(): number {
    return this.#exchange.limits.maxResponseHeaderBytes;
  }

  /** A whole header block has come. */
  onHeaders(block: ResponseGatherer, endStream: boolean): void {
    this.responseStarted = true;
    const { status, fields, fault } = block;
    if (this.#remoteEnded) this.fault(H2_ERROR.STREAM_CLOSED, 'HEADERS after END_STREAM');
    else if (block.tooLarge) this.#exchange.onFailed(headTooLarge(this.maxHeaderBytes));
    else if (fault !== '') this.fault(H2_ERROR.PROTOCOL_ERROR, fault);
    else if (this.headSeen) this.#onTrailers(fields, endStream);
    else if (status < 200) this.#onInterim(status, fields, endStream);
    else this.#onHead(status, fields, endStream);
  }

  #onInterim(status: number, fields: FieldSection, endStream: boolean): void {
    const exchange = this.#exchange;
    const { maxInterimResponseBytes } = exchange.limits;
    this.#interimBytes += sectionSize(fields) + fields.length + interimBytes;
    const fault = interimFault(fields, this.#interimBytes, maxInterimResponseBytes);
    this.#session.feed.spend(COST.MESSAGE);
    if (endStream) this.fault(H2_ERROR.PROTOCOL_ERROR, 'interim response that ends the stream');
    // RFC 9113 §8.6.
    else if (status === 101) this.fault(H2_ERROR.PROTOCOL_ERROR, 'status 101 in HTTP/2');
    else if (fault !== null) exchange.onFailed(fault);
    else if (status !== 100) exchange.onInterim(status, fields);
  }

  #onHead(status: number, fields: FieldSection, endStream: boolean): void {
    const exchange = this.#exchange;
    const headers = HeaderSection.parsed(fields);
    const { maxResponseBodySize } = exchange.limits;
    const head = readHead(status, '', headers, exchange.isHead, '2.0', maxResponseBodySize);
    if (isReverseItError(head)) {
      exchange.onFailed(head);
      return;
    }
    this.#expected = head.contentLength;
    exchange.onFinal(head);
    if (exchange.holdsStart) this.#session.deliverAfterRead(exchange);
    if (endStream) this.onEnd([]);
    else exchange.onProgress();
  }

  #onTrailers(fields: FieldSection, endStream: boolean): void {
    if (endStream) this.onEnd(fields);
    else this.fault(H2_ERROR.PROTOCOL_ERROR, 'response headers inside the body');
  }

  // ————— Its content.

  onDataFrame(length: number): boolean {
    return this.#window.take(length);
  }

  onBytes(bytes: Buffer): void {
    this.#received += bytes.length;
    if (!this.headSeen) this.fault(H2_ERROR.PROTOCOL_ERROR, 'content before the response headers');
    else if (this.#expected !== null && this.#received > this.#expected) {
      this.fault(H2_ERROR.PROTOCOL_ERROR, 'more body data than its content-length');
    }
    if (this.closed) this.#session.onConsumed(bytes.length);
    else this.#input.onBytes(bytes);
  }

  onUnwanted(bytes: number): void {
    if (this.#remoteEnded || this.closed) return;
    const increment = this.#window.release(bytes);
    if (increment > 0) this.#session.output.sendWindowUpdate(this.id, increment);
  }

  onConsumed(bytes: number): void {
    this.#session.onConsumed(bytes);
    this.onUnwanted(bytes);
  }

  onBody(bytes: Buffer): void {
    this.#session.feed.spend(COST.CONTENT);
    if (this.#exchange.onChunk(bytes)) this.#session.feed.release(bytes);
    this.#exchange.onProgress();
  }

  onEnd(trailers: FieldSection): void {
    this.#remoteEnded = true;
    this.#input.onEnd(trailers);
  }

  /** The exchange has all that came before the end. */
  onBodyEnd(trailers: FieldSection): void {
    if (!this.headSeen) {
      this.fault(H2_ERROR.PROTOCOL_ERROR, 'stream ended before its response headers');
    } else if (this.#isIncomplete) {
      this.#exchange.onFailed(createError('RIT_ERR_UPSTREAM_TRUNCATED'));
    } else this.#exchange.onComplete(trailers);
  }

  get #isIncomplete(): boolean {
    return this.#expected !== null && this.#received < this.#expected;
  }

  pause(): void {
    this.#paused = true;
    this.#input.pause();
  }

  /** Not at once: whoever resumes does not expect to be called from within. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    process.nextTick(flow, this);
  }

  flow(): void {
    if (!this.closed && !this.#paused) this.#input.read();
  }

  // ————— The end.

  /** Whether the response has come to its end: whatever happens to the session, it is delivered. */
  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  fault(code: Http2ErrorCode, text: string): void {
    this.#input.deliverFresh();
    if (this.closed) return;
    this.#code = code;
    this.#exchange.onFailed(malformed(text));
  }

  onReset(code: number): void {
    this.#isGone = true;
    this.output.stop();
    // What was complete before is delivered nevertheless.
    if (this.#remoteEnded) return;
    this.#input.deliverFresh();
    const { headSeen } = this;
    if (code === H2_ERROR.REFUSED_STREAM && !headSeen) this.onNotProcessed();
    else this.#exchange.onFailed(streamError(code, { headSeen, incomplete: this.#isIncomplete }));
  }

  /** The backend says that it has done nothing with the request (RFC 9113 §8.7). */
  onNotProcessed(): void {
    this.#isGone = true;
    const { headSeen } = this;
    if (!this.responseStarted) this.#exchange.onLost(refused());
    else this.#exchange.onFailed(lost(headSeen, undefined));
  }

  /** Its exchange has left: it is reset, unless both sides have ended it. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const session = this.#session;
    const isEnded = this.#isGone || (this.#remoteEnded && this.output.ended);
    this.output.stop();
    session.output.forget(this.output);
    const held = this.#input.stop();
    if (held > 0) session.onConsumed(held);
    if (isEnded) session.streams.close(this.id, false);
    else session.sendReset(this.id, this.#code);
  }
}

function flow(stream: Http2Stream): void {
  stream.flow();
}
