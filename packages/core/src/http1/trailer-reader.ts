/** Collects a trailer section (RFC 9112 §7.1.2) under the limits of a header section. */
import type { ErrorCode } from '../errors/catalog.ts';
import { trimOws } from '../http/ascii.ts';
import type { FieldSection } from '../http/field-section.ts';
import type { RequestHeadLimits } from './head-limits.ts';
import { SPAN } from './llhttp/constants.ts';

export class TrailerReader {
  readonly #limits: RequestHeadLimits;
  readonly fields: FieldSection = [];
  #inName = false;
  #size = 0;
  #lineSize = 0;
  #tooLarge = false;

  constructor(limits: RequestHeadLimits) {
    this.#limits = limits;
  }

  /** A piece of a name or value; pieces of one element follow each other. */
  append(kind: number, text: string): void {
    const { fields } = this;
    if (kind === SPAN.NAME) {
      if (this.#inName) fields[fields.length - 2] += text;
      else {
        this.#inName = true;
        this.#lineSize = 2;
        this.#size += 2;
        fields.push(text, '');
      }
    } else {
      this.#inName = false;
      fields[fields.length - 1] += text;
    }
    this.#lineSize += text.length;
    this.#size += text.length;
    if (this.#lineSize > this.#limits.maxRequestHeaderLineBytes) this.#tooLarge = true;
  }

  /** The refusal, once a limit is passed. */
  check(): ErrorCode | null {
    return this.#tooLarge ||
      this.#size > this.#limits.maxRequestHeaderBytes ||
      this.fields.length / 2 > this.#limits.maxRequestHeaders
      ? 'RIT_ERR_TRAILERS_TOO_LARGE'
      : null;
  }

  /** The section is complete. */
  finish(): void {
    for (let i = 1; i < this.fields.length; i += 2) this.fields[i] = trimOws(this.fields[i] ?? '');
  }
}
