/**
 * A request body under way, from its source to a transport. No Readable and no promise per chunk: chunks
 * go through as they come, and back-pressure comes back as the answer of `write`.
 */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, isFieldValue, isToken } from '@reverseit/core/http';
import { asReverseItError } from '@reverseit/core/internal';
import { emitWarning } from './callback-warning.ts';
import { kindOf } from './message/kind-of.ts';
import type { BodySink, BodySource } from './message/upstream-request.ts';

/** What is told of the upload's progress. */
export interface UploadObserver {
  /** The backend takes no more for now. */
  onUploadBlocked(): void;
  /** The backend took something. */
  onUploadProgress(): void;
  /** The body will not be complete. */
  onUploadFailed(error: ReverseItError): void;
}

/** Where the chunks go: a transport, which frames them. It may block the upload from within. */
export interface UploadPort {
  sendChunk(chunk: Buffer): void;
  /** Whether every chunk that was sent is known to have left. */
  readonly isFlushed: boolean;
  /** Every chunk has been sent. Trailers that the transport cannot send are left out. */
  sendEnd(trailers: FieldSection): void;
}

const noTrailers: FieldSection = [];

export class Upload implements BodySink {
  readonly #source: BodySource;
  readonly #observer: UploadObserver;
  readonly #port: UploadPort;
  #started = false;
  #blocked = false;
  /** Complete, failed or no longer wanted. */
  #over = false;
  #sent = 0;

  constructor(source: BodySource, observer: UploadObserver, port: UploadPort) {
    this.#source = source;
    this.#observer = observer;
    this.#port = port;
  }

  get started(): boolean {
    return this.#started;
  }

  /** True until the body is complete or given up. */
  get active(): boolean {
    return !this.#over;
  }

  /** True while the backend takes no more. */
  get blocked(): boolean {
    return this.#blocked && !this.#over;
  }

  // The source's side.

  write(given: Uint8Array | string): boolean {
    if (this.#over) return false;
    const chunk = asBuffer(given);
    if (chunk === null) {
      const what = `body source wrote ${kindOf(given)}; expected a Uint8Array or a string`;
      this.#fail(createError('RIT_ERR_INTERNAL', what));
      return false;
    }
    this.#sent += chunk.length;
    const { contentLength } = this.#source;
    if (contentLength !== null && this.#sent > contentLength) {
      this.#fail(mismatch(contentLength, this.#sent));
      return false;
    }
    this.#port.sendChunk(chunk);
    if (this.#over) return false;
    if (!this.#blocked) this.#observer.onUploadProgress();
    return !this.#blocked;
  }

  get isFlushed(): boolean {
    return this.#port.isFlushed;
  }

  end(trailers: FieldSection = noTrailers): void {
    if (this.#over) return;
    const { contentLength } = this.#source;
    if (contentLength !== null && this.#sent !== contentLength) {
      this.#fail(mismatch(contentLength, this.#sent));
      return;
    }
    if (!isWellFormed(trailers)) {
      this.#fail(createError('RIT_ERR_INTERNAL', 'invalid request trailer'));
      return;
    }
    this.#over = true;
    this.#port.sendEnd(trailers);
  }

  fail(error: unknown): void {
    this.#fail(asReverseItError(error, 'body source failed'));
  }

  #fail(error: ReverseItError): void {
    if (this.#over) return;
    this.#over = true;
    this.#observer.onUploadFailed(error);
  }

  // The exchange's side.

  /** No chunk is wanted any more. Tells the source, once, unless it has delivered everything. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    cancelSource(this.#source);
  }

  // The transport's side.

  /** The head has been sent. */
  start(): void {
    this.#started = true;
    if (this.#over) return;
    try {
      this.#source.start(this);
    } catch (cause) {
      this.#onThrown('start', cause);
    }
  }

  /** The socket takes no more for now. */
  block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    if (!this.#over) this.#observer.onUploadBlocked();
  }

  /** The socket takes more. */
  unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.#over) return;
    this.#observer.onUploadProgress();
    try {
      this.#source.resume();
    } catch (cause) {
      this.#onThrown('resume', cause);
    }
  }

  #onThrown(method: 'start' | 'resume', cause: unknown): void {
    const what = `body source threw in ${method}`;
    if (this.#over) emitWarning(what, cause);
    else this.#fail(createError('RIT_ERR_INTERNAL', what, { cause }));
  }
}

/** Tells a source that no chunk is wanted any more. */
export function cancelSource(source: BodySource): void {
  try {
    source.cancel();
  } catch (cause) {
    emitWarning('body source threw in cancel', cause);
  }
}

function asBuffer(chunk: unknown): Buffer | null {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (!(chunk instanceof Uint8Array)) return null;
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Nothing that could be taken for another line, or another message. */
function isWellFormed(trailers: FieldSection): boolean {
  for (let i = 0; i < trailers.length; i += 2) {
    if (!isToken(trailers[i] as string) || !isFieldValue(trailers[i + 1] as string)) return false;
  }
  return true;
}

function mismatch(max: number, seen: number): ReverseItError {
  return createError('RIT_ERR_INTERNAL', 'request body differs from its content-length', {
    details: { max, seen },
  });
}
