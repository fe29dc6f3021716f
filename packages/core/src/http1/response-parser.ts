/**
 * The response parser: bytes in, heads and body chunks out. It knows no socket and no time, and nothing of
 * the request; which framing a final head means is told by its owner (`expectBody`), since HEAD and
 * the status have a say in it (RFC 9112 §6.3).
 *
 * HEAD takes a head, interim or final, and stays in HEAD. BODY passes the body on as slices of the
 * caller's own chunk. COMPLETE takes nothing until `begin`. A malformed response leaves it FAILED.
 */
import type { ErrorCode } from '../errors/catalog.ts';
import { overLimit } from '../errors/passed-limit.ts';
import { createError, type ReverseItError } from '../errors/reverseit-error.ts';
import type { FieldSection, ReadonlyFieldSection } from '../http/field-section.ts';
import type { HeaderSection } from '../http/header-section.ts';
import { type BodyDelegate, ChunkedReader } from './body/chunked-reader.ts';
import { checkFieldLimits, type FieldLimits } from './grammar/head-limits.ts';
import { PartialHead } from './grammar/partial-head.ts';
import { readHeaderSection } from './grammar/read-fields.ts';
import { ERRNO, MESSAGE_TYPE, SPAN } from './llhttp/constants.ts';
import { Llhttp, record, windowSize } from './llhttp/instance.ts';

/** The states of a response parser. */
export const RESPONSE = { HEAD: 0, BODY: 1, COMPLETE: 2, FAILED: 3 } as const;
export type ResponseState = (typeof RESPONSE)[keyof typeof RESPONSE];

/** The head of a response, interim or final. */
export class ParsedResponseHead {
  /** 100 to 599. */
  readonly status: number;
  /** Printable ASCII, or empty. */
  readonly reason: string;
  readonly minorVersion: 0 | 1;
  readonly headers: HeaderSection;
  /** Bytes of the head on the wire. */
  readonly byteLength: number;

  constructor(
    status: number,
    reason: string,
    minorVersion: 0 | 1,
    headers: HeaderSection,
    byteLength: number,
  ) {
    this.status = status;
    this.reason = reason;
    this.minorVersion = minorVersion;
    this.headers = headers;
    this.byteLength = byteLength;
  }

  /** The header section as a list. */
  get fields(): ReadonlyFieldSection {
    return this.headers.fields;
  }
}

/** How the end of a response body is found; `length` comes with the number of bytes. */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'until-close';

const CR = 0x0d;
const LF = 0x0a;

/** Longest status line; reason phrases are short. */
const maxStatusLineLength = 1024;

export class ResponseParser {
  #limits: FieldLimits;
  readonly #llhttp = new Llhttp(MESSAGE_TYPE.RESPONSE);
  #state: ResponseState = RESPONSE.HEAD;
  #offset = 0;
  #error: ReverseItError | null = null;
  #partial: PartialHead | null = null;
  /** Body bytes still to come; `Infinity` until the connection closes. */
  #remaining = 0;
  #chunked: ChunkedReader | null = null;

  /** `maxHeaderBytes` is the sum of name + 2 + value over a section. */
  constructor(maxHeaderBytes: number) {
    this.#limits = fieldLimits(maxHeaderBytes);
  }

  /** Makes ready for the response to another request. The former one, if any, is complete. */
  begin(maxHeaderBytes: number): void {
    if (this.#limits.maxRequestHeaderBytes !== maxHeaderBytes) {
      this.#limits = fieldLimits(maxHeaderBytes);
    }
    this.#state = RESPONSE.HEAD;
    this.#chunked = null;
  }

  get state(): ResponseState {
    return this.#state;
  }

  /** Offset in the chunk of the latest call after the last byte that was taken. */
  get offset(): number {
    return this.#offset;
  }

  get error(): ReverseItError | null {
    return this.#error;
  }

  /** The trailer section of a complete chunked response. */
  get trailers(): FieldSection {
    return this.#chunked?.trailers ?? [];
  }

  /** Whether a complete response has trailers that were not read: the next response begins nobody knows where. */
  get hasUnreadTrailers(): boolean {
    return this.#chunked?.lengthInTrailers ?? false;
  }

