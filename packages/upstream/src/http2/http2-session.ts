/**
 * What is spoken over the socket of one connection to a backend (RFC 9113): the frames of its streams, and how it
 * ends. It knows streams and no exchanges of others; when a stream is opened, the connection decides.
 */
import type { Socket } from 'node:net';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  type FeedOwner,
  FloodGuard,
  FrameReader,
  H2_ERROR,
  type Http2ErrorCode,
  Http2Feed,
  maxStreamId,
  StreamRegister,
} from '@reverseit/core/internal';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import { brokenProtocol } from './http2-errors.ts';
import { Http2Output } from './http2-output.ts';
import type { Http2Stream } from './http2-stream.ts';
import { ResponseFrames, type ResponseSession } from './response-frames.ts';

/** What a header block may take beyond what its fields may weigh, in bytes. */
const blockOverhead = 16_384;

/** Of so many connections it has the share of a turn at most, whatever it carries. */
const maxWeight = 4;

const probe = Buffer.from('probe...', 'latin1');

/** Who is told of a session. */
export interface SessionDelegate {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** The backend's SETTINGS have come, the first or later ones. */
  onStreamLimit(streams: number): void;
  /** The frames of a read have been read. */
  onFramesRead(): void;
  onPong(): void;
  onPeerGoaway(code: number, lastStreamId: number): void;
  /** The backend broke the protocol, or we did. The session is of no use any more. */
  onFailed(error: ReverseItError): void;
}

export class Http2Session implements FeedOwner, ResponseSession {
  readonly feed: Http2Feed;
  readonly output: Http2Output;
  readonly streams = new StreamRegister<Http2Stream>('forgotten');
  readonly #delegate: SessionDelegate;
  readonly #guard: FloodGuard;
  readonly #frames: ResponseFrames;
  readonly #reader: FrameReader;
  /** Whose response has begun with the present read, and waits for its end. */
  #starting: DispatchedExchange[] = [];
  #open = true;

  constructor(socket: Socket, delegate: SessionDelegate) {
    this.#delegate = delegate;
    this.#guard = new FloodGuard(() => delegate.now());
    this.output = new Http2Output(socket, this.#guard);
    this.#frames = new ResponseFrames(this, this.#guard);
    this.#reader = new FrameReader(this.#frames, blockOverhead, 'server');
    this.feed = new Http2Feed(socket, this.#reader, this);
    socket.on('drain', () => this.#onDrain());
  }

  begin(): void {
    this.output.begin();
    this.feed.begin(null);
  }

  /** Whether it opens streams. */
  get hasIds(): boolean {
    return this.streams.last < maxStreamId;
  }

  /** The id of a stream that is opened now (§5.1.1), whose header sections may be as large as this. */
  nextId(maxHeaderBytes: number): number {
    this.#reader.allowBlocks(maxHeaderBytes + blockOverhead);
    this.#guard.onStream();
    this.streams.last += this.streams.last === 0 ? 1 : 2;
    return this.streams.last;
  }

  /** What the backend takes of a stream that begins. */
  get initialWindow(): number {
    return this.#frames.initialWindow;
  }

  sendReset(streamId: number, code: Http2ErrorCode): void {
    if (this.#open) this.output.sendReset(streamId, code);
    this.streams.close(streamId, true);
  }

  sendProbe(): void {
    this.output.sendPing(probe, false);
  }

  /** The start of the response is delivered when the present read is over. */
  deliverAfterRead(exchange: DispatchedExchange): void {
    this.#starting.push(exchange);
  }

  onConsumed(bytes: number): void {
    if (this.#open) this.#frames.onConsumed(bytes);
  }

  #onDrain(): void {
    if (!this.#open) return;
    this.output.onDrain();
    this.feed.resume();
  }

  // ————— Towards feed and frames.

  get open(): boolean {
    return this.#open;
  }

  get congested(): boolean {
    return this.output.congested;
  }

  /** Over HTTP/1.1 each exchange would have a connection of its own. */
  get weight(): number {
    return Math.max(1, Math.min(this.streams.size, maxWeight));
  }

  get expectsBody(): boolean {
    return this.#frames.insideBody;
  }

  onFramesRead(): void {
    if (this.#starting.length > 0) {
      const exchanges = this.#starting;
      this.#starting = [];
      for (const exchange of exchanges) exchange.onReadEnd();
    }
    if (this.#open) this.#delegate.onFramesRead();
  }

  onFed(): void {
    const { error } = this.#reader;
    if (error !== null) this.#onBroken(error.code, error.text);
  }

  onThrew(cause: unknown): void {
    this.#delegate.onFailed(createError('RIT_ERR_INTERNAL', undefined, { cause }));
  }

  fail(code: Http2ErrorCode, text: string): void {
    this.#reader.fail(code, text);
    this.#onBroken(code, text);
  }

  #onBroken(code: Http2ErrorCode, text: string): void {
    if (!this.#open) return;
    this.#end(code);
    this.#delegate.onFailed(brokenProtocol(code, text));
  }

  onStreamLimit(streams: number): void {
    this.#delegate.onStreamLimit(streams);
  }

  onPong(): void {
    this.#delegate.onPong();
  }

  onPeerGoaway(code: number, lastStreamId: number): void {
    this.#delegate.onPeerGoaway(code, lastStreamId);
  }

  // ————— The end.

  /** The socket brings nothing more: what it has brought counts. */
  finish(): void {
    if (this.#open) this.feed.finish();
  }

  /** Says goodbye, and sends nothing more. */
  close(): void {
    this.#end(H2_ERROR.NO_ERROR);
  }

  #end(code: Http2ErrorCode): void {
    if (!this.#open) return;
    this.#open = false;
    // The backend opens no streams.
    this.output.sendGoaway(0, code);
    this.output.writer.flush();
    this.feed.stop();
  }
}
