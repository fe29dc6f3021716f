/** A request body on its way into a stream of HTTP/2, with back-pressure. */
import type { FieldSection } from '@reverseit/core/http';
import type { StreamOutput } from '@reverseit/core/internal';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { BodySource } from '../exchange/message/upstream-request.ts';
import type { Upload, UploadPort } from '../exchange/upload.ts';
import { trailerFields } from './http2-fields.ts';

export class Http2Upload implements UploadPort {
  readonly #output: StreamOutput;
  readonly #exchange: DispatchedExchange;
  readonly #upload: Upload;

  constructor(output: StreamOutput, exchange: DispatchedExchange, source: BodySource) {
    this.#output = output;
    this.#exchange = exchange;
    this.#upload = exchange.openUpload(this, source);
  }

  start(): void {
    this.#upload.start();
  }

  unblock(): void {
    this.#upload.unblock();
  }

  sendChunk(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#output.write(chunk, false);
    if (this.#output.needsDrain) this.#upload.block();
  }

  get isFlushed(): boolean {
    return this.#output.isFlushed;
  }

  sendEnd(trailers: FieldSection): void {
    this.#output.end(trailerFields(trailers));
    this.#exchange.onSent();
  }
}
