/**
 * One HTTP/2 connection of a client (RFC 9113): what its frames mean to its streams, and its end. The client ends
 * it, or we do: in good order with GOAWAY (§6.8), after the streams in progress; or with an error, at once (§5.4.1).
 */

import type { Socket } from 'node:net';
import { createError, ReverseItError } from '../../errors/reverseit-error.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { FloodGuard } from '../../http2/flood-guard.ts';
import { FrameReader } from '../../http2/frame-reader.ts';
import { H2_ERROR, type Http2ErrorCode, maxStreamId } from '../../http2/protocol.ts';
import { type FeedOwner, Http2Feed } from '../../http2/session/http2-feed.ts';
import { StreamRegister } from '../../http2/session/stream-register.ts';
import type { ProxyHeader } from '../../proxy-protocol/proxy-header.ts';
import { letGo } from '../../socket/let-go.ts';
import type { SocketWriterOwner } from '../../socket/socket-writer.ts';
import { Deadline, type DeadlineTarget } from '../../time/deadlines.ts';
import { cutSocket } from '../connection/cut-socket.ts';
import { LingeringClose } from '../connection/lingering-close.ts';
import { ReadDeadline, type ReadDeadlineDelegate } from '../connection/read-deadline.ts';
import { callListener } from '../exchange/handler-calls.ts';
import { RejectedRequest } from '../exchange/rejected-request.ts';
import type { OpenConnection } from '../exchange/server-context.ts';
import { CertificateScope } from './certificate-scope.ts';
import { type Http2Context, Http2Stream, type StreamConnection } from './http2-stream.ts';
import { RequestFrames, type RequestSession } from './request-frames.ts';
import { ResponseOutput } from './response-output.ts';

/** What a header block may take beyond what its fields may weigh, in bytes. */
const blockOverhead = 16_384;

/** How long a client is waited for that has been told of a shutdown and does not answer, in ms. */
const shutdownGrace = 250;

/** How far the connection is from its end. */
const LIFE = { OPEN: 0, DRAINING: 1, ENDED: 2 } as const;
type Life = (typeof LIFE)[keyof typeof LIFE];

const shutdownPing = Buffer.from('shutdown', 'latin1');

