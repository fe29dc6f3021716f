/**
 * One stream of a connection (RFC 9113 §5.1): a request, its response, and how both end. Half-closed by the client
 * when the request is complete, by us when the response is; closed when both are, or with a reset.
 */

import { timedOut } from '../../errors/passed-limit.ts';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { H2_ERROR, type Http2ErrorCode } from '../../http2/protocol.ts';
import { ReceiveWindow } from '../../http2/receive-window.ts';
import type { Http2Feed } from '../../http2/session/http2-feed.ts';
import type { FramedStream } from '../../http2/session/session-frames.ts';
import {
  type OutputOwner,
  type SendTimeoutDelegate,
  StreamOutput,
} from '../../http2/session/stream-output.ts';
import { Deadline, type DeadlineQueue, type DeadlineTarget } from '../../time/deadlines.ts';
import type { ConnectionEnds } from '../client/connection-ends.ts';
import { endTunnel } from '../connection/end-tunnel.ts';
import type { Tunnel } from '../exchange/exchange-handler.ts';
import { callBody, callBodyEnd, callDrain } from '../exchange/handler-calls.ts';
import type { ServerContext } from '../exchange/server-context.ts';
import type { CertificateNames } from './certificate-scope.ts';
import type { Http2Counts } from './http2-counts.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { Http2Tunnel } from './http2-tunnel.ts';
import { RequestInput, type RequestInputOwner } from './request-input.ts';
import type { ResponseOutput } from './response-output.ts';
import { type Http2Limits, windows } from './server-settings.ts';

/** Bytes of a body that are dropped after an early response, and for how long, in ms, before a reset ends it. */
const maxDiscarded = 65_536;
const discardTimeout = 5000;

/** What the sessions of a server share. */
export interface Http2Context extends ServerContext {
  readonly limits: Http2Limits;
  readonly http2: Http2Counts;
  /** Which certificate is for which name; null where there are none by name. */
  readonly certificateNames: CertificateNames | null;
}

/** What a stream needs of its connection. */
export interface StreamConnection extends ConnectionEnds {
  readonly context: Http2Context;
  readonly feed: Http2Feed;
  readonly output: ResponseOutput;
  /** So many bytes of content are not held any more: the client may send as many, on any stream. */
  onConsumed(bytes: number): void;
  sendReset(streamId: number, code: Http2ErrorCode): void;
  /** The stream is closed. */
  onStreamClosed(stream: Http2Stream): void;
  /** The exchange, or the tunnel that it became, is over. */
  onExchangeEnd(stream: Http2Stream): void;
  /** The client has made us reset a stream. */
  onClientFault(): void;
}

