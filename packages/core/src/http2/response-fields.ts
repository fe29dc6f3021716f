/**
 * From the header block of a stream to the status and the fields of a response, and to its trailers (RFC 9113 §8.2,
 * §8.3.2). What RFC 9113 §8.1.1 calls malformed is a fault and never repaired; fields beyond the limit are not kept.
 */
import { fieldEntry } from '../http/field-registry.ts';
import type { FieldSection } from '../http/field-section.ts';
import type { FieldSink } from './hpack/hpack-decoder.ts';

/** RFC 9110 §15: three digits, of one of five classes. */
const statusForm = /^[1-5][0-9]{2}$/;

/** Gathers the fields of one block; used again for the next. */
export class ResponseGatherer implements FieldSink {
  /** Without the pseudo-header field; a new section for each block. */
  fields: FieldSection = [];
  /** 0 where there is none. */
  status = 0;
  /** Why the message is malformed; empty where it is not. */
  fault = '';
  /** The fields are more than they may be. */
  tooLarge = false;
  #maxBytes = 0;
  #bytes = 0;
  #isTrailer = false;

  /** Makes ready for a block. `maxBytes` bounds the sum of name + 2 + value, as HTTP/1.1 would have them. */
  begin(isTrailer: boolean, maxBytes: number): void {
    this.#isTrailer = isTrailer;
    this.#maxBytes = maxBytes;
    this.#bytes = 0;
    this.fields = [];
    this.status = 0;
    this.fault = '';
    this.tooLarge = false;
  }

  onField(name: string, value: string, isValid: boolean): void {
    if (this.fault !== '' || this.tooLarge) return;
    if (!isValid || name.length === 0) this.fault = 'invalid header';
    else if (name.charCodeAt(0) === 0x3a) this.#onPseudoField(name, value);
    else this.#onRegularField(name, value);
  }

  /** The block is complete. */
  end(): void {
    if (this.status === 0 && !this.#isTrailer && !this.tooLarge && this.fault === '') {
      this.fault = 'no status';
    }
  }

  /** RFC 9113 §8.3: before the others, and never in trailers. */
  #onPseudoField(name: string, value: string): void {
    if (this.#isTrailer || this.#bytes > 0) this.fault = 'pseudo-header field out of place';
    else if (name !== ':status') this.fault = 'pseudo-header field other than a status';
    else if (this.status !== 0) this.fault = 'two statuses';
    else if (statusForm.test(value)) this.status = Number(value);
    else this.fault = 'invalid status';
  }

  #onRegularField(name: string, value: string): void {
    this.#bytes += name.length + 2 + value.length;
    if (this.#bytes > this.#maxBytes) {
      this.tooLarge = true;
      this.fields = [];
    } else if (fieldEntry(name).forbiddenInHttp2) {
      this.fault = 'connection-specific header in HTTP/2';
    } else this.fields.push(name, value);
  }
}
