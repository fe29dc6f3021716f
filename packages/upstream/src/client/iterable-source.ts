/** A request body from an async iterable, such as a stream: iterated as fast as the backend takes it. */
import { Readable } from 'node:stream';
import { createError } from '@reverseit/core/errors';
import type { BodySink, BodySource } from '../exchange/message/upstream-request.ts';

export class IterableSource implements BodySource {
  readonly contentLength: number | null;
  readonly #body: AsyncIterable<Uint8Array | string>;
  readonly #iterator: AsyncIterator<Uint8Array | string>;
  #isCancelled = false;
  #wake: (() => void) | null = null;

  constructor(body: AsyncIterable<Uint8Array | string>, contentLength: number | null) {
    this.#body = body;
    this.#iterator = body[Symbol.asyncIterator]();
    this.contentLength = contentLength;
  }

  start(sink: BodySink): void {
    void this.#run(sink);
  }

  async #run(sink: BodySink): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#iterator.next();
        if (this.#isCancelled) return;
        if (done === true) {
          sink.end();
          return;
        }
        if (sink.write(value)) continue;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        if (this.#isCancelled) return;
      }
    } catch (cause) {
      if (this.#isCancelled) return;
      sink.fail(createError('RIT_ERR_INTERNAL', 'the request body failed', { cause }));
      this.cancel();
    }
  }

  resume(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.resume();
    // What a stream waits for may never come, and its iterator ends only after that.
    if (this.#body instanceof Readable) this.#body.destroy();
    else this.#iterator.return?.().catch(ignore);
  }
}

function ignore(): void {
  // Nobody waits for it any more.
}
