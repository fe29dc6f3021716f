/** The body of a response as an async iterable: it is read from the backend as fast as it is iterated. */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import type { FieldSection } from '@reverseit/core/http';
import type { UpstreamExchange } from '../exchange/message/upstream-response.ts';

/** Bytes that may wait for the reader before the backend is paused. */
const highWaterMark = 65_536;

const defaultMaxBytes = 10_485_760;

/**
 * The body of a response. Iterate it, or collect it by `bytes`, `text` or `json`, once. A body that is not
 * read to its end must be cancelled: until then its connection is in use. To leave the loop early cancels it.
 */
export interface ResponseBody extends AsyncIterable<Buffer> {
  /**
   * The whole body, of at most so many bytes. Default: 10 MiB.
   * @throws UpstreamError `RIT_ERR_UPSTREAM_BODY_TOO_LARGE`, and whatever failed the response
   */
  bytes(maxBytes?: number): Promise<Buffer>;
  /** The same as UTF-8. */
  text(maxBytes?: number): Promise<string>;
  /** The same as JSON. @throws UpstreamError `RIT_ERR_UPSTREAM_PROTOCOL` for other text */
  json(maxBytes?: number): Promise<unknown>;
  /** Drops what is left of it, and its connection. Harmless once it has ended. */
  cancel(): void;
}

export class ReceivedBody implements ResponseBody {
  trailers: FieldSection = [];
  /** Called once, when it has ended, failed or been cancelled. */
  readonly #onOver: () => void;
  #exchange: UpstreamExchange | null = null;
  #chunks: Buffer[] = [];
  #waiting = 0;
  #isPaused = false;
  #isTaken = false;
  #isOver = false;
  #error: ReverseItError | null = null;
  #wake: (() => void) | null = null;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** What it is received from. */
  set exchange(exchange: UpstreamExchange) {
    this.#exchange = exchange;
  }

  // ————— The backend's side.

  push(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= highWaterMark && !this.#isPaused) {
      this.#isPaused = true;
      this.#exchange?.pause();
    }
    this.#notify();
  }

  end(trailers: FieldSection): void {
    this.trailers = trailers;
    this.#finish(null);
  }

  /** What has arrived is not passed on: the reader learns of the failure first. */
  fail(error: ReverseItError): void {
    if (this.#isOver) return;
    this.#drop();
    this.#finish(error);
  }

  /** Gives up the exchange with it. */
  abort(error: ReverseItError): void {
    if (!this.#isOver) this.#exchange?.abort();
    this.fail(error);
  }

  #finish(error: ReverseItError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#onOver();
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #drop(): void {
    this.#chunks = [];
    this.#waiting = 0;
  }

  // ————— The reader's side.

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    if (this.#isTaken) throw createError('RIT_ERR_INTERNAL', 'the response body was read already');
    this.#isTaken = true;
    try {
      for (;;) {
        if (this.#error !== null) throw this.#error;
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#consume(chunk.length);
          yield chunk;
        } else if (this.#isOver) return;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.cancel();
    }
  }

  #consume(bytes: number): void {
    this.#waiting -= bytes;
    if (!this.#isPaused || this.#waiting > 0) return;
    this.#isPaused = false;
    this.#exchange?.resume();
  }

  async bytes(maxBytes = defaultMaxBytes): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this) {
      length += chunk.length;
      // Written so that no number at all is no limit that is kept.
      if (!(length <= maxBytes)) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  }

  async text(maxBytes?: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(maxBytes));
  }

  async json(maxBytes?: number): Promise<unknown> {
    const text = await this.text(maxBytes);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw createError('RIT_ERR_UPSTREAM_PROTOCOL', 'the response body is not JSON', { cause });
    }
  }

  cancel(): void {
    this.#isTaken = true;
    if (!this.#isOver)
      this.abort(createError('RIT_ERR_CLIENT_ABORTED', 'the response body was cancelled'));
    this.#drop();
  }
}

function tooLarge(max: number): ReverseItError {
  const text = `response body exceeds ${max} bytes`;
  return createError('RIT_ERR_UPSTREAM_BODY_TOO_LARGE', text, { details: { max } });
}
