/**
 * The request parser: bytes in, heads and body chunks out. It knows no socket and no time. llhttp is the
 * grammar; where it is more tolerant than RFC 9112 allows a proxy to be, the rules here are stricter.
 *
 * A message goes through three states. In HEAD, `readHead` takes bytes until a head is complete and has
 * passed every rule. In BODY, `readBody` passes the body on as slices of the caller's own chunk. In
 * COMPLETE nothing is taken, so that pipelined bytes stay with the caller until `next`. A rejected
 * request leaves the parser FAILED for ever: no byte after it is looked at.
 */
import type { ErrorCode } from '../errors/catalog.ts';
import { createError, type ReverseItError } from '../errors/reverseit-error.ts';
import { isTokenByte } from '../http/ascii.ts';
import type { FieldSection } from '../http/field-section.ts';
import { type BodyDelegate, ChunkedReader } from './body/chunked-reader.ts';
import {
  checkHeadLimits,
  maxKeptLineBytes,
  type RequestHeadLimits,
} from './grammar/head-limits.ts';
import { PartialHead } from './grammar/partial-head.ts';
import type { RequestHead } from './grammar/request-head.ts';
import { buildRequestHead, refusal } from './grammar/request-head-builder.ts';
import { applyRequestRules } from './grammar/request-rules.ts';
import { ERRNO, MESSAGE_TYPE } from './llhttp/constants.ts';
import { Llhttp, record, windowSize } from './llhttp/instance.ts';

/** The states of a parser. */
export const PARSER = { HEAD: 0, BODY: 1, COMPLETE: 2, FAILED: 3 } as const;
export type ParserState = (typeof PARSER)[keyof typeof PARSER];

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;

const noTrailers: FieldSection = [];

const chunkedHead = Buffer.from('POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n');

/** Reads the requests of one connection. `free` it at the end: it holds memory of the llhttp machine. */
export class RequestParser {
  readonly #limits: RequestHeadLimits;
  readonly #llhttp = new Llhttp(MESSAGE_TYPE.REQUEST);
  #state: ParserState = PARSER.HEAD;
  #offset = 0;
  #head: RequestHead | null = null;
  #error: ReverseItError | null = null;
  /** Of a request that was rejected. */
  #line = '';
  #partial: PartialHead | null = null;
  /** Bytes seen of the empty line that may stand before a request (RFC 9112 §2.2): 0, 1 or 2. */
  #leading = 0;
  #remaining = 0;
  /** Of a chunked message. */
  #chunked: ChunkedReader | null = null;

  constructor(limits: RequestHeadLimits) {
    this.#limits = limits;
  }

  /**
   * A parser that stands after a head which somebody else has read and validated: its body is still to come.
   */
  static after(head: RequestHead, limits: RequestHeadLimits): RequestParser {
    const parser = new RequestParser(limits);
    // Brings llhttp to where the first chunk begins.
    if (head.framing === 'chunked') parser.#llhttp.execute(chunkedHead, 0, chunkedHead.length);
    parser.#begin(head);
    return parser;
  }

  get state(): ParserState {
    return this.#state;
  }

  /** Offset in the chunk of the latest call after the last byte that was taken. */
  get offset(): number {
    return this.#offset;
  }

  /** The head of the message in progress; null before it is complete. */
  get head(): RequestHead | null {
    return this.#head;
  }

  /** Why the parser failed. */
  get error(): ReverseItError | null {
    return this.#error;
  }

  /** The trailer section of a complete chunked message, mostly empty. */
  get trailers(): FieldSection {
    return this.#chunked?.trailers ?? noTrailers;
  }

  /** Body length that the chunk headers have announced so far, in bytes; 0 where there are none. */
  get announced(): number {
    return this.#chunked?.announced ?? 0;
  }

  /** Whether a head has begun to arrive and is not complete. An empty line before it is no part of it. */
  get insideHead(): boolean {
    return this.#state === PARSER.HEAD && this.#partial !== null;
  }

  /** Whether the request that is rejected, or has not come whole, asks by HEAD: its response has no body. */
  get isHeadRequest(): boolean {
    return this.requestLine.startsWith('HEAD ');
  }

