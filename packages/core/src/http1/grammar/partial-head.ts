/**
 * A head that came in pieces: its bytes and the spans found so far, joined across chunks. Made only
 * when a chunk ends inside a head, so that the usual head, which comes whole, is copied nowhere.
 */
import { type Llhttp, record, windowSize } from '../llhttp/instance.ts';

const initialBytes = 1024;
const initialSpans = 3 * 32;

export class PartialHead {
  /** Bytes from the first of the method; `length` of them are in use. */
  bytes: Buffer = Buffer.allocUnsafe(initialBytes);
  length = 0;
  /** Triples as in `SpanRecord`, relative to `bytes`; `used` numbers are in use. */
  spans = new Int32Array(initialSpans);
  used = 0;

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

  /** Makes ready for another head. */
  clear(): void {
    this.length = 0;
    this.used = 0;
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
    for (let i = first; i < record.used; i += 3) {
      this.#appendSpan(
        record.list[i] as number,
        (record.list[i + 1] as number) + shift,
        (record.list[i + 2] as number) + shift,
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
    if (used === this.spans.length) {
      const larger = new Int32Array(used * 2);
      larger.set(this.spans);
      this.spans = larger;
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
    this.bytes = larger;
  }
}
