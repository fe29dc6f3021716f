/**
 * A connection of our own: requests are written as they stand, responses are read by core's parser, and
 * nothing else lies between an exchange and the socket.
 */
import type { Socket } from 'node:net';
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import { type BodyDelegate, RESPONSE } from '@reverseit/core/http1';
import {
  allowReading,
  type ByteReader,
  beginRead,
  COST,
  continueReading,
  endRead,
  HeldBytes,
  letReadInto,
  pauseReading,
  ReadBuffer,
  releaseBytes,
  resumeReading,
} from '@reverseit/core/internal';
import type { SocketSource } from '../../connect/connector.ts';
import { lost } from '../../connect/error-map.ts';
import type { ConnectionOwner } from '../../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../../exchange/dispatched-exchange.ts';
import { connectionLines, requestHead } from '../../exchange/message/request-head.ts';
import type { CheckedHead } from '../../exchange/message/response-head.ts';
import { Http1Connection } from '../http1-connection.ts';
import { ResponseHeads } from '../response-heads.ts';
import { RequestWriter } from './request-writer.ts';

const noBytes = Buffer.alloc(0);
const noTrailers: FieldSection = [];

export class DirectConnection extends Http1Connection implements ByteReader, BodyDelegate {
  readonly #heads = new ResponseHeads();
  readonly #parser = this.#heads.parser;
  /** Null where the socket reads into memory of its own, a new one each time. */
  #readBuffer: ReadBuffer | null = new ReadBuffer(this);
  readonly #secure: boolean;
  /** Records of TLS that came although reading had stopped. */
  readonly #held = new HeldBytes();
  #writer: RequestWriter | null = null;
  /** Head of a request that waits for the socket, or for its turn. */
  #waitingHead = '';
  #responseStarted = false;
  #paused = false;
  /** The present read has brought a final head or body bytes; framing alone is no progress. */
  #progressed = false;
  /** Body bytes that the present read has brought. */
  #bodyBytes = 0;
  /** Bytes after the head that switched protocols. */
  #early: Buffer = noBytes;

  constructor(owner: ConnectionOwner, connector: SocketSource) {
    const { secure } = connector.origin;
    super(owner, connector);
    this.#secure = secure;
  }

  get responseStarted(): boolean {
    return this.#responseStarted;
  }

  // ————— The request.

  protected send(exchange: DispatchedExchange): void {
    const head =
      exchange.head || requestHead(exchange.request, exchange.fields, connectionLines(exchange));
    if (typeof head !== 'string') {
      exchange.onFailed(head);
      return;
    }
    if (this.state !== 'connecting' && exchange.repeatable) {
      this.#begin(exchange, head);
      return;
    }
    this.#waitingHead = head;
    if (this.state === 'connecting') this.open(this.#secure ? undefined : this.#readBuffer?.onread);
    // The backend may have closed the connection already. What can be sent again is simply sent; for the
    // rest, the event loop looks at the socket once more.
    else setImmediate(sendWaiting, this);
  }

  /** Sends the request that waits, if it still does. */
  sendWaiting(): void {
    const { exchange } = this;
    if (exchange === null || this.state !== 'claimed') return;
    // A reset was seen, and `close` is yet to come: it sends the request elsewhere.
    if (this.socket?.destroyed !== true) this.#begin(exchange, this.#waitingHead);
  }

  #begin(exchange: DispatchedExchange, head: string): void {
    this.state = 'busy';
    this.#waitingHead = '';
    this.#responseStarted = false;
    this.#heads.begin(exchange);
    exchange.onBegin();
    this.#writer?.send(head, exchange);
  }

  // ————— The response.

  get expectsBody(): boolean {
    if (this.state === 'switched') return true;
    return this.state === 'busy' && this.#parser.state === RESPONSE.BODY;
  }

