import { fail } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldSection,
  fieldEntry,
  isBodiless,
  removeField,
} from '@reverseit/core/http';
import { HeaderList } from './header-list.ts';
import type { HookResponse } from './hooks.ts';

/** What `onResponse` sees of a response, and what becomes of it. */
export class ResponseView implements HookResponse {
  readonly headers: HeaderList;
  readonly #fields: FieldSection;
  #status: number;

  constructor(status: number, fields: FieldSection) {
    this.#status = status;
    this.#fields = fields;
    this.headers = new HeaderList(fields);
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw fail(
        'RIT_ERR_INTERNAL',
        'a hook set an invalid status; expected an integer from 200 to 599',
      );
    }
    this.#status = status;
  }

  /** The fields to send: without what would contradict the framing of content of the given length. */
  seal(method: string, contentLength: number | null): FieldSection {
    const fields = this.#fields;
    const hasContent = !isBodiless(method, this.#status);
    // Content without a length may have trailers, and a Trailer field.
    removeConnectionFields(fields, hasContent && contentLength === null);
    // One without content may say what length it would have, but a 204 must not (RFC 9110 §8.6).
    if (hasContent || this.#status === 204) removeField(fields, 'content-length');
    if (hasContent && contentLength !== null) fields.push('content-length', String(contentLength));
    return fields;
  }

  /** The same for a response that is sent whole: its length is told where it is sent. */
  sealWhole(): FieldSection {
    removeConnectionFields(this.#fields, false);
    removeField(this.#fields, 'content-length');
    return this.#fields;
  }
}

function removeConnectionFields(fields: FieldSection, mayTrail: boolean): void {
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    const { hopByHop, id } = fieldEntry(fields[i] as string);
    if (!hopByHop || (mayTrail && id === FIELD.TRAILER)) continue;
    fields.splice(i, 2);
  }
}
