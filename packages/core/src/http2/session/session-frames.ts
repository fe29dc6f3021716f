/**
 * What the frames of a peer mean to its streams and to its connection (RFC 9113 §5, §6), whichever side it is. What a
 * header block is, and which streams there can be, the sides know.
 */
import type { FieldSection } from '../../http/field-section.ts';
import { COST } from '../../io/turn-share.ts';
import type { FloodGuard } from '../flood-guard.ts';
import type { FrameSink } from '../frame-reader.ts';
import type { FieldSink } from '../hpack/hpack-decoder.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import type { PeerSettings } from '../peer-settings.ts';
import { H2_ERROR, type Http2ErrorCode } from '../protocol.ts';
import { ReceiveWindow } from '../receive-window.ts';
import type { Http2Feed } from './http2-feed.ts';
import type { SessionOutput } from './session-output.ts';
import type { StreamOutput } from './stream-output.ts';
import type { StreamRegister } from './stream-register.ts';

export type ClosedFrame = 'DATA' | 'HEADERS';

/** A stream whose frames they are. */
export interface FramedStream {
  readonly id: number;
  readonly output: StreamOutput;
  /** Whether the peer has ended it. */
  readonly remoteEnded: boolean;
  readonly closed: boolean;
  /** A DATA frame begins. False where it exceeds the window. */
  onDataFrame(length: number): boolean;
  onBytes(bytes: Buffer): void;
  /** Padding has come. */
  onUnwanted(bytes: number): void;
  /** The peer has ended the stream. */
  onEnd(trailers: FieldSection): void;
  onReset(code: number): void;
  /** The peer broke the rules on this stream (§5.4.2). */
  fault(code: Http2ErrorCode, text: string): void;
}

/** The connection whose frames they are. */
export interface FramedSession<S extends FramedStream> {
  readonly feed: Http2Feed;
  readonly output: SessionOutput;
  readonly streams: StreamRegister<S>;
  /** Ends the connection with an error of the peer's (§5.4.1). */
  fail(code: Http2ErrorCode, text: string): void;
  /** The peer has answered a PING of ours. */
  onPong(): void;
  /** The peer takes no streams after this one, or opens none any more. */
  onPeerGoaway(code: number, lastStreamId: number): void;
}

export abstract class SessionFrames<S extends FramedStream> implements FrameSink {
  protected readonly session: FramedSession<S>;
  protected readonly peer: PeerSettings;
  readonly #guard: FloodGuard;
  readonly #decoder = new HpackDecoder();
  readonly #window: ReceiveWindow;
  /** The stream of the present DATA frame; null where it is closed. */
  #current: S | null = null;
  /** Bytes of the present DATA frame that have not been told of as content. */
  #untold = 0;
  /** What the present DATA frame counts in windows, its padding among it. */
  #frameLength = 0;

  constructor(
    session: FramedSession<S>,
    guard: FloodGuard,
    peer: PeerSettings,
    connectionWindow: number,
  ) {
    this.session = session;
    this.peer = peer;
    this.#guard = guard;
    this.#window = new ReceiveWindow(connectionWindow);
  }

  abstract onHeaders(streamId: number, block: Buffer, endStream: boolean): void;

  /** Whether a stream that is not open was never opened, so that no frame of it can be in progress. */
  protected abstract isIdle(streamId: number): boolean;

  /** The settings of the peer are known, or have changed. */
  protected abstract onPeerSettings(): void;

  /** What the peer takes of a stream that begins. */
  get initialWindow(): number {
    return this.peer.initialWindow;
  }

  /** Whether content is being read. */
  get insideBody(): boolean {
    return this.#current !== null;
  }

  /** So many bytes of content are not held any more: the peer may send as many, on any stream. */
  onConsumed(bytes: number): void {
    const increment = this.#window.release(bytes);
    if (increment > 0) this.session.output.sendWindowUpdate(0, increment);
  }

