/**
 * A head that came in pieces: its bytes and the spans found so far, joined across chunks. Made only
 * when a chunk ends inside a head, so that the usual head, which comes whole, is copied nowhere.
 */
import { type Llhttp, record, windowSize } from '../llhttp/instance.ts';

const initialBytes = 1024;
const initialSpans = 3 * 32;

/** Used again for the next heads: for memory beside its heap, V8 collects the whole heap, and often. */
const spare: PartialHead[] = [];
const maxSpare = 16;
/** What a spare one may hold on to, in bytes and in numbers; what is larger is freed. */
const maxSpareBytes = 16_384;
const maxSpareSpans = 3 * 512;

export class PartialHead {
  /** Bytes from the first of the method; `length` of them are in use. */
  bytes: Buffer = Buffer.allocUnsafe(initialBytes);
  length = 0;
  /** Triples as in `SpanRecord`, relative to `bytes`; `used` numbers are in use. */
  spans = new Int32Array(initialSpans);
  used = 0;

  /** An empty one, for whoever gives it back by `release`. */
  static take(): PartialHead {
    return spare.pop() ?? new PartialHead();
  }

  /**
   * Takes over what the latest `execute` consumed of `chunk[start, end)`, and the spans it found there,
   * from the one at `firstSpan` on.
   */
  append(chunk: Buffer, start: number, end: number, firstSpan: number): void {
    const shift = this.length - start;
    this.#reserve(end - start);
    chunk.copy(this.bytes, this.length, start, end);
    this.length += end - start;
    this.#appendSpans(firstSpan, shift);
  }

  /** Nobody uses it any more, nor its bytes. */
  release(): void {
    const { bytes, spans } = this;
    this.length = 0;
    this.used = 0;
    if (bytes.length <= maxSpareBytes && spans.length <= maxSpareSpans) {
      if (spare.length < maxSpare) spare.push(this);
      return;
    }
    free(bytes);
    free(spans);
  }

  /**
   * Finds the spans again. llhttp reports a span at its end or the chunk's, but not when the byte after
   * it is rejected; with the bytes before that byte alone, the spans are those of any other split.
   */
  scanAgain(llhttp: Llhttp): void {
    this.used = 0;
    llhttp.reset();
    for (let at = 0; at < this.length; at += windowSize) {
      llhttp.execute(this.bytes, at, Math.min(this.length, at + windowSize));
      this.#appendSpans(0, 0);
    }
  }

  #appendSpans(first: number, shift: number): void {
    const { list, used } = record;
    this.#reserveSpans(used - first);
    for (let i = first; i < used; i += 3) {
      this.#appendSpan(
        list[i] as number,
        (list[i + 1] as number) + shift,
        (list[i + 2] as number) + shift,
      );
    }
  }

  #appendSpan(kind: number, start: number, end: number): void {
    const { used } = this;
    // A span that went on after the chunk's end is reported in two parts.
    if (used > 0 && this.spans[used - 3] === kind && this.spans[used - 1] === start) {
      this.spans[used - 1] = end;
      return;
    }
    this.spans[used] = kind;
    this.spans[used + 1] = start;
    this.spans[used + 2] = end;
    this.used = used + 3;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    free(this.bytes);
    this.bytes = larger;
  }

  #reserveSpans(more: number): void {
    const needed = this.used + more;
    if (needed <= this.spans.length) return;
    const larger = new Int32Array(Math.max(needed, this.spans.length * 2));
    larger.set(this.spans);
    free(this.spans);
    this.spans = larger;
  }
}

/** Frees large memory at once, where nothing else stands in it. */
function free({ byteLength, buffer }: Uint8Array | Int32Array): void {
  if (byteLength > maxSpareBytes && byteLength === buffer.byteLength) {
    (buffer as ArrayBuffer).transfer(0);
  }
}
