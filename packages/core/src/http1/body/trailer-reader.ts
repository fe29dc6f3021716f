/** Collects a trailer section (RFC 9112 §7.1.2) under the limits of a header section. */
import type { ErrorCode } from '../../errors/catalog.ts';
import type { FieldSection } from '../../http/field-section.ts';
import { checkFieldLimits, type FieldLimits } from '../grammar/head-limits.ts';
import { PartialHead } from '../grammar/partial-head.ts';
import { readFields } from '../grammar/read-fields.ts';

export class TrailerReader {
  readonly #limits: FieldLimits;
  readonly #partial = PartialHead.take();

  constructor(limits: FieldLimits) {
    this.#limits = limits;
  }

  /**
   * Takes over `chunk[start, end)` and the spans that the latest `execute` found there, from the one at
   * `firstSpan` on. Returns the rejection, once a limit is passed.
   */
  append(chunk: Buffer, start: number, end: number, firstSpan: number): ErrorCode | null {
    const partial = this.#partial;
    partial.append(chunk, start, end, firstSpan);
    const code = checkFieldLimits(this.#limits, partial.spans, 0, partial.used, partial.length);
    return code === null ? null : 'RIT_ERR_TRAILERS_TOO_LARGE';
  }

  /** The section is complete: its fields, or the code of a rejection. */
  finish(): FieldSection | ErrorCode {
    const { bytes, length, spans, used } = this.#partial;
    return readFields(bytes.toString('latin1', 0, length), 0, spans, 0, used);
  }

  /** Gives its memory back, once. It takes nothing any more. */
  free(): void {
    this.#partial.release();
  }
}
