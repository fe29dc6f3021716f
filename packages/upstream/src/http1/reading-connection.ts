/**
 * A connection that reads its responses by core's parser, whatever its requests are written with. It parses
 * at most its share of a turn, and hands on what is of use to an exchange.
 */
import type { Socket } from 'node:net';
import { createError, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import type { FieldSection, HeaderSection } from '@reverseit/core/http';
import { type BodyDelegate, RESPONSE } from '@reverseit/core/http1';
import {
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
import type { SocketSource } from '../connect/connector.ts';
import { lost } from '../connect/error-map.ts';
import type { ConnectionOwner } from '../connect/pooled-connection.ts';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { CheckedHead } from '../exchange/message/response-head.ts';
import { Http1Connection } from './http1-connection.ts';
import { ResponseHeads } from './response-heads.ts';

const noBytes = Buffer.alloc(0);
const noTrailers: FieldSection = [];

export abstract class ReadingConnection
  extends Http1Connection
  implements ByteReader, BodyDelegate
{
  readonly #heads = new ResponseHeads();
  readonly #parser = this.#heads.parser;
  /** Null where the socket reads into memory of its own, a new one each time. */
  #readBuffer: ReadBuffer | null = new ReadBuffer(this);
  protected readonly secure: boolean;
  /** What came and could not be parsed yet; meanwhile the socket is not read. */
  readonly #held = new HeldBytes();
  /** The backend has ended its side behind what is held. */
  #endHeld = false;
  #responseStarted = false;
  #paused = false;
  /** The present read has brought a final head or body bytes; framing alone is no progress. */
  #progressed = false;
  /** Body bytes that the present read has brought. */
  #bodyBytes = 0;
  /** Bytes after the head that switched protocols. */
  #early: Buffer = noBytes;

  constructor(owner: ConnectionOwner, connector: SocketSource) {
    super(owner, connector);
    this.secure = connector.origin.secure;
  }

  // ————— What a transport does with a response.

  /** All of the response has been read. */
  protected abstract complete(exchange: DispatchedExchange, trailers: FieldSection): void;
  /** The head of a 101 has been read, and nothing behind it. */
  protected abstract switch(exchange: DispatchedExchange, headers: HeaderSection): void;

  /** Whether the socket, once it is ready, gives its bytes by events: what comes is for `onData`. */
  protected get readsByEvents(): boolean {
    return this.#readBuffer === null;
  }

  get responseStarted(): boolean {
    return this.#responseStarted;
  }

  /** Opens the socket, unless that is under way. */
  protected connect(): void {
    this.open(this.secure ? undefined : this.#readBuffer?.onread);
  }

  /** The request of the exchange is about to be written. */
  begin(exchange: DispatchedExchange): void {
    this.state = 'busy';
    this.#responseStarted = false;
    this.#heads.begin(exchange);
    exchange.onBegin();
  }

  // ————— The bytes of the backend.

  protected get holdsBytes(): boolean {
    return this.#endHeld && this.exchange !== null;
  }

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
      this.#held.append(bytes, true);
      return false;
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
    if (this.#held.length > 0) {
      this.onData(this.#held.take());
      this.#held.forget();
    }
    if (this.#endHeld && this.#held.length === 0) this.#finish();
    else if (!this.stopped) this.continueSocket(socket);
  }

  /** Takes what the socket has gathered, and lets it read on. */
  protected continueSocket(socket: Socket): void {
    continueReading(socket, this);
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
        this.complete(exchange, parser.trailers);
        return;
      }
      if (parser.error !== null) this.#onMalformed(exchange, parser.error);
      if (this.state !== 'busy') return;
      if (this.share.spent && at < bytes.length) {
        this.#held.append(bytes.subarray(at), true);
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
    this.#heads.forget();
    if (switched !== null) {
      this.#early = this.#lend(bytes.subarray(end));
      this.switch(exchange, switched);
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
    if (this.#held.length > 0 || this.#readBuffer === null) process.nextTick(readOn, this);
    else if (!this.share.waiting && this.socket !== null) resumeReading(this.socket);
  }

  // ————— The socket.

  protected onReady(socket: Socket): void {
    if (!this.secure || letReadInto(socket, (this.#readBuffer as ReadBuffer).onread)) return;
    this.#readBuffer = null;
  }

  protected readonly onData = (bytes: Buffer): void => {
    beginRead();
    try {
      this.onRead(bytes);
    } finally {
      endRead();
    }
  };

  protected onReleased(): void {
    // More than was asked for: nothing on this connection can be trusted any more.
    if (this.#held.length > 0) this.ended = true;
    this.resume();
  }

  protected onEnd(): void {
    if (this.failure !== null) this.close();
    else if (this.#held.length > 0) this.#endHeld = true;
    else this.#finish();
  }

  /** The backend's end has come, and nothing before it is left. */
  #finish(): void {
    const { exchange } = this;
    this.#endHeld = false;
    if (exchange !== null && this.#parser.finish()) this.complete(exchange, noTrailers);
    else this.close();
  }

  protected onClosed(error: ReverseItError | null): void {
    const { exchange } = this;
    this.exchange = null;
    this.#parser.free();
    if (exchange === null) return;
    const { failure } = this;
    exchange.onLost(
      error ?? (isReverseItError(failure) ? failure : lost(exchange.headSeen, failure)),
    );
  }

  protected onDetach(socket: Socket): void {
    this.#parser.free();
    if (this.#early.length > 0) socket.unshift(this.#early);
    this.#early = noBytes;
    if (this.#held.length > 0) socket.push(this.#held.take());
  }
}

function readOn(connection: ReadingConnection): void {
  connection.readOn();
}
