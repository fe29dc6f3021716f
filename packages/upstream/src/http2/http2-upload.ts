/** A request body on its way into a stream of HTTP/2, with back-pressure. */
import type { FieldSection } from '@reverseit/core/http';
import type { DispatchedExchange } from '../exchange/dispatched-exchange.ts';
import type { BodySource } from '../exchange/message/upstream-request.ts';
import type { Upload, UploadPort } from '../exchange/upload.ts';
import { trailerFields } from './http2-fields.ts';
import type { ListenedStream } from './http2-listeners.ts';

export class Http2Upload implements UploadPort {
  readonly #stream: ListenedStream;
  readonly #exchange: DispatchedExchange;
  readonly #upload: Upload;
  readonly #written: () => void;

  /** `written` is called for each chunk that the session has taken. */
  constructor(
    stream: ListenedStream,
    exchange: DispatchedExchange,
    source: BodySource,
    written: () => void,
  ) {
    this.#stream = stream;
    this.#exchange = exchange;
    this.#written = written;
    this.#upload = exchange.openUpload(this, source);
  }

  start(): void {
    this.#upload.start();
  }

  unblock(): void {
    this.#upload.unblock();
  }

  sendChunk(chunk: Buffer): void {
    if (chunk.length > 0 && !this.#stream.write(chunk, this.#written)) this.#upload.block();
  }

  /** The session does not tell: what its stream has taken still waits in it. */
  get isFlushed(): boolean {
    return false;
  }

  sendEnd(trailers: FieldSection): void {
    if (trailers.length > 0) this.#stream.trailers = trailerFields(trailers);
    this.#stream.end();
    this.#exchange.onSent();
  }
}