  onRead(bytes: Buffer): boolean {
    const { exchange } = this;
    if (this.state === 'switched') {
      const { socket } = this;
      return socket?.push(this.#lend(bytes)) ?? false;
    }
    this.share.spend(this.#readBuffer === null ? COST.STREAM_READ : COST.READ);
    this.#yieldIfSpent();
    if (this.#paused || this.share.waiting) {
      this.#held.append(Buffer.from(bytes));
      return true;
    }
    if (this.state === 'busy' && exchange !== null) {
      this.#responseStarted = true;
      try {
        this.#parse(exchange, bytes);
      } catch (cause) {
        exchange.onFailed(createError('RIT_ERR_INTERNAL', undefined, { cause }));
      }
      this.#yieldIfSpent();
    }
    // RFC 9112 §9.2: a response without a request; whatever follows could not be told apart.
    else this.giveUp();
    return true;
  }

  /** Beyond the connection's share of the turn, it reads on in the next. */
  #yieldIfSpent(): void {
    if (!this.share.spent || this.socket === null) return;
    pauseReading(this.socket);
    this.share.yield();
  }

  onTurn(): void {
    this.readOn();
  }

  /** Parses what has been held, then reads on, unless it has to stop again. */
  readOn(): void {
    const { socket } = this;
    if (this.stopped || socket === null) return;
    if (this.#held.length > 0) this.#onData(this.#held.take());
    if (!this.stopped) continueReading(socket, this);
  }

  /**
   * Whether it does not read: its exchange does not listen, others come first, or the socket is given away.
   */
  get stopped(): boolean {
    return this.#paused || this.share.waiting || this.state === 'switched';
  }

  /** At most to the end of the response; the exchange may end the connection at any step. */
  #parse(exchange: DispatchedExchange, bytes: Buffer): void {
    const parser = this.#parser;
    let at = 0;
    this.#progressed = false;
    while (at < bytes.length && this.exchange === exchange) {
      if (parser.state === RESPONSE.HEAD) {
        const came = this.#heads.read(exchange, bytes, at);
        this.share.spend((parser.offset - at) * COST.PARSED_BYTE);
        at = parser.offset;
        if (came && this.exchange === exchange) this.#onHead(exchange, bytes, at);
      } else {
        this.#bodyBytes = 0;
        parser.readBody(bytes, at, this);
        const content = this.#bodyBytes;
        const framing = parser.offset - at - content;
        this.share.spend(content * COST.BYTE + framing * COST.PARSED_BYTE);
        at = parser.offset;
        exchange.onAnnounced(parser.announced);
      }
      if (this.exchange !== exchange) return;
      if (parser.state === RESPONSE.COMPLETE) {
        // More than was asked for: nothing on this connection can be trusted any more.
        if (at < bytes.length || parser.hasUnreadTrailers) this.ended = true;
        exchange.onComplete(parser.trailers);
        return;
      }
      if (parser.error !== null) this.#onMalformed(exchange, parser.error);
      if (this.state !== 'busy') return;
      if (this.share.spent && at < bytes.length) {
        this.#held.append(Buffer.from(bytes.subarray(at)));
        break;
      }
    }
    exchange.onReadEnd();
    if (this.#progressed) exchange.onProgress();
    else if (parser.state === RESPONSE.HEAD) exchange.onHeadPart(parser.insideHead);
  }

  #onMalformed(exchange: DispatchedExchange, error: ReverseItError): void {
    if (!exchange.headSeen) {
      exchange.onFailed(error);
      return;
    }
    // What came before it has been handed on within this call, and must not be overtaken.
    this.failure = error;
    this.close();
  }

  /** A head has come, and its exchange is still there. */
  #onHead(exchange: DispatchedExchange, bytes: Buffer, end: number): void {
    const { final, switched } = this.#heads;
    if (switched !== null) {
      this.#early = this.#lend(bytes.subarray(end));
      exchange.onSwitched(switched);
    } else if (final === null) this.share.spend(COST.MESSAGE);
    else {
      this.#expectBody(final);
      this.#progressed = true;
      exchange.onFinal(final);
    }
  }

  #expectBody({ untilClose, contentLength }: CheckedHead): void {
    if (untilClose) this.#parser.expectBody('until-close', 0);
    else if (contentLength === null) this.#parser.expectBody('chunked', 0);
    else this.#parser.expectBody('length', contentLength);
  }

  onBody(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    this.#progressed = true;
    const lent = this.#lend(chunk);
    // What was read by events may be a part of what is still being parsed.
    if (this.exchange?.onChunk(lent) === true && this.#readBuffer !== null) releaseBytes(lent);
  }

  /** Bytes that others may hold on to. */
  #lend(bytes: Buffer): Buffer {
    return this.#readBuffer === null ? bytes : this.#readBuffer.lend(bytes);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Not at once: whoever resumes does not expect to be called from within.
    if (this.#held.length > 0) process.nextTick(readOn, this);
    else if (!this.share.waiting && this.socket !== null) resumeReading(this.socket);
  }

  // ————— The socket.

  protected onOpened(): void {
    // Nothing is listened for before the socket is ready.
  }

  protected onReady(socket: Socket): void {
    this.#writer = new RequestWriter(socket, this.#secure, this);
    if (this.#secure && !letReadInto(socket, (this.#readBuffer as ReadBuffer).onread)) {
      this.#readBuffer = null;
      socket.on('data', this.#onData);
    }
    this.sendWaiting();
  }

  readonly #onData = (bytes: Buffer): void => {
    beginRead();
    try {
      this.onRead(bytes);
    } finally {
      endRead();
    }
  };

  protected onReleased(): void {
    this.#writer?.release();
    // More than was asked for: nothing on this connection can be trusted any more.
    if (this.#held.length > 0) this.ended = true;
    this.resume();
  }

  protected onEnd(): void {
    const { exchange } = this;
    if (this.failure === null && this.#parser.finish()) exchange?.onComplete(noTrailers);
    else this.close();
  }

  protected onClosed(error: ReverseItError | null): void {
    const { exchange } = this;
    this.exchange = null;
    this.#parser.free();
    if (exchange === null) return;
    const { failure } = this;
    const context = { headSeen: exchange.headSeen, connectionEnded: true };
    exchange.onLost(error ?? (isReverseItError(failure) ? failure : lost(context, failure)));
  }

  protected onDetach(socket: Socket): void {
    this.#parser.free();
    this.#writer?.remove();
    if (this.#readBuffer === null) {
      socket.off('data', this.#onData).pause();
      allowReading(socket);
    }
    if (this.#early.length > 0) socket.unshift(this.#early);
    this.#early = noBytes;
    if (this.#held.length > 0) socket.push(this.#held.take());
  }
}

function readOn(connection: DirectConnection): void {
  connection.readOn();
}

function sendWaiting(connection: DirectConnection): void {
  connection.sendWaiting();
}
