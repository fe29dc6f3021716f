/**
 * One request on its way through: the client's exchange on one side, the backend's on the other, and
 * back-pressure between them. A body up to the buffer size is held until it is complete, so that a slow
 * client keeps no backend connection; a longer one is streamed, and so is one without a length whose client
 * waits: for an answer to what it has sent, as in a conversation of both sides.
 */
import { type Exchange, type ExchangeHandler, httpDate } from '@reverseit/core';
import { Deadline, type DeadlineTarget } from '@reverseit/core/deadlines';
import { fail, overLimit, type ReverseItError } from '@reverseit/core/errors';
import {
  equalsIgnoreCase,
  type FieldSection,
  forwardableTrailers,
  getField,
} from '@reverseit/core/http';
import type {
  BodySink,
  BodySource,
  ClientConnection,
  CollectedBody,
  DispatchLimits,
  OriginPool,
  ResponseHandler,
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHead,
  WrittenFields,
} from '@reverseit/upstream';
import type { Recorder } from '../../hooks/recorder.ts';
import { type LocationMapper, responseFields, responseLines } from '../headers/response-rewrite.ts';
import { answerError } from '../runtime/answer-error.ts';
import type { RequestContext } from '../runtime/request-context.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';
import { ContentBuffer } from './content-buffer.ts';
import { DiscardedResponse, mostDiscarded } from './discarded-response.ts';
import { HookedResponse, type HookedResponseOwner } from './hooked-response.ts';

const noPieces: readonly Buffer[] = [];
const noTrailers: FieldSection = [];

/** Who has sent more than this, in bytes, and pauses, is in the middle of an upload and waits for no answer. */
const longestQuestion = 32_768;

/** A collected body is sent in the pieces in which it came from here on, in bytes. */
const longBody = 65_536;

