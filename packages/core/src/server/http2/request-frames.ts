/** What the frames of a client mean: header blocks are requests, or trailers of those (RFC 9113 §8.1). */
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { refusal } from '../../http1/grammar/request-head-builder.ts';
import type { FloodGuard } from '../../http2/flood-guard.ts';
import { PeerSettings } from '../../http2/peer-settings.ts';
import { H2_ERROR, type Http2ErrorCode } from '../../http2/protocol.ts';
import { FieldGatherer, malformed } from '../../http2/request-fields.ts';
import { type FramedSession, SessionFrames } from '../../http2/session/session-frames.ts';
import { COST } from '../../io/turn-share.ts';
import type { ConnectionEnds } from '../client/connection-ends.ts';
import { RejectedRequest } from '../exchange/rejected-request.ts';
import type { Http2Context, Http2Stream } from './http2-stream.ts';
import type { ResponseOutput } from './response-output.ts';
import { windows } from './server-settings.ts';

/** The connection whose frames they are. */
export interface RequestSession extends FramedSession<Http2Stream>, ConnectionEnds {
  readonly context: Http2Context;
  readonly output: ResponseOutput;
  /** The latest stream that the client may open. */
  readonly lastAllowed: number;
  /** Whether a request for this host does not belong on this connection. */
  isMisdirected(authority: string | null): boolean;
  /** A request has come, and opens a stream. */
  serve(streamId: number, head: RequestHead, endStream: boolean): void;
  sendReset(streamId: number, code: Http2ErrorCode): void;
  /** The client has made us reset a stream. */
  onClientFault(): void;
}

export class RequestFrames extends SessionFrames<Http2Stream> {
  declare protected readonly session: RequestSession;
  readonly #guard: FloodGuard;
  readonly #maxStreams: number;
  readonly #gatherer: FieldGatherer;

  constructor(session: RequestSession, guard: FloodGuard) {
    super(session, guard, new PeerSettings('client'), windows.connection);
    const { limits } = session.context;
    this.#guard = guard;
    this.#maxStreams = limits.maxConcurrentStreams;
    this.#gatherer = new FieldGatherer(limits);
  }

  /** Of one that was opened after our GOAWAY, nothing is noted. */
  protected isIdle(streamId: number): boolean {
    const { streams, lastAllowed } = this.session;
    return streamId <= lastAllowed && streams.stateOf(streamId) === 'idle';
  }

  protected onPeerSettings(): void {
    // Nothing that a client says of itself is of use before we send.
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    const { streams } = this.session;
    const stream = streams.get(streamId);
    this.#gatherer.begin(stream !== undefined);
    if (!this.decode(block, this.#gatherer)) return;
    if (stream !== undefined) this.#onTrailers(stream, endStream);
    else if (streamId > streams.last) this.#onRequest(streamId, endStream);
    else this.onClosedStream(streamId, 'HEADERS');
  }

  #onTrailers(stream: Http2Stream, endStream: boolean): void {
    if (stream.remoteEnded) {
      stream.fault(H2_ERROR.STREAM_CLOSED, 'HEADERS after END_STREAM');
      return;
    }
    // RFC 9113 §8.5: what it carries is DATA.
    if (stream.exchange.head.isExtendedConnect) {
      stream.fault(H2_ERROR.PROTOCOL_ERROR, 'HEADERS on the stream of a CONNECT');
      return;
    }
    const trailers = endStream ? this.#gatherer.trailers() : malformed;
    if (typeof trailers === 'object') stream.onEnd(trailers);
    else if (trailers === malformed) stream.fault(H2_ERROR.PROTOCOL_ERROR, 'malformed trailers');
    else {
      const error = createError(trailers, refusal(trailers, this.session.context.limits));
      stream.failWith(H2_ERROR.ENHANCE_YOUR_CALM, error);
    }
  }

  #onRequest(streamId: number, endStream: boolean): void {
    const { session } = this;
    session.feed.spend(COST.MESSAGE);
    // Sent before the client has read our GOAWAY.
    if (streamId > session.lastAllowed) {
      this.countUnserved('HEADERS');
      return;
    }
    session.streams.last = streamId;
    if (session.streams.size >= this.#maxStreams) {
      session.sendReset(streamId, H2_ERROR.REFUSED_STREAM);
      if (!this.#guard.allowsRefusal())
        session.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'too many streams');
      return;
    }
    this.#guard.onTaken();
    const head = this.#gatherer.head(endStream);
    if (typeof head === 'object') {
      if (!session.isMisdirected(head.authority)) session.serve(streamId, head, endStream);
      else this.#answerRefusal(streamId, createError('RIT_ERR_MISDIRECTED'), endStream);
    } else if (head === malformed) {
      session.sendReset(streamId, H2_ERROR.PROTOCOL_ERROR);
      const request = new RejectedRequest(session, this.#gatherer.requestLine);
      const error = createError('RIT_ERR_HTTP2_PROTOCOL', 'malformed request');
      session.context.onRefusal(error, request);
      session.onClientFault();
    } else {
      const error = createError(head, refusal(head, session.context.limits));
      this.#answerRefusal(streamId, error, endStream);
    }
  }

  /** Answers a request that never became an exchange. */
  #answerRefusal(streamId: number, error: ReverseItError, endStream: boolean): void {
    const { session } = this;
    const { status } = error;
    const toHead = this.#gatherer.isHead;
    const more = session.context.refusalFields(error);
    const window = this.initialWindow;
    const bytesSent = session.output.sendRefusal(streamId, error, more, toHead, window);
    const answer = { status, bytesSent };
    const request = new RejectedRequest(session, this.#gatherer.requestLine, answer);
    session.context.onRefusal(error, request);
    if (endStream) session.streams.close(streamId, false);
    else session.sendReset(streamId, H2_ERROR.NO_ERROR);
  }
}
