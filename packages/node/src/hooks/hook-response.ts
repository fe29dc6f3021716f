import { createError } from '@reverseit/core/errors';
import {
  FIELD,
  type FieldEntry,
  type FieldRule,
  type HeaderSection,
  isBodiless,
  type ReadonlyFieldSection,
} from '@reverseit/core/http';
import { HeaderList } from './header-list.ts';
import type { HookResponse } from './hooks.ts';

/** What `onResponse` sees of a response, and what becomes of it. */
export class ResponseView implements HookResponse {
  readonly headers: HeaderList;
  readonly #section: HeaderSection;
  #status: number;

  constructor(status: number, section: HeaderSection) {
    this.#status = status;
    this.#section = section;
    this.headers = new HeaderList(section);
  }

  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw createError(
        'RIT_ERR_INTERNAL',
        'a hook set an invalid status; expected an integer from 200 to 599',
      );
    }
    this.#status = status;
  }

  /** What to send: without what would contradict the framing of a body of the given length. */
  seal(method: string, contentLength: number | null): HeaderSection {
    const hasBody = !isBodiless(method, this.#status);
    // A body without a length may have trailers, and a Trailer field. A response without a body may say what
    // length it would have, but a 204 must not (RFC 9110 §8.6).
    const mayTrail = hasBody && contentLength === null;
    const sealed = this.#section.filter(new SealRule(mayTrail, !hasBody && this.#status !== 204));
    if (hasBody && contentLength !== null) sealed.append('content-length', String(contentLength));
    return sealed;
  }

  /** The same for a response that is sent whole: its length is told where it is sent. */
  sealWhole(): ReadonlyFieldSection {
    return this.#section.filter(new SealRule(false, false)).fields;
  }
}

class SealRule implements FieldRule {
  readonly #mayTrail: boolean;
  readonly #mayTellLength: boolean;

  constructor(mayTrail: boolean, mayTellLength: boolean) {
    this.#mayTrail = mayTrail;
    this.#mayTellLength = mayTellLength;
  }

  pass(_: string, value: string, { id, hopByHop }: FieldEntry): string | null {
    if (id === FIELD.CONTENT_LENGTH) return this.#mayTellLength ? value : null;
    return hopByHop && !(this.#mayTrail && id === FIELD.TRAILER) ? null : value;
  }
}