  /**
   * What came of the request line of a request that is rejected, or has not come whole: a string of bytes
   * (latin1), whatever they are, and 1,024 of them at most.
   */
  get requestLine(): string {
    const partial = this.#partial;
    return partial === null ? this.#line : lineIn(partial.bytes, 0, partial.length);
  }

  /**
   * Takes bytes of `chunk` from `start`, at most until the end of a head. Returns the head once it is
   * complete; null when more bytes are needed or the request is rejected (see `state`).
   */
  readHead(chunk: Buffer, start: number): RequestHead | null {
    this.#offset = start;
    if (this.#state !== PARSER.HEAD) return null;
    if (this.#partial === null && !this.#skipEmptyLine(chunk)) return null;
    while (this.#state === PARSER.HEAD && this.#offset < chunk.length) {
      const from = this.#offset;
      const errno = this.#llhttp.execute(chunk, from, Math.min(chunk.length, from + windowSize));
      this.#offset = this.#llhttp.consumed;
      if (this.#partial === null && errno === ERRNO.PAUSED && record.headComplete) {
        return this.#completeHead(chunk, from, this.#offset, record.list, record.used);
      }
      this.#partial ??= PartialHead.take();
      const partial = this.#partial;
      partial.append(chunk, from, this.#offset, 0);
      if (errno === ERRNO.PAUSED && record.headComplete) {
        return this.#completeHead(partial.bytes, 0, partial.length, partial.spans, partial.used);
      }
      const reason = errno === ERRNO.OK ? '' : this.#llhttp.errorReason;
      if (errno !== ERRNO.OK) partial.scanAgain(this.#llhttp);
      const code = checkPartialHead(this.#limits, partial);
      const fault =
        code !== null || errno === ERRNO.OK
          ? code
          : syntaxCode(errno, reason, chunk[this.#offset], partial);
      if (fault !== null) this.#failPartial(fault, partial, chunk);
    }
    return null;
  }

  /** Passes the body bytes in `chunk` from `start` on to the sink, at most until the end of the message. */
  readBody(chunk: Buffer, start: number, sink: BodyDelegate): void {
    this.#offset = start;
    if (this.#state !== PARSER.BODY) return;
    if (this.#chunked === null) this.#readLength(chunk, sink);
    else this.#readChunked(chunk, sink, this.#chunked);
  }

  /** Makes ready for the next message on the connection. Only in state COMPLETE. */
  next(): void {
    if (this.#state !== PARSER.COMPLETE) {
      throw createError(
        'RIT_ERR_INTERNAL',
        'request parser: next() was called before the message was complete',
      );
    }
    this.#state = PARSER.HEAD;
    this.#head = null;
    this.#chunked = null;
  }

  /** Gives the llhttp machine back, and keeps nothing. The parser takes nothing any more. */
  free(): void {
    this.#llhttp.free();
    this.#releasePartial();
    this.#head = null;
    this.#chunked?.free();
    this.#chunked = null;
    if (this.#state !== PARSER.FAILED) this.#state = PARSER.COMPLETE;
  }

  /** False: a byte of the empty line is missing still, or the request is rejected. */
  #skipEmptyLine(chunk: Buffer): boolean {
    while (this.#offset < chunk.length) {
      const byte = chunk[this.#offset];
      if (this.#leading === 0 && byte === CR) this.#leading = 1;
      else if (this.#leading === 1 && byte === LF) this.#leading = 2;
      else if (this.#leading === 1 || byte === CR || byte === LF) {
        this.#fail('RIT_ERR_REQUEST_LINE', '', 'more than one empty line before the request');
        return false;
      } else return true;
      this.#offset++;
    }
    return false;
  }

  #completeHead(
    bytes: Buffer,
    origin: number,
    end: number,
    spans: Int32Array,
    used: number,
  ): RequestHead | null {
    const head =
      checkHeadLimits(this.#limits, bytes, spans, used, origin, end) ??
      buildRequestHead(bytes, origin, end, spans, used);
    const code = typeof head === 'string' ? head : applyRequestRules(head);
    if (typeof head === 'string' || code !== null) {
      return this.#fail(code ?? 'RIT_ERR_INTERNAL', lineIn(bytes, origin, end));
    }
    this.#releasePartial();
    this.#leading = 0;
    this.#begin(head);
    return head;
  }

  /** The head is complete: a body follows, or nothing. */
  #begin(head: RequestHead): void {
    this.#head = head;
    if (head.framing === 'chunked') {
      this.#llhttp.resume();
      this.#chunked = new ChunkedReader(this.#llhttp, this.#limits);
      this.#state = PARSER.BODY;
    } else {
      // A body of known length is counted here and never fed to llhttp.
      this.#remaining = head.contentLength;
      this.#state = head.contentLength === 0 ? PARSER.COMPLETE : PARSER.BODY;
      this.#llhttp.reset();
    }
  }

  #readLength(chunk: Buffer, sink: BodyDelegate): void {
    const start = this.#offset;
    const available = chunk.length - start;
    if (available === 0) return;
    const taken = Math.min(available, this.#remaining);
    this.#offset = start + taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#state = PARSER.COMPLETE;
    sink.onBody(taken === chunk.length ? chunk : chunk.subarray(start, start + taken));
  }

  #readChunked(chunk: Buffer, sink: BodyDelegate, chunked: ChunkedReader): void {
    this.#offset = chunked.read(chunk, this.#offset, sink);
    if (chunked.failure !== null) this.#fail(chunked.failure, '');
    else if (chunked.complete) {
      this.#state = PARSER.COMPLETE;
      this.#llhttp.reset();
    }
  }

  /** The line goes on where the parser has stopped. */
  #failPartial(code: ErrorCode, { bytes, length }: PartialHead, chunk: Buffer): void {
    const line = lineIn(bytes, 0, length);
    const isOpen = line.length === length && length < maxKeptLineBytes;
    this.#fail(code, isOpen ? line + lineIn(chunk, this.#offset, chunk.length, length) : line);
  }

  #fail(code: ErrorCode, line: string, message?: string): null {
    this.#state = PARSER.FAILED;
    this.#line = line;
    this.#releasePartial();
    this.#error = createError(code, message ?? refusal(code, this.#limits));
    return null;
  }

  #releasePartial(): void {
    this.#partial?.release();
    this.#partial = null;
  }
}

function checkPartialHead(limits: RequestHeadLimits, partial: PartialHead): ErrorCode | null {
  const { bytes, spans, used, length } = partial;
  return checkHeadLimits(limits, bytes, spans, used, 0, length);
}

/** Turns llhttp's verdict on a head into ours. */
function syntaxCode(
  errno: number,
  reason: string,
  byte: number | undefined,
  partial: PartialHead,
): ErrorCode {
  switch (errno) {
    case ERRNO.INVALID_METHOD:
      // llhttp knows a closed list of methods; what is a token and not on it is merely unknown.
      return byte !== undefined && (isTokenByte(byte) || (byte === SP && partial.length > 0))
        ? 'RIT_ERR_METHOD_UNKNOWN'
        : 'RIT_ERR_REQUEST_LINE';
    case ERRNO.INVALID_URL:
      return 'RIT_ERR_TARGET';
    case ERRNO.PAUSED_H2_UPGRADE:
      return 'RIT_ERR_HTTP_VERSION';
    case ERRNO.INVALID_VERSION:
      return reason === 'Invalid HTTP version' ? 'RIT_ERR_HTTP_VERSION' : 'RIT_ERR_REQUEST_LINE';
    case ERRNO.INVALID_CONTENT_LENGTH:
      return reason.includes('Transfer-Encoding')
        ? 'RIT_ERR_FRAMING_CONFLICT'
        : 'RIT_ERR_CONTENT_LENGTH';
    case ERRNO.UNEXPECTED_CONTENT_LENGTH:
      return 'RIT_ERR_CONTENT_LENGTH';
    case ERRNO.INVALID_TRANSFER_ENCODING:
      return 'RIT_ERR_FRAMING_CONFLICT';
    default:
      return partial.bytes.subarray(0, partial.length).includes(LF)
        ? 'RIT_ERR_FIELD_SYNTAX'
        : 'RIT_ERR_REQUEST_LINE';
  }
}

/** The first line in `[start, end)`, without its end and as far as it is kept; `before` bytes of it are known. */
function lineIn(bytes: Buffer, start: number, end: number, before = 0): string {
  const last = Math.min(end, start + maxKeptLineBytes - before);
  let at = start;
  while (at < last && bytes[at] !== CR && bytes[at] !== LF) at++;
  return bytes.toString('latin1', start, at);
}