export class Http2Stream
  implements FramedStream, RequestInputOwner, OutputOwner, SendTimeoutDelegate, DeadlineTarget
{
  readonly id: number;
  /** Which of the server's exchanges it carries, counted from 1; `Infinity` once that is over. */
  exchangeNumber = Number.POSITIVE_INFINITY;
  readonly input: RequestInput;
  readonly output: StreamOutput;
  readonly exchange: Http2Exchange;
  readonly connection: StreamConnection;
  /** Made for a request that is not complete with its response. */
  #deadline: Deadline | null = null;
  readonly #window = new ReceiveWindow(windows.stream);
  /** Content that the request has announced and that has not come; -1 where it has not announced any. */
  #expected: number;
  #remoteEnded = false;
  #closed = false;
  /** The request is not waited for when the response has left. */
  #endsWithReset = false;
  /** Bytes that were dropped since the response is complete; -1 before. */
  #discarded = -1;
  #tunnel: { readonly socket: Http2Tunnel; readonly delegate: Tunnel } | null = null;

  constructor(
    id: number,
    connection: StreamConnection,
    head: RequestHead,
    sendWindow: number,
    endStream: boolean,
  ) {
    this.id = id;
    this.connection = connection;
    this.#remoteEnded = endStream;
    this.#expected = head.framing === 'length' ? head.contentLength : -1;
    this.input = new RequestInput(connection.feed, this);
    this.output = new StreamOutput(id, connection.output, this, sendWindow);
    this.output.watch(connection.output.sendDeadlines, this);
    if (endStream) this.input.endEmpty();
    this.exchange = new Http2Exchange(head, this);
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  get closed(): boolean {
    return this.#closed;
  }

  queueOf(ms: number): DeadlineQueue {
    return this.connection.context.deadlines.queue(ms);
  }

  // What the client sends

  onDataFrame(length: number): boolean {
    return this.#window.take(length);
  }

  /** Padding has come, or content that nobody wants. */
  onUnwanted(bytes: number): void {
    if (this.#remoteEnded || this.#closed) return;
    const increment = this.#window.release(bytes);
    if (increment > 0) this.connection.output.sendWindowUpdate(this.id, increment);
  }

  onBytes(bytes: Buffer): void {
    const { length } = bytes;
    if (this.#expected >= 0) {
      this.#expected -= length;
      if (this.#expected < 0) {
        this.failWith(H2_ERROR.PROTOCOL_ERROR, createError('RIT_ERR_CONTENT_LENGTH', tooLong));
        this.connection.onConsumed(length);
        return;
      }
    }
    if (this.#discarded >= 0) this.#discard(length);
    else this.input.onBytes(bytes);
  }

  /** The client has ended the stream, with trailers perhaps. */
  onEnd(trailers: FieldSection): void {
    if (this.#expected > 0) {
      this.failWith(H2_ERROR.PROTOCOL_ERROR, createError('RIT_ERR_CONTENT_LENGTH', tooShort));
      return;
    }
    this.#remoteEnded = true;
    if (this.#discarded < 0) this.input.onEnd(trailers);
    this.#closeIfEnded();
  }

  /** The client has reset the stream. */
  onReset(): void {
    // Also where the response is complete, and waits for a window. Not of a tunnel that we have ended: browsers
    // close theirs like this.
    if (!this.exchange.done || !this.output.ended) this.connection.onClientFault();
    this.#remoteEnded = true;
    this.end(createError('RIT_ERR_CLIENT_ABORTED'));
  }

  fault(code: Http2ErrorCode, text: string): void {
    this.failWith(code, createError('RIT_ERR_HTTP2_PROTOCOL', text));
  }

  /** The client broke the rules on this stream: it is reset, and whatever is in progress aborted. */
  failWith(code: Http2ErrorCode, error: ReverseItError): void {
    if (this.#closed) return;
    this.connection.onClientFault();
    this.connection.sendReset(this.id, code);
    this.end(error);
  }

  #discard(bytes: number): void {
    this.connection.onConsumed(bytes);
    this.#discarded += bytes;
    if (this.#discarded > maxDiscarded) this.reset(H2_ERROR.NO_ERROR);
    else this.onUnwanted(bytes);
  }

  // The content of the request, by `input`

  onBody(bytes: Buffer): void {
    if (this.#tunnel === null) callBody(this.exchange, bytes);
    else this.#tunnel.socket.onBody(bytes);
  }

  onBodyEnd(trailers: FieldSection): void {
    if (this.#tunnel === null) callBodyEnd(this.exchange, trailers);
    else this.#tunnel.socket.onBodyEnd();
  }

  onBodyTimeout(afterMs: number): void {
    this.exchange.refuse(timedOut('RIT_ERR_BODY_TIMEOUT', afterMs));
  }

  onConsumed(bytes: number): void {
    this.connection.onConsumed(bytes);
    this.onUnwanted(bytes);
  }

  // What the client is sent, by `output`

  onOutputDrain(): void {
    if (this.#tunnel === null) callDrain(this.exchange);
    else this.#tunnel.socket.onDrain();
  }

  onSendTimeout(): void {
    const { ms } = this.connection.output.sendDeadlines;
    this.connection.sendReset(this.id, H2_ERROR.CANCEL);
    this.end(timedOut('RIT_ERR_SEND_TIMEOUT', ms));
  }

  onOutputEnd(): void {
    this.#tunnel?.socket.onOutputEnd();
    if (this.#endsWithReset) this.reset(H2_ERROR.NO_ERROR);
    this.#closeIfEnded();
  }

  /** The response is complete: what is left of the request is dropped, for a while. */
  onResponseEnd(): void {
    this.#endExchange();
    this.#closeIfEnded();
    if (this.#closed || this.#remoteEnded) return;
    const held = this.input.stop();
    this.#discarded = 0;
    // Nobody knows whether it will send what it has not been asked for; a tunnel that was not made takes nothing.
    const { awaitsContinue, head } = this.exchange;
    if (awaitsContinue || head.isExtendedConnect) this.#endsWithReset = true;
    if (this.#endsWithReset) this.reset(H2_ERROR.NO_ERROR);
    if (held > 0 && !this.#closed) this.#discard(held);
    if (!this.#closed) this.#awaitRest();
  }

  /** Its time to send the rest of a request is over. */
  onDeadline(): void {
    // The response first.
    if (this.output.ended) this.reset(H2_ERROR.NO_ERROR);
    else this.#awaitRest();
  }

  #awaitRest(): void {
    this.#deadline ??= new Deadline(this, 0);
    this.queueOf(discardTimeout).arm(this.#deadline);
  }

  // The end

  #closeIfEnded(): void {
    if (this.#closed || !this.#remoteEnded || !this.output.ended) return;
    // A request that is complete and not read is given up with its response.
    if (this.#tunnel === null && !this.exchange.done) return;
    if (this.#tunnel !== null && !this.input.complete) return;
    this.#close();
  }

  /** Resets the stream, by RFC 9113 §8.1 with NO_ERROR where only the request is not complete. */
  reset(code: Http2ErrorCode): void {
    if (this.#closed) return;
    if (code === H2_ERROR.NO_ERROR && !this.output.ended) return;
    this.connection.sendReset(this.id, code);
    this.#close();
  }

  /** The stream is over without a word: it was reset, or its connection is gone. */
  end(error: ReverseItError): void {
    if (this.#closed) return;
    const tunnel = this.#tunnel;
    const wasDone = this.exchange.done;
    this.#close();
    if (tunnel !== null) tunnel.socket.onStreamLost(error);
    else if (!wasDone) this.exchange.abandon(error);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline?.clear();
    this.output.stop();
    const held = this.input.stop();
    if (held > 0) this.connection.onConsumed(held);
    this.#endExchange();
    this.connection.onStreamClosed(this);
  }

  #endExchange(): void {
    if (this.exchangeNumber === Number.POSITIVE_INFINITY) return;
    this.connection.onExchangeEnd(this);
    this.exchangeNumber = Number.POSITIVE_INFINITY;
  }

  // Tunnels

  /** Another protocol takes over. */
  startTunnel(socket: Http2Tunnel, delegate: Tunnel): void {
    this.#tunnel = { socket, delegate };
    this.output.unwatch();
    this.#endExchange();
  }

  /** The server closes, or, with an error, does not wait any longer. */
  endTunnel(error: ReverseItError | null): void {
    if (this.#tunnel !== null) endTunnel(this.#tunnel.delegate, error, this.connection.context);
  }

  /** The tunnel has been read and written to its end. */
  onTunnelEnd(): void {
    this.#closeIfEnded();
  }
}

const tooLong = 'content of the stream exceeds its Content-Length (RFC 9113 §8.1.1)';
const tooShort = 'content of the stream falls short of its Content-Length (RFC 9113 §8.1.1)';
