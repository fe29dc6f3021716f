/** Collects a trailer section (RFC 9112 §7.1.2) under the limits of a header section. */
import type { ErrorCode } from '../../errors/catalog.ts';
import type { FieldSection } from '../../http/field-section.ts';
import { checkFieldLimits, type FieldLimits } from '../grammar/head-limits.ts';
import { PartialHead } from '../grammar/partial-head.ts';
import { readFields } from '../grammar/read-fields.ts';

/** What a spare one may hold on to, in bytes. */
const maxSpareBytes = 16_384;

/** Of a section that is over, for the next: V8 learns late of arrays that it keeps outside of its heap. */
let spare: PartialHead | null = null;

export class TrailerReader {
  readonly #limits: FieldLimits;
  readonly #partial: PartialHead;

  constructor(limits: FieldLimits) {
    this.#limits = limits;
    this.#partial = spare ?? new PartialHead();
    spare = null;
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

  /** The section is complete: its fields, or the code of a rejection. It takes nothing more. */
  finish(): FieldSection | ErrorCode {
    const partial = this.#partial;
    const { bytes, length, spans, used } = partial;
    const fields = readFields(bytes.toString('latin1', 0, length), 0, spans, 0, used);
    partial.clear();
    if (bytes.length <= maxSpareBytes) spare = partial;
    return fields;
  }
}
