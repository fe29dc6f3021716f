/**
 * Feeds the parser of one connection with what its socket reads, one request after another. Bytes that
 * cannot be parsed yet are held: those after a body that nobody wants yet, after a request whose response
 * is not complete, and after what the connection's share of a turn allows. At most one read is held back,
 * and beyond `maxHeld` the socket is not read at all.
 */
import type { Socket } from 'node:net';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';
import type { BodyDelegate } from '../../http1/body/chunked-reader.ts';
import type { RequestHeadLimits } from '../../http1/grammar/head-limits.ts';
import type { RequestHead } from '../../http1/grammar/request-head.ts';
import { PARSER, RequestParser } from '../../http1/request-parser.ts';
import { HeldBytes } from '../../io/held-bytes.ts';
import { COST, TurnShare, type TurnTaker } from '../../io/turn-share.ts';
import { SocketInput, type SocketInputOwner } from '../../socket/socket-input.ts';
import { type ConnectionState, EVENT, READING } from './connection-state.ts';

/** Bytes that are held while an exchange is in progress; beyond them the socket is paused. */
const maxHeld = 65536;

/** Receives what is read. */
export interface FeedDelegate {
  onRequest(head: RequestHead): void;
  /** Bytes of the body, which are the handler's from now on (`lease.ts`). */
  onBody(bytes: Buffer): void;
  /** Headers of chunks have announced so many bytes of body in all. */
  onBodyAnnounced(length: number): void;
  onBodyEnd(trailers: FieldSection): void;
  /** The request, or its body, is rejected: nothing after it is read. */
  refuse(error: ReverseItError): void;
  /** The request is complete. True where the next one may be read; otherwise what follows is held. */
  beginNext(): boolean;
  /** All bytes at hand have been parsed, or have to wait for somebody else than the event loop. */
  onFed(): void;
  /** A mistake of ours. */
  abort(error: ReverseItError): void;
}

export class RequestFeed implements SocketInputOwner, BodyDelegate, TurnTaker {
  readonly #delegate: FeedDelegate;
  readonly #state: ConnectionState;
  readonly #parser: RequestParser;
  readonly #input: SocketInput;
  readonly #share = new TurnShare(this);
  readonly #held = new HeldBytes();
  #maxHeld = maxHeld;
  /** The parser is being fed. */
  #feeding = false;
  /** The current chunk has unparsed bytes. */
  #unparsed = false;
  /** Bytes of body that the current call of the parser has brought. */
  #bodyBytes = 0;
  /** Bytes of the current body that were dropped. */
  #discarded = 0;

  constructor(
    socket: Socket,
    limits: RequestHeadLimits,
    state: ConnectionState,
    delegate: FeedDelegate,
  ) {
    this.#delegate = delegate;
    this.#state = state;
    this.#parser = new RequestParser(limits);
    this.#input = new SocketInput(socket, this);
  }

  /** Whether the request in progress has been read to its end. */
  get requestComplete(): boolean {
    return this.#parser.state === PARSER.COMPLETE;
  }

  /** Whether a head has begun to arrive. */
  get insideHead(): boolean {
    return this.#parser.insideHead;
  }

  /** Whether a request may have begun to arrive. */
  get hasBegun(): boolean {
    return this.#share.waiting || this.#held.length > 0 || this.#parser.insideHead;
  }

  /** Whether the request in progress, or rejected, is a HEAD request. */
  get isHeadRequest(): boolean {
    return this.#parser.isHeadRequest;
  }

  /** What came of the line of a request that is rejected, or has not come whole. */
  get requestLine(): string {
    return this.#parser.requestLine;
  }

  /** Whether bytes of the client wait to be parsed. */
  get holdsBytes(): boolean {
    return this.#held.length > 0;
  }

  /** Whether bytes of the client are at hand that have not been parsed. */
  get hasUnparsed(): boolean {
    return this.#held.length > 0 || this.#unparsed;
  }

  /** Bytes of the current body that were dropped, its response being complete. */
  get discarded(): number {
    return this.#discarded;
  }

  get feeding(): boolean {
    return this.#feeding;
  }

  /** Whether the share of this turn is spent: whoever is late now, it is not the client. */
  get waitsForTurn(): boolean {
    return this.#share.waiting;
  }

  get expectsBody(): boolean {
    return this.#state.expectsBody;
  }

  /** Holds so many bytes before the socket is paused, if it is more than usual. */
  setMaxHeld(bytes: number): void {
    this.#maxHeld = Math.max(maxHeld, bytes);
  }

  /** The socket was paused; `early` was read from it before. */
  begin(early: Buffer | null): void {
    this.#input.begin(early);
  }