export class ProxyExchange
  implements
    ExchangeHandler,
    ResponseHandler,
    BodySource,
    UpstreamRequest,
    HookedResponseOwner,
    DeadlineTarget,
    LocationMapper
{
  // The request as the pool takes it.
  readonly method: string;
  readonly target: string;
  readonly fields: FieldSection | WrittenFields;
  body: Buffer | CollectedBody | BodySource | null = null;
  readonly contentLength: number | null;

  readonly #exchange: Exchange;
  readonly #route: RouteRuntime;
  /** What the hooks of the request share; null where nobody wants it. */
  readonly #context: RequestContext | null;
  readonly #recorder: Recorder | null;
  /** What takes the response in place of the client: hooks that still run, or nobody any more. */
  #aside: HookedResponse | DiscardedResponse | null = null;
  #upstream: UpstreamExchange | null = null;
  #sink: BodySink | null = null;
  #content: ContentBuffer | null = null;
  /** Pieces that were handed to the sink, which may not have left yet. */
  #sent: readonly Buffer[] = noPieces;
  #held = 0;
  /** Of the client's silence; made for a body without a length that is held. */
  #silence: Deadline | null = null;
  /** Streamed within the share for clients that wait. */
  #sharing = false;
  #received = 0;
  /** The request's content is complete. */
  #complete: boolean;
  /** What follows it. */
  #trailers: FieldSection = noTrailers;
  /** The upstream side was told to start. */
  #dispatched = false;
  #over = false;

  constructor(
    exchange: Exchange,
    route: RouteRuntime,
    target: string,
    fields: FieldSection | WrittenFields,
    context: RequestContext | null,
  ) {
    const { head } = exchange;
    this.#exchange = exchange;
    this.#route = route;
    this.#context = context;
    this.#recorder = context === null ? null : context.recorder;
    this.method = head.method;
    this.target = target;
    this.fields = fields;
    this.contentLength = head.framing === 'length' ? head.contentLength : null;
    this.#complete = exchange.requestComplete;
  }

  /** Asked for where the content goes out in chunks. */
  get trailer(): string | null {
    return this.#route.request.trailerNames(this.#exchange.head);
  }

  get client(): ClientConnection | null {
    return this.#exchange.client;
  }

  /** Sends the request on, at once or when its body has been collected. */
  begin(): void {
    if (this.#complete) this.#dispatch();
    else this.#collect();
  }

  // The request's content

  #collect(): void {
    const { maxRequestBodySize, requestBodyBufferSize } = this.#route.options;
    const length = this.contentLength;
    if (length !== null && length > maxRequestBodySize) {
      this.#refuseSize();
      return;
    }
    this.#content = new ContentBuffer();
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

  /** Whether both sides may send at the same time, and wait for each other, from the start. */
  #isGrpc(): boolean {
    const type = getField(this.#exchange.head.fields, 'content-type');
    return type !== undefined && equalsIgnoreCase(type.slice(0, 16), 'application/grpc');
  }

  /** The client waits, it seems, for an answer to what it has sent. */
  onDeadline(): void {
    if (!this.#over && !this.#dispatched) this.#streamWaiting();
  }

  /** Streams what could be held, unless too many are by now. */
  #streamWaiting(): boolean {
    if (!this.#route.streams.take()) return false;
    this.#sharing = true;
    this.#startStreaming();
    return true;
  }

  #leaveShare(): void {
    if (this.#sharing) this.#route.streams.give();
    this.#sharing = false;
  }

  #read(): void {
    this.#exchange.readContent(this.#route.options.requestBodyReadTimeout);
  }

  onContent(piece: Buffer): void {
    if (this.#over) return;
    this.#received += piece.length;
    if (this.#recorder !== null) this.#recorder.bytesReceived = this.#received;
    if (this.#received > this.#route.options.maxRequestBodySize) {
      this.#refuseSize();
      return;
    }
    if (this.#sink !== null) {
      this.#stream(this.#sink, piece);
      return;
    }
    this.#content?.push(piece);
    if (this.#dispatched) return;
    if (
      this.#received > this.#route.options.requestBodyBufferSize ||
      !this.#route.shared.buffers.take(piece.length)
    ) {
      this.#startStreaming();
    } else {
      this.#held += piece.length;
      if (this.#silence !== null) this.#awaitSilence(this.#silence);
    }
  }

  #awaitSilence(silence: Deadline): void {
    if (this.#received > longestQuestion) silence.clear();
    else this.#route.bufferDelay.arm(silence);
  }

  onContentAnnounced(length: number): void {
    if (!this.#over && length > this.#route.options.maxRequestBodySize) this.#refuseSize();
  }

  onContentEnd(trailers: FieldSection): void {
    if (this.#over) return;
    this.#complete = true;
    this.#leaveShare();
    if (trailers.length > 0) {
      this.#trailers = this.#route.request.trailers(trailers, this.#exchange.head);
    }
    if (this.#sink !== null) this.#sink.end(this.#trailers);
    else if (!this.#dispatched) {
      // It has a length by now, which spares the backend the chunks, unless trailers need them.
      this.body = this.#content === null ? null : this.#collected(this.#content);
      this.#dispatch();
    }
  }

  /** All of the content. */
  #collected(content: ContentBuffer): Buffer | CollectedBody {
    const length = this.#received;
    const trailers = this.#trailers;
    if (length < longBody && trailers.length === 0) return content.takeWhole();
    this.#addLength(length);
    const giveBack = (piece: Buffer) => this.#exchange.giveBack(piece);
    return { contentLength: length, pieces: content.take(), trailers, giveBack };
  }

  #addLength(length: number): void {
    // What writes lines knows the length from the body.
    if (Array.isArray(this.fields)) this.fields.push('content-length', String(length));
  }

  #stream(sink: BodySink, piece: Buffer): void {
    if (!sink.write(piece)) this.#exchange.pauseContent();
    if (!sink.settled) return;
    this.#exchange.giveBack(piece);
    for (const sent of this.#sent) this.#exchange.giveBack(sent);
    this.#sent = noPieces;
  }

  #refuseSize(): void {
    const { maxRequestBodySize } = this.#route.options;
    this.#fail(overLimit('RIT_ERR_BODY_TOO_LARGE', maxRequestBodySize));
  }

  #startStreaming(): void {
    this.body = this;
    if (this.contentLength !== null) this.#addLength(this.contentLength);
    this.#exchange.pauseContent();
    this.#dispatch();
  }

  /** BodySource: the connection is ready for the body. */
  start(sink: BodySink): void {
    this.#sink = sink;
    const pieces = this.#content?.take() ?? [];
    this.#releaseBuffers();
    let more = true;
    for (const piece of pieces) more = sink.write(piece);
    this.#sent = pieces;
    if (this.#complete) sink.end(this.#trailers);
    else if (more) this.#read();
  }

  /** BodySource: the backend takes more. */
  resume(): void {
    if (!this.#over && !this.#complete) this.#read();
  }

  /** BodySource: the backend wants no more. What still comes is the connection's to drop. */
  cancel(): void {
    this.#sink = null;
    this.#sent = noPieces;
    this.#complete = true;
    this.#leaveShare();
    this.#exchange.pauseContent();
  }

  #releaseBuffers(): void {
    this.#silence?.clear();
    if (this.#held > 0) this.#route.shared.buffers.give(this.#held);
    this.#held = 0;
    this.#content = null;
  }

  // The backend

  #dispatch(): void {
    const { origin, limits, backendOrigin } = this.#route;
    if (origin === null)
      throw fail('RIT_ERR_INTERNAL', 'a request was forwarded to a route without backend');
    this.#dispatched = true;
    this.#silence?.clear();
    this.#recorder?.asking(backendOrigin);
    this.#upstream = this.send(origin, limits);
    this.#recorder?.asked(this.#upstream);
  }

  /** Asks the backend. */
  protected send(origin: OriginPool, limits: DispatchLimits): UpstreamExchange {
    return origin.dispatch(this, limits, this);
  }

  onInterim(status: number, fields: FieldSection): void {
    // RFC 9110 §15.2: all of them, known or not.
    this.#exchange.sendInterim(status, responseFields(fields, status, false, null, false));
  }

  onHead(head: UpstreamResponseHead): void {
    this.#recorder?.answered();
    const { status, reason } = head;
    const { options, hooks } = this.#route;
    const context = hooks.onResponse.length === 0 ? null : this.#context;
    const { lines } = head;
    const mapper = this.#route.locations === null ? null : this;
    // What has no length goes out in chunks, but for clients of HTTP/1.0.
    const mayTrail = head.contentLength === null && this.#exchange.head.minorVersion === 1;
    if (lines !== null && context === null && this.#exchange.takesLines) {
      const kept = responseLines(
        lines,
        head.fields,
        status,
        options.via,
        httpDate(),
        mayTrail,
        mapper,
      );
      if (kept !== null) {
        this.#exchange.sendHead(status, reason, kept, head.contentLength);
        return;
      }
    }
    const fields = responseFields(head.fields, status, options.via, httpDate(), mayTrail, mapper);
    if (context === null) this.#exchange.sendHead(status, reason, fields, head.contentLength);
    else {
      const hooked = new HookedResponse(head, fields, context, this);
      this.#aside = hooked;
      hooked.begin();
    }
  }

  /** LocationMapper: URLs of the backend's own become the client's, before hooks see them. */
  publicLocation(url: string): string {
    const { locations, target } = this.#route;
    if (locations === null) return url;
    const { head, encrypted, mountPath } = this.#exchange;
    const place = { authority: head.authority, encrypted, mountPath };
    return locations.apply(url, place, target.strips(head.target));
  }

  onHookWait(): void {
    this.#upstream?.pause();
  }

  onHooked(response: HookedResponse): void {
    this.#aside = null;
    try {
      if (response.replacement === null) this.#sendHooked(response);
      else this.#replace(response, response.replacement);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #sendHooked({ head, view, pieces, trailers }: HookedResponse): void {
    const { status } = view;
    const reason = status === head.status ? head.reason : '';
    const fields = view.seal(this.method, head.contentLength);
    this.#exchange.sendHead(status, reason, fields, head.contentLength);
    for (const piece of pieces) this.#exchange.write(piece);
    if (trailers !== null) this.onEnd(trailers);
    else if (!this.#exchange.needsDrain) this.#upstream?.resume();
  }

  /** Sends another response than the backend's, whose connection goes on if that costs little. */
  #replace({ head, view, pieces, trailers }: HookedResponse, body: string | Buffer): void {
    this.#exchange.respond(view.status, view.sealWhole(), body);
    this.#finish();
    this.#context?.finish(null);
    const upstream = this.#upstream;
    if (upstream === null || trailers !== null) return;
    if (!this.#complete || (head.contentLength ?? 0) > mostDiscarded) upstream.abort();
    else {
      const discarded = new DiscardedResponse(upstream, this.#route.shared.deadlines);
      this.#aside = discarded;
      for (const piece of pieces) discarded.onData(piece);
      upstream.resume();
    }
  }

  onHookFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  onData(chunk: Buffer): void {
    if (this.#aside !== null) this.#aside.onData(chunk);
    else if (!this.#exchange.write(chunk)) this.#upstream?.pause();
    else if (this.#exchange.settled) this.#upstream?.giveBack();
  }

  onEnd(trailers: FieldSection): void {
    if (this.#aside !== null) {
      this.#aside.onEnd(trailers);
      return;
    }
    this.#finish();
    this.#exchange.end(trailers.length === 0 ? trailers : forwardableTrailers(trailers));
    this.#context?.finish(null);
  }

  onError(error: ReverseItError): void {
    if (this.#over) {
      // Of a response that is only dropped.
      if (this.#aside !== null) this.#aside.onEnd([]);
      return;
    }
    this.#finish();
    this.#answer(error);
  }

  // The client

  onDrain(): void {
    if (this.#aside === null) this.#upstream?.resume();
  }

  onAbort(error: ReverseItError): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream?.abort();
    if (this.#context !== null) this.#context.finish(error);
    else this.#route.shared.observer.onFailure(error, this.#route.name, this.method);
  }

  onFault(error: ReverseItError): boolean {
    if (this.#route.hooks.onErrorResponse.length === 0) return false;
    this.#fail(error);
    return true;
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream?.abort();
    this.#answer(cause);
  }

  #answer(cause: unknown): void {
    answerError(this.#route.shared, this.#exchange, this.#route, this.#context, cause);
  }

  /** The backend has switched protocols: nothing of request and response is to come. */
  protected onSwitched(): void {
    this.#over = true;
    this.body = null;
    this.#releaseBuffers();
  }

  #finish(): void {
    this.#over = true;
    this.#leaveShare();
    this.#sink = null;
    this.#sent = noPieces;
    if (this.#aside instanceof HookedResponse) this.#aside.cancel();
    this.#aside = null;
    this.#releaseBuffers();
  }
}
