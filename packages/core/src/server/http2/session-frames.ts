/** What the frames of a client mean to its streams and to its connection (RFC 9113 §5, §6). */
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { refusal } from '../../http1/grammar/request-head-builder.ts';
import type { FloodGuard } from '../../http2/flood-guard.ts';
import type { FrameSink } from '../../http2/frame-reader.ts';
import { HpackDecoder } from '../../http2/hpack/hpack-decoder.ts';
import { H2_ERROR, type Http2ErrorCode, maxWindow } from '../../http2/protocol.ts';
import { FieldGatherer, malformed } from '../../http2/request-fields.ts';
import { COST } from '../../io/turn-share.ts';
import type { ConnectionEnds } from '../exchange/connection-ends.ts';
import { RejectedRequest } from '../exchange/rejected-request.ts';
import type { Http2Feed } from './http2-feed.ts';
import type { Http2Context, Http2Stream } from './http2-stream.ts';
import type { SessionOutput } from './session-output.ts';
import { PeerSettings, windows } from './session-settings.ts';
import type { StreamRegister } from './stream-register.ts';

type ClosedFrame = 'DATA' | 'HEADERS';

/** The connection whose frames they are. */
export interface FramedSession extends ConnectionEnds {
  readonly context: Http2Context;
  readonly feed: Http2Feed;
  readonly output: SessionOutput;
  readonly streams: StreamRegister;
  /** The latest stream that the client may open. */
  readonly lastAllowed: number;
  /** Ends the connection with an error of the client's (§5.4.1). */
  fail(code: Http2ErrorCode, text: string): void;
  /** Whether a request for this host does not belong on this connection. */
  isMisdirected(authority: string | null): boolean;
  /** A request has come, and opens a stream. */
  serve(streamId: number, head: RequestHead, endStream: boolean): void;
  sendReset(streamId: number, code: Http2ErrorCode): void;
  /** The client has made us reset a stream. */
  onClientFault(): void;
  /** The client has answered a PING of ours. */
  onPong(): void;
  /** The client opens no more streams. */
  onPeerGoaway(): void;
}

export class SessionFrames implements FrameSink {
  readonly #session: FramedSession;
  readonly #output: SessionOutput;
  readonly #streams: StreamRegister;
  readonly #guard: FloodGuard;
  readonly #maxStreams: number;
  readonly #decoder = new HpackDecoder();
  readonly #gatherer: FieldGatherer;
  readonly #peer = new PeerSettings();
  #receiveWindow: number = windows.connection;
  /** Consumed, and not told yet. */
  #consumed = 0;
  /** The stream of the present DATA frame; null where it is closed. */
  #current: Http2Stream | null = null;
  /** Bytes of the present DATA frame that have not been told of as content. */
  #untold = 0;
  /** What the present DATA frame counts in windows, its padding among it. */
  #frameLength = 0;

  constructor(session: FramedSession, guard: FloodGuard) {
    const { limits } = session.context;
    this.#session = session;
    this.#output = session.output;
    this.#streams = session.streams;
    this.#guard = guard;
    this.#maxStreams = limits.maxConcurrentStreams;
    this.#gatherer = new FieldGatherer(limits);
  }

  /** What the client takes of a stream that begins. */
  get initialWindow(): number {
    return this.#peer.initialWindow;
  }

  /** Whether content of a request is being read. */
  get insideBody(): boolean {
    return this.#current !== null;
  }