  /** Body length that the chunk headers have announced so far, in bytes; 0 where there are none. */
  get announced(): number {
    return this.#chunked?.announced ?? 0;
  }

  /** Whether a head has begun to arrive and is not complete. */
  get insideHead(): boolean {
    return this.#partial !== null;
  }

  /**
   * Takes bytes of `chunk` from `start`, at most until the end of a head. After a head the owner calls
   * `expectBody`, or `next` where it was an interim one.
   */
  readHead(chunk: Buffer, start: number): ParsedResponseHead | null {
    this.#offset = start;
    while (this.#state === RESPONSE.HEAD && this.#offset < chunk.length) {
      const from = this.#offset;
      const errno = this.#llhttp.execute(chunk, from, Math.min(chunk.length, from + windowSize));
      this.#offset = this.#llhttp.consumed;
      const complete = errno === ERRNO.PAUSED && record.headComplete;
      if (this.#partial === null && complete) {
        return this.#completeHead(chunk, from, this.#offset, record.list, record.used);
      }
      this.#partial ??= PartialHead.take();
      const partial = this.#partial;
      partial.append(chunk, from, this.#offset, 0);
      if (complete) {
        return this.#completeHead(partial.bytes, 0, partial.length, partial.spans, partial.used);
      }
      this.#checkPartial(partial, errno);
    }
    return null;
  }

  #checkPartial({ spans, used, length }: PartialHead, errno: number): void {
    const first = firstField(spans, used);
    if (first === used && length > maxStatusLineLength) this.#fail('RIT_ERR_UPSTREAM_PROTOCOL');
    else if (checkFieldLimits(this.#limits, spans, first, used, length) !== null) {
      this.#fail('RIT_ERR_UPSTREAM_HEAD_TOO_LARGE');
    } else if (errno !== ERRNO.OK) {
      this.#fail('RIT_ERR_UPSTREAM_PROTOCOL', this.#llhttp.errorReason);
    }
  }

  #completeHead(
    bytes: Buffer,
    origin: number,
    end: number,
    spans: Int32Array,
    used: number,
  ): ParsedResponseHead | null {
    const first = firstField(spans, used);
    if (checkFieldLimits(this.#limits, spans, first, used, end) !== null) {
      return this.#fail('RIT_ERR_UPSTREAM_HEAD_TOO_LARGE');
    }
    const text = bytes.toString('latin1', origin, end);
    const lineEnd = first < used ? (spans[first + 1] as number) - origin : text.length - 2;
    const status = readStatus(text, lineEnd - 2);
    const reason = readReason(text, lineEnd - 2);
    const headers = readHeaderSection(text, origin, spans, first, used);
    if (status === 0 || reason === null || typeof headers === 'string') {
      return this.#fail('RIT_ERR_UPSTREAM_PROTOCOL');
    }
    this.#releasePartial();
    const minorVersion = text.charCodeAt(7) === 0x30 ? 0 : 1;
    return new ParsedResponseHead(status, reason, minorVersion, headers, end - origin);
  }

  /**
   * Tells the framing of the final response whose head has just been read. For `length` the number of
   * bytes comes with it.
   */
  expectBody(framing: ResponseFraming, length: number): void {
    this.#state = RESPONSE.BODY;
    this.#remaining = 0;
    if (framing === 'chunked') {
      this.#llhttp.resume();
      this.#chunked = new ChunkedReader(this.#llhttp, this.#limits);
      return;
    }
    this.#llhttp.reset();
    if (framing === 'until-close') this.#remaining = Number.POSITIVE_INFINITY;
    else if (framing === 'length') this.#remaining = length;
    if (this.#remaining === 0) this.#state = RESPONSE.COMPLETE;
  }

  /** Passes the body bytes in `chunk` from `start` on to the sink, at most until the end of the response. */
  readBody(chunk: Buffer, start: number, sink: BodyDelegate): void {
    this.#offset = start;
    if (this.#state !== RESPONSE.BODY || start >= chunk.length) return;
    if (this.#chunked === null) this.#readLength(chunk, sink);
    else this.#readChunked(chunk, sink, this.#chunked);
  }

  #readLength(chunk: Buffer, sink: BodyDelegate): void {
    const start = this.#offset;
    const taken = Math.min(chunk.length - start, this.#remaining);
    this.#offset = start + taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#state = RESPONSE.COMPLETE;
    sink.onBody(taken === chunk.length ? chunk : chunk.subarray(start, start + taken));
  }

  #readChunked(chunk: Buffer, sink: BodyDelegate, chunked: ChunkedReader): void {
    this.#offset = chunked.read(chunk, this.#offset, sink);
    if (chunked.lengthInTrailers) {
      // Such a trailer means nothing (RFC 9110 §6.5.1), and is dropped with the others.
      this.#state = RESPONSE.COMPLETE;
      this.#llhttp.reset();
    } else if (chunked.failure !== null) {
      this.#fail(
        chunked.failure === 'RIT_ERR_TRAILERS_TOO_LARGE'
          ? 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE'
          : 'RIT_ERR_UPSTREAM_PROTOCOL',
      );
    } else if (chunked.complete) {
      this.#state = RESPONSE.COMPLETE;
      this.#llhttp.reset();
    }
  }

  /** The connection has ended. True where that completes the response. */
  finish(): boolean {
    if (this.#state !== RESPONSE.BODY || this.#remaining !== Number.POSITIVE_INFINITY) {
      return false;
    }
    this.#state = RESPONSE.COMPLETE;
    return true;
  }

  /** The head was an interim one: makes ready for the next. */
  next(): void {
    this.#llhttp.reset();
  }

  /** Gives the llhttp machine back. */
  free(): void {
    this.#llhttp.free();
    this.#releasePartial();
    this.#chunked?.free();
    this.#chunked = null;
    if (this.#state !== RESPONSE.FAILED) this.#state = RESPONSE.COMPLETE;
  }

  #fail(code: ErrorCode, reason = ''): null {
    this.#state = RESPONSE.FAILED;
    this.#releasePartial();
    if (code === 'RIT_ERR_UPSTREAM_HEAD_TOO_LARGE') {
      this.#error = overLimit(code, this.#limits.maxRequestHeaderBytes);
    } else if (reason === '') this.#error = createError(code);
    else this.#error = createError(code, `backend sent a malformed response: ${reason}`);
    return null;
  }

  #releasePartial(): void {
    this.#partial?.release();
    this.#partial = null;
  }
}

function fieldLimits(maxHeaderBytes: number): FieldLimits {
  return {
    maxRequestHeaderLineBytes: maxHeaderBytes,
    maxRequestHeaderBytes: maxHeaderBytes,
    maxRequestHeaders: Number.POSITIVE_INFINITY,
  };
}

/** Index of the first span after the status. */
function firstField(spans: Int32Array, used: number): number {
  let at = 0;
  while (at < used && spans[at] === SPAN.STATUS) at += 3;
  return at;
}

/**
 * The status of `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 §4), which ends at `end`; 0 where it is not that.
 */
function readStatus(text: string, end: number): number {
  if (!text.startsWith('HTTP/1.') || end < 12 || end > maxStatusLineLength) return 0;
  // llhttp takes a second CR for the LF.
  if (text.charCodeAt(end) !== CR || text.charCodeAt(end + 1) !== LF) return 0;
  const minor = text.charCodeAt(7) - 0x30;
  if ((minor !== 0 && minor !== 1) || text.charCodeAt(8) !== 0x20) return 0;
  let status = 0;
  for (let i = 9; i < 12; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  if (status < 100 || status > 599) return 0;
  return end > 12 && text.charCodeAt(12) !== 0x20 ? 0 : status;
}

/**
 * The reason phrase, which ends at `end`; empty where it is not printable ASCII, since it is for people only.
 * Null where it holds a NUL, which others take for its end.
 */
function readReason(text: string, end: number): string | null {
  let isPrintable = true;
  for (let i = 13; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0) return null;
    if (code < 0x20 || code > 0x7e) isPrintable = false;
  }
  return isPrintable ? text.substring(13, end) : '';
}