  onBytes(bytes: Buffer): void {
    this.#share.spend(this.#input.costOfRead);
    if (!this.#state.open) {
      // What comes after the last response is dropped, but not for nothing.
      this.#share.spend(bytes.length * COST.BYTE);
      this.#yieldIfSpent();
    } else if (this.#held.length > 0 || this.#share.waiting) this.#hold(bytes, 0);
    else this.#consume(bytes);
  }

  /** Others have had their turn. */
  onTurn(): void {
    if (this.#state.open) this.resume();
    if (!this.#share.waiting && this.#held.length < this.#maxHeld) this.#input.resume();
  }

  /** Goes on with what is held, and with the socket, unless others come first. */
  resume(): void {
    if (this.#feeding || !this.#state.open || this.#share.waiting) return;
    this.#consume(this.#held.take());
    if (this.#held.length === 0 && this.#state.open && !this.#share.waiting) this.#input.resume();
  }

  /** The bytes after the last request, and no more: the socket belongs to somebody else. */
  detach(): Buffer {
    this.#input.detachSocket();
    return this.#held.take();
  }

  /** Parses nothing any more, and forgets what is held. */
  stop(): void {
    this.#held.clear();
    this.#share.cancel();
    this.#parser.free();
  }

  /** The socket is closed: it gets no further turn, not even to drop what it read. */
  close(): void {
    this.#share.cancel();
  }

  /** Nothing holds a slice of the body any more. */
  release(slice: Buffer): void {
    this.#input.releaseSlice(slice);
  }

  /** Leaves the rest of the turn to others where the share is spent. */
  #yieldIfSpent(): void {
    if (!this.#share.spent) return;
    this.#input.pause();
    this.#share.yield();
  }

  /** Feeds the parser until the chunk is used up, or held, or the connection ends. */
  #consume(chunk: Buffer): void {
    this.#feeding = true;
    this.#input.beginBytes();
    try {
      this.#hold(chunk, this.#feed(chunk));
    } catch (cause) {
      // Nobody would ever end the exchange.
      this.#delegate.abort(createError('RIT_ERR_INTERNAL', undefined, { cause }));
      throw cause;
    } finally {
      this.#feeding = false;
      this.#unparsed = false;
    }
    this.#held.forget();
    if (!this.#state.open) return;
    if (this.#held.length === 0) this.#input.release(chunk);
    this.#yieldIfSpent();
    // What has come is looked at before anybody is late.
    if (this.#held.length === 0 || !this.#share.waiting) this.#delegate.onFed();
  }

  /** Returns where those bytes of the chunk begin that have to wait. */
  #feed(chunk: Buffer): number {
    const state = this.#state;
    const end = chunk.length;
    let offset = 0;
    while (state.open) {
      const { reading } = state;
      if (reading === READING.DONE) {
        if (!this.#delegate.beginNext()) return offset;
        this.#parser.next();
        continue;
      }
      if (offset >= end) return end;
      if (reading === READING.FAILED) {
        // Dropped, but not for nothing.
        this.#share.spend((end - offset) * COST.BYTE);
        return end;
      }
      // For its reader, or for the next turn.
      if (reading === READING.HELD || this.#share.spent) return offset;
      if (reading === READING.HEAD) this.#readHead(chunk, offset);
      else this.#readBody(chunk, offset);
      offset = this.#parser.offset;
    }
    return end;
  }

  #readHead(chunk: Buffer, offset: number): void {
    const parser = this.#parser;
    const head = parser.readHead(chunk, offset);
    const end = parser.offset;
    this.#share.spend((end - offset) * COST.PARSED_BYTE);
    this.#unparsed = end < chunk.length;
    if (head === null) {
      if (parser.error !== null) this.#delegate.refuse(parser.error);
      return;
    }
    this.#share.spend(COST.MESSAGE + (head.headers.fields.length / 2) * COST.FIELD);
    this.#discarded = 0;
    this.#state.on(this.requestComplete ? EVENT.REQUEST : EVENT.REQUEST_WITH_BODY);
    this.#delegate.onRequest(head);
  }

  #readBody(chunk: Buffer, offset: number): void {
    const parser = this.#parser;
    this.#bodyBytes = 0;
    parser.readBody(chunk, offset, this);
    const body = this.#bodyBytes;
    const framing = parser.offset - offset - body;
    this.#share.spend(body * COST.BYTE + framing * COST.PARSED_BYTE);
    this.#unparsed = parser.offset < chunk.length;
    // Whoever was told of the body may have ended the connection over it.
    if (!this.#state.open) return;
    if (parser.error !== null) this.#delegate.refuse(parser.error);
    else if (!this.requestComplete) {
      // Before the body has come: what is too much can be rejected at the header of its chunk.
      if (parser.announced > 0) this.#delegate.onBodyAnnounced(parser.announced);
    } else {
      this.#state.on(EVENT.REQUEST_END);
      this.#delegate.onBodyEnd(parser.trailers);
    }
  }

  onBody(slice: Buffer): void {
    this.#bodyBytes += slice.length;
    if (this.#state.reading === READING.DISCARDING) this.#discarded += slice.length;
    if (!this.#state.responding) return;
    this.#delegate.onBody(this.#input.beginSlice(slice));
    this.#input.endSlice();
  }

  #hold(chunk: Buffer, offset: number): void {
    if (offset >= chunk.length) return;
    this.#held.append(offset === 0 ? chunk : chunk.subarray(offset), this.#input.onLoan);
    // Not before: a socket that is not read does not tell that its client has left.
    if (this.#held.length >= this.#maxHeld) this.#input.pause();
  }
}