  /** So many bytes of content are not held any more: the client may send as many, on any stream. */
  onConsumed(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < windows.connection / 2) return;
    this.#output.sendWindowUpdate(0, this.#consumed);
    this.#receiveWindow = Math.min(maxWindow, this.#receiveWindow + this.#consumed);
    this.#consumed = 0;
  }

  /** A frame has come that carries nothing. False: one too many, and the connection has ended. */
  #allowsFrame(): boolean {
    if (this.#guard.allowsFrame()) return true;
    this.#session.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
    return false;
  }

  // Frames of streams

  onDataFrame(streamId: number, length: number, endStream: boolean): void {
    if (length === 0 && !endStream && !this.#allowsFrame()) return;
    this.#frameLength = length;
    this.#untold = length;
    this.#receiveWindow -= length;
    this.#session.feed.spend(length * COST.BYTE);
    if (this.#receiveWindow < 0) {
      this.#session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'DATA beyond the window of the connection');
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#onClosedStream(streamId, 'DATA');
    else if (stream.remoteEnded) {
      stream.fault(H2_ERROR.STREAM_CLOSED, protocolError('DATA after END_STREAM'));
    } else if (stream.onDataFrame(length)) this.#current = stream;
    else stream.fault(H2_ERROR.FLOW_CONTROL_ERROR, protocolError('DATA beyond its window'));
  }

  onDataBytes(_streamId: number, bytes: Buffer): void {
    const stream = this.#current;
    this.#untold -= bytes.length;
    if (stream === null || stream.closed) this.onConsumed(bytes.length);
    else stream.onBytes(bytes);
  }

  onDataFrameEnd(_streamId: number, endStream: boolean): void {
    const stream = this.#current;
    this.#current = null;
    const padding = this.#untold;
    if (padding > 0) {
      if (padding === this.#frameLength && !endStream && !this.#allowsFrame()) return;
      this.onConsumed(padding);
    }
    if (stream === null || stream.closed) return;
    if (padding > 0) stream.onUnwanted(padding);
    if (endStream) stream.onEnd([]);
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    const stream = this.#streams.get(streamId);
    this.#session.feed.spend(block.length * COST.PARSED_BYTE);
    this.#gatherer.begin(stream !== undefined);
    // Whatever becomes of the stream: later blocks refer to this one.
    if (!this.#decoder.decode(block, this.#gatherer)) {
      this.#session.fail(H2_ERROR.COMPRESSION_ERROR, 'header block cannot be decoded');
    } else if (stream !== undefined) this.#onTrailers(stream, endStream);
    else if (streamId > this.#streams.last) this.#onRequest(streamId, endStream);
    else this.#onClosedStream(streamId, 'HEADERS');
  }

  /** A frame of a stream that is not open (§5.1). */
  #onClosedStream(streamId: number, frame: ClosedFrame): void {
    switch (this.#streams.stateOf(streamId)) {
      case 'idle':
        // Of one that was opened after our GOAWAY, nothing is noted.
        if (streamId > this.#session.lastAllowed) this.#countUnserved(frame);
        else this.#session.fail(H2_ERROR.PROTOCOL_ERROR, `${frame} on an idle stream`);
        break;
      case 'unused':
        this.#session.fail(H2_ERROR.PROTOCOL_ERROR, `${frame} on a stream that was passed over`);
        break;
      case 'closed':
        this.#session.fail(H2_ERROR.STREAM_CLOSED, `${frame} on a closed stream`);
        break;
      default:
        // It may have been in progress when we reset the stream.
        this.#countUnserved(frame);
    }
  }

  /** Content is bounded by the window of the connection; header blocks, and ends of streams, by nothing else. */
  #countUnserved(frame: ClosedFrame): void {
    if (frame !== 'DATA' || this.#frameLength === 0) this.#allowsFrame();
  }

  #onTrailers(stream: Http2Stream, endStream: boolean): void {
    if (stream.remoteEnded) {
      stream.fault(H2_ERROR.STREAM_CLOSED, protocolError('HEADERS after END_STREAM'));
      return;
    }
    // RFC 9113 §8.5: what it carries is DATA.
    if (stream.exchange.head.isExtendedConnect) {
      stream.fault(H2_ERROR.PROTOCOL_ERROR, protocolError('HEADERS on the stream of a CONNECT'));
      return;
    }
    const trailers = endStream ? this.#gatherer.trailers() : malformed;
    if (typeof trailers === 'object') stream.onEnd(trailers);
    else if (trailers === malformed) {
      stream.fault(H2_ERROR.PROTOCOL_ERROR, protocolError('malformed trailers'));
    } else {
      const error = createError(trailers, refusal(trailers, this.#session.context.limits));
      stream.fault(H2_ERROR.ENHANCE_YOUR_CALM, error);
    }
  }

  #onRequest(streamId: number, endStream: boolean): void {
    this.#session.feed.spend(COST.MESSAGE);
    // Sent before the client has read our GOAWAY.
    if (streamId > this.#session.lastAllowed) {
      this.#countUnserved('HEADERS');
      return;
    }
    this.#streams.last = streamId;
    if (this.#streams.size >= this.#maxStreams) {
      this.#session.sendReset(streamId, H2_ERROR.REFUSED_STREAM);
      if (!this.#guard.allowsRefusal())
        this.#session.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'too many streams');
      return;
    }
    this.#guard.onTaken();
    const head = this.#gatherer.head(endStream);
    if (typeof head === 'object') {
      if (!this.#session.isMisdirected(head.authority)) {
        this.#session.serve(streamId, head, endStream);
      } else this.#answerRefusal(streamId, createError('RIT_ERR_MISDIRECTED'), endStream);
    } else if (head === malformed) {
      this.#session.sendReset(streamId, H2_ERROR.PROTOCOL_ERROR);
      const request = new RejectedRequest(this.#session, this.#gatherer.requestLine);
      this.#session.context.onRefusal(protocolError('malformed request'), request);
      this.#session.onClientFault();
    } else {
      const error = createError(head, refusal(head, this.#session.context.limits));
      this.#answerRefusal(streamId, error, endStream);
    }
  }

  /** Answers a request that never became an exchange. */
  #answerRefusal(streamId: number, error: ReverseItError, endStream: boolean): void {
    const { status } = error;
    const toHead = this.#gatherer.isHead;
    const { context } = this.#session;
    const more = context.refusalFields(error);
    const window = this.#peer.initialWindow;
    const bytesSent = this.#output.sendRefusal(streamId, error, more, toHead, window);
    const answer = { status, bytesSent };
    const request = new RejectedRequest(this.#session, this.#gatherer.requestLine, answer);
    context.onRefusal(error, request);
    if (endStream) this.#streams.close(streamId, false);
    else this.#session.sendReset(streamId, H2_ERROR.NO_ERROR);
  }

  onReset(streamId: number, _code: number): void {
    if (!this.#allowsFrame()) return;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) stream.onReset();
    else if (this.#streams.stateOf(streamId) === 'idle' && streamId <= this.#session.lastAllowed) {
      this.#session.fail(H2_ERROR.PROTOCOL_ERROR, 'RST_STREAM on an idle stream');
    }
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.#allowsFrame()) return;
    if (streamId === 0) {
      if (this.#output.addWindow(increment)) this.#output.pump();
      else this.#session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'window of the connection too large');
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.stateOf(streamId) === 'idle' && streamId <= this.#session.lastAllowed) {
        this.#session.fail(H2_ERROR.PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream');
      }
    } else if (stream.output.addWindow(increment)) this.#output.pump();
    else stream.fault(H2_ERROR.FLOW_CONTROL_ERROR, protocolError('window too large'));
  }

  onStreamError(streamId: number, code: Http2ErrorCode): void {
    if (!this.#allowsFrame()) return;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) stream.fault(code, protocolError('malformed frame'));
    else if (this.#streams.stateOf(streamId) === 'idle')
      this.#session.fail(code, 'malformed frame');
  }

  // Frames of the connection

  onSettings(payload: Buffer): void {
    if (!this.#allowsFrame()) return;
    const code = this.#peer.apply(payload);
    if (code !== H2_ERROR.NO_ERROR) {
      this.#session.fail(code, 'invalid settings');
      return;
    }
    if (this.#peer.tableSizeSeen) this.#output.encoder.onTableSize();
    this.#output.sendSettingsAck();
    if (this.#peer.windowChange === 0) return;
    for (const { output } of this.#streams.all()) {
      if (output.addWindow(this.#peer.windowChange)) continue;
      this.#session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'window of a stream too large');
      return;
    }
    this.#output.pump();
  }

  onSettingsAck(): void {
    this.#allowsFrame();
  }

  onPing(payload: Buffer, isAck: boolean): void {
    if (!this.#allowsFrame()) return;
    if (!isAck) this.#output.sendPing(payload, true);
    else this.#session.onPong();
  }

  onGoaway(_code: number): void {
    if (!this.#allowsFrame()) return;
    this.#session.onPeerGoaway();
  }

  onIgnored(): void {
    this.#allowsFrame();
  }
}

function protocolError(text: string): ReverseItError {
  return createError('RIT_ERR_HTTP2_PROTOCOL', text);
}