  /** A frame has come that carries nothing. False: one too many, and the connection has ended. */
  #allowsFrame(): boolean {
    if (this.#guard.allowsFrame()) return true;
    this.session.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'too many frames that carry nothing');
    return false;
  }

  // Frames of streams

  onDataFrame(streamId: number, length: number, endStream: boolean): void {
    if (length === 0 && !endStream && !this.#allowsFrame()) return;
    this.#frameLength = length;
    this.#untold = length;
    this.session.feed.spend(length * COST.BYTE);
    if (!this.#window.take(length)) {
      this.session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'DATA beyond the window of the connection');
      return;
    }
    const stream = this.session.streams.get(streamId);
    if (stream === undefined) this.onClosedStream(streamId, 'DATA');
    else if (stream.remoteEnded) stream.fault(H2_ERROR.STREAM_CLOSED, 'DATA after END_STREAM');
    else if (stream.onDataFrame(length)) this.#current = stream;
    else stream.fault(H2_ERROR.FLOW_CONTROL_ERROR, 'DATA beyond its window');
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

  /** Whatever becomes of the stream: later blocks refer to this one. False: the connection has ended. */
  protected decode(block: Buffer, sink: FieldSink): boolean {
    this.session.feed.spend(block.length * COST.PARSED_BYTE);
    if (this.#decoder.decode(block, sink)) return true;
    this.session.fail(H2_ERROR.COMPRESSION_ERROR, 'header block cannot be decoded');
    return false;
  }

  /** A frame of a stream that is not open (§5.1). */
  protected onClosedStream(streamId: number, frame: ClosedFrame): void {
    const state = this.session.streams.stateOf(streamId);
    if (this.isIdle(streamId)) {
      this.session.fail(H2_ERROR.PROTOCOL_ERROR, `${frame} on an idle stream`);
    } else if (state === 'passed-over') {
      this.session.fail(H2_ERROR.PROTOCOL_ERROR, `${frame} on a stream that was passed over`);
    } else if (state === 'closed') {
      this.session.fail(H2_ERROR.STREAM_CLOSED, `${frame} on a closed stream`);
    } else this.countUnserved(frame);
  }

  /**
   * It may have been in progress when we reset the stream, or said that we take no more. Content is bounded by the
   * window of the connection; header blocks, and ends of streams, by nothing else.
   */
  protected countUnserved(frame: ClosedFrame): void {
    if (frame !== 'DATA' || this.#frameLength === 0) this.#allowsFrame();
  }

  onReset(streamId: number, code: number): void {
    if (!this.#allowsFrame()) return;
    const stream = this.session.streams.get(streamId);
    if (stream !== undefined) stream.onReset(code);
    else if (this.isIdle(streamId)) {
      this.session.fail(H2_ERROR.PROTOCOL_ERROR, 'RST_STREAM on an idle stream');
    }
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (!this.#allowsFrame()) return;
    const { session } = this;
    if (streamId === 0) {
      if (session.output.addWindow(increment)) session.output.pump();
      else session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'window of the connection too large');
      return;
    }
    const stream = session.streams.get(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId)) {
        session.fail(H2_ERROR.PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream');
      }
    } else if (stream.output.addWindow(increment)) session.output.pump();
    else stream.fault(H2_ERROR.FLOW_CONTROL_ERROR, 'window too large');
  }

  onStreamError(streamId: number, code: Http2ErrorCode): void {
    if (!this.#allowsFrame()) return;
    const stream = this.session.streams.get(streamId);
    if (stream !== undefined) stream.fault(code, 'malformed frame');
    else if (this.isIdle(streamId)) this.session.fail(code, 'malformed frame');
  }

  // Frames of the connection

  onSettings(payload: Buffer): void {
    if (!this.#allowsFrame()) return;
    const { session, peer } = this;
    const code = peer.apply(payload);
    if (code !== H2_ERROR.NO_ERROR) {
      session.fail(code, 'invalid settings');
      return;
    }
    if (peer.tableSizeSeen) session.output.encoder.onTableSize();
    session.output.sendSettingsAck();
    if (peer.windowChange !== 0 && !this.#resizeWindows(peer.windowChange)) return;
    this.onPeerSettings();
  }

  #resizeWindows(change: number): boolean {
    const { session } = this;
    for (const { output } of session.streams.all()) {
      if (output.addWindow(change)) continue;
      session.fail(H2_ERROR.FLOW_CONTROL_ERROR, 'window of a stream too large');
      return false;
    }
    session.output.pump();
    return true;
  }

  onSettingsAck(): void {
    this.#allowsFrame();
  }

  onPing(payload: Buffer, isAck: boolean): void {
    if (!this.#allowsFrame()) return;
    if (!isAck) this.session.output.sendPing(payload, true);
    else this.session.onPong();
  }

  onGoaway(code: number, lastStreamId: number): void {
    if (!this.#allowsFrame()) return;
    this.session.onPeerGoaway(code, lastStreamId);
  }

  onIgnored(): void {
    this.#allowsFrame();
  }
}
