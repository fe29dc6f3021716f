/**
 * A chunked body (RFC 9112 §7.1): llhttp decodes it, a budget bounds what the framing
 * may cost, trailers are collected under the limits of a header section.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import type { FieldSection } from '../../http/field-section.ts';
import type { FieldLimits } from '../grammar/head-limits.ts';
import { ERRNO, SPAN } from '../llhttp/constants.ts';
import { type Llhttp, record, windowSize } from '../llhttp/instance.ts';
import { ChunkBudget } from './chunk-budget.ts';
import { joinSpans } from './join-spans.ts';
import { TrailerReader } from './trailer-reader.ts';

/** Receives the body. */
export interface BodyDelegate {
  /** Body bytes: a view of the chunk that was handed in, or a copy of many small ones. */
  onBody(part: Buffer): void;
}

const LF = 0x0a;
const CR = 0x0d;
const DEL = 0x7f;
const noTrailers: FieldSection = [];

export class ChunkedReader {
  readonly #llhttp: Llhttp;
  readonly #limits: FieldLimits;
  readonly #budget = new ChunkBudget();
  #trailerReader: TrailerReader | null = null;
  #offset = 0;
  /** Size in the chunk header that is being read; -1 before its first digit. */
  #chunkSize = -1;
  #inExtension = false;
  /**
   * Body length that the chunk headers have announced so far, in bytes: what has come and what is to come.
   */
  announced = 0;
  /** The message is complete. */
  complete = false;
  /** Why it is rejected, or null. */
  failure: ErrorCode | null = null;
  /**
   * It is rejected for a Content-Length among the trailers, at which llhttp stops: the body is complete (RFC 9112 §8).
   */
  lengthInTrailers = false;
  /** The trailer section, once the message is complete. */
  trailers: FieldSection = noTrailers;

  /** `llhttp` has just been resumed after a head whose coding is chunked. */
  constructor(llhttp: Llhttp, limits: FieldLimits) {
    this.#llhttp = llhttp;
    this.#limits = limits;
  }

  /**
   * Passes the body bytes in `chunk` from `start` on to the sink, at most until the end of the message.
   * Returns the offset after the last byte that was taken; see `complete` and `failure`.
   */
  read(chunk: Buffer, start: number, sink: BodyDelegate): number {
    this.#offset = start;
    while (!this.#isOver && this.#offset < chunk.length) {
      const from = this.#offset;
      const errno = this.#llhttp.execute(chunk, from, Math.min(chunk.length, from + windowSize));
      this.#offset = this.#llhttp.consumed;
      const { messageComplete } = record;
      // Gathered first: the sink may bring about another parser's call, which overwrites the record.
      const parts: Buffer[] = [];
      this.failure = this.#readSpans(chunk, from, parts);
      if (this.failure === null) {
        if (errno === ERRNO.PAUSED && messageComplete) this.#finish();
        else if (errno !== ERRNO.OK) {
          this.failure = this.#syntaxCode(errno);
          this.lengthInTrailers = errno === ERRNO.INVALID_CONTENT_LENGTH;
        }
      }
      for (const part of parts) sink.onBody(part);
    }
    if (this.#isOver) this.free();
    return this.#offset;
  }

  /** Gives back what an unfinished trailer section holds. It takes nothing any more. */
  free(): void {
    this.#trailerReader?.free();
    this.#trailerReader = null;
  }

  /** A sink may end the connection, and so the parser, over any part. */
  get #isOver(): boolean {
    return this.complete || this.failure !== null || this.#llhttp.freed;
  }

  #syntaxCode(errno: number): ErrorCode {
    return errno === ERRNO.INVALID_HEADER_TOKEN || this.#trailerReader !== null
      ? 'RIT_ERR_FIELD_SYNTAX'
      : 'RIT_ERR_CHUNK_SYNTAX';
  }

  /** Sorts what the latest `execute` found: body bytes, framing that costs, trailers. */
  #readSpans(chunk: Buffer, from: number, parts: Buffer[]): ErrorCode | null {
    const { list, used } = record;
    const end = this.#offset;
    if (this.#trailerReader !== null) return this.#trailerReader.append(chunk, from, end, 0);
    let behind = from;
    let i = 0;
    let refused: ErrorCode | null = null;
    for (; i < used && list[i] === SPAN.BODY; i += 3) {
      const spanStart = list[i + 1] as number;
      refused = this.#readFraming(chunk, behind, spanStart);
      if (refused !== null) break;
      behind = list[i + 2] as number;
      this.#budget.earn(behind - spanStart);
    }
    joinSpans(chunk, list, i, parts);
    if (refused !== null) return refused;
    if (i === used) return this.#readFraming(chunk, behind, end);
    const trailersStart = list[i + 1] as number;
    refused = this.#readFraming(chunk, behind, trailersStart);
    if (refused !== null) return refused;
    this.#trailerReader = new TrailerReader(this.#limits);
    return this.#trailerReader.append(chunk, trailersStart, end, i);
  }

  #readFraming(chunk: Buffer, start: number, end: number): ErrorCode | null {
    if (!this.#budget.spend(end - start)) return 'RIT_ERR_CHUNK_OVERHEAD';
    // The one byte that llhttp lets pass in a quoted extension and qdtext does not (RFC 9110 §5.6.4).
    for (let i = start; i < end; i++) {
      const byte = chunk[i] as number;
      if (byte === DEL) return 'RIT_ERR_CHUNK_SYNTAX';
      this.#readHeaderByte(byte);
    }
    return null;
  }

  /** Follows `[CRLF] size [;extension] CRLF` (RFC 9112 §7.1), which llhttp has found well formed so far. */
  #readHeaderByte(byte: number): void {
    if (byte === LF) {
      if (this.#chunkSize !== -1) this.announced += this.#chunkSize;
      this.#chunkSize = -1;
      this.#inExtension = false;
    } else if (!this.#inExtension) {
      const digit = hexDigit(byte);
      if (digit !== -1) this.#chunkSize = Math.max(this.#chunkSize, 0) * 16 + digit;
      else this.#inExtension = byte !== CR;
    }
  }

  #finish(): void {
    const trailers = this.#trailerReader?.finish() ?? noTrailers;
    if (typeof trailers === 'string') {
      this.failure = trailers;
      return;
    }
    this.trailers = trailers;
    this.complete = true;
  }
}

/** Value of a hexadecimal digit; -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  // Upper to lower case.
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
