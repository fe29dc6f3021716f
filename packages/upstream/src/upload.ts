/**
 * A request body under way: a BodySource on one side, what undici takes for a stream on the other. No
 * Readable and no promise per piece: pieces go through as they come, and back-pressure comes back as
 * the answer of `write`.
 *
 * undici writes the request's head together with the first piece, so the backend sees nothing of the
 * request before the source has delivered something.
 */
import { EventEmitter } from 'node:events';
import { fail, type ReverseItError } from '@reverseit/core/errors';
import type { BodySink, BodySource } from './upstream-request.ts';

/** What is told of the upload's progress. */
export interface UploadObserver {
  /** The backend takes no more for now. */
  onUploadBlocked(): void;
  /** The backend took something. */
  onUploadProgress(): void;
  /** The body will not be complete. */
  onUploadFailed(error: ReverseItError): void;
}

export class Upload extends EventEmitter implements BodySink {
  /** Read by undici: it need not destroy this object after its end. */
  readonly _readableState = { autoDestroy: true };

  readonly #source: BodySource;
  readonly #observer: UploadObserver;
  #started = false;
  #starting = false;
  #blocked = false;
  /** Complete, failed or no longer wanted. */
  #over = false;
  #sent = 0;

  constructor(source: BodySource, observer: UploadObserver) {
    super();
    this.#source = source;
    this.#observer = observer;
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

  write(chunk: Buffer): boolean {
    if (this.#over) return false;
    this.#sent += chunk.length;
    const { contentLength } = this.#source;
    if (contentLength !== null && this.#sent > contentLength) {
      this.#fail(mismatch(contentLength, this.#sent));
      return false;
    }
    this.emit('data', chunk);
    if (this.#over) return false;
    if (!this.#blocked) this.#observer.onUploadProgress();
    return !this.#blocked;
  }

  end(): void {
    if (this.#over) return;
    const { contentLength } = this.#source;
    if (contentLength !== null && this.#sent !== contentLength) {
      this.#fail(mismatch(contentLength, this.#sent));
      return;
    }
    this.#over = true;
    // undici attaches listeners to the socket behind its first call of `resume`. Were the body over by
    // then, it would never take them off again.
    if (this.#starting) process.nextTick(emitEnd, this);
    else this.emit('end');
  }

  fail(error: ReverseItError): void {
    this.#fail(error);
  }

  #fail(error: ReverseItError): void {
    if (this.#over) return;
    this.#over = true;
    this.#observer.onUploadFailed(error);
  }

  // The exchange's side.

  /** No piece is wanted any more. Tells the source, once, unless it has delivered everything. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.cancel();
  }

  // undici's side: what it calls on a stream.

  pipe(): this {
    return this;
  }

  resume(): this {
    if (!this.#started) {
      this.#started = true;
      this.#starting = true;
      this.#source.start(this);
      this.#starting = false;
    } else if (this.#blocked) {
      this.#blocked = false;
      if (!this.#over) {
        this.#observer.onUploadProgress();
        this.#source.resume();
      }
    }
    return this;
  }

  pause(): this {
    if (!this.#blocked) {
      this.#blocked = true;
      if (!this.#over) this.#observer.onUploadBlocked();
    }
    return this;
  }

  destroy(): this {
    this.cancel();
    return this;
  }
}

function emitEnd(upload: Upload): void {
  upload.emit('end');
}

function mismatch(max: number, seen: number): ReverseItError {
  return fail('RIT_ERR_INTERNAL', 'request body differs from its content-length', {
    details: { max, seen },
  });
}