export class Http2Session
  implements
    OpenConnection,
    FeedOwner,
    RequestSession,
    StreamConnection,
    SocketWriterOwner,
    ReadDeadlineDelegate,
    DeadlineTarget
{
  // Links of the server's list of connections.
  previous: OpenConnection | null = null;
  next: OpenConnection | null = null;
  readonly socket: Socket;
  readonly proxyHeader: ProxyHeader | null;
  readonly context: Http2Context;
  readonly feed: Http2Feed;
  readonly output: ResponseOutput;
  readonly #guard: FloodGuard;
  readonly #readDeadline: ReadDeadline;
  readonly #shutdownDeadline = new Deadline(this, 0);
  readonly #frames: RequestFrames;
  readonly #scope: CertificateScope | null;
  readonly streams = new StreamRegister<Http2Stream>('passed-over');
  /** The latest stream that the client may open. */
  lastAllowed = maxStreamId;
  #served = 0;
  /** Streams whose requests have just come. */
  #unheard: Http2Stream[] = [];
  #life: Life = LIFE.OPEN;
  #peerEnded = false;
  #shutDown = false;
  /** A header block is awaited to its end. */
  #insideBlock = false;

  constructor(context: Http2Context, socket: Socket, proxyHeader: ProxyHeader | null = null) {
    const { limits, http2 } = context;
    this.context = context;
    this.socket = socket;
    this.proxyHeader = proxyHeader;
    this.#scope = CertificateScope.of(context.certificateNames, socket);
    this.#guard = new FloodGuard(() => context.deadlines.now(), limits.maxStreamResetsPerSecond);
    this.output = new ResponseOutput(socket, context.sendDeadlines, this.#guard, this);
    this.#frames = new RequestFrames(this, this.#guard);
    const maxBlockBytes = limits.maxRequestHeaderBytes + blockOverhead;
    const reader = new FrameReader(this.#frames, maxBlockBytes, 'client');
    this.feed = new Http2Feed(socket, reader, this);
    this.#readDeadline = new ReadDeadline(context, this.feed, this);
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onPeerEnd());
    socket.on('error', (cause) => this.#onClose(cause));
    socket.on('close', () => {
      this.#onClose(undefined);
      this.feed.stop();
      http2.connections--;
      context.onConnectionClosed(this);
      letGo(socket);
    });
    http2.onConnection();
    this.#readDeadline.awaitHead();
    this.output.begin(limits);
  }

  /** The socket was paused; `early` was read from it before. */
  begin(early: Buffer | null): void {
    this.feed.begin(early);
  }

  // Towards the server

  /** Of the exchanges in progress, the number of the oldest; `Infinity` where there is none. */
  get exchangeNumber(): number {
    for (const { exchangeNumber } of this.streams.all()) {
      if (exchangeNumber !== Number.POSITIVE_INFINITY) return exchangeNumber;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * Tells the client to open no more streams, and ends the connection with the last one. What it has sent by the
   * time that it reads this is still served (§6.8): it has read it when it answers a PING.
   */
  shutdown(): void {
    // A client that has said GOAWAY itself may have tunnels that are open.
    if (this.#shutDown || !this.open) return;
    this.#shutDown = true;
    this.#life = LIFE.DRAINING;
    for (const stream of this.streams.all()) stream.endTunnel(null);
    if (this.lastAllowed !== maxStreamId) return;
    this.output.sendGoaway(maxStreamId, H2_ERROR.NO_ERROR);
    this.output.sendPing(shutdownPing, false);
    this.context.deadlines.queue(shutdownGrace).arm(this.#shutdownDeadline);
  }

  /** The client has had its time to hear of the shutdown. */
  onDeadline(): void {
    if (this.lastAllowed !== maxStreamId || !this.open) return;
    this.#shutdownDeadline.clear();
    this.#stopTaking();
    this.#finishIfIdle();
  }

  #stopTaking(): void {
    this.lastAllowed = this.streams.last;
    this.output.sendGoaway(this.lastAllowed, H2_ERROR.NO_ERROR);
  }

  destroy(error: ReverseItError): void {
    const isComplete = this.streams.size === 0 && this.socket.writableLength === 0;
    for (const stream of this.streams.all()) stream.endTunnel(error);
    this.#onClose(error);
    if (isComplete) this.socket.destroy();
    else cutSocket(this.socket);
  }

  // Towards the feed

  get open(): boolean {
    return this.#life !== LIFE.ENDED;
  }

  get congested(): boolean {
    return this.output.congested;
  }

  /** It is one client's. */
  readonly weight = 1;

  get expectsBody(): boolean {
    return this.#frames.insideBody;
  }

  onFed(): void {
    if (this.feed.reader.error !== null) this.#failByReader();
    else if (this.feed.reader.insideBlock) {
      this.#insideBlock = true;
      this.#readDeadline.awaitHead();
    } else if (this.#insideBlock) {
      this.#insideBlock = false;
      this.#awaitNext();
    }
  }

  #awaitNext(): void {
    if (this.streams.size > 0) this.#readDeadline.clear();
    else if (this.#served > 0) this.#readDeadline.awaitRequest();
  }

  onThrew(cause: unknown): void {
    this.abort(createError('RIT_ERR_INTERNAL', undefined, { cause }));
  }

  #failByReader(): void {
    const { error } = this.feed.reader;
    if (error === null) return;
    const isFlood = error.code === H2_ERROR.ENHANCE_YOUR_CALM;
    const code = isFlood ? 'RIT_ERR_HTTP2_FLOOD' : 'RIT_ERR_HTTP2_PROTOCOL';
    this.#endWith(error.code, createError(code, error.text), null);
  }

  fail(code: Http2ErrorCode, text: string): void {
    this.feed.reader.fail(code, text);
    this.#failByReader();
  }

  #endWith(code: Http2ErrorCode, error: ReverseItError, request: RejectedRequest | null): void {
    if (!this.open) return;
    this.context.onRefusal(error, request);
    this.output.sendGoaway(this.streams.last, code);
    this.#end(error);
  }

  // Towards frames and streams

  isMisdirected(authority: string | null): boolean {
    return this.#scope !== null && !this.#scope.includes(authority);
  }

  serve(streamId: number, head: RequestHead, endStream: boolean): void {
    const { context } = this;
    this.#guard.onStream();
    context.http2.onStream();
    this.#served++;
    this.#readDeadline.clear();
    const stream = new Http2Stream(streamId, this, head, this.#frames.initialWindow, endStream);
    this.streams.add(stream);
    if (this.#served >= context.maxRequestsPerConnection && this.lastAllowed === maxStreamId) {
      this.#stopTaking();
    }
    context.onExchangeStart(stream);
    this.#unheard.push(stream);
  }

  /**
   * Only now is the application told of requests: those that were reset in the same breath would have been begun,
   * and their backends asked, for nothing (CVE-2023-44487).
   */
  onFramesRead(): void {
    if (this.#unheard.length === 0) return;
    const streams = this.#unheard;
    this.#unheard = [];
    for (const stream of streams) {
      if (!stream.closed) callListener(stream.exchange, this.context.listener);
    }
  }

  onConsumed(bytes: number): void {
    if (this.open) this.#frames.onConsumed(bytes);
  }

  onPong(): void {
    if (this.#life === LIFE.DRAINING) this.onDeadline();
  }

  onPeerGoaway(): void {
    this.#life = LIFE.DRAINING;
    this.lastAllowed = Math.min(this.lastAllowed, this.streams.last);
    this.#finishIfIdle();
  }

  sendReset(streamId: number, code: Http2ErrorCode): void {
    this.output.sendReset(streamId, code);
    this.streams.close(streamId, true);
  }

  onClientFault(): void {
    if (this.#guard.allowsReset()) return;
    this.fail(H2_ERROR.ENHANCE_YOUR_CALM, 'streams reset beyond maxStreamResetsPerSecond');
  }

  onExchangeEnd(stream: Http2Stream): void {
    this.context.onExchangeEnd(stream);
  }

  onStreamClosed({ id, output }: Http2Stream): void {
    this.output.forget(output);
    this.streams.close(id, false);
    this.context.http2.streams--;
    if (!this.open || this.streams.size > 0) return;
    if (!this.#insideBlock) this.#readDeadline.awaitRequest();
    this.#finishIfIdle();
  }

  #onDrain(): void {
    if (!this.open) return;
    this.output.onDrain();
    this.feed.resume();
  }

  // Ending

  /** The client has sent FIN: requests that are complete are still answered, if it is there to read it. */
  #onPeerEnd(): void {
    if (!this.open) return;
    const { halfClose } = this.context;
    if (halfClose === 'abort' && this.streams.size > 0) {
      this.abort(createError('RIT_ERR_CLIENT_ABORTED'));
      return;
    }
    this.#peerEnded = true;
    this.lastAllowed = this.streams.last;
    for (const stream of this.streams.all()) {
      if (!stream.remoteEnded) stream.end(createError('RIT_ERR_INCOMPLETE_BODY'));
    }
    // Answered with a reset by a system whose process is gone.
    if (halfClose === 'probe') this.output.sendPing(shutdownPing, false);
    this.#finishIfIdle();
  }

  #finishIfIdle(): void {
    // After the latest stream there is none left to open (§5.1.1).
    const isLast =
      this.#peerEnded || this.lastAllowed !== maxStreamId || this.streams.last === maxStreamId;
    if (this.open && isLast && this.streams.size === 0) this.#end(null);
  }

  /** The client is late with what it has begun. */
  refuse(error: ReverseItError): void {
    if (this.#insideBlock) {
      this.#endWith(H2_ERROR.NO_ERROR, error, new RejectedRequest(this, ''));
    } else this.finish();
  }

  /** Nothing is in progress: the connection may end. */
  finish(): void {
    if (!this.open) return;
    this.output.sendGoaway(this.streams.last, H2_ERROR.NO_ERROR);
    this.#end(null);
  }

  /** Ends the connection so that the client can read why; what it still sends is dropped. */
  #end(error: ReverseItError | null): void {
    this.output.writer.flush();
    this.#onClose(error ?? undefined);
    new LingeringClose(this.socket, this.context, this.#peerEnded);
  }

  abort(error: ReverseItError): void {
    if (!this.open) return;
    this.output.writer.flush();
    try {
      this.#onClose(error);
    } finally {
      cutSocket(this.socket);
    }
  }

  #onClose(cause: Error | undefined): void {
    if (!this.open) return;
    this.#life = LIFE.ENDED;
    this.#readDeadline.clear();
    this.#shutdownDeadline.clear();
    this.output.writer.stop();
    this.feed.stop();
    const error =
      cause instanceof ReverseItError
        ? cause
        : createError('RIT_ERR_CLIENT_ABORTED', undefined, { cause });
    for (const stream of this.streams.all()) stream.end(error);
  }
}
